"""What changes clocks and deadlines, set-based: one statement for a batch, whatever its size.

Locks are taken in one order, so that nobody waits in a circle: first the tickets' clocks by id,
then their deadlines. Who claims takes what is free and never waits.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from services.sla.rules import OPEN_STATES, TRANSITIONS, News, Start
from shared import outbox
from shared.database import Connection
from shared.events.envelope import Event, Payload
from shared.events.words import RequestType, Secrecy, Step, Urgency
from shared.inbox import Wait
from shared.policy.deadlines import Matter

LOCK_CLOCKS = """SELECT ticket_id, jurisdiction, request_type, urgency, is_enforcement,
    is_passed_on, policy, accepted_at, dispatched_at, signed_at, interim_at, replied_at, paused_at,
    is_closed, round, linked_at, unit, law_limit::text AS law_limit, sequence
FROM clocks WHERE ticket_id = ANY($1::uuid[]) ORDER BY ticket_id FOR NO KEY UPDATE"""
# A ticket that a unit was asked of has its row already.
OPEN_CLOCKS = """INSERT INTO clocks AS c (ticket_id, number, jurisdiction, request_type, urgency,
    is_enforcement, policy, accepted_at, unit, secrecy, is_passed_on)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[],
    $7::text[], $8::timestamptz[], $9::text[], $10::text[], $11::bool[]) ORDER BY 1
ON CONFLICT (ticket_id) DO UPDATE SET jurisdiction = excluded.jurisdiction,
    request_type = excluded.request_type, urgency = excluded.urgency,
    is_enforcement = excluded.is_enforcement, policy = excluded.policy,
    accepted_at = excluded.accepted_at, unit = excluded.unit, secrecy = excluded.secrecy,
    is_passed_on = excluded.is_passed_on
WHERE c.accepted_at IS NULL"""
RECORD_DISPATCH = """UPDATE clocks c SET dispatched_at = a.at, unit = a.unit, round = a.round,
    signed_at = NULL, interim_at = NULL, replied_at = NULL, paused_at = NULL, pause_ground = NULL,
    is_closed = false, closed_at = NULL
FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::int[])
    AS a (ticket_id, at, unit, round) WHERE c.ticket_id = a.ticket_id"""
RECORD_SIGNATURE = """UPDATE clocks c SET signed_at = a.at
FROM unnest($1::uuid[], $2::timestamptz[]) AS a (ticket_id, at) WHERE c.ticket_id = a.ticket_id"""
RECORD_INTERIM = """UPDATE clocks c SET interim_at = a.at, paused_at = NULL, pause_ground = NULL
FROM unnest($1::uuid[], $2::timestamptz[]) AS a (ticket_id, at) WHERE c.ticket_id = a.ticket_id"""
RECORD_REPLY = """UPDATE clocks c SET replied_at = a.at, interim_at = NULL, paused_at = NULL,
    pause_ground = NULL
FROM unnest($1::uuid[], $2::timestamptz[]) AS a (ticket_id, at) WHERE c.ticket_id = a.ticket_id"""
RECORD_REDO = """UPDATE clocks SET replied_at = NULL, interim_at = NULL, paused_at = NULL,
    pause_ground = NULL, is_closed = false, closed_at = NULL WHERE ticket_id = ANY($1::uuid[])"""
RELEASE_UNIT = "UPDATE clocks SET unit = NULL WHERE ticket_id = ANY($1::uuid[])"
CLOSE_CLOCKS = """UPDATE clocks c SET is_closed = true, closed_at = a.at, paused_at = NULL,
    pause_ground = NULL
FROM unnest($1::uuid[], $2::timestamptz[]) AS a (ticket_id, at) WHERE c.ticket_id = a.ticket_id"""
ADVANCE = """UPDATE clocks c SET sequence = a.sequence
FROM unnest($1::uuid[], $2::int[]) AS a (ticket_id, sequence) WHERE c.ticket_id = a.ticket_id"""
# After `due_at` an act or a stop changes nothing: the owner of the act is asked instead.
# OFFSET 0 keeps the lookup by ticket, whatever a plan made while the table was empty thinks.
SETTLE = """WITH ended AS MATERIALIZED (
    SELECT o.ticket_id, o.step, o.version, a.at
    FROM unnest($1::uuid[], $2::timestamptz[]) AS a (ticket_id, at)
    CROSS JOIN LATERAL (SELECT d.ticket_id, d.step, d.version FROM deadlines d
        WHERE d.ticket_id = a.ticket_id AND d.step = ANY($3::text[]) OFFSET 0) o
)
UPDATE deadlines d SET state = $5, act_at = CASE WHEN $6 THEN e.at END FROM ended e
WHERE d.ticket_id = e.ticket_id AND d.step = e.step AND d.version = e.version
    AND d.state = ANY($4::text[]) AND (d.due_at >= e.at OR d.state = 'paused')"""
# A warning at the very deadline is none: then the first look is the question.
_NEXT_AT = """CASE WHEN {0}warn_at < {0}due_at THEN {0}warn_at
    ELSE {0}due_at + interval '1 microsecond' END"""
STARTED = """unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::text[],
    $6::text[], $7::bool[], $8::timestamptz[], $9::text[])
    AS s (ticket_id, step, due_at, warn_at, rule, source, provisional, starts_at, adjustments)"""
START = f"""INSERT INTO deadlines (ticket_id, step, version, due_at, warn_at, next_at, state, rule,
    source, provisional, starts_at, adjustments)
