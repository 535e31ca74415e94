"""The tables of emergencies."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class Contact(Base):
    """Whom to tell at a place's government, by day and by night; the numbers are sealed."""

    __tablename__ = "contacts"

    jurisdiction: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]


class Report(Base):
    """An emergency was reported: to whom, in which words (ZY 13.4)."""

    __tablename__ = "reports"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), index=True)
    offices: Mapped[list[str]]
    """Codes of jurisdictions, whose governments they are."""
    text: Mapped[str]
    reported_by: Mapped[str]
    reported_at: Mapped[datetime]
