"""The tables of hand-overs and of terminated matters."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class HandOver(Base):
    """An emergency that was handed to the line that it belongs to (ZY 34)."""

    __tablename__ = "hand_overs"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    line: Mapped[str]
    way: Mapped[str]
    note: Mapped[str | None]
    handed_by: Mapped[str]
    at: Mapped[datetime]


class TerminatedMatter(Base):
    """What answers this caller who raises this matter again, as heard from dispatch (ZY 15)."""

    __tablename__ = "terminated_matters"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    unit: Mapped[str]
    script: Mapped[str]
    at: Mapped[datetime]
