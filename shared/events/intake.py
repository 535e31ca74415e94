"""What intake says: facts and wishes of the caller's side. Key: the ticket's id."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Payload
from shared.events.kinds import Cause, FollowUpWay
from shared.events.words import (
    Channel,
    CloseReason,
    RequestType,
    Satisfaction,
    Secrecy,
    Service,
    Step,
    Urgency,
    Verdict,
)
from shared.jurisdictions import is_passed_on


class Place(Payload):
    """Where the matter is; not where the caller lives."""

    address: str | None = None
    division: str | None = None
    longitude: float | None = None
    latitude: float | None = None


class Origin(Payload):
    """Where a ticket that another platform forwarded is at home; figures count it there."""

    platform: str
    ticket_id: UUID
    number: str


class AskedFirst(Payload):
    """A unit was asked before acceptance whether the request is in scope (ZY 9)."""

    unit: str
    question: str
    asked_at: datetime
    is_in_scope: bool
    opinion: str
    answered_by: str


class IntakePayload(Payload):
    """Said by intake."""

    said_by = Service.INTAKE


class Filed(IntakePayload):
    """A request as filed: its words, never its caller's name, phone or address."""

    number: str
    jurisdiction: str
    request_type: RequestType
    urgency: Urgency = Urgency.NORMAL
    is_enforcement: bool = False
    title: str
    content: str
    channel: Channel
    category: str | None = None
    place: Place | None = None
    caller_id: UUID | None = None
    filed_at: datetime | None = None
    about_unit: str | None = None
    """The unit complained of: its superior handles, and it never sees the ticket (XS 三(四))."""
    repeats: UUID | None = None
    """The same caller's earlier ticket of the same matter (A7)."""
    override: str | None = None
    """Why a terminated matter is taken again all the same (ZY 15)."""
    is_mediation: bool = False
    """Administrative mediation: its satisfaction is shown apart (ZY 14)."""
    origin: Origin | None = None
    """The platform that forwarded it, which asks the caller about the reply (YN 六(二)1)."""
    secrecy: Secrecy = Secrecy.NORMAL
    asked_first: AskedFirst | None = None
    filed_by: str | None = None
    """The work number of who filed it, or the form, channel or platform that it came by (B14)."""

    @property
    def is_passed_on(self) -> bool:
        """Whether another platform passed it on to a province (YN 六(三)2)."""
        return is_passed_on(self.origin, self.jurisdiction)


class TicketCreated(Filed):
    """A request was accepted and needs a unit. Its clocks run from the event's time."""

    type: ClassVar[str] = "ticket.created"
    heard_by = (Service.DISPATCH, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    policy: str
    """Content hash of the policy in force; the ticket keeps it."""


class TicketRefused(Filed):
    """A request is outside the scope of acceptance (ZY 9, XS 三(二))."""

    type: ClassVar[str] = "ticket.refused"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    ground: str
    source_article: str
    explanation: str


class TicketRecorded(Filed):
    """A closed ticket of the past was taken over; no clock ever runs for it."""

    type: ClassVar[str] = "ticket.recorded"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    closed_at: datetime
    result: str | None = None
    unit_name: str | None = None


class VerificationRequested(Filed):
    """A unit is asked whether a request is in scope; no deadline of a ticket runs yet (ZY 9)."""

    type: ClassVar[str] = "ticket.verification_requested"
    heard_by = (Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    policy: str
    unit: str
    question: str
    requested_by: str


class TicketVerified(IntakePayload):
    """The unit said whether the request is in scope; acceptance or refusal follows (ZY 9)."""

    type: ClassVar[str] = "ticket.verified"
    heard_by = (Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    is_in_scope: bool
    opinion: str
    verified_by: str


class DeadlineAnswered(IntakePayload):
    """Intake, owner of the act, answers the clock, as dispatch does by `deadline.judged`."""

    type: ClassVar[str] = "deadline.answered"
    heard_by = (Service.SLA,)
    step: Step
    version: int
    due_at: datetime
    verdict: Verdict
    act_at: datetime | None = None


class TicketAnswered(Filed):
    """A request was answered at once from the knowledge base (ZY 12)."""

    type: ClassVar[str] = "ticket.answered"
    heard_by = (Service.DISPATCH, Service.KNOWLEDGE, Service.ANALYTICS, Service.GATEWAY)
    article_id: UUID
    is_solved: bool = True


class TicketAmended(IntakePayload):
    """The caller or an operator added to a request or corrected its type (ZY 5)."""

    type: ClassVar[str] = "ticket.amended"
    heard_by = (Service.DISPATCH, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    addition: str | None = None
    request_type: RequestType | None = None
    urgency: Urgency | None = None
    is_enforcement: bool | None = None
    is_mediation: bool | None = None
    category: str | None = None
    secrecy: Secrecy | None = None
    about_unit: str | None = None
    """The unit complained of, found after filing: from now on it sees nothing (XS 三(四))."""
    reason: str | None = None
    amended_by: str | None = None


class TicketWithdrawalRequested(IntakePayload):
    """The caller wants to withdraw; dispatch decides what becomes of the ticket."""

    type: ClassVar[str] = "ticket.withdrawal_requested"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    reason: str
    requested_by: str | None = None
    """The work number of an operator; none where the caller did it."""


class TicketFollowedUp(IntakePayload):
    """The caller was asked about the reply (ZY 14)."""

    type: ClassVar[str] = "ticket.followed_up"
    heard_by = (Service.DISPATCH, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    is_reached: bool
    is_solved: bool | None = None
    note: str | None = None
    way: FollowUpWay | None = None
    cause: Cause | None = None
    """Why the caller is not satisfied, as the follow-up seat found (ZY 14.2)."""
    followed_up_by: str | None = None


class TicketRated(IntakePayload):
    """The caller rated, or the time to rate ran out (ZY 14.1). Dispatch closes on `closes`."""

    type: ClassVar[str] = "ticket.rated"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    result: Satisfaction
    hotline: Satisfaction | None = None
    contact: Satisfaction | None = None
    is_solved: bool
    closes: CloseReason | None = None
    cause: Cause | None = None
    doubt: str | None = None
    """Why the ticket stays open whatever the rating says (ZY 14.2)."""
    counts: bool = True
    """Mediation and enforcement cases are shown apart and count in no score (ZY 14)."""
    rated_by: str | None = None
    """The work number of who wrote it down, or the caller; none where the time ran out."""
    reply: int | None = None
    """The reply that it is about: an older one's closes nothing."""


class TicketErased(IntakePayload):
    """The words of a request are removed; every holder of a copy obeys."""

    type: ClassVar[str] = "ticket.erased"
    heard_by = (Service.DISPATCH, Service.SLA, Service.ANALYTICS, Service.GATEWAY)
    source_article: str
    number: str | None = None
    is_requested: bool = False
    """A person asked for it; otherwise its time is over."""


class CallRecorded(IntakePayload):
    """One telephone call ended (ZY 10). Key: the call's id."""

    type: ClassVar[str] = "call.recorded"
    topic: ClassVar[str] = "calls"
    heard_by = (Service.ANALYTICS, Service.GATEWAY)
    jurisdiction: str
    queued_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime
    agent: str | None = None
    seat_kind: str
    is_transferred: bool = False
    is_three_way: bool = False
    subcenter: str | None = None
    ticket_id: UUID | None = None
    is_quick_hangup: bool = False
    """Given up before the pack's time: it counts for no rate (ZY 10)."""
