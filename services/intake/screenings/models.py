"""The table of screenings."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class Screening(Base):
    """A unit says that what dissatisfies has an objective cause; a second person decides."""

    __tablename__ = "screenings"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    task_id: Mapped[UUID]
    rating_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    jurisdiction: Mapped[str]
    unit: Mapped[str]
    cause: Mapped[str]
    explanation: Mapped[str]
    evidence: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    is_granted: Mapped[bool | None]
    reason: Mapped[str | None]
    decided_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    """When it was decided, or when a redo or an end of the ticket overtook it."""

    __table_args__ = (
        Index(
            "screenings_open",
            "ticket_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("screenings_unit", "unit", "id"),
    )
