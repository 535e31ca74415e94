"""What intake says besides filing: files, emergencies, screening, abuse. Key: the ticket's id."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.intake import Filed, IntakePayload
from shared.events.kinds import Abuse, AttachmentKind, Cause, EmergencyLine, HandOver
from shared.events.words import Service


class TicketHandedOver(Filed):
    """An emergency was handed to the line that it belongs to (ZY 34, XS 三(六))."""

    type: ClassVar[str] = "ticket.handed_over"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    line: EmergencyLine
    way: HandOver
    handed_by: str
    note: str | None = None
    to_unit: str | None = None
    """The unit that stands for the line's platform, where it goes there as a ticket."""


class TicketRepeatAnswered(Filed):
    """A terminated matter was raised again and answered with its recorded words (ZY 15)."""

    type: ClassVar[str] = "ticket.repeat_answered"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    terminated: UUID
    script: str


class TicketReported(IntakePayload):
    """An emergency was reported to the local government and the disposing units (ZY 13.4)."""

    type: ClassVar[str] = "ticket.reported"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    offices: tuple[str, ...]
    """Whom: codes of jurisdictions (their governments) and of units."""
    text: str
    reported_by: str


class TicketAttached(IntakePayload):
    """A file was added to a ticket; its content stays with intake."""

    type: ClassVar[str] = "ticket.attached"
    heard_by = (Service.DISPATCH, Service.SLA, Service.GATEWAY)
    attachment: UUID
    kind: AttachmentKind
    media_type: str
    bytes: int
    sha256: str
    unit: str | None = None
    """The unit that added it; none for the caller's side."""
    attached_by: str


class TicketScreeningRequested(IntakePayload):
    """The unit says that what dissatisfies has an objective cause, with evidence (ZY 14.2)."""

    type: ClassVar[str] = "ticket.screening_requested"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    cause: Cause
    explanation: str
    evidence: tuple[UUID, ...] = ()
    requested_by: str


class TicketScreened(IntakePayload):
    """A second person decided a screening; granted, it closes the ticket (ZY 14.2)."""

    type: ClassVar[str] = "ticket.screened"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    cause: Cause
    is_granted: bool
    reason: str
    decided_by: str
    reply: int | None = None
    """The reply that it is about: an older one's closes nothing."""


class RatingDisputed(IntakePayload):
    """Somebody complained about a rating or how it was asked for (JL 六(四))."""

    type: ClassVar[str] = "ticket.rating_disputed"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    dispute: UUID
    disputed_by: str
    text: str


class RatingDisputeAnswered(IntakePayload):
    """A complaint about a rating was looked into and answered (JL 六(四))."""

    type: ClassVar[str] = "ticket.rating_dispute_answered"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    dispute: UUID
    is_upheld: bool
    answer: str
    answered_by: str


class TicketAbused(IntakePayload):
    """Abuse of the hotline was flagged, with its evidence kept (ZY 29)."""

    type: ClassVar[str] = "ticket.abused"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    abuse: UUID
    category: Abuse
    flagged_by: str


class ResultPublished(IntakePayload):
    """The unit's result was published, personal data removed, read by a second person (ZY 13)."""

    type: ClassVar[str] = "ticket.published"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    title: str
    question: str
    answer: str
    checked_by: str


class ResultTakenBack(IntakePayload):
    """A published result was taken back."""

    type: ClassVar[str] = "ticket.unpublished"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    reason: str
    taken_back_by: str


class QualityChecked(IntakePayload):
    """A call or a ticket was scored by somebody else than its agent (XS 四(一)). Key: the check."""

    type: ClassVar[str] = "quality.checked"
    topic: ClassVar[str] = "oversight"
    heard_by = (Service.ANALYTICS,)
    agent: str
    seat_kind: str
    form: str
    score: int
    """Of 100; after an objection the second score."""
    is_second: bool = False
    ticket_id: UUID | None = None
    call_id: UUID | None = None
    checked_at: datetime
