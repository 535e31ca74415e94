"""JSON Schema of the exchange: the envelope, and a message of each type, each with an example."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from deploy.contracts.exchange_words import TYPES
from deploy.contracts.schemas import DIALECT
from services.gateway.federation.rules import REPORTED, TICKETS
from services.gateway.peers.profile import Profile
from services.gateway.peers.schemas import OwnKeys
from shared.crossing import FORWARD, Forward
from shared.events.catalogue import PAYLOADS
from shared.events.envelope import Payload
from shared.events.intake import Filed
from shared.events.words import Service
from shared.exchange import MESSAGE_EXAMPLE, Kind, LineAnswer, Message, Reconciliation, kind_of

EXAMPLES = Path(__file__).parents[2] / "tests" / "contracts" / "examples"
HIDDEN = ("caller_id",)
"""What no message carries."""
SEALED_CALLER = {
    "key_id": "019f3a62-2c1e-7b40-9d11-5f0c2e6a8d10",
    "sealed": "3q2+7w==",
    "purpose": "转办工单，与诉求人联系",
}


def exchanged() -> dict[str, type[Payload]]:
    """The events that platforms tell each other: of tickets, and what else is reported."""
    return {
        name: payload
        for name, payload in PAYLOADS.items()
        if Service.GATEWAY in payload.heard_by and (payload.topic == TICKETS or payload in REPORTED)
    }


def exchange_schemas() -> dict[str, dict[str, Any]]:
    """Every schema of the exchange by its name."""
    schemas = {
        "message": _message(),
        "answer": _own("answer", LineAnswer),
        "reconciliation": _own("reconciliation", Reconciliation),
        "keys": _own("keys", OwnKeys),
        "profile": _own("profile", Profile),
        FORWARD: _told(FORWARD, Kind.FORWARD, Forward, forward_example()),
    }
    for name, payload in sorted(exchanged().items()):
        schemas[name] = _told(name, kind_of_type(payload), payload, example_of(payload))
    return schemas


def kind_of_type(payload: type[Payload]) -> Kind:
    """The kind under which messages of a type go."""
    return kind_of(payload, is_filed=issubclass(payload, Filed))


def example_of(payload: type[Payload]) -> dict[str, Any]:
    """A message of a type, as it crosses."""
    event = json.loads((EXAMPLES / f"{payload.type}.json").read_text("utf-8"))
    data = {name: value for name, value in event["data"].items() if name not in HIDDEN}
    return MESSAGE_EXAMPLE | {
        "subject": event["subject"],
        "sequence": event["sequence"],
        "time": event["time"],
        "kind": kind_of_type(payload).value,
        "payload": {"type": payload.type, "data": data},
    }


def forward_example() -> dict[str, Any]:
    """A message by which a ticket is forwarded."""
    filed = example_of(PAYLOADS["ticket.created"])
    data = filed["payload"]["data"]
    kept = {name: data[name] for name in Forward.model_fields if name in data}
    told = {
        "accepted_at": filed["time"],
        "forwarded_at": "2026-09-29T16:40:00+08:00",
        "category_name": "路灯照明",
        "reason": "事发地在贵市",
        "sealed_caller": SEALED_CALLER,
    }
    return filed | {
        "kind": Kind.FORWARD.value,
        "sequence": 1,
        "payload": {"type": FORWARD, "data": kept | told},
    }


def _message() -> dict[str, Any]:
    schema = _own("message", Message)
    return schema | {"required": [*schema["required"], "specversion"]}


def _own(name: str, model: type[BaseModel]) -> dict[str, Any]:
    head = {"$schema": DIALECT, "$id": f"urn:12345:exchange:{name}"}
    return head | model.model_json_schema(by_alias=True)


def _told(name: str, kind: Kind, model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    data = model.model_json_schema()
    definitions = data.pop("$defs", {})
    data.pop("description", None)
    for hidden in HIDDEN:
        data["properties"].pop(hidden, None)
    return {
        "$schema": DIALECT,
        "$id": f"urn:12345:exchange:{name}",
        "title": name,
        "description": TYPES.get(name, name),
        "allOf": [{"$ref": "urn:12345:exchange:message"}],
        "type": "object",
        "properties": {
            "kind": {"const": kind.value},
            "payload": {
                "type": "object",
                "properties": {"type": {"const": name}, "data": data},
                "required": ["type", "data"],
            },
        },
        "examples": [example],
        **({"$defs": definitions} if definitions else {}),
    }
