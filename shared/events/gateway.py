"""What the gateway says of its exchange with other platforms. Key: the message's subject."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Payload
from shared.events.words import Service


class GatewayPayload(Payload):
    """Said by the gateway, on the topic for what other platforms report."""

    topic: ClassVar[str] = "mirror"
    said_by = Service.GATEWAY


class MessageReceived(GatewayPayload):
    """Another platform told of a ticket of its own; no clock starts here."""

    type: ClassVar[str] = "message.received"
    heard_by = (Service.ANALYTICS, Service.KNOWLEDGE)
    from_platform: str
    message_id: UUID
    kind: str
    body: str
    """The message's payload, as JSON."""
    subject: str | None = None
    sequence: int | None = None
    sent_at: datetime | None = None


class MessageSetAside(GatewayPayload):
    """A message of another platform could not be used and waits for a person."""

    type: ClassVar[str] = "message.set_aside"
    heard_by = (Service.ANALYTICS,)
    from_platform: str
    message_id: UUID
    reason: str
    kind: str | None = None
    subject: str | None = None
