"""Similarity: the search that runs while a caller speaks, with a city's tickets of years at hand.

`run(url)` takes an empty migrated database of its own and leaves it full; at last the newest open
tickets are sketched and compared anew, as the task behind the event does it. All tickets lie in one
city, which is the worst case. Each is told in the words of two real messages where they lie beside
us, else of made up ones; its sketch is drawn from those of the two, for making a million sketches
takes longer than a bench may.
"""

import asyncio
import csv
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import httpx

from services.dispatch.app import make_app
from services.dispatch.repeats.features import Frequencies, distinct_pairs
from services.dispatch.repeats.operations import Learner, keep_frequencies, queue_tickets
from services.dispatch.repeats.rules import Text
from services.dispatch.repeats.terms import area_of, keys_to_keep
from services.dispatch.repeats.worker import BATCH_MAX, look
from shared.clock import Clock
from shared.database import Connection
from shared.events.words import Role, Service
from shared.runtime import Runtime, open_runtime
from shared.security import Principal, issue_token
from shared.settings import Settings

MESSAGES = Path(__file__).parents[2] / "shared" / "data" / "messages_hot.csv"
CITY = "512000"
CALLERS = 200_000
SEARCHES, WARM_UP = 400, 50
SKETCHED = 1_000
ARRIVALS = 100
"""Tickets that the consumer takes in at a time."""
LENGTHS = (20, 60, 150, 400)
"""Characters that the operator has written so far."""
PLACES = ("幸福", "和平", "滨江", "丽景", "朝阳", "建设", "红旗", "长安", "光明", "新华")
MATTERS = ("停水两天无人处理", "夜里施工噪音扰民", "路灯不亮", "垃圾堆在路口", "物业乱收费")

BASES = "CREATE TEMP TABLE bases (nth int PRIMARY KEY, title text, content text, keys bigint[])"
# Newer tickets have later ids, as UUIDv7 gives them.
TICKETS = """INSERT INTO tickets (id, number, jurisdiction, request_type, urgency, is_enforcement,
    title, content, channel, caller_id, filed_at, accepted_at, state, round, replies,
    timeline_length, sequence)
SELECT ('0195' || lpad(to_hex(n), 28, '0'))::uuid, n::text, $2, 'complaint', 'normal', false,
    a.title, left(a.content, 150) || left(b.content, 50), 'phone',
    lpad(to_hex(n % $3), 32, '0')::uuid, clock_timestamp() - interval '60 days',
    clock_timestamp() - interval '60 days',
    CASE WHEN n % 10 = 0 THEN 'dispatched' ELSE 'closed' END, 1, 0, 1, 1
FROM generate_series(1, $1) n JOIN bases a ON a.nth = n % $4
    JOIN bases b ON b.nth = (n::bigint * 7919 + 13) % $4"""
SKETCHES = """INSERT INTO repeat_sketches
SELECT ('0195' || lpad(to_hex(n), 28, '0'))::uuid, 1, 4000, $2,
    lpad(to_hex(n % $3), 32, '0')::uuid, clock_timestamp() - interval '60 days', '{}'
FROM generate_series(1, $1) n"""
TERMS = """INSERT INTO repeat_terms
SELECT k.key, ('0195' || lpad(to_hex(n), 28, '0'))::uuid
FROM generate_series(1, $1) n JOIN bases a ON a.nth = n % $2
    JOIN bases b ON b.nth = (n::bigint * 7919 + 13) % $2
    CROSS JOIN LATERAL (SELECT unnest(a.keys[1:16])
        UNION ALL SELECT key FROM unnest(b.keys[17:]) key WHERE key <> ALL(a.keys[1:16])) k (key)"""
SKETCH_INDEXES = (
    "CREATE INDEX repeat_sketches_caller ON repeat_sketches (caller_id, ticket_id)"
    " WHERE caller_id IS NOT NULL",
    "CREATE INDEX repeat_sketches_documents ON repeat_sketches (documents, ticket_id)",
)
# Reading is the same; a log of 24 million rows that nobody will replay takes minutes to write.
UNLOGGED = ("repeat_terms", "repeat_sketches")
FORGET = """DELETE FROM repeat_sketches WHERE ticket_id IN (
    SELECT id FROM tickets WHERE state = 'dispatched' ORDER BY id DESC LIMIT $1)
RETURNING ticket_id"""
# The search reads no other index of the tickets than their key; filling them takes minutes.
DROP_INDEXES = """DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT indexname FROM pg_indexes
        WHERE schemaname = current_schema AND tablename = 'tickets' AND indexname <> 'tickets_pkey'
    LOOP EXECUTE 'DROP INDEX ' || name; END LOOP; END $$"""
BARE = """SELECT t.id, t.title, t.content, t.state FROM repeat_sketches s
JOIN tickets t ON t.id = s.ticket_id WHERE s.caller_id = $1 ORDER BY s.ticket_id DESC LIMIT 50"""


class Message(NamedTuple):
    """What a caller told."""

    title: str
    content: str


def run(url: str, *, tickets: int = 1_000_000) -> dict[str, float]:
    """Measure on the database at `url`, where all services are migrated and nothing is kept."""
    return asyncio.run(_run(url, tickets))


def read_messages() -> list[Message]:
    """Real messages where they lie beside us, else made up ones."""
    if MESSAGES.exists():
        with MESSAGES.open(encoding="utf-8-sig", newline="") as file:
            return [Message(row["title"], row["detail"]) for row in csv.DictReader(file)]
    rng = random.Random(1)
    return [
        Message(
            f"{place}路{number}号{matter}", f"{place}小区{number}栋{matter}。" * rng.randint(2, 9)
        )
        for place in PLACES
        for matter in MATTERS
        for number in range(80)
    ]


