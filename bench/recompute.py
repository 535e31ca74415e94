"""A new calendar: our recompute of open deadlines beside a bare UPDATE of the same rows.

`run(url)` takes an empty migrated database of its own and leaves it full.
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

from services.sla.calendars.operations import load_calendar
from services.sla.calendars.recompute import recompute_piece
from services.sla.policies.rules import File
from shared.clock import Clock
from shared.database import Connection
from shared.events.words import RequestType, Service, Step
from shared.policy.deadlines import Matter, step_deadline, warn_at
from shared.policy.law import builtin_law
from shared.runtime import Runtime, open_runtime
from shared.settings import Settings

OPEN_MAX, OPEN_QUICK = 1_000_000, 100_000
SECONDS_MAX = 300.0
PLACE = "512000"
FIRST = datetime.fromisoformat("2026-12-28T09:00+08:00")
STARTS = 4_000
"""So many moments of dispatch, all in the last days of December."""
NOTICE = """document = "2027年部分节假日安排（测试）"
published_years = [2027]
off = [
    { first = 2027-01-01, last = 2027-01-03, name = "元旦" },
    { first = 2027-02-05, last = 2027-02-11, name = "春节" },
    { first = 2027-04-03, last = 2027-04-05, name = "清明节" },
    { first = 2027-05-01, last = 2027-05-05, name = "劳动节" },
    { first = 2027-06-09, name = "端午节" },
    { first = 2027-09-15, last = 2027-09-17, name = "中秋节" },
    { first = 2027-10-01, last = 2027-10-07, name = "国庆节" },
]
"""
FILL_CLOCKS = """INSERT INTO clocks (ticket_id, jurisdiction, request_type, urgency,
    is_enforcement, policy, accepted_at, unit, round)
SELECT gen_random_uuid(), $2, 'complaint', 'normal', false, $3, $4, $2 || '-001', 1
FROM generate_series(1, $1)"""
FILL_DEADLINES = """INSERT INTO deadlines (ticket_id, step, version, starts_at, due_at, warn_at,
    next_at, state, rule, source, provisional)
SELECT c.ticket_id, 'handle', 1, s.starts_at, s.due_at, s.warn_at, s.warn_at, 'running', $4, $5,
    true
FROM (SELECT ticket_id, row_number() OVER () AS place FROM clocks) c
JOIN unnest($1::timestamptz[], $2::timestamptz[], $3::timestamptz[])
    WITH ORDINALITY AS s (starts_at, due_at, warn_at, number)
    ON s.number = c.place % array_length($1::timestamptz[], 1) + 1"""
MAKE_BARE = """CREATE TABLE bare (LIKE deadlines INCLUDING ALL);
ALTER TABLE bare SET (fillfactor = 85)"""
UPDATE_BARE = """UPDATE bare SET due_at = due_at + interval '1 day',
    warn_at = warn_at + interval '1 day', next_at = next_at + interval '1 day',
    provisional = false"""


def run(url: str, *, waiting: int = OPEN_MAX) -> dict[str, float]:
    """Measure on the database at `url`, where all services are migrated and nothing is kept."""
    return asyncio.run(_run(url, waiting))


async def _run(url: str, waiting: int) -> dict[str, float]:
    async with AsyncExitStack() as stack:
        settings = Settings(database_url=url, statement_timeout_seconds=900)
        runtime = await stack.enter_async_context(open_runtime(Service.SLA, settings, Clock()))
        async with runtime.database.pool.acquire() as connection:
            await connection.execute(MAKE_BARE)
            await _fill(connection, waiting)
            began = time.perf_counter()
            await connection.execute(UPDATE_BARE)
            bare = waiting / (time.perf_counter() - began)
            await connection.execute("DROP TABLE bare")
            await _checkpoint(connection)
        moved, seconds = await _recompute(runtime)
    ours = moved / seconds
    return {
        "waiting": waiting,
        "moved": moved,
        "seconds": seconds,
        "bare_per_second": bare,
        "ours_per_second": ours,
        "ours_to_bare": ours / bare,
    }


async def _recompute(runtime: Runtime) -> tuple[int, float]:
    async with runtime.database.sessions() as session, session.begin():
        await load_calendar(session, runtime, File("notice.toml", NOTICE), by="bench")
    moved, began = 0, time.perf_counter()
    while (progress := await recompute_piece(runtime)) is not None:
        moved = progress.moved
        if time.perf_counter() - began > SECONDS_MAX:
            break
    return moved, time.perf_counter() - began


async def _fill(connection: Connection, waiting: int) -> None:
    law = builtin_law()
    pack, calendar = law.in_force(PLACE, FIRST), law.calendar(PLACE)
    matter = Matter(RequestType.COMPLAINT)
    starts = [FIRST + timedelta(minutes=place) for place in range(STARTS)]
    due = [step_deadline(pack, calendar, matter, Step.HANDLE, start) for start in starts]
    known = [one for one in due if one is not None]
    # Filling is no look-up by key.
    for join in ("hashjoin", "mergejoin", "seqscan"):
        await connection.execute(f"SET enable_{join} = on")
    await connection.execute(FILL_CLOCKS, waiting, PLACE, pack.content_hash, FIRST)
    await connection.execute(
        FILL_DEADLINES,
        starts,
        [one.due_at for one in known],
        [warn_at(pack, one) for one in known],
        known[0].rule,
        known[0].source,
    )
    await connection.execute("INSERT INTO bare SELECT * FROM deadlines")
    for table in ("clocks", "deadlines", "bare"):
        await connection.execute(f"VACUUM ANALYZE {table}")
    await _checkpoint(connection)


async def _checkpoint(connection: Connection) -> None:
    await connection.execute("SET ROLE NONE")
    await connection.execute("CHECKPOINT")
    await connection.execute("SET ROLE hotline_sla")


if __name__ == "__main__":
    for name, figure in run(sys.argv[1], waiting=int(sys.argv[2])).items():
        print(f"{name:24} {figure:,.3f}")
