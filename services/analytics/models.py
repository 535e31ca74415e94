"""The tables of analytics."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Date, DateTime, Index, Integer, PrimaryKeyConstraint, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.tables import add_audit_tables, add_shared_tables

KEY = ("jurisdiction", "unit", "state", "request_type", "day")
"""What the rollup counts by."""

MEASURES: dict[str, str] = {
    "tickets": "1",
    "created": "(accepted_at IS NOT NULL)::int",
    "refused": "is_refused::int",
    "answered": "is_answered::int",
    "dispatched": "(dispatched_at IS NOT NULL)::int",
    "signed": "(signed_at IS NOT NULL)::int",
    "signed_in_time": "(signed_at IS NOT NULL AND 'sign' <> ALL(overdue_steps))::int",
    "returned": "(returns > 0)::int",
    "extended": "(extensions > 0)::int",
    "overdue": "(overdue_steps <> '{}')::int",
    "replied": "(replied_at IS NOT NULL)::int",
    "replied_in_time": "(replied_at IS NOT NULL AND 'handle' <> ALL(overdue_steps))::int",
    "closed": "(closed_at IS NOT NULL)::int",
    "rated": "(satisfaction IS NOT NULL)::int",
    "satisfied": "(satisfaction IS NOT NULL AND satisfaction NOT LIKE '%dissatisfied')::int",
    "solved": "coalesce(is_solved, false)::int",
}
"""What the rollup counts: for each column of it, whether a fact counts, as SQL over `facts`."""


class Base(DeclarativeBase):
    """The schema of analytics."""


class StoredEvent(Base):
    """An event that was heard: its figures and codes, none of its words. A partition a month."""

    __tablename__ = "events"

    source: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    sequence: Mapped[int] = mapped_column(Integer)
    type: Mapped[str] = mapped_column(Text)
    time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__ = (
        PrimaryKeyConstraint("subject", "source", "sequence", "time"),
        Index("events_time", "time"),
        {"postgresql_partition_by": "RANGE (time)"},
    )


class Fact(Base):
    """A ticket, as the figures see it: one row, changed by each of its events."""

    __tablename__ = "facts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text, default="")
    """Empty while the ticket is at the hotline."""
    request_type: Mapped[str] = mapped_column(Text)
    urgency: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    state_before: Mapped[str] = mapped_column(Text)
    """A rejected return goes back to it."""
    day: Mapped[date] = mapped_column(Date)
    accepted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    dispatched_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    signed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    replied_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    is_refused: Mapped[bool] = mapped_column(Boolean)
    is_answered: Mapped[bool] = mapped_column(Boolean)
    returns: Mapped[int] = mapped_column(Integer)
    extensions: Mapped[int] = mapped_column(Integer)
    overdue_steps: Mapped[list[str]] = mapped_column(ARRAY(Text))
    satisfaction: Mapped[str | None] = mapped_column(Text)
    is_solved: Mapped[bool | None] = mapped_column(Boolean)

    __table_args__ = (Index("facts_state", "state"), {"postgresql_with": {"fillfactor": "70"}})


class Rollup(Base):
    """How many facts there are of each `KEY`, and how many of them count for each of `MEASURES`."""

    __tablename__ = "rollup"

    jurisdiction: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    request_type: Mapped[str] = mapped_column(Text)
    day: Mapped[date] = mapped_column(Date)
    tickets: Mapped[int] = mapped_column(Integer)
    created: Mapped[int] = mapped_column(Integer)
    refused: Mapped[int] = mapped_column(Integer)
    answered: Mapped[int] = mapped_column(Integer)
    dispatched: Mapped[int] = mapped_column(Integer)
    signed: Mapped[int] = mapped_column(Integer)
    signed_in_time: Mapped[int] = mapped_column(Integer)
    returned: Mapped[int] = mapped_column(Integer)
    extended: Mapped[int] = mapped_column(Integer)
    overdue: Mapped[int] = mapped_column(Integer)
    replied: Mapped[int] = mapped_column(Integer)
    replied_in_time: Mapped[int] = mapped_column(Integer)
    closed: Mapped[int] = mapped_column(Integer)
    rated: Mapped[int] = mapped_column(Integer)
    satisfied: Mapped[int] = mapped_column(Integer)
    solved: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        PrimaryKeyConstraint(*KEY),
        Index("rollup_unit", "unit", "day"),
        Index("rollup_day", "day"),
        {"postgresql_with": {"fillfactor": "70"}},
    )


class Unit(Base):
    """A unit of the directory, as dispatch last said it."""

    __tablename__ = "units"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    jurisdiction: Mapped[str] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(Boolean)


add_shared_tables(Base.metadata)
add_audit_tables(Base.metadata)
