"""Reading the feed: pages by cursor, and one look for all who wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from asyncpg import Record

from shared.database import Connection, Pool

LOOK_SECONDS = 0.2
# The words are those of today, and only for who has the ticket today.
READ = """SELECT f.position, f.event, f.ticket_id, f.sequence, f.at, f.data,
    t.words, f.unit = t.unit OR f.unit = ANY(t.co_units) AS is_yours
FROM feed f LEFT JOIN feed_tickets t ON t.id = f.ticket_id
WHERE f.unit = $1 AND f.position > $2 ORDER BY f.position LIMIT $3"""
HEADS = "SELECT unit, max(position) AS position FROM feed WHERE position > $1 GROUP BY unit"
LAST = "SELECT coalesce(max(position), 0) FROM feed"


async def read_feed(connection: Connection, unit: str, *, after: int, limit: int) -> list[Record]:
    """A unit's items after a position, oldest first."""
    rows: list[Record] = await connection.fetch(READ, unit, after, limit)
    return rows


async def last_position(connection: Connection) -> int:
    """Where the feed ends now."""
    position: int = await connection.fetchval(LAST)
    return position


class Heads:
    """Wakes those who wait for their unit's next item: one look at the feed for all of them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()

    @asynccontextmanager
    async def waiting(self, unit: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set when something comes for the unit: enter, read, then wait."""
        woken = asyncio.Event()
        self._waiting.setdefault(unit, set()).add(woken)
        if self._looking is None or self._looking.done():
            self._begun.clear()
            self._looking = asyncio.create_task(self._look(), name="feed heads")
        try:
            await self._begun.wait()
            yield woken
        finally:
            self._waiting[unit].discard(woken)
            if not self._waiting[unit]:
                del self._waiting[unit]

    async def _look(self) -> None:
        try:
            position = await self._pool.fetchval(LAST)
            self._begun.set()
            while self._waiting:
                await asyncio.sleep(LOOK_SECONDS)
                if not self._waiting:
                    # Whoever waited has gone, and perhaps the pool with them.
                    return
                rows: list[Any] = await self._pool.fetch(HEADS, position)
                position = max((row["position"] for row in rows), default=position)
                for row in rows:
                    for woken in self._waiting.get(row["unit"], ()):
                        woken.set()
        finally:
            # Whoever waits reads once more: a look that failed must not keep them.
            self._begun.set()
            for woken in {one for waiting in self._waiting.values() for one in waiting}:
                woken.set()


async def wait_woken(woken: asyncio.Event, seconds: float) -> None:
    """Wait until woken, or until the time is over."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await woken.wait()
