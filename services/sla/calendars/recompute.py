"""Carrying a new calendar into the open deadlines: one pass, in pieces that each commit.

The place that the pass has reached is kept with its effects. Killed at any line, it goes on from
the last piece that was committed, whoever runs it next; nothing is moved or counted twice. Whoever
works by the old law commits before a calendar is published (`shared.lawbook`), so the pass meets
all that was ever counted by it.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from services.sla.calendars.rules import Change, Moved, Open, recounted, span_of
from services.sla.operations import columns, say
from services.sla.promises.operations import lay_promises
from shared.database import Connection
from shared.events.envelope import Event, Payload
from shared.events.sla import TicketDeadlineMoved
from shared.events.words import RequestType, Step, Urgency
from shared.jurisdictions import prefix
from shared.policy.deadlines import Matter
from shared.runtime import Runtime

PIECE = 5_000
REASON = "工作日历调整，时限重新计算"
LAST = (UUID(int=2**128 - 1), "~", 2**31 - 1)
"""After every key."""
OPEN = """SELECT hash, jurisdiction, days, years, after_ticket, after_step, after_version
FROM recomputes WHERE finished_at IS NULL AND ($1::text IS NULL OR hash = $1)
ORDER BY started_at, hash LIMIT 1 FOR UPDATE"""
BOUND = """SELECT ticket_id, step, version FROM deadlines
WHERE state IN ('running', 'asked', 'paused') AND (ticket_id, step, version) > ($1, $2, $3)
ORDER BY ticket_id, step, version OFFSET $4 LIMIT 1"""
TOUCHED = """SELECT d.ticket_id, d.step, d.version, d.due_at, d.provisional, d.starts_at,
    d.adjustments::text, c.jurisdiction, c.request_type, c.urgency, c.is_enforcement,
    c.is_passed_on, c.policy, c.law_limit::text, d.promised_at IS NOT NULL AS has_promise
FROM deadlines d JOIN clocks c USING (ticket_id)
WHERE d.state IN ('running', 'asked', 'paused')
    AND (d.ticket_id, d.step, d.version) > ($1, $2, $3)
    AND (d.ticket_id, d.step, d.version) <= ($4, $5, $6)
    AND d.due_at >= $7 AND d.starts_at < $8 AND starts_with(c.jurisdiction, $9)"""
LOCK = """SELECT ticket_id, sequence FROM clocks WHERE ticket_id = ANY($1::uuid[])
ORDER BY ticket_id FOR NO KEY UPDATE"""
NOW = "SELECT coalesce($1::timestamptz, clock_timestamp())"
_NOW = """unnest($1::uuid[], $2::text[], $3::int[], $4::timestamptz[], $5::timestamptz[],
    $6::timestamptz[], $7::text[], $8::bool[])
    AS n (ticket_id, step, version, old_due_at, due_at, warn_at, rule, provisional)"""
# What runs moves where it is.
MOVE = f"""UPDATE deadlines d SET due_at = n.due_at, warn_at = n.warn_at, rule = n.rule,
    provisional = n.provisional, next_at = CASE WHEN d.next_at = d.warn_at THEN n.warn_at
        ELSE n.due_at + interval '1 microsecond' END
FROM {_NOW}
WHERE (d.ticket_id, d.step, d.version) = (n.ticket_id, n.step, n.version)
    AND d.state IN ('running', 'paused') AND d.due_at = n.old_due_at
RETURNING d.ticket_id, d.step, d.version AS old_version, d.version"""
# What the owner was asked ends, so that a late answer finds nothing, and runs anew; but not where
# the step has run anew already: there the earlier time is judged, or passes into the later one.
REPLACE = f"""WITH n AS MATERIALIZED (
    SELECT n.*, EXISTS (SELECT FROM deadlines l WHERE l.ticket_id = n.ticket_id
        AND l.step = n.step AND l.version > n.version) AS has_later FROM {_NOW}
), ended AS (
    UPDATE deadlines d SET state = 'moved'
    FROM n WHERE (d.ticket_id, d.step, d.version) = (n.ticket_id, n.step, n.version)
        AND d.state = 'asked' AND d.due_at = n.old_due_at
        AND (n.due_at > n.old_due_at OR NOT n.has_later)
    RETURNING d.ticket_id, d.step, d.version, n.due_at, n.warn_at, n.rule, d.source, n.provisional,
        d.starts_at, d.adjustments, d.promised_at, n.has_later
), anew AS (
    INSERT INTO deadlines (ticket_id, step, version, due_at, warn_at, next_at, state, rule, source,
        provisional, starts_at, adjustments, promised_at)
    SELECT ticket_id, step, version + 1, due_at, warn_at, CASE WHEN warn_at < due_at THEN warn_at
            ELSE due_at + interval '1 microsecond' END, 'running', rule, source,
        provisional, starts_at, adjustments, promised_at FROM ended WHERE NOT has_later
)
SELECT ticket_id, step, version AS old_version, version + (NOT has_later)::int AS version
FROM ended"""
# Where the time stays, only the mark goes.
MARK = """UPDATE deadlines d SET provisional = n.provisional, rule = n.rule
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::timestamptz[], $5::bool[], $6::text[])
    AS n (ticket_id, step, version, due_at, provisional, rule)
WHERE (d.ticket_id, d.step, d.version) = (n.ticket_id, n.step, n.version)
    AND d.state IN ('running', 'asked', 'paused') AND d.due_at = n.due_at"""
ADVANCE = """UPDATE recomputes SET after_ticket = $2, after_step = $3, after_version = $4,
    seen = seen + $5, moved = moved + $6,
    finished_at = CASE WHEN $7 THEN coalesce($8::timestamptz, clock_timestamp()) END
