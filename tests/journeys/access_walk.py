"""Every operation that names something of somebody's, and how each is called in the walk."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson

from deploy.contracts.pages import apps
from shared.access import UNITS, May, Reach, is_of_unit
from shared.events.words import Role
from shared.policy import load
from tests.journeys.access_things import FAR, LABEL, MINE, NAMED_BY_CODE, THINGS, Made, Where
from tests.journeys.town import REQUEST

TICKET = "{ticket_id}"
NOTHING_THERE = frozenset(
    {
        "GET /v1/tickets/{ticket_id}/suggestion",
        "POST /v1/tickets/{ticket_id}/take-back",
        "POST /v1/tickets/{ticket_id}/check-reply",
        "POST /v1/tickets/{ticket_id}/verify",
        "POST /v1/tickets/{ticket_id}/explain-extension",
        "DELETE /v1/promises/{unit}",
        "POST /v1/people/{work_number}/revoke",
        # A file is shown to who handles its ticket, a draft to who may write it.
        "GET /v1/attachments/{attachment_id}",
        "GET /v1/articles/{article_id}",
        # What is written of a caller is only asked for here.
        "GET /v1/abuses/notices/{notice_id}/document",
    }
)
"""What may answer 404 of one's own as well: there is nothing of that kind, or not for all."""
NAMED_BY_POLICY = frozenset(
    {
        "POST /v1/tickets/{ticket_id}/decide-extension",
        *(f"POST /v1/orders/{{order_id}}/{act}" for act in ("sign", "drop", "answer", "accept")),
        "POST /v1/orders/{order_id}/reject-answer",
        "POST /v1/quality-checks/{check_id}/score",
        "POST /v1/quality-checks/{check_id}/object",
        "POST /v1/disputes/{dispute_id}/answer",
        "POST /v1/publications/{publication_id}/check",
        "POST /v1/people/{work_number}/grant",
        "POST /v1/duty-rules/explain",
    }
)
"""What a policy, or who did the thing before, gives to some of those in the table."""
WITHOUT_LABEL = frozenset({"POST /v1/tickets/{ticket_id}/erase"})
"""Shows nothing of a ticket: security erases a sensitive one like any other."""
VALUES: Mapping[str, Any] = {"boolean": True, "integer": 1, "number": 1, "null": None}
FORMATS = {
    "uuid": str(UUID(int=7)),
    "date-time": "2026-03-02T10:00:00+08:00",
    "date": "2026-03-02",
}
CALL = {
    "ref": "walk",
    "queued_at": "2026-03-02T09:00:00+08:00",
    "ended_at": "2026-03-02T09:01:00+08:00",
}
DAY = {"begin": "2026-03-02T00:00:00+08:00", "end": "2026-03-03T00:00:00+08:00"}
DAYS = """document = "放假通知"
jurisdiction = "{}"
[[off]]
first = 2026-03-06
name = "地方节日"
"""
MATTER = {"title": "道路破损", "content": "路面塌陷，行人不便，请修复。"}
READS = frozenset(
    {
        *("POST /v1/callers/history", "POST /v1/repeats/search", "POST /v1/suggestions/preview"),
        "POST /v1/duty-rules/explain",
    }
)
"""Reads that take what is looked for in their bodies."""


@dataclass(frozen=True)
class Spoken:
    """What a body may name: where it is, and a ticket and things there."""

    where: Where
    ticket: str
    made: Made


def _file_of(where: Where) -> str:
    """A pack of a place as its file says it."""
    pack = "xishuangbanna" if where is FAR else "ziyang"
    return Path(load.__file__).with_name(f"{pack}.toml").read_text(encoding="utf-8")


BODIES: Mapping[str, Callable[[Spoken], Any]] = {
    "POST /v1/tickets": lambda at: REQUEST | {"jurisdiction": at.where.place},
    "POST /v1/tickets/bulk": lambda at: orjson.dumps(REQUEST | {"jurisdiction": at.where.place}),
    "POST /v1/calls": lambda at: CALL | {"jurisdiction": at.where.place},
    "POST /v1/calls/bulk": lambda at: orjson.dumps(CALL | {"jurisdiction": at.where.place}),
    "POST /v1/abuses/notices": lambda at: {
        "kind": "judicial",
        "abuses": [at.made.keys["abuse", at.where.name]],
        "addressee": "公安机关",
        "grounds": "多次辱骂话务员",
    },
    "POST /v1/quality-checks/sample": lambda at: DAY | {"jurisdiction": at.where.place},
    "POST /v1/duty-rules/explain": lambda at: {"ticket_id": at.ticket},
    "POST /v1/precedents": lambda at: {
        "ticket_id": at.ticket,
        "lead_unit": at.where.unit,
        "category": "0101",
        "jurisdiction": at.where.place,
        "document": "会商纪要〔2026〕3号",
    },
    "POST /v1/repeats/search": lambda at: MATTER | {"jurisdiction": at.where.place},
    "POST /v1/suggestions/preview": lambda at: MATTER | {"jurisdiction": at.where.place},
    "POST /v1/policies": lambda at: {"file": "pack.toml", "text": _file_of(at.where)},
    "POST /v1/calendars": lambda at: {
        "file": "days.toml",
        "text": DAYS.format(at.where.place),
    },
    "POST /v1/orders": lambda at: {
        "unit": at.where.unit,
        "ground": "perfunctory",
        "evidence": "三次推诿",
        "ticket_id": at.ticket,
    },
    "POST /v1/articles": lambda at: {
        "jurisdiction": at.where.place,
        "unit": at.where.unit,
        "title": "如何办理",
        "body": "到窗口办理。",
    },
    "POST /v1/subscriptions": lambda at: {
        "unit": at.where.unit,
        "url": "https://unit.example/hotline",
        "secret": "0123456789abcdef0123456789abcdef",
    },
    "POST /v1/people": lambda at: {
        "work_number": f"W{len(at.where.name)}000",
        "name": "话务员",
        "jurisdiction": at.where.place,
    },
}
"""What operations name in their bodies: of whose it is depends who may."""
GIVEN: Mapping[str, dict[str, Any]] = {
    "PUT /v1/units/{code}": {"name": "某局", "jurisdiction": MINE.place},
    "PUT /v1/duty-rules/{rule_id}": {
        "jurisdiction": MINE.place,
        "unit": MINE.unit,
        "category": "07",
        "priority": 9999,
    },
    "POST /v1/tickets/{ticket_id}/seal-caller": {
        "recipient_platform": "510000",
        "recipient_key": b64encode(bytes(32)).decode(),
        "key_id": FORMATS["uuid"],
        "purpose": "转办，供承办单位联系",
    },
    "PUT /v1/seats/{number}": {"jurisdiction": MINE.place, "kind": "call"},
    "PUT /v1/quality-forms/{code}": {
        "jurisdiction": MINE.place,
        "subject": "ticket",
        "lines": [{"code": "words", "text": "用语", "full_marks": 100}],
    },
}
"""Whose thing it is decides, and not the place that the new words name; no key is an example."""


