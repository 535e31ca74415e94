"""What dispatch says: the only writer of a ticket's state. Key: the ticket's id.

The event's time is the time of the act, taken after the lock on the ticket's row.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.envelope import Payload
from shared.events.kinds import CaseKind
from shared.events.words import (
    CloseReason,
    DutyHours,
    RequestType,
    ReturnDecision,
    ReturnGround,
    Service,
    Step,
    Verdict,
)


class DispatchPayload(Payload):
    """Said by dispatch."""

    said_by = Service.DISPATCH


class TicketDispatched(DispatchPayload):
    """A ticket went to a unit, by a rule or by a person (XS 三(四), ZY 13.1)."""

    type: ClassVar[str] = "ticket.dispatched"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    unit_name: str
    round: int
    """1 for the first unit, 2 after the first granted return."""
    rule: str | None = None
    """The duty rule that decided; none when a person did."""
    dispatched_by: str
    co_units: tuple[str, ...] = ()
    """Who handles with it, each with a reply of its own (ZY 13.5(5))."""
    case: UUID | None = None
    """The case of the coordination group that sent it; papers then need a letter (ZY 13.5)."""


class TicketSigned(DispatchPayload):
    """The unit took the ticket (ZY 13.2)."""

    type: ClassVar[str] = "ticket.signed"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    signed_by: str


class TicketReturnRequested(DispatchPayload):
    """The unit says that the ticket is not its own (ZY 13.2). The caller's clock runs on."""

    type: ClassVar[str] = "ticket.return_requested"
    heard_by = (Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    ground: ReturnGround
    reason: str
    legal_basis: str
    proposed_unit: str
    requested_by: str
    is_late: bool | None = None
    """After the pack's window; none where the pack was not known."""
    due_at: datetime | None = None
    rule: str | None = None
    source_article: str | None = None
    letter: UUID | None = None


class TicketReturnDecided(DispatchPayload):
    """The hotline decided a return (B5)."""

    type: ClassVar[str] = "ticket.return_decided"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    decision: ReturnDecision
    reason: str
    decided_by: str


class TicketResponded(DispatchPayload):
    """The unit's first response to an emergency (ZY 13.4); it counts as signing."""

    type: ClassVar[str] = "ticket.responded"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    text: str
    responded_by: str | None = None


class TicketProgressed(DispatchPayload):
    """A progress report after an interim close (ZY 13.3)."""

    type: ClassVar[str] = "ticket.progressed"
    heard_by = (Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    text: str
    next_step: str | None = None
    reported_by: str | None = None


class TicketReplied(DispatchPayload):
    """A checked reply left: the handling clock stops (ZY 13)."""

    type: ClassVar[str] = "ticket.replied"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    reply: int
    findings: str
    basis: str
    result: str
    contact: str
    replied_by: str
    checked_by: str | None = None
    """The unit's second reader (ZY 13)."""
    letter: UUID | None = None
    attachments: tuple[UUID, ...] = ()
    more: dict[str, str] = Field(default_factory=dict)
    """Elements that the pack asks for beyond these four, by their codes."""
    asked_by: str | None = None
    """The platform that asks the caller, where the ticket is at home at another one."""


class TicketReopened(DispatchPayload):
    """The unit must handle again, with the handling time anew (ZY 14.2)."""

    type: ClassVar[str] = "ticket.reopened"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    reason: str
    reopened_by: str | None = None


class TicketInterimClosed(DispatchPayload):
    """A matter that cannot end soon is set down with its next steps (ZY 13.3)."""

    type: ClassVar[str] = "ticket.interim_closed"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    progress: str
    next_step: str
    promised_at: datetime
    closed_by: str | None = None
    letter: UUID | None = None
    """The letter that goes with it, where one is needed (ZY 13.5)."""


class SentBack(Payload):
    """Why a platform gives a ticket back to the one that forwarded it (ZY 13.2)."""

    ground: ReturnGround
    reason: str
    legal_basis: str
    proposed_unit: str
    requested_by: str


class TicketWithdrawn(DispatchPayload):
    """The caller's wish to withdraw was met, or a forwarded ticket went back where it came from."""

    type: ClassVar[str] = "ticket.withdrawn"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    unit: str | None = None
    sent_back: SentBack | None = None
    """Where it was given back to the platform that forwarded it."""


class TicketClosed(DispatchPayload):
    """The matter is archived (ZY 14.1)."""

    type: ClassVar[str] = "ticket.closed"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    reason: CloseReason


class TicketTerminated(DispatchPayload):
    """The unit determined a terminated matter and filed it with the hotline (ZY 15)."""

    type: ClassVar[str] = "ticket.terminated"
    heard_by = (Service.INTAKE, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    opinion: str
    script: str
    """What the hotline answers when the caller raises the same matter again."""
    explanation: str | None = None
    """What the unit explained to the caller, and how."""
    earlier: tuple[UUID, ...] = ()
    filed_by: str | None = None
    letter: UUID | None = None


class TicketForwarded(DispatchPayload):
    """The unit that it was dispatched to stands for another platform (YN 六(二)1, ZY 7)."""

    type: ClassVar[str] = "ticket.forwarded"
    heard_by = (Service.INTAKE, Service.ANALYTICS, Service.GATEWAY)
    to_platform: str
    unit: str | None = None
    """The code under which the directory knows that platform."""
    round: int | None = None
    reason: str | None = None


class DeadlineJudged(DispatchPayload):
    """The owner of the act answers the clock. A redo or an extension makes `version` stale."""

    type: ClassVar[str] = "deadline.judged"
    heard_by = (Service.SLA,)
    step: Step
    version: int
    due_at: datetime
    verdict: Verdict
    act_at: datetime | None = None


class CaseDecided(DispatchPayload):
    """The coordination group decided; the decision is a precedent (ZY 13.5). Key: the case."""

    type: ClassVar[str] = "case.decided"
    topic: ClassVar[str] = "oversight"
    heard_by = (Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    ticket_id: UUID
    lead_unit: str
    co_units: tuple[str, ...] = ()
    category: str | None = None
    jurisdiction: str | None = None
    document: str | None = None
    kind: CaseKind | None = None
    decided_by: str | None = None


class UnitChanged(DispatchPayload):
    """A unit was added or changed in the directory. Key: the unit's code."""

    type: ClassVar[str] = "unit.changed"
    topic: ClassVar[str] = "directory"
    heard_by = (Service.INTAKE, Service.SLA, Service.KNOWLEDGE, Service.ANALYTICS, Service.GATEWAY)
    code: str
    name: str
    jurisdiction: str
    request_types: tuple[RequestType, ...] = ()
    is_active: bool = True
    superior: str | None = None
    duty_hours: DutyHours = DutyHours.WORKING
    has_system: bool = False
    """It reads its feed with a system of its own (B10)."""
    platform: str | None = None
    """The unit stands for another platform: what is dispatched to it is forwarded there."""
