"""Role × operation × own and other unit × own and other city, on the running platform (F5, F9).

Who may not is tried in `tests/services/test_access.py`, operation by operation; here those who may
try what is theirs and what is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from deploy.contracts.pages import apps
from shared.access import EVERYBODY, May, Reach, is_of_unit
from shared.events.words import Role
from tests.journeys.city import City
from tests.journeys.town import FIRST, REQUEST, ZIYANG, Town

POSTGRES = pytest.mark.parametrize("bus_settings", ["postgres"], indirect=True)
OTHER_CITY = "532800"
TICKET = "{ticket_id}"
NOTHING_THERE = frozenset(
    {
        "GET /v1/tickets/{ticket_id}/suggestion",
        "POST /v1/tickets/{ticket_id}/take-back",
        "POST /v1/tickets/{ticket_id}/check-reply",
        "POST /v1/tickets/{ticket_id}/verify",
        "POST /v1/tickets/{ticket_id}/explain-extension",
    }
)
"""What may answer 404 of one's own ticket as well: there is nothing of that kind."""
NAMED_BY_POLICY = frozenset({"POST /v1/tickets/{ticket_id}/decide-extension"})
"""What a policy gives to one of those in the table."""
VALUES: Mapping[str, Any] = {"boolean": True, "integer": 1, "number": 1, "null": None}
FORMATS = {
    "uuid": str(UUID(int=7)),
    "date-time": "2026-03-02T10:00:00+08:00",
    "date": "2026-03-02",
}


@dataclass(frozen=True)
class Operation:
    """An operation on a ticket, and how it is called."""

    name: str
    may: May
    body: Any

    async def call(self, client: httpx.AsyncClient, ticket: str) -> httpx.Response:
        """Call it for a ticket."""
        method, path = self.name.split(" ", 1)
        filled = path.replace(TICKET, ticket)
        return await client.request(method, filled, json=self.body)


def operations() -> list[Operation]:
    """All operations on a ticket that somebody with a token may call."""
    found = []
    for app in apps().values():
        document = app.openapi()
        for name, may in app.state.access.items():
            if TICKET not in name or may.reach in (Reach.OPEN, Reach.ALL):
                continue
            method, path = name.split(" ", 1)
            form = document["paths"][path][method.lower()].get("requestBody", {})
            schema = form.get("content", {}).get("application/json", {}).get("schema")
            found.append(Operation(name, may, None if schema is None else body(schema, document)))
    return found


def body(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """The first example of a schema, or the least that has its form."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return body(document["components"]["schemas"][name], document)
    for word in ("examples", "enum"):
        if schema.get(word):
            return schema[word][0]
    if "default" in schema:
        return schema["default"]
    if "anyOf" in schema:
        return body(schema["anyOf"][0], document)
    kind = schema.get("type", "object")
    if kind == "string":
        return FORMATS.get(schema.get("format", ""), "说明" * max(1, schema.get("minLength", 1)))
    if kind == "array":
        return [body(schema["items"], document)] * schema.get("minItems", 1)
    if kind in VALUES:
        return schema.get("minimum", VALUES[kind])
    needed = schema.get("required", [])
    return {name: body(schema["properties"][name], document) for name in needed}


async def file_many(town: Town, count: int, **fields: Any) -> list[str]:
    """So many tickets at once; their ids."""
    place = fields.get("jurisdiction", ZIYANG)
    operator = await town.city.person(Role.OPERATOR, jurisdiction=place)
    lines = b"\n".join(orjson.dumps(REQUEST | fields) for _ in range(count))
    answer = await operator.post("/v1/tickets/bulk", content=lines)
    return [orjson.loads(line)["id"] for line in answer.text.splitlines()]


async def people(city: City) -> dict[Role, httpx.AsyncClient]:
    """Somebody of each role, of Ziyang and its first unit."""
    return {
        role: await city.person(role, jurisdiction=ZIYANG, unit=FIRST if is_of_unit(role) else None)
        for role in Role
    }


@POSTGRES
async def test_who_may_reaches_what_is_theirs_and_nothing_else(town: Town) -> None:
    found, everyone = operations(), await people(town.city)
    mine = await file_many(town, len(found), title="secretmine")
    others = await file_many(town, len(found), title="secretother", category="02")
    (far,) = await file_many(town, 1, title="secretfar", jurisdiction=OTHER_CITY)
    await town.settle()
    wrong = []
    for place, operation in enumerate(found):
        for role in operation.may.roles:
            client, on_unit = everyone[role], is_of_unit(role)
            tickets = [(far, False), (others[place], not on_unit), (mine[place], True)]
            for ticket, is_theirs in tickets:
                if isinstance(operation.body, dict) and "main" in operation.body:
                    operation.body["main"] = mine[place - 1]
                answer = await operation.call(client, ticket)
                if role is Role.PLATFORM:
                    # No ticket here came from another platform: what it may, it may of those.
                    is_right = answer.status_code in (404, 409, 422)
                else:
                    is_right = _is_right(operation, answer, is_theirs=is_theirs)
                if not is_right:
                    where = ("far", "other", "mine")[tickets.index((ticket, is_theirs))]
                    wrong.append(
                        f"{operation.name} {role} {where}: {answer.status_code} {answer.text[:200]}"
                    )
    assert wrong == [], "\n".join(wrong)


def _is_right(operation: Operation, answer: httpx.Response, *, is_theirs: bool) -> bool:
    if answer.status_code >= 500 and answer.status_code != 503:
        return False
    if not is_theirs:
        return answer.status_code == 404
    if answer.status_code == 404:
        return operation.name in NOTHING_THERE
    return answer.status_code != 403 or operation.name in NAMED_BY_POLICY


@POSTGRES
async def test_no_list_of_the_platform_names_what_is_not_theirs(town: Town) -> None:
    everyone = await people(town.city)
    for fields in (
        {"title": "secretmine"},
        {"title": "secretother", "category": "02"},
        {"title": "secretfar", "jurisdiction": OTHER_CITY},
        {"title": "secretlabel", "category": "02", "secrecy": "sensitive"},
    ):
        await file_many(town, 1, **fields)
    await town.settle()
    seen: dict[Role, set[str]] = {role: set() for role in Role}
    for app in apps().values():
        for name, may in app.state.access.items():
            if not name.startswith("GET ") or "{" in name or may.reach is Reach.OPEN:
                continue
            for role in may.roles:
                answer = await everyone[role].get(name.split(" ", 1)[1])
                assert answer.status_code < 500, (name, role, answer.text)
                words = ("secretmine", "secretother", "secretfar", "secretlabel")
                seen[role] |= {word for word in words if word in answer.text}
    for role in EVERYBODY:
        theirs = {"secretmine"} if is_of_unit(role) else {"secretmine", "secretother"}
        allowed = theirs | ({"secretlabel"} if role is Role.SUPERVISOR else set())
        assert seen[role] <= allowed, role
    assert seen[Role.SUPERVISOR] == {"secretmine", "secretother", "secretlabel"}
    assert seen[Role.UNIT] == {"secretmine"}
    assert seen[Role.ADMINISTRATOR] == seen[Role.AUDITOR] == seen[Role.SECURITY] == set()
