"""JSON Schema of each event, whole: the CloudEvents envelope with its data."""

from typing import Any

from shared.events.catalogue import PAYLOADS
from shared.events.envelope import Payload
from shared.events.words import Service
from shared.runtime import source_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ENVELOPE: dict[str, Any] = {
    "specversion": {"const": "1.0"},
    "id": {
        "type": "string",
        "minLength": 1,
        "description": "Unique for its source: subject and sequence.",
    },
    "source": {
        "type": "string",
        "minLength": 1,
        "description": f"Platform and service, such as `{source_of('530000', Service.INTAKE)}`.",
    },
    "subject": {
        "type": "string",
        "minLength": 1,
        "description": "What it happened to; the message's key.",
    },
    "time": {
        "type": "string",
        "format": "date-time",
        "description": "When it happened, with its zone.",
    },
    "sequence": {
        "type": "integer",
        "minimum": 1,
        "maximum": 2**31 - 1,
        "description": "Counts the events of a source and subject without a gap.",
    },
    "datacontenttype": {"const": "application/json"},
    "traceparent": {"type": "string", "description": "W3C Trace Context."},
}
REQUIRED = ["specversion", "id", "type", "source", "subject", "time", "sequence", "data"]


def event_schemas() -> dict[str, dict[str, Any]]:
    """The schema of every event by its name."""
    return {name: event_schema(payload) for name, payload in sorted(PAYLOADS.items())}


def event_schema(payload: type[Payload]) -> dict[str, Any]:
    """The schema of one event. Fields that it does not name are allowed, and ignored."""
    data = payload.model_json_schema()
    definitions = data.pop("$defs", {})
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "$id": f"urn:12345:event:{payload.type}",
        "title": payload.type,
        "description": meaning(payload),
        "x-topic": payload.topic,
        "x-said-by": payload.said_by,
        "x-heard-by": sorted(payload.heard_by),
        "type": "object",
        "properties": {**ENVELOPE, "type": {"const": payload.type}, "data": data},
        "required": REQUIRED,
    }
    if definitions:
        schema["$defs"] = definitions
    return schema


def meaning(payload: type[Payload]) -> str:
    """An event's docstring as one line."""
    return " ".join((payload.__doc__ or "").split())
