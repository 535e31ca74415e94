"""Due deadlines: our claim, events written, against a bare claim-and-mark; and an empty look.

`run(url)` takes an empty migrated database of its own and leaves it full.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

from services.sla.questions.operations import claim_due
from shared.clock import Clock
from shared.database import Connection
from shared.events.words import Service
from shared.runtime import open_runtime
from shared.settings import Settings

BATCH = 1000
ROUNDS = 5
BATCHES_A_ROUND = 8
LOOKS = 300
WAITING_SMALL = 10_000

FILL_CLOCKS = """INSERT INTO clocks (ticket_id, jurisdiction, request_type, urgency,
    is_enforcement, policy, accepted_at, unit, round)
SELECT gen_random_uuid(), '512000', 'complaint', 'normal', false, repeat('0', 64),
    clock_timestamp(), '512000-001', 1 FROM generate_series(1, $1)"""
# All due in a day, in an order that has nothing to do with the order on disk.
FILL_DEADLINES = """INSERT INTO deadlines (ticket_id, step, version, due_at, warn_at, next_at,
    state, rule, source, provisional, starts_at)
SELECT ticket_id, 'handle', 1, due_at, due_at, due_at, 'running',
    '7 working days after dispatch, to close of business', 'ZY 13.2', false, clock_timestamp()
FROM (SELECT ticket_id, clock_timestamp() + interval '24 hours' * (1 + random() / 24) AS due_at
    FROM clocks) c"""
MAKE_BARE = """CREATE TABLE bare (LIKE deadlines INCLUDING ALL);
ALTER TABLE bare SET (fillfactor = 85)"""
CLAIM_BARE = """WITH ready AS (
    SELECT ticket_id, step, version FROM bare
    WHERE state = 'running'
        AND next_at <= (SELECT coalesce($1::timestamptz, clock_timestamp()))
    ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED)
UPDATE bare b SET state = 'asked', asked_at = clock_timestamp() FROM ready r
WHERE b.ticket_id = r.ticket_id AND b.step = r.step AND b.version = r.version
RETURNING b.ticket_id"""

Claim = Callable[[datetime | None], Awaitable[int]]


def run(url: str, *, waiting: int = 1_000_000) -> dict[str, float]:
    """Measure on the database at `url`, where all services are migrated and nothing is kept."""
    return asyncio.run(_run(url, waiting))


async def _run(url: str, waiting: int) -> dict[str, float]:
    async with AsyncExitStack() as stack:
        settings = Settings(database_url=url, statement_timeout_seconds=600)
        runtime = await stack.enter_async_context(open_runtime(Service.SLA, settings, Clock()))
        connection = await stack.enter_async_context(runtime.database.pool.acquire())

        async def claim_ours(now: datetime | None) -> int:
            return await claim_due(connection, source=runtime.source, now=now, limit=BATCH)

        async def claim_bare(now: datetime | None) -> int:
            return len(await connection.fetch(CLAIM_BARE, now, BATCH))

        await connection.execute(MAKE_BARE)
        await _fill(connection, WAITING_SMALL)
        few = await _look_seconds(connection, claim_ours)
        await _fill(connection, waiting)
        many = await _look_seconds(connection, claim_ours)
        ours, bare = [], []
        for _ in range(ROUNDS):
            bare.append(await _rate(connection, claim_bare))
            ours.append(await _rate(connection, claim_ours))
    return {
        "waiting": waiting,
        "bare_per_second": statistics.median(bare),
        "ours_per_second": statistics.median(ours),
        "ours_to_bare": statistics.median(
            our / limit for our, limit in zip(ours, bare, strict=True)
        ),
        "empty_look_ms_few": few * 1000,
        "empty_look_ms_many": many * 1000,
        "many_to_few": many / few,
    }


async def _fill(connection: Connection, waiting: int) -> None:
    await connection.execute("TRUNCATE clocks, deadlines, bare, outbox CASCADE")
    await connection.execute(FILL_CLOCKS, waiting)
    await connection.execute(FILL_DEADLINES)
    await connection.execute("INSERT INTO bare SELECT * FROM deadlines")
    for table in ("clocks", "deadlines", "bare"):
        await connection.execute(f"VACUUM ANALYZE {table}")
    await connection.execute("SET ROLE NONE")
    await connection.execute("CHECKPOINT")
    await connection.execute("SET ROLE hotline_sla")


async def _rate(connection: Connection, claim: Claim) -> float:
    # All that waits is due by then.
    later = datetime.now(UTC) + timedelta(days=2)
    claimed, began = 0, time.perf_counter()
    for _ in range(BATCHES_A_ROUND):
        async with connection.transaction():
            claimed += await claim(later)
    seconds = time.perf_counter() - began
    assert claimed == BATCH * BATCHES_A_ROUND, "there are not enough deadlines to claim"
    return claimed / seconds


async def _look_seconds(connection: Connection, claim: Claim) -> float:
    seconds = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        async with connection.transaction():
            assert await claim(None) == 0, "a look found something that is not due"
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


if __name__ == "__main__":
    for name, figure in run(sys.argv[1], waiting=int(sys.argv[2])).items():
        print(f"{name:24} {figure:,.3f}")
