"""Sign and judgement at the same moment, 5,000 times: overdue if, and only if, it was (C3)."""

import asyncio
import random
from collections.abc import Iterator
from functools import partial
from uuid import UUID

import asyncpg
import orjson

from deploy.serve import stop
from services.dispatch.acts.operations import sign_ticket, take_turn
from services.sla.worker import claim_batch
from shared.events.words import Act, Role, Service
from shared.security import Principal
from shared.settings import Settings
from tests.faults.held import fetch, parked
from tests.faults.town import PLACE, UNIT, Town, open_town
from tests.faults.traffic import request
from tests.harness import eventually

TICKETS = 5_000
AT_ONCE = 125
NEVER = 2
"""Of `AT_ONCE` tickets so many are never signed."""
HANDS = 6
NEAR_SECONDS = 0.1
SOON = """UPDATE sla.deadlines d SET due_at = w.at, next_at = w.at
FROM (SELECT id, clock_timestamp() + seconds * interval '1 second' AS at
    FROM unnest($1::uuid[], $2::float8[]) AS g (id, seconds)) w
WHERE d.ticket_id = w.id AND d.step = 'sign'"""
OUTCOMES = """SELECT d.ticket_id::text AS id, d.state, d.due_at, t.signed_at,
    extract(epoch FROM t.signed_at - d.due_at)::float8 AS late_seconds, o.said
FROM sla.deadlines d JOIN dispatch.tickets t ON t.id = d.ticket_id
LEFT JOIN (SELECT subject, count(*) AS said FROM analytics.events
    WHERE type = 'ticket.overdue' GROUP BY 1) o ON o.subject = d.ticket_id::text
WHERE d.step = 'sign'"""


async def test_sign_and_judgement_at_the_same_moment(town_settings: Settings) -> None:
    async with open_town(town_settings) as town:
        tickets = await file_many(town)
        await eventually(town.drained, seconds=60, what="a drained town")
        asking = asyncio.create_task(ask(town))
        try:
            await race(town, tickets)
            await eventually(partial(is_judged, town), seconds=60, what="every judgement")
        finally:
            await stop([asking])
        rows = await fetch(town.settings, OUTCOMES)
        assert await parked(town.settings) == {}
    assert {row["id"] for row in rows} == set(tickets)
    wrong = [dict(row) for row in rows if outcome(row) != expected(row)]
    assert wrong == [], f"{len(wrong)} of {len(rows)}: {wrong[:3]}"
    # It was a race: many signs fell next to the deadline, on either side of it.
    near = [row["late_seconds"] for row in rows if abs(row["late_seconds"] or 1) < NEAR_SECONDS]
    assert sum(late > 0 for late in near) > TICKETS / 20
    assert sum(late <= 0 for late in near) > TICKETS / 20


async def file_many(town: Town) -> list[str]:
    """File all at once; each is dispatched by its rule."""
    lines = b"\n".join(orjson.dumps(request()) for _ in range(TICKETS))
    async with town.client(Role.OPERATOR) as operator:
        answer = await operator.post("/v1/tickets/bulk", content=lines)
    assert answer.is_success, answer.text
    return [orjson.loads(line)["id"] for line in answer.content.splitlines()]


async def ask(town: Town) -> None:
    """Look for what is due without a pause, beside sla's own worker."""
    while True:
        if await claim_batch(town.runtimes[Service.SLA], limit=AT_ONCE) == 0:
            await asyncio.sleep(0.005)


async def race(town: Town, tickets: list[str]) -> None:
    """Sign group after group; each ticket is due at about the moment that it is signed."""
    seconds, loop = 0.3, asyncio.get_running_loop()
    for first in range(0, len(tickets), AT_ONCE):
        group = tickets[first : first + AT_ONCE]
        moments = [seconds * random.random() for _ in group]
        await fetch(town.settings, SOON, group, moments)
        started = loop.time()
        signed = iter(sorted(zip(moments, group, strict=True))[NEVER:])
        await asyncio.gather(*(sign(town, signed) for _ in range(HANDS)))
        seconds = loop.time() - started


async def sign(town: Town, tickets: Iterator[tuple[float, str]]) -> None:
    """One pair of hands."""
    runtime = town.runtimes[Service.DISPATCH]
    caller = Principal("hands", Role.UNIT, PLACE, UNIT)
    for _, ticket in tickets:
        async with runtime.database.sessions() as session, session.begin():
            turn = await take_turn(
                session, runtime, caller=caller, ticket_id=UUID(ticket), act=Act.SIGN
            )
            await sign_ticket(turn)


async def is_judged(town: Town) -> bool:
    """Whether every deadline of a sign has ended, and all of it was heard."""
    left = "SELECT 1 FROM sla.deadlines WHERE step = 'sign' AND state IN ('running', 'asked')"
    return await fetch(town.settings, left) == [] and await town.drained()


def outcome(row: asyncpg.Record) -> tuple[str, int]:
    """What became of a deadline, and how often it was said to be overdue."""
    return row["state"], row["said"] or 0


def expected(row: asyncpg.Record) -> tuple[str, int]:
    """What must become of it."""
    is_in_time = row["signed_at"] is not None and row["signed_at"] <= row["due_at"]
    return ("met", 0) if is_in_time else ("overdue", 1)
