"""What is done to the figures: set-based, in the batch's transaction. Nothing here commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.analytics.models import KEY, MEASURES
from services.analytics.rules import Change, NewFact, figures_of
from shared.database import Connection
from shared.events.envelope import Event, Payload
from shared.events.words import State
from shared.inbox import Wait

# Held until the commit: the rollup's few rows are every worker's, and facts must not move between
# the two looks of one statement.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('analytics rollup', 0))"
STORE = """INSERT INTO events (source, subject, sequence, type, time, data)
SELECT source, subject, sequence, type, time, data::jsonb FROM unnest(
    $1::text[], $2::text[], $3::int[], $4::text[], $5::timestamptz[], $6::text[])
    AS e (source, subject, sequence, type, time, data)"""
KEEP_UNITS = """INSERT INTO units (code, name, jurisdiction, is_active)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bool[])
ON CONFLICT (code) DO UPDATE SET name = excluded.name, jurisdiction = excluded.jurisdiction,
    is_active = excluded.is_active"""
MAKE_MONTHS = """SELECT make_events_month(month::date) FROM generate_series(
    date_trunc('month', coalesce($1::timestamptz, clock_timestamp()) AT TIME ZONE 'UTC'),
    date_trunc('month', coalesce($1::timestamptz, clock_timestamp()) AT TIME ZONE 'UTC')
        + make_interval(months => $2), interval '1 month') AS month"""

NEW_COLUMNS = {
    "jurisdiction": "text",
    "request_type": "text",
    "urgency": "text",
    "channel": "text",
    "category": "text",
    "state": "text",
    "at": "timestamptz",
    "day": "date",
    "is_solved": "bool",
    "closed_at": "timestamptz",
}
CHANGE_COLUMNS = {
    "state": "text",
    "is_state_restored": "bool",
    "unit": "text",
    "request_type": "text",
    "urgency": "text",
    "category": "text",
    "dispatched_at": "timestamptz",
    "signed_at": "timestamptz",
    "replied_at": "timestamptz",
    "closed_at": "timestamptz",
    "is_anew": "bool",
    "is_redone": "bool",
    "returns": "int",
    "extensions": "int",
    "overdue_step": "text",
    "satisfaction": "text",
    "is_solved": "bool",
}


def _given(columns: dict[str, str]) -> str:
    """The rows handed in: an id, then `columns`, each an array."""
    types = ["uuid", *columns.values()]
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(types, start=1))
    return f"given AS (SELECT * FROM unnest({arrays}) AS g (id, {', '.join(columns)}))"


KEY_LIST = ", ".join(KEY)
# Each fact that moved leaves the row of the rollup that it was in and enters the one that it is in.
COUNT = f"""delta AS (
    SELECT {KEY_LIST}, {", ".join(f"sum(step * {sql}) AS {name}" for name, sql in MEASURES.items())}
    FROM moved GROUP BY {KEY_LIST}),
counted AS (
    INSERT INTO rollup AS r ({KEY_LIST}, {", ".join(MEASURES)})
    SELECT {KEY_LIST}, {", ".join(MEASURES)} FROM delta
    WHERE ({", ".join(MEASURES)}) IS DISTINCT FROM ({", ".join("0" for _ in MEASURES)})
    ORDER BY {KEY_LIST}
    ON CONFLICT ({KEY_LIST}) DO UPDATE
    SET {", ".join(f"{name} = r.{name} + excluded.{name}" for name in MEASURES)})"""
ADD = f"""WITH {_given(NEW_COLUMNS)},
added AS (
    INSERT INTO facts (id, jurisdiction, unit, request_type, urgency, channel, category, state,
        state_before, day, accepted_at, closed_at, is_refused, is_answered, returns,
        extensions, overdue_steps, is_solved)
    SELECT id, jurisdiction, '', request_type, urgency, channel, category, state, state, day,
        CASE WHEN state = '{State.ACCEPTED}' THEN at END, closed_at, state = '{State.REFUSED}',
        state = '{State.ANSWERED}', 0, 0, '{{}}', is_solved
    FROM given RETURNING *),
