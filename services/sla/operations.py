"""What changes clocks and deadlines, set-based: one statement for a batch, whatever its size.

Locks are taken in one order, so that nobody waits in a circle: first the tickets' clocks by id,
then their deadlines. Who claims takes what is free and never waits.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.sla.rules import TRANSITIONS, DeadlineState, News, Start
from shared import outbox
from shared.database import Connection
from shared.events.envelope import Event, Payload
from shared.events.sla import DeadlineReached, TicketDueSoon, TicketOverdue
from shared.events.words import Step, Verdict
from shared.inbox import Wait

LOCK_CLOCKS = """SELECT ticket_id, request_type, urgency, is_enforcement, policy, signed_at,
    sequence FROM clocks WHERE ticket_id = ANY($1::uuid[]) ORDER BY ticket_id FOR NO KEY UPDATE"""
OPEN_CLOCKS = """INSERT INTO clocks (ticket_id, jurisdiction, request_type, urgency, is_enforcement,
    policy, accepted_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bool[], $6::text[],
    $7::timestamptz[])"""
RECORD_DISPATCH = """UPDATE clocks c SET dispatched_at = a.at, unit = a.unit, round = a.round,
    signed_at = NULL, replied_at = NULL, is_closed = false
FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::int[])
    AS a (ticket_id, at, unit, round) WHERE c.ticket_id = a.ticket_id"""
RECORD_SIGNATURE = """UPDATE clocks c SET signed_at = a.at
FROM unnest($1::uuid[], $2::timestamptz[]) AS a (ticket_id, at) WHERE c.ticket_id = a.ticket_id"""
RECORD_REPLY = """UPDATE clocks c SET replied_at = a.at
FROM unnest($1::uuid[], $2::timestamptz[]) AS a (ticket_id, at) WHERE c.ticket_id = a.ticket_id"""
RECORD_REDO = """UPDATE clocks SET replied_at = NULL, is_closed = false
WHERE ticket_id = ANY($1::uuid[])"""
RELEASE_UNIT = "UPDATE clocks SET unit = NULL WHERE ticket_id = ANY($1::uuid[])"
CLOSE_CLOCKS = "UPDATE clocks SET is_closed = true WHERE ticket_id = ANY($1::uuid[])"
ADVANCE = """UPDATE clocks c SET sequence = a.sequence
FROM unnest($1::uuid[], $2::int[]) AS a (ticket_id, sequence) WHERE c.ticket_id = a.ticket_id"""
# After `due_at` an act or a stop changes nothing: the owner of the act is asked instead.
SETTLE = """UPDATE deadlines d SET state = $5, act_at = CASE WHEN $6 THEN a.at END
FROM unnest($1::uuid[], $2::timestamptz[]) AS a (ticket_id, at)
WHERE d.ticket_id = a.ticket_id AND d.step = ANY($3::text[]) AND d.state = ANY($4::text[])
    AND d.due_at >= a.at"""
START = """INSERT INTO deadlines (ticket_id, step, version, due_at, warn_at, next_at, state, rule,
    source, provisional)
SELECT s.ticket_id, s.step, 1 + coalesce((SELECT max(d.version) FROM deadlines d
        WHERE d.ticket_id = s.ticket_id AND d.step = s.step), 0),
    s.due_at, s.warn_at, s.warn_at, $8, s.rule, s.source, s.provisional
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[],
    $7::bool[]) AS s (ticket_id, step, due_at, warn_at, rule, source, provisional)"""
JUDGE = """UPDATE deadlines d SET state = j.state, act_at = j.act_at
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::timestamptz[])
    AS j (ticket_id, step, version, state, act_at)
