"""A request on its way to becoming a ticket, and its answer."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.identity import Identity
from services.intake.repeats.operations import Terminated
from shared.calendars import Calendar
from shared.events.intake import Origin
from shared.events.kinds import EmergencyLine, HandOver
from shared.events.words import Channel, RequestType, Secrecy, State, Urgency
from shared.policy.model import Pack
from shared.policy.parts import ScopeGround


@dataclass(frozen=True, slots=True)
class Ask:
    """What a unit is asked before a request is accepted (ZY 9)."""

    unit: str
    question: str


@dataclass(frozen=True, slots=True)
class History:
    """How a request of the past ended."""

    closed_at: datetime
    result: str | None
    unit_name: str | None


@dataclass(frozen=True, slots=True)
class Handed:
    """To which line an emergency was handed, and how (ZY 34)."""

    line: EmergencyLine
    way: HandOver
    note: str | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """A request that has the right form; its place and category are known."""

    jurisdiction: str
    request_type: RequestType
    urgency: Urgency
    is_enforcement: bool
    title: str
    content: str
    channel: Channel
    channel_ref: str | None
    external_id: str | None
    category: str | None
    place: dict[str, Any] | None
    identity: Identity | None
    filed_at: datetime | None
    refusal: ScopeGround | None
    article_id: UUID | None
    is_solved: bool
    ask: Ask | None = None
    history: History | None = None
    about_unit: str | None = None
    repeats: UUID | None = None
    override: str | None = None
    is_mediation: bool = False
    origin: Origin | None = None
    secrecy: Secrecy = Secrecy.NORMAL
    handed: Handed | None = None
    attachments: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """An Idempotency-Key with whose it is and what it came with."""

    caller: str
    path: str
    key: str
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Filing:
    """One request on its way to becoming a ticket."""

    request: Request
    pack: Pack
    filed_by: str
    key: Key | None = None
    traceparent: str | None = None

    def claims(self) -> list[tuple[str, ...]]:
        """What no two filings of one batch may share: the second must see the first's result."""
        request = self.request
        found: list[tuple[str, ...]] = []
        if self.key is not None:
            found.append(("key", self.key.caller, self.key.path, self.key.key))
        if request.channel_ref is not None:
            found.append(("ref", request.jurisdiction, request.channel, request.channel_ref))
        if request.external_id is not None:
            found.append(("external", request.jurisdiction, request.external_id))
        return found


@dataclass(frozen=True, slots=True)
class Filed:
    """The answer to one filing; `status` is 201 for a new ticket, 200 for one filed before."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class New:
    """A filing that becomes a ticket, under the pack in force when it was accepted."""

    filing: Filing
    place: int
    id: UUID
    state: State
    calendar: Calendar
    caller_id: UUID | None = None
    number: str = ""
    terminated: Terminated | None = None
    """What answers it, where it raises a terminated matter again (ZY 15)."""