async def _run(url: str, tickets: int) -> dict[str, float]:
    async with AsyncExitStack() as stack:
        settings = Settings(database_url=url, statement_timeout_seconds=600)
        runtime = await stack.enter_async_context(open_runtime(Service.DISPATCH, settings, Clock()))
        connection = await stack.enter_async_context(runtime.database.pool.acquire())
        messages = read_messages()
        began = time.perf_counter()
        await _fill(connection, messages, tickets)
        filled = time.perf_counter() - began
        principal = Principal("bench", Role.OPERATOR, CITY)
        token = issue_token(principal, settings.token_secret, lifetime=timedelta(hours=1))
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(make_app(runtime)),
                base_url="http://bench",
                headers={"Authorization": f"Bearer {token}"},
            )
        )
        rng, found = random.Random(2), list[int]()

        async def search() -> None:
            answer = await client.post("/v1/repeats/search", json=_question(rng, messages))
            assert answer.status_code == 200, answer.text
            found.append(sum(len(one) for one in answer.json().values()))

        async def look_up() -> None:
            await connection.fetch(BARE, UUID(int=rng.randrange(CALLERS)))

        cpu = time.process_time()
        ours = await _seconds(search)
        cpu = (time.process_time() - cpu) / (WARM_UP + SEARCHES)
        bare = await _seconds(look_up)
        sketching = await _sketch(runtime, connection)
    return sketching | {
        "tickets": tickets,
        "fill_seconds": filled,
        "search_p50_ms": statistics.median(ours) * 1000,
        "search_p95_ms": _p95(ours) * 1000,
        "search_cpu_ms": cpu * 1000,
        "bare_p95_ms": _p95(bare) * 1000,
        "found_mean": statistics.mean(found),
    }


async def _sketch(runtime: Runtime, connection: Connection) -> dict[str, float]:
    new = [row["ticket_id"] for row in await connection.fetch(FORGET, SKETCHED)]
    async with connection.transaction():
        began = time.perf_counter()
        for at in range(0, len(new), ARRIVALS):
            await queue_tickets(connection, new[at : at + ARRIVALS])
        queued = time.perf_counter() - began
    learner, done = Learner(), 0
    began, cpu = time.perf_counter(), time.process_time()
    while sketched := await look(runtime, learner, limit=BATCH_MAX):
        done += sketched
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {
        "queued_us": queued / len(new) * 1_000_000,
        "sketched_per_second": done / seconds,
        "sketched_cpu_ms": cpu / done * 1000,
    }


async def _fill(connection: Connection, messages: list[Message], tickets: int) -> None:
    documents = [distinct_pairs(one.title, one.content) for one in messages]
    known = Frequencies.empty().counting(documents, documents_max=len(documents))
    await keep_frequencies(connection, known)
    area, bases = area_of(CITY), []
    for nth, one in enumerate(messages):
        features = Text(one.title, one.content, None, known).features
        keys = keys_to_keep(features, None, known, area=area)
        random.Random(nth).shuffle(keys)
        bases.append((nth, one.title, one.content, keys))
    # The pool's settings are for looking up by key; this is the other thing.
    for name in ("enable_seqscan", "enable_hashjoin"):
        await connection.execute(f"SET {name} = on")
    await connection.execute("SET plan_cache_mode = auto; SET maintenance_work_mem = '1GB'")
    for table in UNLOGGED:
        await connection.execute(f"ALTER TABLE {table} SET UNLOGGED")
    await connection.execute(BASES)
    await connection.copy_records_to_table("bases", records=bases)
    await connection.execute("ANALYZE bases")
    await connection.execute(DROP_INDEXES)
    await connection.execute(TICKETS, tickets, CITY, CALLERS, len(messages))
    await connection.execute("DROP INDEX repeat_sketches_caller, repeat_sketches_documents")
    await connection.execute(SKETCHES, tickets, CITY, CALLERS)
    for index in SKETCH_INDEXES:
        await connection.execute(index)
    await connection.execute("ALTER TABLE repeat_terms DROP CONSTRAINT repeat_terms_pkey")
    await connection.execute(TERMS, tickets, len(messages))
    await connection.execute("ALTER TABLE repeat_terms ADD PRIMARY KEY (key, ticket_id)")
    for table in ("tickets", "repeat_sketches", "repeat_terms"):
        await connection.execute(f"VACUUM ANALYZE {table}")
    await connection.execute("RESET ALL")
    # What the fill left unwritten would be written by whoever searches first.
    await connection.execute("SET ROLE NONE; CHECKPOINT; RESET ROLE")


def _question(rng: random.Random, messages: list[Message]) -> dict[str, Any]:
    told = rng.choice(messages)
    return {
        "jurisdiction": CITY,
        "title": told.title if rng.random() < 0.5 else "",
        "content": told.content[: rng.choice(LENGTHS)],
        "caller_id": str(UUID(int=rng.randrange(CALLERS))),
    }


async def _seconds(act: Callable[[], Awaitable[None]]) -> list[float]:
    seconds = []
    for _ in range(WARM_UP + SEARCHES):
        began = time.perf_counter()
        await act()
        seconds.append(time.perf_counter() - began)
    return seconds[WARM_UP:]


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


if __name__ == "__main__":
    for name, figure in run(sys.argv[1], tickets=int(sys.argv[2])).items():
        print(f"{name:24} {figure:,.3f}")
