"""The tables of calls."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.models import Base


class Call(Base):
    """One telephone call that reached a queue; who called is not kept here."""

    __tablename__ = "calls"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str]
    ref: Mapped[str]
    """The telephone system's own id, which makes a repeated delivery harmless."""
    queued_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime]
    agent: Mapped[str | None]
    seat_kind: Mapped[str]
    subcenter: Mapped[str | None]
    is_transferred: Mapped[bool]
    is_three_way: Mapped[bool]
    is_quick_hangup: Mapped[bool]
    ticket_id: Mapped[UUID | None]

    __table_args__ = (
        Index("calls_ref", "jurisdiction", "ref", unique=True),
        Index("calls_place", "jurisdiction", "queued_at"),
    )


class CallHour(Base):
    """The calls of one hour, place, kind of seat and subcenter: rates cost the same for ever."""

    __tablename__ = "call_hours"

    jurisdiction: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    seat_kind: Mapped[str] = mapped_column(primary_key=True)
    subcenter: Mapped[str] = mapped_column(primary_key=True)
    """Empty for the hotline itself."""
    queued: Mapped[int]
    answered: Mapped[int]
    quick_hangups: Mapped[int]
    transferred: Mapped[int]
    three_way: Mapped[int]
    waited_seconds: Mapped[int]
