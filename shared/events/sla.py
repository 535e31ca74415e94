"""What sla says when a clock says so. Key: the ticket's id, or the jurisdiction."""

from datetime import datetime
from typing import ClassVar

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
    heard_by = (Service.DISPATCH, Service.ANALYTICS)
    step: Step
    version: int
    due_at: datetime


class TicketOverdue(SlaPayload):
    """A step was not done in time; said once for each version of a deadline (C3)."""

    type: ClassVar[str] = "ticket.overdue"
    heard_by = (Service.ANALYTICS,)
    step: Step
    version: int
    due_at: datetime
    act_at: datetime | None = None
    rule: str
    source_article: str


class TicketExtensionRequested(SlaPayload):
    """A unit asks for more time (ZY 13.3, YN 六(三)4(3), XS 三(五))."""

    type: ClassVar[str] = "ticket.extension_requested"
    heard_by = (Service.DISPATCH, Service.ANALYTICS)
    unit: str
    working_days: int
    ground: str


class TicketExtensionDecided(SlaPayload):
    """The hotline decided an extension."""

    type: ClassVar[str] = "ticket.extension_decided"
    heard_by = (Service.DISPATCH, Service.INTAKE, Service.ANALYTICS)
    is_granted: bool
    due_at: datetime
    reason: str


class OrderIssued(SlaPayload):
    """A numbered supervision document took effect (GS 二(三)5, ZY 24-27). Key: the order."""

    type: ClassVar[str] = "order.issued"
    topic: ClassVar[str] = "oversight"
    heard_by = (Service.DISPATCH, Service.ANALYTICS, Service.GATEWAY)
    number: str
    kind: str
    unit: str
    due_at: datetime


class OrderAnswered(SlaPayload):
    """A unit answered a numbered order. Key: the order."""

    type: ClassVar[str] = "order.answered"
    topic: ClassVar[str] = "oversight"
    heard_by = (Service.ANALYTICS,)
    number: str
    text: str


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
    hash: str
    calendar: str
