"""The bus on one machine: a log in PostgreSQL, appended under a lock, one partition a topic."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import asyncpg

from shared.bus.protocol import LoadOffsets, Message, Publisher, Reader, Record, TopicPartition
from shared.database import Connection, DirectConnection

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS bus;
CREATE TABLE IF NOT EXISTS bus.topics (
    topic text PRIMARY KEY,
    next_position bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS bus.log (
    topic text NOT NULL REFERENCES bus.topics,
    position bigint NOT NULL,
    key text NOT NULL,
    value bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (topic, position)
);
CREATE INDEX IF NOT EXISTS log_at ON bus.log USING brin (at);
"""
# The lock on the topic's row lasts until the commit: positions become visible in their order.
APPEND = """WITH spot AS (
    UPDATE bus.topics SET next_position = next_position + cardinality($2::text[])
    WHERE topic = $1 RETURNING next_position - cardinality($2::text[]) AS first)
INSERT INTO bus.log (topic, position, key, value)
SELECT $1, spot.first + m.place - 1, m.key, m.value
FROM spot, unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS m (key, value, place)"""
FETCH = """SELECT position, key, value FROM bus.log
WHERE topic = $1 AND position >= $2 ORDER BY position LIMIT $3"""
CHANNEL = "bus"


class UnknownTopic(Exception):
    """The topic does not exist; `hotline topics` makes it."""


class PostgresBus:
    """Opens publishers and readers on one database."""

    def __init__(self, url: str, *, retention_days: int) -> None:
        self._url = url
        self._retention_days = retention_days

    async def create_topics(self, topics: Sequence[str]) -> None:
        """Make the schema and the topics that are missing."""
        connection = await self._connect()
        try:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('bus', 0))")
                await connection.execute(SCHEMA)
                await connection.executemany(
                    "INSERT INTO bus.topics (topic) VALUES ($1) ON CONFLICT DO NOTHING",
                    [(topic,) for topic in topics],
                )
        finally:
            await connection.close()

    async def open_publisher(self) -> Publisher:
        """A publisher on a connection of its own."""
        return PostgresPublisher(await self._connect())

    async def open_reader(
        self, group: str, topics: Sequence[str], load_offsets: LoadOffsets
    ) -> Reader:
        """A reader; a second one of its group waits until the first has gone."""
        connection = await self._connect()
        try:
            await connection.execute(
                "SELECT pg_advisory_lock(hashtextextended($1, 0))", f"reader {group}"
            )
            reader = PostgresReader(connection, topics, load_offsets)
            await reader.rewind()
        except BaseException:
            await connection.close(timeout=5)
            raise
        return reader

    async def forget_old(self) -> int:
        """Delete what is older than the retention; return how many were."""
        connection = await self._connect()
        try:
            done: str = await connection.execute(
                "DELETE FROM bus.log WHERE at < clock_timestamp() - make_interval(days => $1)",
                self._retention_days,
            )
        finally:
            await connection.close()
        return int(done.rsplit(" ", 1)[1])

    async def _connect(self) -> DirectConnection:
        return await asyncpg.connect(
            self._url, server_settings={"application_name": "hotline-bus", "jit": "off"}
        )


class PostgresPublisher:
    """Appends to the log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        """Append all in one transaction; raises `UnknownTopic`, or when the database is gone."""
        by_topic: dict[str, list[Message]] = {}
        for message in messages:
            by_topic.setdefault(message.topic, []).append(message)
        async with self._connection.transaction():
            for topic in sorted(by_topic):
                chunk = by_topic[topic]
                done = await self._connection.execute(
                    APPEND, topic, [m.key for m in chunk], [m.value for m in chunk]
                )
                if done != f"INSERT 0 {len(chunk)}":
                    raise UnknownTopic(topic)
            await self._connection.execute("SELECT pg_notify($1, '')", CHANNEL)
        return [None] * len(messages)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close(timeout=5)


class PostgresReader:
    """Reads the log of some topics from the stored offsets on."""

    def __init__(
        self,
        connection: DirectConnection,
        topics: Sequence[str],
        load_offsets: LoadOffsets,
    ) -> None:
        self._connection = connection
        self._topics = list(topics)
        self._load_offsets = load_offsets
        self._positions: dict[str, int] = {}
        self._woken = asyncio.Event()
        self._is_listening = False

    async def fetch(self, limit: int, wait_seconds: float) -> list[Record]:
        """Up to `limit` records; waits for the next one when there is none."""
        if not self._is_listening:
            await self._connection.add_listener(CHANNEL, lambda *_: self._woken.set())
            self._is_listening = True
        self._woken.clear()
        records = await self._read(limit)
        if not records:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await self._woken.wait()
            records = await self._read(limit)
        return records

    async def rewind(self) -> None:
        """Go back to the stored offsets."""
        stored = await self._load_offsets()
        self._positions = {topic: stored.get(TopicPartition(topic, 0), 0) for topic in self._topics}

    async def close(self) -> None:
        """Close the connection, and with it the lock of the group."""
        await self._connection.close(timeout=5)

    async def _read(self, limit: int) -> list[Record]:
        records: list[Record] = []
        for topic in self._topics:
            rows = await self._connection.fetch(
                FETCH, topic, self._positions[topic], limit - len(records)
            )
            records += [Record(topic, 0, row["position"], row["key"], row["value"]) for row in rows]
            if rows:
                self._positions[topic] = rows[-1]["position"] + 1
            if len(records) >= limit:
                break
        return records
