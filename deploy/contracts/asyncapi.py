"""The AsyncAPI 3.0 document: topics as channels, events as messages, what each service does."""

from importlib.metadata import version
from typing import Any

from pydantic.json_schema import models_json_schema

from deploy.contracts.schemas import ENVELOPE, REQUIRED, meaning
from shared.events.catalogue import PAYLOADS, TOPICS
from shared.events.envelope import CONTENT_TYPE, Payload
from shared.events.words import Service

REFERENCE = "#/components/schemas/{model}"


def asyncapi() -> dict[str, Any]:
    """The whole document."""
    _, definitions = models_json_schema(
        [(payload, "validation") for payload in PAYLOADS.values()], ref_template=REFERENCE
    )
    envelope = {"type": "object", "properties": ENVELOPE, "required": REQUIRED}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "12345 政务服务便民热线平台",
            "version": version("hotline-12345"),
            "description": "CloudEvents 1.0, structured JSON, keyed by subject. "
            "Fields that a reader does not know are ignored; contracts only grow.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {topic: _channel(topic, text) for topic, text in TOPICS.items()},
        "operations": _operations(),
        "components": {
            "messages": {name: _message(payload) for name, payload in sorted(PAYLOADS.items())},
            "schemas": {"CloudEvent": envelope, **definitions["$defs"]},
        },
    }


def _channel(topic: str, text: str) -> dict[str, Any]:
    names = sorted(name for name, payload in PAYLOADS.items() if payload.topic == topic)
    return {
        "address": topic,
        "description": text,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _message(payload: type[Payload]) -> dict[str, Any]:
    data = {"$ref": REFERENCE.format(model=payload.__name__)}
    own = {"properties": {"type": {"const": payload.type}, "data": data}}
    return {
        "name": payload.type,
        "title": payload.__name__,
        "summary": meaning(payload),
        "contentType": CONTENT_TYPE,
        "payload": {"allOf": [{"$ref": REFERENCE.format(model="CloudEvent")}, own]},
        "bindings": {"kafka": {"key": {"type": "string", "description": "The event's subject."}}},
    }


def _operations() -> dict[str, Any]:
    """What each service sends to and receives from each topic."""
    found = {}
    for service in Service:
        sent = {name for name, payload in PAYLOADS.items() if payload.said_by == service}
        heard = {name for name, payload in PAYLOADS.items() if service in payload.heard_by}
        for topic in TOPICS:
            for action, names in (("send", sent), ("receive", heard)):
                own = sorted(name for name in names if PAYLOADS[name].topic == topic)
                if own:
                    found[f"{service}.{action}.{topic}"] = _operation(action, service, topic, own)
    return found


def _operation(action: str, service: Service, topic: str, names: list[str]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic}"},
        "summary": f"What {service} {'says' if action == 'send' else 'hears'} on {topic}.",
        "tags": [{"name": str(service)}],
        "messages": [{"$ref": f"#/channels/{topic}/messages/{name}"} for name in names],
    }