moved AS (SELECT *, 1 AS step FROM added),
{COUNT}
SELECT count(*) FROM added"""
CHANGE = f"""WITH {_given(CHANGE_COLUMNS)},
old AS (SELECT f.* FROM facts f JOIN given USING (id)),
changed AS (
    UPDATE facts f SET
        state_before = CASE WHEN g.state IS NULL THEN f.state_before ELSE f.state END,
        state = CASE WHEN g.is_state_restored THEN f.state_before
            ELSE coalesce(g.state, f.state) END,
        unit = coalesce(g.unit, f.unit),
        request_type = coalesce(g.request_type, f.request_type),
        urgency = coalesce(g.urgency, f.urgency),
        category = coalesce(g.category, f.category),
        dispatched_at = coalesce(g.dispatched_at, f.dispatched_at),
        signed_at = CASE WHEN g.is_anew THEN NULL ELSE coalesce(g.signed_at, f.signed_at) END,
        replied_at = CASE WHEN g.is_redone THEN NULL ELSE coalesce(g.replied_at, f.replied_at) END,
        closed_at = CASE WHEN g.is_redone THEN NULL ELSE coalesce(g.closed_at, f.closed_at) END,
        returns = f.returns + g.returns,
        extensions = f.extensions + g.extensions,
        overdue_steps = CASE WHEN g.overdue_step IS NULL OR g.overdue_step = ANY(f.overdue_steps)
            THEN f.overdue_steps ELSE f.overdue_steps || g.overdue_step END,
        satisfaction = coalesce(g.satisfaction, f.satisfaction),
        is_solved = coalesce(g.is_solved, f.is_solved)
    FROM given g WHERE f.id = g.id RETURNING f.*),
moved AS (SELECT *, -1 AS step FROM old UNION ALL SELECT *, 1 FROM changed),
{COUNT}
SELECT count(*) FROM changed"""


async def store_events(connection: Connection, events: Sequence[Event[Payload]]) -> None:
    """Keep events for the figures: no words of people, no callers."""
    await connection.execute(
        STORE,
        [event.source for event in events],
        [event.subject for event in events],
        [event.sequence for event in events],
        [event.data.type for event in events],
        [event.time for event in events],
        [orjson.dumps(figures_of(event.data)).decode() for event in events],
    )


async def add_facts(connection: Connection, facts: Sequence[tuple[UUID, NewFact]]) -> None:
    """Add the facts of new tickets, and count them."""
    await connection.execute(LOCK)
    await connection.fetchval(ADD, *_arrays(facts, NEW_COLUMNS))


async def change_facts(connection: Connection, changes: Sequence[tuple[UUID, Change]]) -> None:
    """Change facts, and count each where it is now. Raises `Wait` where one is not there yet."""
    await connection.execute(LOCK)
    changed = await connection.fetchval(CHANGE, *_arrays(changes, CHANGE_COLUMNS))
    if changed != len(changes):
        raise Wait(f"{len(changes) - changed} tickets were not heard of yet")


async def keep_units(connection: Connection, units: Sequence[tuple[str, str, str, bool]]) -> None:
    """Keep units by code, with name, jurisdiction and whether they are active."""
    await connection.execute(KEEP_UNITS, *map(list, zip(*units, strict=True)))


async def make_months(connection: Connection, *, now: datetime | None, months_ahead: int) -> None:
    """Make the partitions of events from this month on; those that are there stay as they are."""
    await connection.execute(MAKE_MONTHS, now, months_ahead)


def _arrays(
    rows: Sequence[tuple[UUID, NewFact | Change]], columns: dict[str, str]
) -> list[list[Any]]:
    return [
        [fact_id for fact_id, _ in rows],
        *([getattr(row, column) for _, row in rows] for column in columns),
    ]
