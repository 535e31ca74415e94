"""People who go on working while processes die: they handle what came, and ask callers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import httpx

from shared.events.words import Role
from tests.faults.traffic import REPLY
from tests.federation.processes import DOWN, Ours
from tests.federation.world import CITIES, FIRST, HOME, SECOND, World

AT_ONCE = 8
LOOK_SECONDS = 0.3
RATED = {"result": "satisfied", "is_solved": True}
HANDLED = {FIRST: (f"{FIRST}-02", f"{FIRST}-03"), SECOND: (f"{SECOND}-02",)}
"""The units that handle what came from elsewhere."""


@asynccontextmanager
async def working(world: World) -> AsyncIterator[None]:
    """People in both cities who handle what came, and ask callers what was answered."""
    work: list[tuple[Callable[[Ours], Any], Ours]] = [
        (desk, world.ours[code]) for code in CITIES for desk in (_handle, _ask_callers)
    ]
    # Whoever must give up ends the story at once.
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_again(desk, city)) for desk, city in work]
        yield
        for task in tasks:
            task.cancel()


async def _again(desk: Callable[[Ours], Any], city: Ours) -> None:
    while True:
        with suppress(*DOWN):
            await desk(city)
        await asyncio.sleep(LOOK_SECONDS)


async def _handle(city: Ours) -> None:
    rows = await city.fetch(
        """SELECT id, state, unit FROM dispatch.tickets
        WHERE unit = ANY($1::text[]) AND state IN ('dispatched', 'signed') LIMIT 200""",
        list(HANDLED[city.code]),
    )
    for unit in HANDLED[city.code]:
        async with city.client(Role.UNIT, unit=unit) as office:
            for state, act, body in (("dispatched", "sign", {}), ("signed", "reply", REPLY)):
                mine = [row["id"] for row in rows if (row["unit"], row["state"]) == (unit, state)]
                await _try_all(office, mine, act, body)


async def _ask_callers(city: Ours) -> None:
    at_home = [category for category, code in HOME.items() if code == city.code]
    rows = await city.fetch(
        """SELECT id FROM intake.tickets
        WHERE category = ANY($1::text[]) AND state = 'replied' LIMIT 200""",
        at_home,
    )
    async with city.client(Role.FOLLOW_UP) as asker:
        await _try_all(asker, [row["id"] for row in rows], "rate", RATED)


async def _try_all(
    person: httpx.AsyncClient, tickets: list[UUID], act: str, body: Mapping[str, Any]
) -> None:
    for start in range(0, len(tickets), AT_ONCE):
        some = tickets[start : start + AT_ONCE]
        await asyncio.gather(*(_try(person, one, act, body) for one in some))


async def _try(person: httpx.AsyncClient, ticket: UUID, act: str, body: Mapping[str, Any]) -> None:
    """An act under a key of its own; what is not acknowledged now is looked at again."""
    headers = {"Idempotency-Key": f"{act} {ticket}"}
    with suppress(httpx.HTTPError):
        answer = await person.post(f"/v1/tickets/{ticket}/{act}", json=body, headers=headers)
        if answer.is_success or answer.status_code >= 500:
            return
        # A refusal must never come of what the platform itself lost sight of.
        assert answer.json()["code"] == "still_running", f"{act}: {answer.text}"