WHERE hash = $1 RETURNING seen, moved"""


class Progress(NamedTuple):
    """How far a recompute is: how many open deadlines it looked at, how many moved."""

    seen: int
    moved: int
    is_finished: bool


async def recompute_piece(
    runtime: Runtime, *, content_hash: str | None = None, limit: int = PIECE
) -> Progress | None:
    """The next piece of a recompute, in one transaction; none where nothing is left to do."""
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(OPEN, content_hash)
        if row is None:
            return None
        law = await runtime.law_book.read(connection)
        after = (row["after_ticket"], row["after_step"], row["after_version"])
        bound = await connection.fetchrow(BOUND, *after, limit - 1)
        upto = LAST if bound is None else tuple(bound)
        touched = await _touched(connection, row, after=after, upto=upto)
        moved = [found for one in touched if (found := recounted(law, one)) is not None]
        now = runtime.clock.stepped
        count = await _apply(connection, moved, source=runtime.source, now=now)
        promised = [one.before.ticket_id for one in moved if one.before.has_promise]
        if promised:
            await lay_promises(connection, law, promised)
        progress = await connection.fetchrow(
            ADVANCE, row["hash"], *upto, len(touched), count, bound is None, now
        )
        assert progress is not None
    return Progress(progress["seen"], progress["moved"], bound is None)


async def recompute(
    runtime: Runtime, *, content_hash: str | None = None, seconds_max: float | None = None
) -> bool:
    """Piece after piece until all is done, or the time is over; whether all is done."""
    end = None if seconds_max is None else time.monotonic() + seconds_max
    while await recompute_piece(runtime, content_hash=content_hash) is not None:
        if end is not None and time.monotonic() > end:
            return False
    return True


async def _touched(
    connection: Connection,
    row: asyncpg.Record,
    *,
    after: tuple[Any, ...],
    upto: tuple[Any, ...],
) -> list[Open]:
    span = span_of(Change(tuple(row["days"]), tuple(row["years"])))
    if span is None:
        return []
    place = prefix(row["jurisdiction"])
    rows = await connection.fetch(TOUCHED, *after, *upto, span.begins_at, span.ends_at, place)
    return [_open(one) for one in rows]


def _open(row: asyncpg.Record) -> Open:
    adjustments, limit = row["adjustments"], row["law_limit"]
    return Open(
        ticket_id=row["ticket_id"],
        step=Step(row["step"]),
        version=row["version"],
        due_at=row["due_at"],
        provisional=row["provisional"],
        starts_at=row["starts_at"],
        adjustments=() if adjustments == "[]" else orjson.loads(adjustments),
        jurisdiction=row["jurisdiction"],
        matter=Matter(
            RequestType(row["request_type"]),
            Urgency(row["urgency"]),
            row["is_enforcement"],
            row["is_passed_on"],
        ),
        policy=row["policy"],
        law_limit=None if limit is None else orjson.loads(limit),
        has_promise=row["has_promise"],
    )


async def _apply(
    connection: Connection, moved: Sequence[Moved], *, source: str, now: datetime | None
) -> int:
    """Write what is otherwise; return how many deadlines have another time."""
    if not moved:
        return 0
    ids = sorted({one.before.ticket_id for one in moved})
    sequences = {row["ticket_id"]: row["sequence"] for row in await connection.fetch(LOCK, ids)}
    marked = [one for one in moved if one.now.due_at == one.before.due_at]
    if marked:
        await connection.execute(MARK, *columns([_mark(one) for one in marked]))
    others = [one for one in moved if one.now.due_at != one.before.due_at]
    if not others:
        return 0
    rows = await connection.fetch(MOVE, *columns([_move(one) for one in others]))
    by_key = {(one.before.ticket_id, one.before.step, one.before.version): one for one in others}
    if len(rows) < len(others):
        asked = by_key.keys() - {(row[0], Step(row[1]), row[2]) for row in rows}
        rows += await connection.fetch(REPLACE, *columns([_move(by_key[key]) for key in asked]))
    told = [
        (by_key[ticket_id, Step(step), old_version], version)
        for ticket_id, step, old_version, version in rows
        if not by_key[ticket_id, Step(step), old_version].before.is_dispatchs
    ]
    await say(connection, await _events(connection, told, sequences, source=source, now=now))
    return len(rows)


async def _events(
    connection: Connection,
    told: Sequence[tuple[Moved, int]],
    sequences: dict[UUID, int],
    *,
    source: str,
    now: datetime | None,
) -> list[Event[Payload]]:
    at: datetime = await connection.fetchval(NOW, now)
    events: list[Event[Payload]] = []
    for one, version in told:
        ticket_id = one.before.ticket_id
        sequences[ticket_id] += 1
        events.append(Event(source, str(ticket_id), sequences[ticket_id], at, _said(one, version)))
    return events


def _move(one: Moved) -> tuple[Any, ...]:
    before, now = one
    key = (before.ticket_id, before.step, before.version)
    return (*key, before.due_at, now.due_at, now.warn_at, now.rule, now.provisional)


def _mark(one: Moved) -> tuple[Any, ...]:
    before, now = one
    key = (before.ticket_id, before.step, before.version)
    return (*key, before.due_at, now.provisional, now.rule)


def _said(one: Moved, version: int) -> TicketDeadlineMoved:
    return TicketDeadlineMoved(
        step=one.now.step,
        version=version,
        due_at=one.now.due_at,
        rule=one.now.rule,
        source_article=one.now.source,
        provisional=one.now.provisional,
        reason=REASON,
    )
