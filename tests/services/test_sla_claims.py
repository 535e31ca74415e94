"""The clock's looks: what comes due is warned of and asked for once, whoever looks or dies."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
from prometheus_client import REGISTRY

from services.sla.questions.operations import ASK_AGAIN, CLAIM, LOOK_UP
from services.sla.worker import ask_again, report_unanswered, tasks
from shared.database import plain_url, server_settings
from shared.events.sla import DeadlineReached, TicketDueSoon
from shared.events.words import Step
from tests.harness import Harness, eventually
from tests.services.sla_tickets import (
    DAY,
    HOUR,
    MONDAY,
    Sla,
    created,
    dispatched,
    judged,
    open_sla,
)

SECOND = timedelta(seconds=1)
MOMENT = timedelta(microseconds=1)
FILL = """WITH tickets AS (
    INSERT INTO clocks (ticket_id, jurisdiction, request_type, urgency, is_enforcement, policy,
        accepted_at)
    SELECT gen_random_uuid(), '512000', 'complaint', 'normal', false, '', $1
    FROM generate_series(1, $2) RETURNING ticket_id)
INSERT INTO deadlines (ticket_id, step, version, due_at, warn_at, next_at, state, rule, source,
    provisional, starts_at)
SELECT ticket_id, step, 1, $1, $1, $1, 'running', '', '', false, $1
FROM tickets, unnest($3::text[]) AS step"""


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness)


async def test_a_warning_comes_once_and_before_the_time_is_over(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    due_at = MONDAY + 2 * HOUR
    assert await sla.look(MONDAY + 1.6 * HOUR - SECOND) == []
    (warning,) = await sla.look(MONDAY + 1.6 * HOUR)
    assert warning == TicketDueSoon(step=Step.DISPATCH, version=1, due_at=due_at)
    assert await sla.look(due_at) == [], "the act can still be done in the last moment"
    reached = DeadlineReached(step=Step.DISPATCH, version=1, due_at=due_at)
    assert await sla.look(due_at + MOMENT) == [reached]
    assert await sla.look(due_at + DAY) == [], "the owner is asked once"


async def test_what_is_heard_of_after_its_time_is_asked_for_without_a_warning(sla: Sla) -> None:
    await sla.hear(created(), MONDAY - DAY)
    (said,) = await sla.look(MONDAY)
    assert isinstance(said, DeadlineReached)


async def test_deadlines_of_one_ticket_in_one_look_are_said_without_a_gap(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(dispatched(), MONDAY + HOUR)
    await sla.look(MONDAY + 30 * DAY)
    events = await sla.harness.said(sla.runtime)
    assert [event.sequence for event in events] == [1, 2]
    assert {event.data.step for event in events if isinstance(event.data, DeadlineReached)} == {
        Step.SIGN,
        Step.HANDLE,
    }
    await sla.hear(judged(_question(events[0].data), act_at=None), MONDAY + 30 * DAY)
    events = await sla.harness.said(sla.runtime)
    assert [event.sequence for event in events if event.subject == str(sla.ticket)] == [1, 2, 3]


async def test_workers_side_by_side_say_each_deadline_once_and_without_a_gap(sla: Sla) -> None:
    steps = ["dispatch", "sign", "handle"]
    async with sla.runtime.database.pool.acquire() as connection:
        await connection.execute(FILL, MONDAY - SECOND, 300, steps)
    await asyncio.gather(*(_claim_all(sla) for _ in range(4)))
    events = await sla.harness.said(sla.runtime)
    assert len(events) == 900
    assert len({(event.subject, _question(event.data).step) for event in events}) == 900
    sequences: dict[str, list[int]] = {}
    for event in events:
        sequences.setdefault(event.subject, []).append(event.sequence)
    assert all(sorted(one) == [1, 2, 3] for one in sequences.values())


async def test_workers_and_the_consumer_do_not_lock_each_other_out(sla: Sla) -> None:
    tickets = [uuid4() for _ in range(40)]
    for ticket in tickets:
        await sla.hear(created(), MONDAY, ticket=ticket)

    async def dispatch_all() -> None:
        for ticket in tickets:
            await sla.hear(dispatched(), MONDAY + HOUR, ticket=ticket)

    sla.harness.clock.step_to(MONDAY + 30 * DAY)
    await asyncio.gather(dispatch_all(), _claim_all(sla), _claim_all(sla))
    await _claim_all(sla)
    for ticket in tickets:
        events = [
            event for event in await sla.harness.said(sla.runtime) if event.subject == str(ticket)
        ]
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        assert {_question(event.data).step for event in events} >= {Step.SIGN, Step.HANDLE}


async def test_a_worker_that_dies_while_it_claims_frees_its_rows_and_says_nothing(
    sla: Sla,
) -> None:
    await sla.hear(created(), MONDAY)
    settings = sla.runtime.settings
    dying = await asyncpg.connect(
        plain_url(settings.database_url), server_settings=server_settings("sla", settings)
    )
    sla.harness.clock.step_to(MONDAY + DAY)
    transaction = dying.transaction()
    await transaction.start()
    assert await sla.claim(dying, limit=10) == 1
    assert await sla.look(MONDAY + DAY) == [], "another worker leaves a claimed row alone"
    dying.terminate()
    said = []

    async def is_claimed_again() -> bool:
        said.extend(await sla.look(MONDAY + DAY))
        return bool(said)

    await eventually(is_claimed_again, what="the claim by another worker")
    assert len(await sla.said()) == len(said) == 1


async def test_a_look_uses_the_index_and_never_scans(sla: Sla) -> None:
    async with sla.runtime.database.pool.acquire() as connection, connection.transaction():
        await connection.execute(FILL, MONDAY + DAY, 20_000, ["handle"])
        await connection.execute("ANALYZE deadlines, clocks")
        await connection.execute(LOOK_UP)
        statement = CLAIM.replace("$1", f"'{MONDAY.isoformat()}'").replace("$2", "1000")
        rows = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS OFF) {statement}")
    plan = "\n".join(row[0] for row in rows)
    assert "Index Scan using deadlines_next_at" in plan
    assert "Seq Scan" not in plan
    assert "Rows Removed" not in plan


async def test_looking_for_silent_owners_uses_the_index_and_never_scans(sla: Sla) -> None:
    async with sla.runtime.database.pool.acquire() as connection, connection.transaction():
        await connection.execute(FILL, MONDAY, 20_000, ["handle"])
        await connection.execute("UPDATE deadlines SET state = 'asked', asked_at = $1", MONDAY)
        await connection.execute("ANALYZE deadlines, clocks")
        await connection.execute(LOOK_UP)
        statement = ASK_AGAIN
        for place, value in (("$1", f"'{MONDAY.isoformat()}'"), ("$2", "'10 min'"), ("$3", "9")):
            statement = statement.replace(place, value)
        rows = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS OFF) {statement}")
    plan = "\n".join(row[0] for row in rows)
    assert "Index Scan using deadlines_asked_at" in plan
    assert "Seq Scan" not in plan
    assert "Rows Removed" not in plan


async def test_the_clock_looks_by_itself_when_it_is_stepped(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    watching = asyncio.create_task(_forever(sla, "deadlines"))
    try:
        sla.harness.clock.step_to(MONDAY + 3 * HOUR)

        async def is_asked() -> bool:
            return (await sla.states())["dispatch 1"] == "asked"

        await eventually(is_asked, what="the question")
    finally:
        watching.cancel()


async def test_in_real_time_the_databases_clock_decides(sla: Sla) -> None:
    sla.harness.clock.stepped = None
    async with sla.runtime.database.pool.acquire() as connection:
        now = await connection.fetchval("SELECT clock_timestamp()")
        await connection.execute(FILL, now + HOUR, 1, ["handle"])
        await connection.execute(FILL, now, 1, ["sign"])
        async with connection.transaction():
            assert await sla.claim(connection, limit=10) == 1
    (event,) = await sla.harness.said(sla.runtime)
    assert _question(event.data).step is Step.SIGN
    assert timedelta(0) <= event.time - now < timedelta(minutes=1)


async def test_an_owner_that_is_silent_raises_the_alarm(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    question = await sla.ask(MONDAY + 3 * HOUR)
    assert await report_unanswered(sla.runtime) == 0
    sla.harness.clock.step_to(MONDAY + 3.5 * HOUR)
    assert await report_unanswered(sla.runtime) == 1
    assert REGISTRY.get_sample_value("hotline_deadlines_unanswered") == 1
    await sla.hear(judged(question, act_at=None), MONDAY + 3.5 * HOUR)
    assert await report_unanswered(sla.runtime) == 0
    assert REGISTRY.get_sample_value("hotline_deadlines_unanswered") == 0


async def test_a_silent_owner_is_asked_again_but_not_all_the_time(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    question = await sla.ask(MONDAY + 3 * HOUR)
    minute = timedelta(minutes=1)
    asked_again = []
    for minutes in (5, 10, 11, 15, 20, 21, 22):
        sla.harness.clock.step_to(MONDAY + 3 * HOUR + minutes * minute)
        if await ask_again(sla.runtime):
            asked_again.append(minutes)
    assert asked_again == [11, 21]
    events = await sla.harness.said(sla.runtime)
    assert [event.data for event in events] == [question] * 3
    assert [event.sequence for event in events] == [1, 2, 3]
    for _ in range(3):
        await sla.hear(judged(question, act_at=None), MONDAY + 4 * HOUR)
    assert len(await sla.overdue()) == 1
    sla.harness.clock.step_to(MONDAY + 9 * HOUR)
    assert await ask_again(sla.runtime) == 0


async def _claim_all(sla: Sla) -> None:
    """Look, as one worker of several, until nothing is left for anybody."""
    pool = sla.runtime.database.pool
    while True:
        async with pool.acquire() as connection, connection.transaction():
            await sla.claim(connection, limit=70)
        if await pool.fetchval(
            "SELECT count(*) = 0 FROM deadlines WHERE state = 'running' AND next_at <= $1",
            sla.harness.clock.stepped,
        ):
            return


async def _forever(sla: Sla, task: str) -> None:
    await tasks(sla.runtime)[task]()


def _question(said: object) -> DeadlineReached:
    assert isinstance(said, DeadlineReached)
    return said
