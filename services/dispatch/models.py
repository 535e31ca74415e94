"""The tables of dispatch."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Text,
    Uuid,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.dispatch.columns import Word
from services.dispatch.rules import Given, LawLimit, Standing
from shared.events.kinds import Link
from shared.events.words import Channel, DutyHours, RequestType, Secrecy, State, Urgency
from shared.jurisdictions import is_passed_on
from shared.lawbook import add_law_tables
from shared.notices import add_notice_tables
from shared.tables import add_audit_tables, add_shared_tables

HANDLING_COLUMNS = (
    *("replied_at", "interim_closed_at", "progressed_at", "promised_at", "paused_at"),
    "handle_due",
)
"""What a redo begins anew (ZY 14.2)."""
ROUND_COLUMNS = (
    *("signed_at", "returned_at", "answered_at", "responded_at", "result_at", "reopened_at"),
    "suggested_at",
    *HANDLING_COLUMNS,
)
"""What another unit begins anew."""
QUEUE_RANK = """(CASE urgency WHEN 'critical' THEN 0 WHEN 'special' THEN 1 ELSE
    CASE WHEN is_enforcement OR request_type IN ('complaint', 'report') THEN 2 ELSE 3 END END)"""
"""What operators dispatch first: emergencies, then what is to go at once (A6, XS 三(四))."""
RETURN_EVENTS = ("ticket.return_requested", "ticket.return_decided")


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
        Link: Word(Link),
        RequestType: Word(RequestType),
        State: Word(State),
        Urgency: Word(Urgency),
    }


add_shared_tables(Base.metadata)
add_audit_tables(Base.metadata)
add_law_tables(Base.metadata)
add_notice_tables(Base.metadata)


class Unit(Base):
    """A handling unit (承办单位) or a subcenter."""

    __tablename__ = "units"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    jurisdiction: Mapped[str] = mapped_column(index=True)
    superior: Mapped[str | None] = mapped_column(ForeignKey("units.code"))
    is_active: Mapped[bool]
    duty_hours: Mapped[DutyHours] = mapped_column(server_default=DutyHours.WORKING)
    has_system: Mapped[bool] = mapped_column(server_default=false())
    """It reads its feed with a system of its own (B10)."""
    platform: Mapped[str | None]
    """The platform that it stands for: what is dispatched to it is forwarded there."""
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
    secrecy: Mapped[str] = mapped_column(server_default=Secrecy.NORMAL)
    """Who may read it: a sensitive one is for those who handle it (F9)."""
    about_unit: Mapped[str | None]
    """The unit complained of; it never sees the ticket (XS 三(四))."""
    handled_in: Mapped[str | None] = mapped_column(Text(collation="C"))
    """The place whose level handles it, where that is not `jurisdiction` (B12)."""
    repeats: Mapped[UUID | None]
    override: Mapped[str | None]
    is_mediation: Mapped[bool] = mapped_column(server_default=false())
    origin: Mapped[dict[str, Any] | None]
    """Where it is at home, where another platform forwarded it: that one asks the caller."""
    line: Mapped[str | None]
    """The emergency line that it was handed to (ZY 34)."""
    main: Mapped[UUID | None] = mapped_column(ForeignKey("tickets.id"))
    """The ticket that it is linked to, be it after a reply (A8)."""
    link_kind: Mapped[Link | None]
    linked_at: Mapped[datetime | None]
    split_at: Mapped[datetime | None]
    """The last time that it was split off: since then it waits for dispatch (A8)."""
    state_before_check: Mapped[State | None]
    draft: Mapped[dict[str, Any] | None]
    """The reply that its second reader has not read yet."""
    co_units: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    """Who handles with `unit` in this round (ZY 13.5(5))."""
    case_id: Mapped[UUID | None]
    """The case of the coordination group that it is in or came from."""
    needs_letter: Mapped[bool] = mapped_column(server_default=false())
    """Reply, return and extension each carry a letter (ZY 13.5)."""
    terminated_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    suggested_at: Mapped[datetime | None]
    """When units were suggested for it in this round (B3)."""
    replies: Mapped[int]
    timeline_length: Mapped[int]
    sequence: Mapped[int]

    @property
    def home(self) -> str | None:
        """The platform where it is at home, where that is another one."""
        return None if self.origin is None else str(self.origin["platform"])

    @property
    def handling_place(self) -> str:
        """The place whose units may have it (B12); pack and calendar stay those of the matter."""
        return self.handled_in or self.jurisdiction

    @property
    def drafted_by(self) -> str | None:
        """Who wrote the reply that is being checked; somebody else checks it (ZY 13)."""
        return None if self.draft is None else self.draft["replied_by"]

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
            split_at=self.split_at,
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
            is_passed_on=is_passed_on(self.origin, self.jurisdiction),
        )


# Lists are newest first: ids are UUIDv7, whose order is that of filing.
Index("tickets_unit", Ticket.unit, Ticket.state, Ticket.id)
Index("tickets_state", Ticket.state, Ticket.id)
Index("tickets_jurisdiction", Ticket.jurisdiction, Ticket.id)
Index(
    "tickets_unsuggested",
    Ticket.id,
    postgresql_where=text("state = 'accepted' AND suggested_at IS NULL"),
)
Index(
    "tickets_queue",
    text(QUEUE_RANK),
    Ticket.accepted_at,
    Ticket.id,
    postgresql_where=text("state = 'accepted'"),
)
Index(
    "tickets_handled_in",
    Ticket.handled_in,
    Ticket.id,
    postgresql_where=text("handled_in IS NOT NULL"),
)
Index("tickets_number", Ticket.number)
Index("tickets_linked", Ticket.main, postgresql_where=text("main IS NOT NULL"))


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


def _given(kept: dict[str, Any] | None) -> Given | None:
    if kept is None:
        return None
    due_at = None if "due_at" not in kept else datetime.fromisoformat(kept["due_at"])
    return Given(**(kept | {"due_at": due_at, "extended": tuple(kept["extended"])}))