@dataclass(frozen=True)
class Operation:
    """An operation of somebody's, and how it is called."""

    name: str
    may: May
    body: Any
    queries: frozenset[str]

    @property
    def method(self) -> str:
        """Its method."""
        return self.name.split(" ", 1)[0]

    @property
    def path(self) -> str:
        """Its path, with the names of what it takes."""
        return self.name.split(" ", 1)[1]

    @property
    def thing(self) -> str | None:
        """The path of the thing that it names; none where its path names none."""
        head, brace, _ = self.path.partition("}")
        return head + brace if brace else None

    async def call(
        self, client: httpx.AsyncClient, key: str = "", body: Any = None
    ) -> httpx.Response:
        """Call it for a thing, or with what its body says."""
        head, brace, rest = self.path.partition("{")
        path = head + key + rest.partition("}")[2] if brace else head
        if isinstance(body, bytes):
            return await client.request(self.method, path, content=body)
        return await client.request(self.method, path, json=body)


def is_theirs(role: Role, where: Where, operation: str = "") -> bool:
    """Whose a thing is: its unit's, and of its place's people's, sensitive ones the office's."""
    if is_of_unit(role):
        return where is MINE
    if where is LABEL and operation not in WITHOUT_LABEL:
        return role is Role.SUPERVISOR
    return where is not FAR


@cache
def operations() -> list[Operation]:
    """All operations that are somebody's: who may, of their own unit or place alone."""
    found = []
    for app in apps().values():
        document = app.openapi()
        for name, may in app.state.access.items():
            if may.reach in (Reach.OPEN, Reach.ALL):
                continue
            method, path = name.split(" ", 1)
            shown = document["paths"][path][method.lower()]
            queries = {one["name"] for one in shown.get("parameters", []) if one["in"] == "query"}
            form = shown.get("requestBody", {}).get("content", {}).get("application/json", {})
            schema = form.get("schema")
            body = None if schema is None else example(schema, document)
            found.append(Operation(name, may, body, frozenset(queries)))
    return found


def example(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """The first example of a schema, or the least that has its form."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return example(document["components"]["schemas"][name], document)
    for word in ("examples", "enum"):
        if schema.get(word):
            return schema[word][0]
    if "default" in schema:
        return schema["default"]
    if "anyOf" in schema:
        return example(schema["anyOf"][0], document)
    kind = schema.get("type", "object")
    if kind == "string":
        return FORMATS.get(schema.get("format", ""), "说明" * max(1, schema.get("minLength", 1)))
    if kind == "array":
        return [example(schema["items"], document)] * schema.get("minItems", 1)
    if kind in VALUES:
        return schema.get("minimum", VALUES[kind])
    needed = schema.get("required", [])
    return {name: example(schema["properties"][name], document) for name in needed}


TICKETS = ("/v1/tickets/{ticket_id}", "/v1/masters/{ticket_id}")
WHOLE = frozenset(
    {
        *("GET /v1/federation/forwards", "GET /v1/federation/orders"),
        "POST /v1/federation/orders/{order_id}/answer",
    }
)
"""Of the platform as a whole: nobody's here, who are all of a city that it hosts."""


def is_known(operation: Operation) -> bool:
    """Whether the walk knows what an operation names."""
    if operation.name in WHOLE:
        return True
    if operation.thing is not None:
        return operation.thing in (*TICKETS, *THINGS, *NAMED_BY_CODE)
    return operation.method == "GET" or operation.name in {*BODIES, *READS}


def acts_for_units(operation: Operation) -> bool:
    """Whether it is the units' alone: of a ticket of another unit it changes nothing."""
    return set(operation.may.roles) <= {*UNITS, Role.EXPERT}
