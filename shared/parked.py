"""Events that could not be handled: kept with their reason, their ticket's later events behind."""

from collections.abc import Sequence

import asyncpg

from shared.bus.protocol import Record
from shared.database import Connection
from shared.erasure import TELLS, erase_parked

POISON = "poison"
GAP = "gap"
WAITING = "waiting"
BEHIND = "an earlier event of this key is parked"


async def park(connection: Connection, records: Sequence[Record], reason: str, detail: str) -> None:
    """Set records aside, in order, in the caller's transaction."""
    await connection.executemany(
        "INSERT INTO parked (topic, key, message, reason, detail) VALUES ($1, $2, $3, $4, $5)",
        [(record.topic, record.key, record.value, reason, detail[:2000]) for record in records],
    )
    # What is set aside may wait long for a person: its words must not.
    if erased := sorted({record.key for record in records if TELLS in record.value}):
        await erase_parked(connection, erased)


async def keep(
    connection: Connection, key: str, records: Sequence[Record], reason: str, detail: str
) -> None:
    """Of the parked events of a key keep `records`, in this order, the first with its reason.

    Their offsets are positions in `parked`.
    """
    positions = sorted(record.offset for record in records)
    await connection.execute(
        "DELETE FROM parked WHERE key = $1 AND position <> ALL($2::bigint[])", key, positions
    )
    await connection.executemany(
        "UPDATE parked SET topic = $2, message = $3, reason = $4, detail = $5 WHERE position = $1",
        [
            (position, record.topic, record.value, *why)
            for position, record, why in zip(
                positions,
                records,
                [(reason, detail[:2000])] + [(WAITING, BEHIND)] * (len(records) - 1),
                strict=False,
            )
        ],
    )


async def parked_keys(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Those of `keys` that have parked events."""
    rows = await connection.fetch("SELECT DISTINCT key FROM parked WHERE key = ANY($1)", keys)
    return {row["key"] for row in rows}


async def list_parked(connection: Connection, limit: int) -> list[asyncpg.Record]:
    """The first parked event of each key with how many wait behind it."""
    return await connection.fetch(
        """SELECT DISTINCT ON (key) key, topic, reason, detail, parked_at,
            count(*) OVER (PARTITION BY key) AS events
        FROM parked ORDER BY key, position LIMIT $1""",
        limit,
    )


async def list_waiting(connection: Connection, limit: int, *, after: str = "") -> list[str]:
    """The keys whose first parked event only waits for something not yet heard, in order."""
    rows = await connection.fetch(
        """SELECT key FROM (
            SELECT DISTINCT ON (key) key, reason FROM parked WHERE key > $3
            ORDER BY key, position) first
        WHERE reason = $1 ORDER BY key LIMIT $2""",
        WAITING,
        limit,
        after,
    )
    return [row["key"] for row in rows]


async def discard_first(connection: Connection, key: str) -> str | None:
    """Drop the first parked event of a key for good; return why it was parked."""
    async with connection.transaction():
        await lock_key(connection, key)
        detail: str | None = await connection.fetchval(
            """DELETE FROM parked WHERE position = (
                SELECT position FROM parked WHERE key = $1 ORDER BY position LIMIT 1)
            RETURNING detail""",
            key,
        )
    return detail


async def lock_key(connection: Connection, key: str) -> None:
    """Nobody else parks, replays or discards events of this key until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", key)