WHERE d.ticket_id = j.ticket_id AND d.step = j.step AND d.version = j.version AND d.state = $6
RETURNING d.ticket_id, d.step, d.version, d.due_at, d.act_at, d.rule, d.source, d.state,
    coalesce($7::timestamptz, clock_timestamp()) AS now"""
# One plan, kept, that looks each row up: one made while a table is small must not scan it later.
LOOK_UP = """SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off"""
# `coalesce` in a subquery is computed once, so that the index can look for its value.
CLAIM = """WITH ready AS MATERIALIZED (
    SELECT d.ticket_id, d.step, d.version, d.due_at, d.next_at, c.sequence
    FROM deadlines d JOIN clocks c USING (ticket_id)
    WHERE d.state = 'running' AND d.next_at <= (SELECT coalesce($1::timestamptz, clock_timestamp()))
    ORDER BY d.next_at LIMIT $2
    FOR NO KEY UPDATE OF d, c SKIP LOCKED
), numbered AS MATERIALIZED (
    SELECT r.ticket_id, r.step, r.version, r.due_at, t.now, r.due_at <= t.now AS is_due,
        (r.sequence + row_number() OVER (PARTITION BY r.ticket_id
            ORDER BY r.next_at, r.step, r.version))::int AS sequence
    FROM ready r, (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now) t
), marked AS (
    UPDATE deadlines d SET next_at = n.due_at,
        state = CASE WHEN n.is_due THEN 'asked' ELSE 'running' END,
        asked_at = CASE WHEN n.is_due THEN n.now END
    FROM numbered n
    WHERE d.ticket_id = n.ticket_id AND d.step = n.step AND d.version = n.version
), advanced AS (
    UPDATE clocks c SET sequence = n.sequence
    FROM (SELECT ticket_id, max(sequence) AS sequence FROM numbered GROUP BY ticket_id) n
    WHERE c.ticket_id = n.ticket_id
)
SELECT ticket_id, step, version, due_at, sequence, now, is_due FROM numbered
ORDER BY ticket_id, sequence"""

JUDGED = {Verdict.MET: News.JUDGED_MET, Verdict.MISSED: News.JUDGED_MISSED}


class NewClock(NamedTuple):
    """A ticket that was accepted."""

    ticket_id: UUID
    jurisdiction: str
    request_type: str
    urgency: str
    is_enforcement: bool
    policy: str
    accepted_at: datetime


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


class Judgement(NamedTuple):
    """The owner's answer to `deadline.reached`."""

    ticket_id: UUID
    step: Step
    version: int
    verdict: Verdict
    act_at: datetime | None
    traceparent: str | None


class LockedClock(NamedTuple):
    """A ticket's clock, locked until the commit."""

    ticket_id: UUID
    request_type: str
    urgency: str
    is_enforcement: bool
    policy: str
    signed_at: datetime | None
    sequence: int


async def lock_clocks(
    connection: Connection, ticket_ids: Sequence[UUID]
) -> dict[UUID, LockedClock]:
    """Lock the clocks of some tickets, by id. Raises `Wait` where a ticket was not heard of."""
    rows = await connection.fetch(LOCK_CLOCKS, ticket_ids)
    clocks = {row["ticket_id"]: LockedClock(*row) for row in rows}
    for ticket_id in ticket_ids:
        if ticket_id not in clocks:
            raise Wait(f"ticket {ticket_id} was not heard of")
    return clocks


async def open_clocks(connection: Connection, clocks: Sequence[NewClock]) -> None:
    """Begin to keep the time of tickets."""
    await connection.execute(OPEN_CLOCKS, *_columns(clocks))


async def start_deadlines(connection: Connection, starts: Sequence[tuple[UUID, Start]]) -> None:
    """Let deadlines run, each as the next version of its step. Hold the locks on the clocks."""
    if not starts:
        return
    await connection.execute(
        START,
        [ticket_id for ticket_id, _ in starts],
        [start.step for _, start in starts],
        [start.due_at for _, start in starts],
        [start.warn_at for _, start in starts],
        [start.rule for _, start in starts],
        [start.source for _, start in starts],
        [start.provisional for _, start in starts],
        DeadlineState.RUNNING,
    )


async def settle(
    connection: Connection, news: News, steps: Sequence[Step], happened: Sequence[Done]
) -> None:
    """Let acts or stops end the deadlines of `steps` that are not over. Hold the clocks' locks."""
    (target,) = set(TRANSITIONS[news].values())
    await connection.execute(
        SETTLE,
        *_columns(happened),
        steps,
        list(TRANSITIONS[news]),
        target,
        news is News.DONE,
    )