SELECT s.ticket_id, s.step, 1 + coalesce((SELECT max(d.version) FROM deadlines d
        WHERE d.ticket_id = s.ticket_id AND d.step = s.step), 0),
    s.due_at, s.warn_at, {_NEXT_AT.format("s.")}, 'running', s.rule, s.source, s.provisional,
    s.starts_at, s.adjustments::jsonb
FROM {STARTED}"""
# A paused clock stays paused, whatever else moves its deadline, until it is resumed.
REPLACE = f"""WITH s AS MATERIALIZED (SELECT * FROM {STARTED}),
present AS MATERIALIZED (
    SELECT s.*, p.version, p.state, p.promised_at
    FROM s CROSS JOIN LATERAL (SELECT d.version, d.state, d.promised_at FROM deadlines d
        WHERE d.ticket_id = s.ticket_id AND d.step = s.step ORDER BY d.version DESC LIMIT 1) p
), moved AS (
    UPDATE deadlines d SET state = 'moved' FROM present p
    WHERE d.ticket_id = p.ticket_id AND d.step = p.step AND d.version = p.version
        AND d.state = ANY($10::text[])
)
INSERT INTO deadlines (ticket_id, step, version, due_at, warn_at, next_at, state, rule, source,
    provisional, starts_at, adjustments, promised_at)
SELECT ticket_id, step, version + 1, due_at, warn_at, {_NEXT_AT.format("")},
    CASE WHEN state = 'paused' AND NOT $11 THEN 'paused' ELSE 'running' END, rule, source,
    provisional, starts_at, adjustments::jsonb, CASE WHEN promised_at < due_at THEN promised_at END
FROM present RETURNING ticket_id, step, version"""


class NewClock(NamedTuple):
    """A ticket that was accepted, or, without `accepted_at`, that a unit is asked of."""

    ticket_id: UUID
    number: str
    jurisdiction: str
    request_type: str
    urgency: str
    is_enforcement: bool
    policy: str
    accepted_at: datetime | None
    unit: str | None = None
    secrecy: str = Secrecy.NORMAL
    is_passed_on: bool = False


class Done(NamedTuple):
    """Something that happened to a ticket, and when."""

    ticket_id: UUID
    at: datetime


class Dispatch(NamedTuple):
    """A ticket went to a unit."""

    ticket_id: UUID
    at: datetime
    unit: str
    round: int


class LockedClock(NamedTuple):
    """A ticket's clock, locked until the commit."""

    ticket_id: UUID
    jurisdiction: str
    matter: Matter
    policy: str
    accepted_at: datetime | None
    dispatched_at: datetime | None
    signed_at: datetime | None
    interim_at: datetime | None
    replied_at: datetime | None
    paused_at: datetime | None
    is_closed: bool
    linked_at: datetime | None
    round: int
    unit: str | None
    law_limit: Mapping[str, Any] | None
    sequence: int


async def lock_clocks(
    connection: Connection, ticket_ids: Sequence[UUID], *, is_accepted: bool = True
) -> dict[UUID, LockedClock]:
    """Lock the clocks of some tickets, by id.

    Raises `Wait` where a ticket was not heard of, or, with `is_accepted`, its acceptance was not.
    """
    rows = await connection.fetch(LOCK_CLOCKS, ticket_ids)
    clocks = {row["ticket_id"]: _locked(row) for row in rows}
    for ticket_id in ticket_ids:
        clock = clocks.get(ticket_id)
        if clock is None or (is_accepted and clock.accepted_at is None):
            raise Wait(f"ticket {ticket_id} was not heard of")
    return clocks


async def open_clocks(connection: Connection, clocks: Sequence[NewClock]) -> None:
    """Begin to keep the time of tickets."""
    await connection.execute(OPEN_CLOCKS, *columns(clocks))


