"""What a service says: written with the state that it speaks of, sent by one relay per service."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared import telemetry
from shared.bus.protocol import Message, Publisher
from shared.database import Connection
from shared.events.envelope import Event, Payload, encode

INSERT = """INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])"""
INSERT_ONE = text("""INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
VALUES (:id, :aggregatetype, :aggregateid, :type, :payload)""")
CLAIM = """SELECT position, aggregatetype, aggregateid, payload FROM outbox
WHERE aggregateid <> ALL($2::text[]) ORDER BY position LIMIT $1"""
DELETE = "DELETE FROM outbox WHERE position = ANY($1::bigint[])"


async def add(session: AsyncSession, event: Event[Payload]) -> None:
    """Say one event, in the session's transaction. Hold the lock on its subject's row."""
    await session.execute(
        INSERT_ONE,
        {
            "id": event.id,
            "aggregatetype": event.data.topic,
            "aggregateid": event.subject,
            "type": event.data.type,
            "payload": encode(event).decode(),
        },
    )


async def add_many(connection: Connection, events: Sequence[Event[Payload]]) -> None:
    """Say many events in the connection's transaction. Hold the locks on their subjects' rows."""
    if events:
        await connection.execute(INSERT, *columns(events))


def columns(events: Sequence[Event[Payload]]) -> list[list[str]]:
    """The outbox's columns for many events, for a statement that writes more than the outbox."""
    return [
        [event.id for event in events],
        [event.data.topic for event in events],
        [event.subject for event in events],
        [event.data.type for event in events],
        [encode(event).decode() for event in events],
    ]


async def relay_batch(connection: Connection, publisher: Publisher, limit: int) -> int:
    """Send what waits in the outbox, up to `limit`; return how many were acknowledged.

    Events of one key go one after the other: while one is not acknowledged, later ones wait.
    """
    sent, blocked = 0, set[str]()
    while sent < limit:
        rows = await connection.fetch(CLAIM, limit - sent, list(blocked))
        if not rows:
            break
        for wave in _waves(rows):
            ready = [row for row in wave if row["aggregateid"] not in blocked]
            failures = await publisher.publish(
                [
                    Message(row["aggregatetype"], row["aggregateid"], row["payload"].encode())
                    for row in ready
                ]
            )
            done = [
                row["position"] for row, failure in zip(ready, failures, strict=True) if not failure
            ]
            blocked |= {
                row["aggregateid"] for row, failure in zip(ready, failures, strict=True) if failure
            }
            await connection.execute(DELETE, done)
            sent += len(done)
        if not blocked:
            break
    if blocked:
        telemetry.log.error("events_not_sent", keys=sorted(blocked)[:10], count=len(blocked))
    return sent


async def run_relay(
    url: str,
    server_settings: dict[str, str],
    *,
    service: str,
    open_publisher: Callable[[], Awaitable[Publisher]],
    limit: int,
) -> None:
    """Send until cancelled. One relay runs per service: others wait for the advisory lock."""
    connection = await asyncpg.connect(url, server_settings=server_settings)
    woken = asyncio.Event()
    publisher: Publisher | None = None
    try:
        await connection.execute("SET statement_timeout = 0")
        await connection.execute(
            "SELECT pg_advisory_lock(hashtextextended($1, 0))", f"relay {service}"
        )
        await connection.add_listener(f"outbox_{service}", lambda *_: woken.set())
        publisher = await open_publisher()
        while True:
            woken.clear()
            sent = await relay_batch(connection, publisher, limit)
            telemetry.EVENTS_SENT.labels(service).inc(sent)
            if sent == 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        await woken.wait()
    finally:
        if publisher is not None:
            await publisher.close()
        await connection.close(timeout=5)


def _waves(rows: Iterable[asyncpg.Record]) -> list[list[asyncpg.Record]]:
    """Rows in rounds: each key once in each, in order."""
    waves: list[list[asyncpg.Record]] = []
    seen: dict[str, int] = {}
    for row in rows:
        depth = seen.get(row["aggregateid"], 0)
        seen[row["aggregateid"]] = depth + 1
        if depth == len(waves):
            waves.append([])
        waves[depth].append(row)
    return waves
