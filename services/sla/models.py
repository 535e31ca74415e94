"""The tables of sla."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, DateTime, ForeignKey, Index, Integer, Text, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.events.words import RequestType, Urgency
from shared.lawbook import add_law_tables
from shared.policy.deadlines import Matter
from shared.tables import add_audit_tables, add_shared_tables


class Base(DeclarativeBase):
    """The schema of sla."""

    type_annotation_map = {datetime: DateTime(timezone=True), str: Text}  # noqa: RUF012


class TicketClock(Base):
    """What the clock knows of a ticket: the rules that hold for it, its acts, its voice."""

    __tablename__ = "clocks"
    # Updates touch no index: room on the page keeps them there.
    __table_args__ = ({"postgresql_with": {"fillfactor": "80"}},)

    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str | None]
    """As callers and documents name it."""
    jurisdiction: Mapped[str]
    handled_in: Mapped[str | None] = mapped_column(Text(collation="C"))
    """The place whose level handles it, where that is not `jurisdiction`: it reads, too (B12)."""
    request_type: Mapped[str]
    urgency: Mapped[str]
    is_enforcement: Mapped[bool]
    is_passed_on: Mapped[bool] = mapped_column(server_default=false())
    """Another platform passed it on to this province (YN 六(三)2)."""
    policy: Mapped[str]
    """Content hash of the pack that it was accepted under."""
    accepted_at: Mapped[datetime | None]
    """None while a unit is asked whether the request is in scope: no time of a ticket runs yet."""
    dispatched_at: Mapped[datetime | None]
    signed_at: Mapped[datetime | None]
    """When the unit of this round first answered: by a signature or by a return."""
    interim_at: Mapped[datetime | None]
    """When handling ended for the time being: progress is reported until the reply."""
    replied_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    pause_ground: Mapped[str | None]
    linked_at: Mapped[datetime | None]
    """When it last began to go with another ticket: what ran before is of another life (A8)."""
    law_limit: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """`{law, article, amount, unit}`, which takes the place of the pack's handling time (C8)."""
    secrecy: Mapped[str] = mapped_column(server_default="normal")
    unit: Mapped[str | None]
    """Whose the ticket is; before acceptance, who was asked."""
    round: Mapped[int] = mapped_column(server_default=text("0"))
    sequence: Mapped[int] = mapped_column(server_default=text("0"))
    """Of the last event that sla said of this ticket."""
    needs_letter: Mapped[bool] = mapped_column(server_default=false())
    """The coordination group sent it: extensions carry a letter (ZY 13.5)."""
    is_closed: Mapped[bool] = mapped_column(server_default=false())
    closed_at: Mapped[datetime | None]

    @property
    def places(self) -> tuple[str, ...]:
        """The places whose people read what is kept of it; only those of the first one act."""
        return tuple(place for place in (self.jurisdiction, self.handled_in) if place is not None)

    @property
    def matter(self) -> Matter:
        """What decides which rules hold."""
        return Matter(
            RequestType(self.request_type),
            Urgency(self.urgency),
            self.is_enforcement,
            self.is_passed_on,
        )


