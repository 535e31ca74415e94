"""Each unit's own topic, written from the feed by one process at a time."""

import asyncio

from asyncpg import Record

from services.gateway.feeds.queries import read_feed
from services.gateway.feeds.rules import topic_of
from services.gateway.feeds.schemas import FeedItem
from shared.bus.choose import open_bus
from shared.bus.protocol import Message, Publisher
from shared.database import Connection
from shared.runtime import Runtime
from shared.telemetry import log

LOOK_SECONDS = 1.0
BATCH_MAX = 500
LOCK = "SELECT pg_advisory_lock(hashtextextended('unit topics', 0))"
WAITING = """SELECT u.code, u.topic_position FROM feed_units u
WHERE u.has_system AND EXISTS (
    SELECT FROM feed f WHERE f.unit = u.code AND f.position > u.topic_position)
ORDER BY u.code"""
MOVE_ON = "UPDATE feed_units SET topic_position = $2 WHERE code = $1"


async def write_topics(runtime: Runtime) -> None:
    """Write what waits for units that have a system, until cancelled.

    The pool lets the lock go when the connection comes back.
    """
    bus, made = open_bus(runtime.settings), set[str]()
    publisher: Publisher | None = None
    async with runtime.database.pool.acquire() as connection:
        await connection.execute("SET statement_timeout = 0")
        await connection.execute(LOCK)
        try:
            publisher = await bus.open_publisher()
            while True:
                units = await connection.fetch(WAITING)
                missing = sorted({topic_of(unit["code"]) for unit in units} - made)
                if missing:
                    await bus.create_topics(missing)
                    made.update(missing)
                sent = [await _write(connection, publisher, unit) for unit in units]
                if not any(sent):
                    await asyncio.sleep(LOOK_SECONDS)
        finally:
            if publisher is not None:
                await publisher.close()


async def _write(connection: Connection, publisher: Publisher, unit: Record) -> int:
    rows = await read_feed(connection, unit["code"], after=unit["topic_position"], limit=BATCH_MAX)
    topic = topic_of(unit["code"])
    failures = await publisher.publish(
        [
            Message(topic, str(row["ticket_id"]), FeedItem.of(row).model_dump_json().encode())
            for row in rows
        ]
    )
    sent = next((n for n, failure in enumerate(failures) if failure is not None), len(rows))
    if sent:
        await connection.execute(MOVE_ON, unit["code"], rows[sent - 1]["position"])
    if sent < len(rows):
        log.error("unit_topic_not_written", unit=unit["code"], error=repr(failures[sent]))
    return sent
