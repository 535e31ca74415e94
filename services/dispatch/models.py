"""The tables of dispatch."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Text,
    TypeDecorator,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.dispatch.rules import Given, LawLimit, Standing
from shared.events.words import Channel, DutyHours, RequestType, State, Urgency
from shared.lawbook import add_law_tables
from shared.tables import add_shared_tables

HANDLING_COLUMNS = (
    *("replied_at", "interim_closed_at", "progressed_at", "promised_at", "paused_at"),
    "handle_due",
)
"""What a redo begins anew (ZY 14.2)."""
ROUND_COLUMNS = (
    *("signed_at", "returned_at", "answered_at", "responded_at", "result_at", "reopened_at"),
    *HANDLING_COLUMNS,
)
"""What another unit begins anew."""
RETURN_EVENTS = ("ticket.return_requested", "ticket.return_decided")


class Word(TypeDecorator[StrEnum]):
    """A word of `shared.events.words`, stored as text."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """The word again."""
        return None if value is None else self.kind(value)


class Base(DeclarativeBase):
    """The schema of dispatch."""

    type_annotation_map: ClassVar = {
        str: Text,
        datetime: DateTime(timezone=True),
        UUID: Uuid,
        dict[str, Any]: JSONB(none_as_null=True),
        list[str]: ARRAY(Text),
        Channel: Word(Channel),
        DutyHours: Word(DutyHours),
        RequestType: Word(RequestType),
        State: Word(State),
        Urgency: Word(Urgency),
    }


add_shared_tables(Base.metadata)
add_law_tables(Base.metadata)


class Unit(Base):
    """A handling unit (承办单位) or a subcenter."""

    __tablename__ = "units"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    jurisdiction: Mapped[str] = mapped_column(index=True)
    superior: Mapped[str | None] = mapped_column(ForeignKey("units.code"))
    is_active: Mapped[bool]
    duty_hours: Mapped[DutyHours] = mapped_column(server_default=DutyHours.WORKING)
    sequence: Mapped[int]


class DutyRule(Base):
    """Which unit is competent for which matters of which place (B2)."""

    __tablename__ = "duty_rules"

    id: Mapped[str] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(index=True)
    category: Mapped[str | None]
    request_type: Mapped[RequestType | None]
    unit: Mapped[str] = mapped_column(ForeignKey("units.code"))
    priority: Mapped[int]


class DirectoryVersion(Base):
    """One row that counts the changes of units and duty rules, so that readers may keep them."""

    __tablename__ = "directory_version"

    version: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class Ticket(Base):
    """A work order (工单). Whoever writes to it or its timeline holds the lock on this row."""

    __tablename__ = "tickets"
    # A judgement changes the sequence alone: room on the page saves it the indexes.
    __table_args__ = ({"postgresql_with": {"fillfactor": "85"}},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str]
    jurisdiction: Mapped[str] = mapped_column(Text(collation="C"))
    request_type: Mapped[RequestType]
    urgency: Mapped[Urgency]
    is_enforcement: Mapped[bool]
    title: Mapped[str]
    content: Mapped[str]
    channel: Mapped[Channel]
    category: Mapped[str | None]
    place: Mapped[dict[str, Any] | None]
    caller_id: Mapped[UUID | None]
    policy: Mapped[str | None]
    state: Mapped[State]
    state_before_return: Mapped[State | None]
    unit: Mapped[str | None] = mapped_column(ForeignKey("units.code"))
    round: Mapped[int]
    rule: Mapped[str | None]
    ground: Mapped[str | None]
    source_article: Mapped[str | None]
    explanation: Mapped[str | None]
    article_id: Mapped[UUID | None]
    filed_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    dispatched_at: Mapped[datetime | None]
    signed_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    """The last return of this round, granted or not."""
    replied_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    """The first signature, response or return of this round."""
    responded_at: Mapped[datetime | None]
    result_at: Mapped[datetime | None]
    """The first progress report or reply of this round (ZY 13.4)."""
    reopened_at: Mapped[datetime | None]
    """The last redo of this round."""
    interim_closed_at: Mapped[datetime | None]
    progressed_at: Mapped[datetime | None]
    promised_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    handle_due: Mapped[dict[str, Any] | None]
    """What sla said of this handling (`Given`); none while the type's own time holds."""
    law_limit: Mapped[dict[str, Any] | None]
    replies: Mapped[int]
    timeline_length: Mapped[int]
    sequence: Mapped[int]

    @property
    def standing(self) -> Standing | None:
        """What decides its deadlines; none for a request that was never accepted."""
        if self.accepted_at is None:
            return None
        return Standing(
            state=self.state,
            type=self.request_type,
            urgency=self.urgency,
            is_enforcement=self.is_enforcement,
            accepted_at=self.accepted_at,
            dispatched_at=self.dispatched_at,
            signed_at=self.signed_at,
            answered_at=self.answered_at,
            responded_at=self.responded_at,
            result_at=self.result_at,
            reopened_at=self.reopened_at,
            interim_closed_at=self.interim_closed_at,
            progressed_at=self.progressed_at,
            paused_at=self.paused_at,
            given=_given(self.handle_due),
            law_limit=None if self.law_limit is None else LawLimit(**self.law_limit),
        )


# Lists are newest first: ids are UUIDv7, whose order is that of filing.
Index("tickets_unit", Ticket.unit, Ticket.state, Ticket.id)
Index("tickets_state", Ticket.state, Ticket.id)
Index("tickets_jurisdiction", Ticket.jurisdiction, Ticket.id)


class TimelineEntry(Base):
    """One thing that happened to a ticket (B14), by the name of its event."""

    __tablename__ = "timeline"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    event: Mapped[str]
    at: Mapped[datetime]
    round: Mapped[int]
    unit: Mapped[str | None]
    by: Mapped[str | None]
    rule: Mapped[str | None]
    text: Mapped[str | None]
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=func.jsonb_build_object())


Index(
    "timeline_returns",
    TimelineEntry.unit,
    TimelineEntry.event,
    postgresql_where=TimelineEntry.event.in_(RETURN_EVENTS),
)


class Precedent(Base):
    """A decision of the coordination group: matters of its kind go the same way (ZY 13.5(5))."""

    __tablename__ = "precedents"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"))
    jurisdiction: Mapped[str] = mapped_column(Text(collation="C"))
    category: Mapped[str]
    lead_unit: Mapped[str] = mapped_column(ForeignKey("units.code"))
    co_units: Mapped[list[str]]
    document: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]
    retired_by: Mapped[str | None]
    retired_at: Mapped[datetime | None]
    retired_because: Mapped[str | None]


Index(
    "precedents_of_a_kind",
    Precedent.category,
    Precedent.jurisdiction,
    unique=True,
    postgresql_where=Precedent.retired_at.is_(None),
)
Index("precedents_jurisdiction", Precedent.jurisdiction, Precedent.id)


def _given(kept: dict[str, Any] | None) -> Given | None:
    if kept is None:
        return None
    due_at = None if "due_at" not in kept else datetime.fromisoformat(kept["due_at"])
    return Given(**(kept | {"due_at": due_at, "extended": tuple(kept["extended"])}))
