"""Sign and judgement at the same moment, 1,750 times: overdue if, and only if, it was (C3)."""

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from deploy import registry
from deploy.serve import stop
from services.dispatch.acts.operations import sign_ticket, take_turn
from services.sla.questions.operations import claim_due
from services.sla.worker import claim_batch
from shared import idempotency
from shared.bus.protocol import Record
from shared.events.envelope import Event
from shared.events.sla import DeadlineReached
from shared.events.words import Act, Role, Service
from shared.inbox import Heard
from shared.security import Principal
from shared.settings import Settings
from shared.worker import make_inbox
from tests.faults.held import fetch, parked
from tests.faults.town import PLACE, UNIT, Town, open_town
from tests.faults.traffic import request
from tests.harness import eventually

BY_BUS, AT_ONCE = 250, 1_500
BY_BUS_GROUP, AT_ONCE_GROUP = 125, 25
NEVER = 1
"""Of each group so many are never signed."""
HANDS = 8
LEAD = timedelta(seconds=0.1)
NEAR_SECONDS = 1.0
LOOK_SECONDS = 0.01
MOMENT = timedelta(microseconds=1)
"""The clock asks when a time is over, not in its last moment."""
BYSTANDERS = (Service.INTAKE, Service.KNOWLEDGE, Service.ANALYTICS, Service.GATEWAY)
"""They hear of it all afterwards."""
NO_PARTITION = 99
SOON = """UPDATE deadlines d SET due_at = g.at, next_at = g.at
FROM unnest($1::uuid[], $2::timestamptz[]) AS g (id, at)
WHERE d.ticket_id = g.id AND d.step = 'sign'"""
ASKED = """SELECT position, aggregateid, convert_to(payload, 'UTF8') FROM outbox
WHERE aggregateid = ANY($1) ORDER BY position"""
OUTCOMES = """SELECT d.ticket_id::text AS id, d.state, d.due_at, t.signed_at,
    extract(epoch FROM t.signed_at - d.due_at)::float8 AS late_seconds, o.said
FROM sla.deadlines d JOIN dispatch.tickets t ON t.id = d.ticket_id
LEFT JOIN (SELECT subject, count(*) AS said FROM analytics.events
    WHERE type = 'ticket.overdue' GROUP BY 1) o ON o.subject = d.ticket_id::text
WHERE d.step = 'sign'"""


async def test_sign_and_judgement_at_the_same_moment(town_settings: Settings) -> None:
    async with open_town(town_settings) as town:
        tickets = await file_many(town)
        await eventually(town.drained, seconds=150, what="a drained town")
        for service in BYSTANDERS:
            await town.stop(service)
        async with beside(ask(town)):
            await race_by_bus(town, tickets[:BY_BUS])
        for service in (Service.SLA, Service.DISPATCH):
            await town.stop(service)
        await race_at_once(town, tickets[BY_BUS:])
        for service in Service:
            town.start(service)
        await eventually(partial(is_judged, town), seconds=150, what="every judgement")
        rows = await fetch(town.settings, OUTCOMES)
        assert await parked(town.settings) == {}
    assert {row["id"] for row in rows} == set(tickets)
    wrong = [dict(row) for row in rows if outcome(row) != expected(row)]
    assert wrong == [], f"{len(wrong)} of {len(rows)}: {wrong[:3]}"
    # It was a race: many signs fell next to the deadline, on either side of it.
    near = [row["late_seconds"] for row in rows if abs(row["late_seconds"] or 1) < NEAR_SECONDS]
    assert sum(late > 0 for late in near) > len(rows) / 50
    assert sum(late <= 0 for late in near) > len(rows) / 50


async def file_many(town: Town) -> list[str]:
    """File all at once; each is dispatched by its rule."""
    lines = b"\n".join(orjson.dumps(request()) for _ in range(BY_BUS + AT_ONCE))
    async with town.client(Role.OPERATOR) as operator:
        answer = await operator.post("/v1/tickets/bulk", content=lines)
    assert answer.is_success, answer.text
    return [orjson.loads(line)["id"] for line in answer.content.splitlines()]


