"""The table of what callers may see."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class ProgressLine(Base):
    """One thing that happened to a request, in the words that its caller may see."""

    __tablename__ = "progress"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    ticket_id: Mapped[UUID]
    event: Mapped[str]
    at: Mapped[datetime]
    unit: Mapped[str | None]
    words: Mapped[dict[str, Any]]
    """What of the event a caller may see, by name: no person, no number of a person."""

    __table_args__ = (Index("progress_ticket", "ticket_id", "id"),)
