"""The table of published results."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class Publication(Base):
    """One result, from its proposal until it is taken back; a ticket has one at a time."""

    __tablename__ = "publications"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    jurisdiction: Mapped[str] = mapped_column(Text(collation="C"))
    unit: Mapped[str]
    title: Mapped[str]
    question: Mapped[str]
    answer: Mapped[str]
    state: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    checked_by: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    """Why it was sent back or taken back."""
    ended_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "publications_ticket",
            "ticket_id",
            unique=True,
            postgresql_where=text("state IN ('proposed', 'published')"),
        ),
        Index("publications_unit", "unit", "id"),
        Index(
            "publications_shown",
            "jurisdiction",
            "id",
            postgresql_where=text("state = 'published'"),
        ),
    )
