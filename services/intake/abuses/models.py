"""The tables of abuse."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, Integer, Uuid
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class AbuseRecord(Base):
    """Abuse that came with a ticket; the ticket goes its way all the same (ZY 29)."""

    __tablename__ = "abuses"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), index=True)
    jurisdiction: Mapped[str]
    caller_id: Mapped[UUID | None]
    category: Mapped[str]
    text: Mapped[str]
    evidence: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    flagged_by: Mapped[str]
    flagged_at: Mapped[datetime]

    __table_args__ = (
        Index("abuses_place", "jurisdiction", "id"),
        Index("abuses_caller", "caller_id", postgresql_where=sql("caller_id IS NOT NULL")),
    )


class AbuseNotice(Base):
    """A hand-over to the judicial authority, or a notice for the credit record."""

    __tablename__ = "abuse_notices"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    jurisdiction: Mapped[str]
    abuses: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    addressee: Mapped[str]
    grounds: Mapped[str]
    drafted_by: Mapped[str]
    drafted_at: Mapped[datetime]
    office: Mapped[str | None]
    year: Mapped[int | None] = mapped_column(Integer)
    serial: Mapped[int | None] = mapped_column(Integer)
    signed_by: Mapped[str | None]
    signed_at: Mapped[datetime | None]

    __table_args__ = (
        Index("abuse_notices_number", "office", "kind", "year", "serial", unique=True),
        Index("abuse_notices_place", "jurisdiction", "id"),
    )