async def race_by_bus(town: Town, tickets: list[str]) -> None:
    """The whole way: each ticket is due, and asked for, at about the moment that it is signed."""
    seconds, loop = 0.3, asyncio.get_running_loop()
    for first in range(0, len(tickets), BY_BUS_GROUP):
        group = tickets[first : first + BY_BUS_GROUP]
        start = datetime.now(UTC)
        due = sorted(start + timedelta(seconds=seconds * random.random()) for _ in group)
        await town.runtimes[Service.SLA].database.pool.execute(SOON, group, due)
        started = loop.time()
        await sign_all(town, group[NEVER:])
        seconds = loop.time() - started


async def race_at_once(town: Town, tickets: list[str]) -> None:
    """Nothing between question and answer: dispatch judges a group while it is being signed."""
    seconds, loop = 0.1, asyncio.get_running_loop()
    for first in range(0, len(tickets), AT_ONCE_GROUP):
        group = tickets[first : first + AT_ONCE_GROUP]
        due_at = datetime.now(UTC) + LEAD
        records = await ask_ahead(town, group, due_at)
        judging = asyncio.create_task(judge(town, records, due_at))
        await until(due_at - timedelta(seconds=seconds / 2))
        started = loop.time()
        await sign_all(town, group[NEVER:])
        seconds = min(loop.time() - started, LEAD.total_seconds())
        await judging


async def ask(town: Town) -> None:
    """Look for what is due without a pause, beside sla's own worker."""
    while True:
        if await claim_batch(town.runtimes[Service.SLA], limit=BY_BUS_GROUP) == 0:
            await asyncio.sleep(LOOK_SECONDS)


async def ask_ahead(town: Town, group: list[str], due_at: datetime) -> list[Record]:
    """What the clock says after `due_at`, said a little before, so that it is at hand then."""
    clock = town.runtimes[Service.SLA]
    async with clock.database.pool.acquire() as connection, connection.transaction():
        await connection.execute(SOON, group, [due_at] * len(group))
        # Some that came by bus may have been left.
        await claim_due(connection, source=clock.source, now=due_at + MOMENT, limit=BY_BUS)
        rows = await connection.fetch(ASKED, group)
    return [Record("tickets", NO_PARTITION, *row) for row in rows]


async def judge(town: Town, records: list[Record], due_at: datetime) -> None:
    """Dispatch takes the questions, and comes to lock the tickets at the very moment."""
    owner = town.runtimes[Service.DISPATCH]
    handlers = dict(registry.handlers_of(owner))
    answer = handlers[DeadlineReached]

    async def answer_then(heard: Heard, events: list[Event[DeadlineReached]]) -> None:
        await until(due_at)
        await answer(heard, events)

    inbox = make_inbox(owner, handlers | {DeadlineReached: answer_then})
    assert len(records) == AT_ONCE_GROUP
    await inbox.handle(records, now=None)


async def until(moment: datetime) -> None:
    """Wait for a moment that is close."""
    await asyncio.sleep(max(0, (moment - datetime.now(UTC)).total_seconds()))
    assert datetime.now(UTC) >= moment


async def sign_all(town: Town, tickets: list[str]) -> None:
    """Sign tickets, several at once."""
    left = iter(tickets)
    await asyncio.gather(*(sign(town, left) for _ in range(HANDS)))


async def sign(town: Town, tickets: Iterator[str]) -> None:
    """One pair of hands: as in every call with a key, the transaction is older than the lock."""
    runtime = town.runtimes[Service.DISPATCH]
    caller = Principal("hands", Role.UNIT, PLACE, UNIT)
    for ticket in tickets:
        key = {"caller": caller.subject, "path": ticket, "key": ticket}
        async with runtime.database.sessions() as session, session.begin():
            assert (await session.execute(idempotency.LOCK, {"name": ticket})).scalar_one()
            assert (await session.execute(idempotency.FIND, key)).one_or_none() is None
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


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Something goes on meanwhile; its failure is the test's."""
    task = asyncio.create_task(work)
    try:
        yield
        assert not task.done(), task
    finally:
        await stop([task])
