"""What analytics says."""

from typing import ClassVar

from shared.events.envelope import Payload
from shared.events.words import Service


class FindingRaised(Payload):
    """A rule of supervision found a case, with its evidence (ZY 25, 26). Key: the unit."""

    type: ClassVar[str] = "finding.raised"
    topic: ClassVar[str] = "oversight"
    said_by = Service.ANALYTICS
    heard_by = (Service.SLA,)
    rule: str
    unit: str
    evidence: str
