"""Warnings, questions to the owners of acts, and what their answers make of deadlines (C3)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from services.sla.operations import LockedClock, say
from services.sla.rules import TRANSITIONS, DeadlineState, News
from shared import outbox
from shared.database import Connection
from shared.events.envelope import Event, Payload
from shared.events.sla import DeadlineReached, TicketDueSoon, TicketOverdue
from shared.events.words import Step, Verdict

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
# `coalesce` in a subquery is computed once, so that the index can look for its value. What is due
# is asked for a moment later: until then the act can still be done in time.
CLAIM = """WITH ready AS MATERIALIZED (
    SELECT d.ticket_id, d.step, d.version, d.due_at, d.next_at, c.sequence
    FROM deadlines d JOIN clocks c USING (ticket_id)
    WHERE d.state = 'running' AND d.next_at <= (SELECT coalesce($1::timestamptz, clock_timestamp()))
    ORDER BY d.next_at LIMIT $2
    FOR NO KEY UPDATE OF d, c SKIP LOCKED
), numbered AS MATERIALIZED (
    SELECT r.ticket_id, r.step, r.version, r.due_at, t.now, r.due_at < t.now AS is_due,
        (r.sequence + row_number() OVER (PARTITION BY r.ticket_id
            ORDER BY r.next_at, r.step, r.version))::int AS sequence
    FROM ready r, (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now) t
), marked AS (
    UPDATE deadlines d SET next_at = n.due_at + interval '1 microsecond',
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
# While a deadline is asked, `next_at` is when to ask again, where that is later than the silence.
ASK_AGAIN = """WITH silent AS MATERIALIZED (
    SELECT d.ticket_id, d.step, d.version, d.due_at, c.sequence, t.now
    FROM (SELECT coalesce($1::timestamptz, clock_timestamp()) AS now) t, deadlines d
        JOIN clocks c USING (ticket_id)
    WHERE d.state = 'asked' AND d.next_at <= t.now
        AND d.asked_at < (SELECT coalesce($1::timestamptz, clock_timestamp()) - $2::interval)
    ORDER BY d.asked_at LIMIT $3
    FOR NO KEY UPDATE OF d, c SKIP LOCKED
), numbered AS MATERIALIZED (
    SELECT s.ticket_id, s.step, s.version, s.due_at, s.now,
        (s.sequence + row_number() OVER (PARTITION BY s.ticket_id
            ORDER BY s.step, s.version))::int AS sequence
    FROM silent s
), marked AS (
    UPDATE deadlines d SET next_at = n.now + $2::interval FROM numbered n
    WHERE d.ticket_id = n.ticket_id AND d.step = n.step AND d.version = n.version
), advanced AS (
    UPDATE clocks c SET sequence = n.sequence
    FROM (SELECT ticket_id, max(sequence) AS sequence FROM numbered GROUP BY ticket_id) n
    WHERE c.ticket_id = n.ticket_id
)
SELECT ticket_id, step, version, due_at, sequence, now FROM numbered ORDER BY ticket_id, sequence"""

JUDGED = {Verdict.MET: News.JUDGED_MET, Verdict.MISSED: News.JUDGED_MISSED}


class Judgement(NamedTuple):
    """The owner's answer to `deadline.reached`."""

    ticket_id: UUID
    step: Step
    version: int
    verdict: Verdict
    act_at: datetime | None
    traceparent: str | None


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


async def ask_again(
    connection: Connection, *, source: str, now: datetime | None, silence: timedelta, limit: int
) -> int:
    """Say `deadline.reached` again where no answer came for so long; returns how many.

    An owner that was restored from a backup may have lost the question. Each is asked again at
    most once in `silence`; answers beyond the first change nothing.
    """
    await connection.execute(LOOK_UP)
    rows = await connection.fetch(ASK_AGAIN, now, silence, limit)
    events: list[Event[Payload]] = []
    for ticket_id, step, version, due_at, sequence, at in rows:
        payload = DeadlineReached(step=step, version=version, due_at=due_at)
        events.append(Event(source, str(ticket_id), sequence, at, payload))
    await outbox.add_many(connection, events)
    return len(rows)


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
        [TRANSITIONS[_news(judgement)][asked] for judgement in judgements],
        [judgement.act_at for judgement in judgements],
        asked,
        now,
    )
    traces = {judgement.ticket_id: judgement.traceparent for judgement in judgements}
    await say_overdue(connection, rows, clocks, traces, source=source)


async def say_overdue(
    connection: Connection,
    rows: Sequence[Record],
    clocks: Mapping[UUID, LockedClock],
    traces: Mapping[UUID, str | None],
    *,
    source: str,
) -> None:
    """Say which of the judged deadlines are overdue; at most one a ticket."""
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
    await say(connection, events)


def _news(judgement: Judgement) -> News:
    """What an answer is to the clock; nobody is late with an answer that nobody owes (ZY 14.1)."""
    if judgement.step is Step.FOLLOW_UP and judgement.verdict is Verdict.MISSED:
        return News.JUDGED_LAPSED
    return JUDGED[judgement.verdict]