async def start_deadlines(connection: Connection, starts: Sequence[tuple[UUID, Start]]) -> None:
    """Let deadlines run, each as the next version of its step. Hold the locks on the clocks."""
    if starts:
        await connection.execute(START, *_started(starts))


async def replace_deadlines(
    connection: Connection, starts: Sequence[tuple[UUID, Start]], *, is_resumed: bool = False
) -> dict[tuple[UUID, Step], int]:
    """Move deadlines: the present version of each step ends and the next runs; returns the next.

    What is overdue stays overdue. What is paused stays paused, unless `is_resumed`. Takes each
    step of a ticket once; a step that never ran is left out. Hold the locks on the clocks.
    """
    if not starts:
        return {}
    rows = await connection.fetch(REPLACE, *_started(starts), OPEN_STATES, is_resumed)
    return {(row["ticket_id"], Step(row["step"])): row["version"] for row in rows}


async def settle(
    connection: Connection, news: News, steps: Sequence[Step], happened: Sequence[Done]
) -> None:
    """Let acts or stops end the deadlines of `steps` that are not over. Hold the clocks' locks."""
    if not happened:
        return
    (target,) = set(TRANSITIONS[news].values())
    await connection.execute(
        SETTLE,
        *columns(happened),
        steps,
        list(TRANSITIONS[news]),
        target,
        news is News.DONE,
    )


async def record_dispatches(connection: Connection, dispatches: Sequence[Dispatch]) -> None:
    """Note unit and round; the round's signature and reply are yet to come."""
    await connection.execute(RECORD_DISPATCH, *columns(dispatches))


async def record_signatures(connection: Connection, signed: Sequence[Done]) -> None:
    """Note when the unit of this round first answered."""
    await connection.execute(RECORD_SIGNATURE, *columns(signed))


async def record_interim_closes(connection: Connection, closed: Sequence[Done]) -> None:
    """Note that progress is to be reported until the reply."""
    await connection.execute(RECORD_INTERIM, *columns(closed))


async def record_replies(connection: Connection, replied: Sequence[Done]) -> None:
    """Note when the checked reply left."""
    await connection.execute(RECORD_REPLY, *columns(replied))


async def record_redos(connection: Connection, ticket_ids: Sequence[UUID]) -> None:
    """Note that the unit must reply again."""
    await connection.execute(RECORD_REDO, ticket_ids)


async def release_units(connection: Connection, ticket_ids: Sequence[UUID]) -> None:
    """Note that tickets are no longer their units' own."""
    await connection.execute(RELEASE_UNIT, ticket_ids)


async def close_clocks(connection: Connection, ended: Sequence[Done]) -> None:
    """Note that tickets have ended here."""
    await connection.execute(CLOSE_CLOCKS, *columns(ended))


async def say(connection: Connection, events: Sequence[Event[Payload]]) -> None:
    """Say events, and keep each ticket's last sequence. Hold the locks on the clocks."""
    if events:
        last = {UUID(event.subject): event.sequence for event in events}
        await connection.execute(ADVANCE, list(last), list(last.values()))
        await outbox.add_many(connection, events)


def columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """Rows as a list for each column, as `unnest` takes them."""
    return [list(column) for column in zip(*rows, strict=True)]


def _started(starts: Sequence[tuple[UUID, Start]]) -> list[list[Any]]:
    return [
        [ticket_id for ticket_id, _ in starts],
        [start.step for _, start in starts],
        [start.due_at for _, start in starts],
        [start.warn_at for _, start in starts],
        [start.rule for _, start in starts],
        [start.source for _, start in starts],
        [start.provisional for _, start in starts],
        [start.starts_at for _, start in starts],
        [orjson.dumps(start.adjustments).decode() for _, start in starts],
    ]


def _locked(row: asyncpg.Record) -> LockedClock:
    matter = Matter(
        RequestType(row["request_type"]),
        Urgency(row["urgency"]),
        row["is_enforcement"],
        row["is_passed_on"],
    )
    limit = row["law_limit"]
    return LockedClock(
        ticket_id=row["ticket_id"],
        jurisdiction=row["jurisdiction"],
        matter=matter,
        policy=row["policy"],
        accepted_at=row["accepted_at"],
        dispatched_at=row["dispatched_at"],
        signed_at=row["signed_at"],
        interim_at=row["interim_at"],
        replied_at=row["replied_at"],
        paused_at=row["paused_at"],
        is_closed=row["is_closed"],
        linked_at=row["linked_at"],
        round=row["round"],
        unit=row["unit"],
        law_limit=None if limit is None else orjson.loads(limit),
        sequence=row["sequence"],
    )
