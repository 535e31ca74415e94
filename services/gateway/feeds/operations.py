"""Writing the feed: who has a ticket, and what each of them is told, a batch at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from services.gateway.feeds.rules import (
    WORDS,
    Holders,
    holders_after,
    readers,
    taken_from,
    told,
    words_of,
)
from shared.database import Connection
from shared.erasure import erase as erase_words
from shared.events.dispatch import UnitChanged
from shared.events.envelope import Event, Payload
from shared.events.intake import Filed, TicketAmended, TicketErased
from shared.inbox import Heard

LOCK_TICKETS = """SELECT id, words, unit, co_units FROM feed_tickets
WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"""
KEEP_TICKETS = """INSERT INTO feed_tickets (id, words, unit, co_units)
SELECT id, words, unit, coalesce(string_to_array(nullif(co_units, ''), ','), '{}')
FROM unnest($1::uuid[], $2::jsonb[], $3::text[], $4::text[]) AS g (id, words, unit, co_units)
ON CONFLICT (id) DO UPDATE SET words = excluded.words, unit = excluded.unit,
    co_units = excluded.co_units"""
# The lock lasts until the commit: positions become visible in their order, so that no cursor
# passes one that commits later.
LOCK_FEED = "SELECT pg_advisory_xact_lock(hashtextextended('feed', 0))"
APPEND = """INSERT INTO feed (unit, event, ticket_id, sequence, at, data)
SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[], $4::int[], $5::timestamptz[],
    $6::jsonb[])"""
ERASE_TICKETS = "UPDATE feed_tickets SET words = NULL WHERE id = ANY($1::uuid[])"
ERASE_ITEMS = """WITH erased AS (
    UPDATE feed SET data = '{}' WHERE ticket_id = ANY($1::uuid[]) RETURNING ticket_id, unit
) SELECT DISTINCT ticket_id, unit FROM erased"""
KEEP_UNITS = """INSERT INTO feed_units (code, name, jurisdiction, is_active, has_system)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bool[], $5::bool[])
ON CONFLICT (code) DO UPDATE SET name = excluded.name, jurisdiction = excluded.jurisdiction,
    is_active = excluded.is_active, has_system = excluded.has_system"""
# What they read before is read again by nobody, be it with an old cursor.
BLANK = """UPDATE feed f SET data = '{}' FROM unnest($1::uuid[], $2::text[]) AS g (ticket_id, unit)
WHERE f.ticket_id = g.ticket_id AND f.unit = g.unit"""
FORGET = """DELETE FROM feed WHERE position IN (
    SELECT position FROM feed WHERE kept_at < clock_timestamp() - make_interval(days => $1)
    ORDER BY position LIMIT $2)"""


class Item(NamedTuple):
    """One event for one unit."""

    unit: str
    event: str
    ticket_id: UUID
    sequence: int
    at: datetime
    data: dict[str, Any]


class Kept(NamedTuple):
    """What is kept of a ticket: its words, and who has it."""

    words: dict[str, Any] | None = None
    holders: Holders = Holders()


async def take(heard: Heard, events: Sequence[Event[Payload]]) -> None:
    """Keep who has the tickets, and tell all who have them, or had them until now."""
    ids = [UUID(event.subject) for event in events]
    rows = await heard.connection.fetch(LOCK_TICKETS, ids)
    kept = {row["id"]: _kept(row) for row in rows}
    items, changed, gone = list[Item](), dict[UUID, Kept](), list[tuple[UUID, str]]()
    for ticket_id, event in zip(ids, events, strict=True):
        before = kept.get(ticket_id, Kept())
        holders = holders_after(before.holders, event.data)
        after = Kept(_words_after(before.words, event.data), holders)
        if after != kept.get(ticket_id):
            changed[ticket_id] = after
        gone += [(ticket_id, unit) for unit in taken_from(before.holders, event.data)]
        data = told(event.data)
        items += [
            Item(unit, event.data.type, ticket_id, event.sequence, event.time, data)
            for unit in readers(before.holders, event.data)
        ]
    if changed:
        await heard.connection.execute(
            KEEP_TICKETS,
            list(changed),
            [one.words and orjson.dumps(one.words).decode() for one in changed.values()],
            [one.holders.unit for one in changed.values()],
            [",".join(one.holders.co_units) for one in changed.values()],
        )
    if gone:
        await heard.connection.execute(BLANK, *zip(*gone, strict=True))
    await append(heard.connection, items)


async def erase(heard: Heard, events: Sequence[Event[TicketErased]]) -> None:
    """Remove the words of tickets here, and tell who read them to do the same."""
    ids = [UUID(event.subject) for event in events]
    await erase_words(heard.connection, events, ())
    await heard.connection.execute(ERASE_TICKETS, ids)
    rows = await heard.connection.fetch(ERASE_ITEMS, ids)
    said = {UUID(event.subject): event for event in events}
    await append(
        heard.connection,
        [
            Item(row["unit"], TicketErased.type, row["ticket_id"], one.sequence, one.time, {})
            for row in rows
            for one in (said[row["ticket_id"]],)
        ],
    )


async def keep_units(heard: Heard, events: Sequence[Event[UnitChanged]]) -> None:
    """Keep the units, and which of them have a system of their own."""
    data = [event.data for event in events]
    units = [(d.code, d.name, d.jurisdiction, d.is_active, d.has_system) for d in data]
    await heard.connection.execute(KEEP_UNITS, *zip(*units, strict=True))


async def append(connection: Connection, items: Sequence[Item]) -> None:
    """Add to the feed, in the transaction of what was heard."""
    if not items:
        return
    *columns, data = zip(*items, strict=True)
    await connection.execute(LOCK_FEED)
    await connection.execute(APPEND, *columns, [orjson.dumps(one).decode() for one in data])


async def forget(connection: Connection, *, days: int, limit: int) -> int:
    """Delete items older than `days`, up to `limit`; return how many."""
    done: str = await connection.execute(FORGET, days, limit)
    return int(done.rsplit(" ", 1)[1])


def _kept(row: Any) -> Kept:  # noqa: ANN401  asyncpg's record
    words = None if row["words"] is None else orjson.loads(row["words"])
    return Kept(words, Holders(row["unit"], tuple(row["co_units"])))


def _words_after(words: dict[str, Any] | None, data: Payload) -> dict[str, Any] | None:
    if isinstance(data, Filed):
        return words_of(data)
    if words is None or not isinstance(data, TicketAmended):
        return words
    told_anew = data.model_dump(mode="json", exclude_none=True)
    changed = words | {name: told_anew[name] for name in WORDS if name in told_anew}
    if data.addition:
        changed["content"] = f"{words['content']}\n补充：{data.addition}"
    return changed
