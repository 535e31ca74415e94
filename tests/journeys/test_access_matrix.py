"""Role × operation × own and other unit × own and other city × label, on the platform (F5, F9).

Who may not is tried in `tests/services/test_access.py`, operation by operation; here those who may
try what is theirs and what is not. A new operation needs a thing in `access_things.py`, or a body
in `access_walk.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from shared.access import BUSINESS, Reach, is_of_unit
from shared.events.words import Role
from shared.security import Principal, issue_token
from tests.journeys.access_things import EVERYWHERE, FAR, LABEL, MINE, OTHER, Made, Where
from tests.journeys.access_things import make_things as make
from tests.journeys.access_walk import (
    BODIES,
    DAY,
    GIVEN,
    NAMED_BY_POLICY,
    NOTHING_THERE,
    READS,
    TICKETS,
    WHOLE,
    Operation,
    Spoken,
    acts_for_units,
    is_known,
    is_theirs,
    operations,
)
from tests.journeys.town import FIRST, REQUEST, ZIYANG, Town

POSTGRES = pytest.mark.parametrize("bus_settings", ["postgres"], indirect=True)
PHONE = "13800000000"
HOME, ELSEWHERE = "510000", "610000"
OF_TICKETS = ("abuses", "explain", "precedents", "orders")


@dataclass
class Walk:
    """Everybody who asks, everything that is asked for, and what was answered wrongly."""

    town: Town
    people: dict[Role, httpx.AsyncClient]
    tickets: dict[Where, list[str]] = field(default_factory=dict)
    made: Made = field(default_factory=Made)
    wrong: list[str] = field(default_factory=list)

    def note(self, operation: Operation, role: Role, what: str, answer: httpx.Response) -> None:
        """Write down an answer that should not have been given."""
        told = f"{answer.status_code} {answer.text[:200]}"
        self.wrong.append(f"{operation.name} {role} {what}: {told}")

    async def file(self, where: Where, count: int) -> list[str]:
        """So many tickets at once, filed by a colleague of those who ask; their ids."""
        colleague = await self.town.city.person(
            Role.OPERATOR, jurisdiction=where.place, person="colleague"
        )
        request = REQUEST | {
            "title": f"secret{where.name}",
            "jurisdiction": where.place,
            "category": where.unit[-2:],
            "secrecy": where.secrecy,
            "caller": {"phone": PHONE},
        }
        content = b"\n".join(orjson.dumps(request) for _ in range(count))
        answer = await colleague.post("/v1/tickets/bulk", content=content)
        filed = [orjson.loads(line)["id"] for line in answer.text.splitlines()]
        self.tickets.setdefault(where, []).extend(filed)
        return filed


async def open_walk(town: Town) -> Walk:
    """Somebody of each role, of Ziyang and its first unit; the gateway for another platform."""
    people = {
        role: await town.city.person(
            role, jurisdiction=ZIYANG, unit=FIRST if is_of_unit(role) else None
        )
        for role in Role
    }
    people[Role.PLATFORM] = await platform(town, HOME)
    return Walk(town, people)


async def platform(town: Town, code: str) -> httpx.AsyncClient:
    """Who acts here for another platform: of its own tickets, wherever they lie."""
    caller = Principal(f"platform:{code}", Role.PLATFORM, "000000")
    token = issue_token(caller, town.city.settings.token_secret, lifetime=timedelta(hours=1))
    client = await town.city.person(Role.PLATFORM)
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def test_the_walk_knows_what_each_operation_names() -> None:
    unknown = [one.name for one in operations() if not is_known(one)]
    assert unknown == [], "make it in access_things.py, or write its body in access_walk.py"


@POSTGRES
async def test_each_operation_reaches_what_is_theirs_and_nothing_else(town: Town) -> None:
    walk, found = await open_walk(town), operations()
    still = {where: (await walk.file(where, 1))[0] for where in EVERYWHERE}
    acts = [one for one in found if one.thing in TICKETS]
    own = await _tickets_for(walk, acts, still)
    crossed = {code: await _forward(town, code) for code in (HOME, ELSEWHERE)}
    await town.settle()
    walk.made = await make(town.city, {where: UUID(one) for where, one in still.items()})
    await _read_lists(walk, [one for one in found if one.thing is None])
    for operation in found:
        if operation.name in WHOLE:
            for role in operation.may.roles:
                answer = await operation.call(walk.people[role], str(UUID(int=7)), operation.body)
                if answer.status_code != 404:
                    walk.note(operation, role, "a hosted city's", answer)
        elif operation.name in own:
            await _act_on_tickets(walk, operation, own[operation.name], crossed)
        elif operation.thing is not None:
            await _act_on_things(walk, operation)
        elif operation.name in BODIES:
            await _say_whose(walk, operation, still)
    assert walk.wrong == [], "\n".join(walk.wrong)


async def _tickets_for(
    walk: Walk, acts: list[Operation], still: Mapping[Where, str]
) -> dict[str, dict[Where, str]]:
    """Tickets of its own for each act that may change one; what cannot be changed is shared."""
    changing = [one for one in acts if one.method != "GET"]
    alone = {
        MINE: changing,
        OTHER: [one for one in changing if not acts_for_units(one)],
        LABEL: [one for one in changing if Role.SUPERVISOR in one.may.roles],
    }
    own = {one.name: dict(still) for one in acts}
    for where, needing in alone.items():
        filed = await walk.file(where, len(needing))
        for one, ticket in zip(needing, filed, strict=True):
            own[one.name][where] = ticket
    return own


async def _forward(town: Town, code: str) -> str:
    """A ticket that another platform forwarded here."""
    origin = {"platform": code, "ticket_id": str(UUID(int=9)), "number": f"{code}-1"}
    body = REQUEST | {"channel": "system", "external_id": f"{code}:1", "origin": origin}
    answer = await (await platform(town, code)).post("/v1/tickets", json=body)
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


async def _act_on_tickets(
    walk: Walk, operation: Operation, tickets: Mapping[Where, str], crossed: Mapping[str, str]
) -> None:
    body = GIVEN.get(operation.name, operation.body)
    if isinstance(body, dict) and "main" in body:
        body = body | {"main": walk.tickets[MINE][0]}
    for role in operation.may.roles:
        # What is not theirs first: an act may move what is.
        wanted = [
            (where.name, tickets[where], is_theirs(role, where, operation.name))
            for where in (FAR, LABEL, OTHER, MINE)
        ]
        if role is Role.PLATFORM:
            wanted = [(name, ticket, False) for name, ticket, _ in wanted]
            wanted += [(code, ticket, code == HOME) for code, ticket in crossed.items()]
        for name, ticket, may in wanted:
            answer = await operation.call(walk.people[role], ticket, body)
            if not _is_right(operation, answer, is_theirs=may):
                walk.note(operation, role, name, answer)


async def _act_on_things(walk: Walk, operation: Operation) -> None:
    assert operation.thing is not None
    body = GIVEN.get(operation.name, operation.body)
    for role in operation.may.roles:
        for where in (FAR, LABEL, OTHER, MINE):
            key = walk.made.keys.get((operation.thing, where.name))
            if key is None:
                continue
            may = role is not Role.PLATFORM and is_theirs(role, where, operation.name)
            answer = await operation.call(walk.people[role], key, body)
            if not _is_right(operation, answer, is_theirs=may):
                walk.note(operation, role, where.name, answer)


async def _say_whose(walk: Walk, operation: Operation, still: Mapping[Where, str]) -> None:
    has_label = any(word in operation.name for word in OF_TICKETS)
    for role in operation.may.roles:
        for where in (FAR, LABEL, OTHER, MINE) if has_label else (FAR, OTHER, MINE):
            spoken = BODIES[operation.name](Spoken(where, still[where], walk.made))
            answer = await operation.call(walk.people[role], body=spoken)
            line = answer.text.partition("\n")[0] if isinstance(spoken, bytes) else ""
            status = orjson.loads(line)["status"] if line else answer.status_code
            is_place = operation.may.reach is Reach.PLACE and is_of_unit(role)
            may = where is not FAR if is_place else is_theirs(role, where)
            if may and role is not Role.PLATFORM:
                is_named = operation.name in NAMED_BY_POLICY and status == 403
                is_right = status < 300 or status == 409 or is_named
            else:
                is_right = status in (403, 404, 422)
            if not is_right:
                walk.note(operation, role, where.name, answer)


async def _read_lists(walk: Walk, lists: list[Operation]) -> None:
    """No list, figure or search names what is not theirs; asked for it, none finds any."""
    words = {
        where: {f"secret{where.name}", *walk.made.of(where), *walk.tickets[where]}
        for where in EVERYWHERE
    }
    seen: dict[Role, set[str]] = {role: set() for role in Role}
    for operation in lists:
        for role in operation.may.roles:
            for query, body in _asked(operation):
                answer = await walk.people[role].request(
                    operation.method, operation.path, params=query, json=body
                )
                if answer.status_code not in (200, 404, 403):
                    walk.note(operation, role, "list", answer)
                for where, told in words.items():
                    named = {word for word in told if word in answer.text}
                    seen[role] |= {where.name} if named else set()
                    if named and not is_theirs(role, where):
                        walk.note(operation, role, f"names {where.name} {named}", answer)
                if role not in BUSINESS and "secretmine" in answer.text:
                    walk.note(operation, role, "a ticket's words", answer)
                if query.get("jurisdiction") == FAR.place and not _is_empty(answer):
                    walk.note(operation, role, "figures of far", answer)
    assert seen[Role.SUPERVISOR] == {"mine", "other", "label"}
    assert seen[Role.UNIT] == seen[Role.UNIT_LEADER] == {"mine"}


def _asked(operation: Operation) -> Iterator[tuple[dict[str, str], Any]]:
    """The ways to ask a list: as it is, and for another city."""
    if operation.name in WHOLE:
        return
    if operation.method != "GET":
        if operation.name in READS - set(BODIES):
            yield {}, {"phone": PHONE, "purpose": "来电核对"}
        return
    days = DAY if {"begin", "end"} <= operation.queries else {}
    yield dict(days), None
    if "jurisdiction" in operation.queries:
        yield days | {"jurisdiction": FAR.place}, None


def _is_empty(answer: httpx.Response) -> bool:
    if answer.status_code == 404:
        return True
    told = answer.json()
    if "items" in told:
        return not told["items"]
    return not any(value for value in told.values() if isinstance(value, int))


def _is_right(operation: Operation, answer: httpx.Response, *, is_theirs: bool) -> bool:
    if answer.status_code >= 500 and answer.status_code != 503:
        return False
    if not is_theirs:
        return answer.status_code == 404
    if answer.status_code == 404:
        return operation.name in NOTHING_THERE
    return answer.status_code != 403 or operation.name in NAMED_BY_POLICY
