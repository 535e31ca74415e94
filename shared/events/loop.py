"""What dispatch says of the loop's other ways: links, co-units, cases. Key: the ticket's id."""

from typing import ClassVar
from uuid import UUID

from shared.events.dispatch import DispatchPayload
from shared.events.kinds import CaseKind, EmergencyLine, HandOver, Link
from shared.events.words import Service, State


class TicketLinked(DispatchPayload):
    """The ticket goes with another: no second dispatch, no clock of its own (A7, A8)."""

    type: ClassVar[str] = "ticket.linked"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    main: UUID
    kind: Link
    unit: str | None = None
    """The main ticket's unit, where it has one."""
    reason: str | None = None
    linked_by: str


class TicketSplit(DispatchPayload):
    """The ticket goes its own way again, and waits for dispatch (A8)."""

    type: ClassVar[str] = "ticket.split"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    main: UUID
    reason: str
    split_by: str


class TicketAskedAgain(DispatchPayload):
    """A caller asked again about this open ticket; its unit is told (A7)."""

    type: ClassVar[str] = "ticket.asked_again"
    heard_by = (Service.ANALYTICS, Service.GATEWAY)
    unit: str | None = None
    repeat: UUID
    """The ticket by which the caller asked again."""
    kind: Link


class TicketReplyDrafted(DispatchPayload):
    """A reply waits for the unit's second reader; the handling clock runs on (ZY 13, B7)."""

    type: ClassVar[str] = "ticket.reply_drafted"
    heard_by = (Service.INTAKE, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    drafted_by: str


class TicketReplySentBack(DispatchPayload):
    """The unit's second reader did not let the reply leave (ZY 13, B7)."""

    type: ClassVar[str] = "ticket.reply_sent_back"
    heard_by = (Service.INTAKE, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    reason: str
    checked_by: str
    to_interim: bool = False
    """The ticket was closed for now before, and is so again."""


class TicketCoUnitsChosen(DispatchPayload):
    """Who handles with the lead was chosen (ZY 13.5(5), B4)."""

    type: ClassVar[str] = "ticket.co_units_chosen"
    heard_by = (Service.INTAKE, Service.ANALYTICS, Service.GATEWAY)
    lead: str
    co_units: tuple[str, ...]
    """All of them from now on."""
    reason: str
    chosen_by: str


class TicketCoSigned(DispatchPayload):
    """A co-handling unit took its part (B4)."""

    type: ClassVar[str] = "ticket.co_signed"
    heard_by = (Service.ANALYTICS, Service.GATEWAY)
    unit: str
    signed_by: str


class TicketCoReplied(DispatchPayload):
    """A co-handling unit told the lead what came of its part (B4)."""

    type: ClassVar[str] = "ticket.co_replied"
    heard_by = (Service.ANALYTICS, Service.GATEWAY)
    unit: str
    lead: str
    findings: str
    basis: str
    result: str
    replied_by: str


class TicketCoordinated(DispatchPayload):
    """The coordination group was asked; the caller's clock runs on (ZY 13.5, B6)."""

    type: ClassVar[str] = "ticket.coordinated"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    case: UUID
    kind: CaseKind
    reason: str
    opened_by: str


class TicketCoordinationDropped(DispatchPayload):
    """The case was taken back undecided; the ticket waits for dispatch (B6)."""

    type: ClassVar[str] = "ticket.coordination_dropped"
    heard_by = (Service.INTAKE, Service.ANALYTICS, Service.GATEWAY)
    case: UUID
    reason: str
    dropped_by: str


class TicketMoved(DispatchPayload):
    """Another level or city of this platform handles the ticket (YN 六(二)1, JL 五(一), B12)."""

    type: ClassVar[str] = "ticket.moved"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    from_jurisdiction: str
    to_jurisdiction: str
    reason: str
    moved_by: str


class TicketRecalled(DispatchPayload):
    """The ticket was taken from its units: it is about one of them, or one above (XS 三(四)).

    Nothing else is said of it: the units' own systems hear this.
    """

    type: ClassVar[str] = "ticket.recalled"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    """The unit that had it."""


class TicketDeclined(DispatchPayload):
    """What was accepted is refused as outside the scope: after a return, or at once (B5, A3)."""

    type: ClassVar[str] = "ticket.declined"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    unit: str | None = None
    """Who returned it, or had it; none where nobody had."""
    ground: str
    source_article: str
    explanation: str
    """What the caller is told: why, and where to turn."""
    reason: str
    declined_by: str


class TicketConcluded(DispatchPayload):
    """The hotline ended an accepted ticket itself: answered it, or handed it over (A5, A6)."""

    type: ClassVar[str] = "ticket.concluded"
    heard_by = (Service.INTAKE, Service.SLA, Service.KNOWLEDGE, Service.ANALYTICS, Service.GATEWAY)
    state: State
    """`answered` from the knowledge base, or `handed_over` to an emergency line."""
    unit: str | None = None
    """The unit that had it and had not signed it."""
    text: str
    """What the caller is told."""
    article_id: UUID | None = None
    is_solved: bool | None = None
    line: EmergencyLine | None = None
    way: HandOver | None = None
    note: str | None = None
    to_unit: str | None = None
    """The unit that stands for the line's platform, where it goes there as a ticket."""
    concluded_by: str


class TicketWithdrawalDeclined(DispatchPayload):
    """The caller's wish to withdraw came too late, or the matter endangers others."""

    type: ClassVar[str] = "ticket.withdrawal_declined"
    heard_by = (Service.INTAKE, Service.ANALYTICS, Service.GATEWAY)
    reason: str
