"""`docs/events.md`: every event for people to read."""

import re
from enum import StrEnum
from types import ModuleType
from typing import Any

from deploy.contracts.schemas import meaning
from shared.events import words
from shared.events.catalogue import PAGES, PAYLOADS, TOPICS
from shared.events.chinese import CHINESE
from shared.events.envelope import Payload

HEAD = """# Events

Written by `python -m deploy.contracts` from `shared/events/`; do not edit.

An event is a CloudEvent 1.0 in structured JSON. `sequence` counts the events of a source and
subject without a gap. Fields that a reader does not know are ignored, and contracts only grow: a
new field has a default, a changed meaning is a new event. JSON Schemas are in `schemas/`, an
AsyncAPI document is `asyncapi.json`, an example of each event is in `tests/contracts/examples/`.
No event carries a caller's name, phone or address.
"""


def event_page() -> str:
    """The page."""
    return "\n".join([HEAD, _topics(), *map(_section, PAGES), _words()])


def _topics() -> str:
    rows = [f"| `{topic}` | {text} |" for topic, text in TOPICS.items()]
    return "\n".join(["## Topics", "", "| topic | carries |", "| --- | --- |", *rows, ""])


def _section(page: ModuleType) -> str:
    own = [payload for payload in PAYLOADS.values() if payload.__module__ == page.__name__]
    title = page.__name__.rsplit(".", 1)[1]
    lines = [f"## {title}", "", " ".join((page.__doc__ or "").split()), ""]
    for payload in own:
        lines += _event(payload, page)
    return "\n".join(lines)


def _event(payload: type[Payload], page: ModuleType) -> list[str]:
    heard_by = ", ".join(sorted(payload.heard_by))
    lines = [
        f"### {payload.type}",
        "",
        meaning(payload),
        "",
        f"`{payload.__name__}` on `{payload.topic}`, keyed by {_key(payload, page)}. "
        f"Said by {payload.said_by}, heard by {heard_by}.",
        "",
    ]
    schema = payload.model_json_schema()
    rows = _rows(schema, schema, "")
    if not rows:
        return [*lines, "It has no fields of its own.", ""]
    return [*lines, "| field | type | needed | meaning |", "| --- | --- | --- | --- |", *rows, ""]


def _key(payload: type[Payload], page: ModuleType) -> str:
    for text in (payload.__doc__ or "", page.__doc__ or ""):
        if found := re.search(r"Key: ([^.]+)\.", " ".join(text.split())):
            return found[1]
    raise ValueError(f"{payload.type}: no docstring says what its key is")


def _rows(schema: dict[str, Any], root: dict[str, Any], prefix: str) -> list[str]:
    rows = []
    for name, field in schema.get("properties", {}).items():
        is_needed = name in schema.get("required", [])
        text = field.get("description", "")
        rows.append(
            f"| `{prefix}{name}` | {_type(field)} | {'yes' if is_needed else _default(field)} "
            f"| {' '.join(text.split())} |"
        )
        for reference in re.findall(r"'\$ref': '#/\$defs/(\w+)'", repr(field)):
            rows += _rows(root["$defs"][reference], root, f"{prefix}{name}.")
    return rows


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[1]
        is_word = issubclass(getattr(words, name, object), StrEnum)
        return f"[{name}](#{name.lower()})" if is_word else name
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"] if one.get("type") != "null")
    if field.get("type") == "array":
        return f"list of {_type(field['items'])}"
    return str(field.get("format", field.get("type")))


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    return "no" if default in (None, [], "") else f"no, `{str(default).lower()}`"


def _words() -> str:
    lines = ["## Words", ""]
    used = repr([payload.model_json_schema() for payload in PAYLOADS.values()])
    for name, kind in sorted(vars(words).items()):
        if isinstance(kind, type) and issubclass(kind, StrEnum) and f"#/$defs/{name}'" in used:
            values = [f"| `{word}` | {CHINESE.get(word, '')} |" for word in kind]
            lines += [f"### {name}", "", " ".join((kind.__doc__ or "").split()), ""]
            lines += ["| word | 中文 |", "| --- | --- |", *values, ""]
    return "\n".join(lines)
