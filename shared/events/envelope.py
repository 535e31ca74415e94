"""The envelope of every event: CloudEvents 1.0, structured JSON."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.events.words import Service

CONTENT_TYPE = "application/cloudevents+json"


class Payload(BaseModel):
    """The data of one kind of event: frozen, tolerant of fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    type: ClassVar[str]
    topic: ClassVar[str] = "tickets"
    said_by: ClassVar[Service]
    heard_by: ClassVar[tuple[Service, ...]]


P = TypeVar("P", bound=Payload)
P_co = TypeVar("P_co", bound=Payload, covariant=True)


@dataclass(frozen=True, slots=True)
class Event(Generic[P_co]):
    """A fact: what happened (`data`), to what (`subject`), when, said by whom.

    `sequence` is gap-free per `source` and `subject`, so `id` needs no randomness: the same fact
    said again after a crash has the same id.
    """

    source: str
    subject: str
    sequence: int
    time: datetime
    data: P_co
    traceparent: str | None = None

    @property
    def id(self) -> str:
        """Unique within `source`."""
        return f"{self.subject}.{self.sequence}"


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event off the wire, its data not yet read: enough to order it and to drop a repeat."""

    type: str
    source: str
    subject: str
    sequence: int
    time: datetime
    data: dict[str, Any]
    traceparent: str | None


class BadEvent(Exception):
    """A message that is no event of ours; the text says which field is wrong."""


def encode(event: Event[Payload]) -> bytes:
    """The event as CloudEvents JSON."""
    body: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.id,
        "type": event.data.type,
        "source": event.source,
        "subject": event.subject,
        "sequence": event.sequence,
        "time": event.time,
        "datacontenttype": "application/json",
        "data": event.data.model_dump(exclude_none=True),
    }
    if event.traceparent is not None:
        body["traceparent"] = event.traceparent
    # asyncpg's UUID is a subclass that orjson does not take by itself.
    return orjson.dumps(body, default=str)


def parse(message: bytes) -> Envelope:
    """The envelope of a message. Raises `BadEvent`."""
    try:
        body = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise BadEvent(f"not JSON: {error}") from error
    if not isinstance(body, dict) or body.get("specversion") != "1.0":
        raise BadEvent("specversion: must be 1.0")
    for field in ("type", "source", "subject"):
        if not isinstance(body.get(field), str) or not body[field]:
            raise BadEvent(f"{field}: must be a text that is not empty")
    sequence, data, traceparent = body.get("sequence"), body.get("data"), body.get("traceparent")
    if not isinstance(sequence, int) or isinstance(sequence, bool) or not 0 < sequence < 2**31:
        raise BadEvent("sequence: must be a whole number from 1")
    if not isinstance(data, dict):
        raise BadEvent("data: must be an object")
    if traceparent is not None and not isinstance(traceparent, str):
        raise BadEvent("traceparent: must be a text")
    try:
        time = datetime.fromisoformat(body["time"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadEvent("time: must be RFC 3339") from error
    if time.tzinfo is None:
        raise BadEvent("time: must carry its zone")
    return Envelope(
        type=body["type"],
        source=body["source"],
        subject=body["subject"],
        sequence=sequence,
        time=time,
        data=data,
        traceparent=traceparent,
    )


def read(envelope: Envelope, payload: type[P]) -> Event[P]:
    """The event with its data read as `payload`. Raises `BadEvent`."""
    try:
        data = payload.model_validate(envelope.data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in ("data", *first["loc"]))
        raise BadEvent(f"{field}: {first['msg']}") from error
    return Event(
        source=envelope.source,
        subject=envelope.subject,
        sequence=envelope.sequence,
        time=envelope.time,
        data=data,
        traceparent=envelope.traceparent,
    )