class TicketDeadline(Base):
    """One deadline of one step; a step that gets its time anew gets a new version."""

    __tablename__ = "deadlines"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey(TicketClock.ticket_id), primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    warn_at: Mapped[datetime]
    next_at: Mapped[datetime]
    """When the clock must look again: to warn, then to ask, then to ask once more."""
    state: Mapped[str]
    rule: Mapped[str]
    source: Mapped[str]
    provisional: Mapped[bool]
    act_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    starts_at: Mapped[datetime]
    """The moment of the act that it runs from."""
    adjustments: Mapped[list[list[Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    """What moved it from its first due time, in order; see `rules.Adjustment`."""
    promised_at: Mapped[datetime | None]
    """By when the unit bound itself to have done it; shown beside, never counted (C9)."""

    __table_args__ = (
        # What has ended leaves both: a look costs the same however many wait or are done.
        Index("deadlines_next_at", "next_at", postgresql_where=text("state = 'running'")),
        Index("deadlines_asked_at", "asked_at", postgresql_where=text("state = 'asked'")),
        # A new calendar walks through what is open, ticket by ticket.
        Index(
            "deadlines_open",
            "ticket_id",
            "step",
            "version",
            postgresql_where=text("state IN ('running', 'asked', 'paused')"),
        ),
        {
            "postgresql_with": {
                "fillfactor": "85",
                "autovacuum_vacuum_scale_factor": "0.02",
                "autovacuum_vacuum_threshold": "5000",
            }
        },
    )


class Extension(Base):
    """A unit's application for more time, and what became of it (C4)."""

    __tablename__ = "extensions"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey(TicketClock.ticket_id), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    """1 for the first of the ticket."""
    jurisdiction: Mapped[str]
    handled_in: Mapped[str | None] = mapped_column(Text(collation="C"))
    """As the clock has it (B12)."""
    unit: Mapped[str]
    working_days: Mapped[int]
    ground: Mapped[str]
    reason: Mapped[str]
    evidence: Mapped[str | None]
    letter: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    is_exceptional: Mapped[bool]
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    starts_at: Mapped[datetime]
    """From when the handling ran that it is about: a redo or another unit's time is another."""
    due_at: Mapped[datetime]
    """The deadline that it would move."""
    version: Mapped[int]
    """Of the deadline that it would move."""
    state: Mapped[str]
    granted_days: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decision_reason: Mapped[str | None]
    moved_to: Mapped[datetime | None]
    """The deadline that a granted one gave."""
    explained_at: Mapped[datetime | None]
    explained_by: Mapped[str | None]
    contact: Mapped[str | None]
    """How the unit told the caller."""

    __table_args__ = (
        Index("extensions_asked_at", "state", "asked_at", "ticket_id", "number"),
        Index("extensions_unit", "unit", "asked_at", "ticket_id", "number"),
    )


class LawLimit(Base):
    """A limit set by law that a unit entered for a ticket, and what became of it (C8)."""

    __tablename__ = "limits"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey(TicketClock.ticket_id), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str]
    handled_in: Mapped[str | None] = mapped_column(Text(collation="C"))
    """As the clock has it (B12)."""
    unit: Mapped[str]
    ground: Mapped[str]
    law: Mapped[str]
    article: Mapped[str]
    amount: Mapped[int]
    length_unit: Mapped[str]
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    state: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decision_reason: Mapped[str | None]

    __table_args__ = (
        Index("limits_asked_at", "state", "asked_at", "ticket_id", "number"),
        Index("limits_unit", "unit", "asked_at", "ticket_id", "number"),
    )


class Promise(Base):
    """The shorter handling time to which a unit binds itself (C9)."""

    __tablename__ = "promises"

    unit: Mapped[str] = mapped_column(primary_key=True)
    request_type: Mapped[str] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str]
    amount: Mapped[int]
    length_unit: Mapped[str]
    promised_at: Mapped[datetime]
    promised_by: Mapped[str]


class Voice(Base):
    """The sequence of what sla said of a jurisdiction's law: packs and calendars share it."""

    __tablename__ = "voices"

    jurisdiction: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int]


class Publication(Base):
    """Who published a pack or a calendar, and the file as it came."""

    __tablename__ = "publications"

    hash: Mapped[str] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(index=True)
    file: Mapped[str]
    text: Mapped[str | None]
    published_by: Mapped[str]


class Recompute(Base):
    """How far a calendar was carried into the open deadlines; `finished_at` is none until done."""

    __tablename__ = "recomputes"

    hash: Mapped[str] = mapped_column(primary_key=True)
    """Of the calendar."""
    jurisdiction: Mapped[str]
    days: Mapped[list[date]] = mapped_column(ARRAY(Date))
    """The days that work otherwise than before."""
    years: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    """The years that were not published before."""
    after_ticket: Mapped[UUID]
    after_step: Mapped[str]
    after_version: Mapped[int]
    seen: Mapped[int] = mapped_column(server_default=text("0"))
    moved: Mapped[int] = mapped_column(server_default=text("0"))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index("recomputes_open", "started_at", postgresql_where=text("finished_at IS NULL")),
    )


add_shared_tables(Base.metadata)
add_audit_tables(Base.metadata)
add_law_tables(Base.metadata)