async def record_dispatches(connection: Connection, dispatches: Sequence[Dispatch]) -> None:
    """Note unit and round; the round's signature and reply are yet to come."""
    await connection.execute(RECORD_DISPATCH, *_columns(dispatches))


async def record_signatures(connection: Connection, signed: Sequence[Done]) -> None:
    """Note when the unit of this round first answered."""
    await connection.execute(RECORD_SIGNATURE, *_columns(signed))


async def record_replies(connection: Connection, replied: Sequence[Done]) -> None:
    """Note when the checked reply left."""
    await connection.execute(RECORD_REPLY, *_columns(replied))


async def record_redos(connection: Connection, ticket_ids: Sequence[UUID]) -> None:
    """Note that the unit must reply again."""
    await connection.execute(RECORD_REDO, ticket_ids)


async def release_units(connection: Connection, ticket_ids: Sequence[UUID]) -> None:
    """Note that tickets are no longer their units' own."""
    await connection.execute(RELEASE_UNIT, ticket_ids)


async def close_clocks(connection: Connection, ticket_ids: Sequence[UUID]) -> None:
    """Note that tickets have ended here."""
    await connection.execute(CLOSE_CLOCKS, ticket_ids)


async def judge(
    connection: Connection,
    judgements: Sequence[Judgement],
    clocks: Mapping[UUID, LockedClock],
    *,
    source: str,
    now: datetime | None,
) -> None:
    """Believe the owners of the acts, where the version still holds, and say what is overdue (C3).

    Takes one judgement a ticket. An answer that comes again, or too late, changes nothing.
    """
    (asked,) = TRANSITIONS[News.JUDGED_MISSED]
    rows = await connection.fetch(
        JUDGE,
        [judgement.ticket_id for judgement in judgements],
        [judgement.step for judgement in judgements],
        [judgement.version for judgement in judgements],
        [TRANSITIONS[JUDGED[judgement.verdict]][asked] for judgement in judgements],
        [judgement.act_at for judgement in judgements],
        asked,
        now,
    )
    traces = {judgement.ticket_id: judgement.traceparent for judgement in judgements}
    events: list[Event[Payload]] = [
        Event(
            source=source,
            subject=str(row["ticket_id"]),
            sequence=clocks[row["ticket_id"]].sequence + 1,
            time=row["now"],
            data=TicketOverdue(
                step=row["step"],
                version=row["version"],
                due_at=row["due_at"],
                act_at=row["act_at"],
                rule=row["rule"],
                source_article=row["source"],
            ),
            traceparent=traces[row["ticket_id"]],
        )
        for row in rows
        if row["state"] == DeadlineState.OVERDUE
    ]
    await _say(connection, events)


async def claim_due(
    connection: Connection, *, source: str, now: datetime | None, limit: int
) -> int:
    """Take up to `limit` deadlines whose moment has come: warn, or ask the owner of the act.

    Returns how many. Any number of workers may claim at once: each takes what no other holds.
    """
    await connection.execute(LOOK_UP)
    rows = await connection.fetch(CLAIM, now, limit)
    events: list[Event[Payload]] = []
    for ticket_id, step, version, due_at, sequence, at, is_due in rows:
        said = DeadlineReached if is_due else TicketDueSoon
        payload = said(step=step, version=version, due_at=due_at)
        events.append(Event(source, str(ticket_id), sequence, at, payload))
    await outbox.add_many(connection, events)
    return len(rows)


async def _say(connection: Connection, events: Sequence[Event[Payload]]) -> None:
    if events:
        await connection.execute(
            ADVANCE,
            [UUID(event.subject) for event in events],
            [event.sequence for event in events],
        )
        await outbox.add_many(connection, events)


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """Rows as a list for each column, as `unnest` takes them."""
    return [list(column) for column in zip(*rows, strict=True)]
