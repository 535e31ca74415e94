"""The table of disputes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base

CALLER = "caller"
"""Who complained, where it was the caller: no name, and nothing that leads to one."""


class Dispute(Base):
    """A complaint about a rating or how it was asked for, and its answer (JL 六(四))."""

    __tablename__ = "disputes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    rating_id: Mapped[int | None] = mapped_column(BigInteger)
    jurisdiction: Mapped[str]
    unit: Mapped[str | None]
    text: Mapped[str]
    disputed_by: Mapped[str]
    disputed_at: Mapped[datetime]
    is_upheld: Mapped[bool | None]
    answer: Mapped[str | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "disputes_open",
            "ticket_id",
            unique=True,
            postgresql_where=sql("answered_at IS NULL"),
        ),
        Index("disputes_unit", "unit", "id"),
    )
