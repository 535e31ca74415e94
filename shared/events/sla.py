"""What sla says when a clock says so. Key: the ticket's id, or the jurisdiction."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Payload
from shared.events.words import Service, Step


class SlaPayload(Payload):
    """Said by sla."""

    said_by = Service.SLA


class DeadlineReached(SlaPayload):
    """The clock asks the owner of the act: was it done at or before `due_at`?"""

    type: ClassVar[str] = "deadline.reached"
    heard_by = (Service.DISPATCH, Service.INTAKE)
    step: Step
    version: int
    due_at: datetime


class TicketDueSoon(SlaPayload):
    """A deadline is near (B13)."""

    type: ClassVar[str] = "ticket.due_soon"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    step: Step
    version: int
    due_at: datetime


class TicketOverdue(SlaPayload):
    """A step was not done in time; said once for each version of a deadline (C3)."""

    type: ClassVar[str] = "ticket.overdue"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    step: Step
    version: int
    due_at: datetime
    act_at: datetime | None = None
    rule: str
    source_article: str


class TicketExtensionRequested(SlaPayload):
    """A unit asks for more time (ZY 13.3, YN 六(三)4(3), XS 三(五))."""

    type: ClassVar[str] = "ticket.extension_requested"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    working_days: int
    ground: str
    extension: int | None = None
    """1 for the first that was asked for this ticket."""
    due_at: datetime | None = None
    """The deadline that it would move."""
    source_article: str | None = None
    requested_by: str | None = None
    letter: UUID | None = None
    """The letter that goes with it, where one is needed (ZY 13.5)."""


class TicketExtensionDecided(SlaPayload):
    """The hotline decided an extension."""

    type: ClassVar[str] = "ticket.extension_decided"
    heard_by = (Service.DISPATCH, Service.INTAKE, Service.ANALYTICS, Service.GATEWAY)
    is_granted: bool
    due_at: datetime
    """Where it was granted the new deadline of handling, else the old one."""
    reason: str
    unit: str | None = None
    extension: int | None = None
    working_days: int | None = None
    version: int | None = None
    rule: str | None = None
    source_article: str | None = None
    provisional: bool = False
    decided_by: str | None = None


class TicketExtensionExplained(SlaPayload):
    """The unit told the caller of the extension and recorded how (ZY 13.3)."""

    type: ClassVar[str] = "ticket.extension_explained"
    heard_by = (Service.DISPATCH, Service.INTAKE, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    extension: int
    contact: str
    explained_by: str


class TicketLimitRequested(SlaPayload):
    """A unit entered a limit set by law for a ticket (C8: YN 六(三)4(4), XS 三(五))."""

    type: ClassVar[str] = "ticket.limit_requested"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    ground: str
    law: str
    article: str
    amount: int
    length_unit: str
    requested_by: str


class TicketLimitDecided(SlaPayload):
    """The hotline confirmed or refused a limit set by law; confirmed, it replaces handling (C8)."""

    type: ClassVar[str] = "ticket.limit_decided"
    heard_by = (Service.DISPATCH, Service.INTAKE, Service.ANALYTICS, Service.GATEWAY)
    unit: str
    is_confirmed: bool
    reason: str
    law: str
    article: str
    amount: int
    length_unit: str
    due_at: datetime | None = None
    version: int | None = None
    rule: str | None = None
    source_article: str | None = None
    provisional: bool = False
    decided_by: str


class TicketClockPaused(SlaPayload):
    """The clock of handling stopped on a ground that the pack names (C7)."""

    type: ClassVar[str] = "ticket.clock_paused"
    heard_by = (Service.DISPATCH, Service.INTAKE, Service.ANALYTICS, Service.GATEWAY)
    ground: str
    reason: str
    source_article: str
    paused_by: str


class TicketClockResumed(SlaPayload):
    """The clock of handling runs again, from where it stopped (C7)."""

    type: ClassVar[str] = "ticket.clock_resumed"
    heard_by = (Service.DISPATCH, Service.INTAKE, Service.ANALYTICS, Service.GATEWAY)
    reason: str
    due_at: datetime
    version: int
    rule: str
    source_article: str
    provisional: bool = False
    resumed_by: str


class TicketDeadlineMoved(SlaPayload):
    """A handling time that had been extended, paused or set by law moved with the calendar (C6)."""

    type: ClassVar[str] = "ticket.deadline_moved"
    heard_by = (Service.DISPATCH, Service.INTAKE, Service.ANALYTICS, Service.GATEWAY)
    step: Step
    version: int
    due_at: datetime
    rule: str
    source_article: str
    provisional: bool = False
    reason: str


class OrderIssued(SlaPayload):
    """A numbered supervision document took effect (GS 二(三)5, ZY 24-27). Key: the order."""

    type: ClassVar[str] = "order.issued"
    topic: ClassVar[str] = "oversight"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    number: str
    kind: str
    """One of `OrderKind`; a string, since contracts only grow."""
    unit: str
    due_at: datetime
    jurisdiction: str | None = None
    ticket_id: UUID | None = None
    step: Step | None = None
    """The step of the ticket that was missed, where that is the ground."""
    rule: str | None = None
    grounds: str | None = None
    source_article: str | None = None
    signed_by: str | None = None


class OrderAnswered(SlaPayload):
    """A unit answered a numbered order. Key: the order."""

    type: ClassVar[str] = "order.answered"
    topic: ClassVar[str] = "oversight"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    number: str
    text: str
    unit: str | None = None
    is_late: bool | None = None
    answered_by: str | None = None
    ticket_id: UUID | None = None
    """The ticket that the order is about, if it is about one."""


class PolicyPublished(SlaPayload):
    """A policy pack, kept by content hash and never forgotten. Key: the jurisdiction."""

    type: ClassVar[str] = "policy.published"
    topic: ClassVar[str] = "directory"
    heard_by = (Service.INTAKE, Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    jurisdiction: str
    version: str
    effective_from: datetime
    hash: str
    pack: str
    """The pack whole, as JSON."""


class CalendarPublished(SlaPayload):
    """A calendar of days off and make-up working days. Key: the jurisdiction."""

    type: ClassVar[str] = "calendar.published"
    topic: ClassVar[str] = "directory"
    heard_by = (Service.INTAKE, Service.DISPATCH, Service.ANALYTICS)
    jurisdiction: str
    """`000000` for the whole country."""
    hash: str
    calendar: str
    """Days and published years as JSON."""
