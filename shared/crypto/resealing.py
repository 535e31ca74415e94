"""Sealing anew what is kept, in small steps beside those who use it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record

from shared.database import Connection

BATCH = 500
FIRST: dict[str, Any] = {"uuid": UUID(int=0), "text": ""}


class Place(NamedTuple):
    """A column of sealed values, and the column that each is known by."""

    table: str
    key: str
    column: str
    kind: str
    """The type of the key: `uuid` or `text`."""
    open: Callable[[bytes, Any], Awaitable[bytes]]
    """A value again, by its key."""
    seal: Callable[[bytes, Any], bytes]
    """A value sealed as it is from now on."""


async def reseal(connection: Connection, place: Place, *, wanted: bytes, limit: int) -> int:
    """Seal anew at most `limit` values that do not begin as `wanted`; return how many.

    What changes or is erased meanwhile is left alone. Nothing is held locked between the steps.
    """
    after, done = FIRST[place.kind], 0
    while done < limit:
        rows = await connection.fetch(_find(place), after, BATCH)
        if not rows:
            break
        after = _key(rows[-1])
        stale = [row for row in rows if not row["sealed"].startswith(wanted)]
        done += await _exchange(connection, place, stale[: limit - done])
    return done


async def _exchange(connection: Connection, place: Place, rows: Sequence[Record]) -> int:
    if not rows:
        return 0
    keys = [_key(row) for row in rows]
    before = [row["sealed"] for row in rows]
    contents = [await place.open(one, key) for one, key in zip(before, keys, strict=True)]
    anew = [place.seal(one, key) for one, key in zip(contents, keys, strict=True)]
    status: str = await connection.execute(_swap(place), keys, before, anew)
    return int(status.split()[-1])


def _key(row: Record) -> Any:  # noqa: ANN401  a UUID or a text
    key = row["key"]
    return UUID(str(key)) if isinstance(key, UUID) else key


def _find(place: Place) -> str:
    return (
        f"SELECT {place.key} AS key, {place.column} AS sealed FROM {place.table} "
        f"WHERE {place.key} > $1 AND {place.column} IS NOT NULL ORDER BY {place.key} LIMIT $2"
    )


def _swap(place: Place) -> str:
    return (
        f"UPDATE {place.table} SET {place.column} = w.anew "
        f"FROM unnest($1::{place.kind}[], $2::bytea[], $3::bytea[]) AS w (key, before, anew) "
        f"WHERE {place.table}.{place.key} = w.key AND {place.table}.{place.column} = w.before"
    )
