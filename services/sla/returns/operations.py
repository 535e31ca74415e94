"""Whether a return came in time, kept once for each round (ZY 13.2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.sla.operations import LockedClock
from services.sla.questions.operations import say_overdue
from services.sla.rules import DeadlineState, Start
from shared.database import Connection

# A round that had a return in time can still have a late one; a late one is said once.
KEEP = """INSERT INTO deadlines AS d (ticket_id, step, version, due_at, warn_at, next_at, state,
    rule, source, provisional, starts_at, act_at)
SELECT ticket_id, 'return', round, due_at, warn_at, due_at, state, rule, source, provisional,
    starts_at, act_at
FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[],
    $7::text[], $8::bool[], $9::timestamptz[], $10::timestamptz[])
    AS r (ticket_id, round, due_at, warn_at, state, rule, source, provisional, starts_at, act_at)
ON CONFLICT (ticket_id, step, version) DO UPDATE SET due_at = excluded.due_at,
    warn_at = excluded.warn_at, next_at = excluded.next_at, state = excluded.state,
    rule = excluded.rule, source = excluded.source, provisional = excluded.provisional,
    starts_at = excluded.starts_at, act_at = excluded.act_at
WHERE d.state = 'met' AND excluded.state = 'overdue'
RETURNING ticket_id, step, version, due_at, act_at, rule, source, state,
    coalesce($11::timestamptz, clock_timestamp()) AS now"""


class Return(NamedTuple):
    """A ticket came back, and the window that it should have used."""

    ticket_id: UUID
    round: int
    window: Start
    at: datetime
    traceparent: str | None


async def keep_windows(
    connection: Connection,
    returns: Sequence[Return],
    clocks: Mapping[UUID, LockedClock],
    *,
    source: str,
    now: datetime | None,
) -> None:
    """Keep the windows that were used, and say which were over: once for each round."""
    rows = await connection.fetch(
        KEEP,
        [one.ticket_id for one in returns],
        [one.round for one in returns],
        [one.window.due_at for one in returns],
        [one.window.warn_at for one in returns],
        [_state(one) for one in returns],
        [one.window.rule for one in returns],
        [one.window.source for one in returns],
        [one.window.provisional for one in returns],
        [one.window.starts_at for one in returns],
        [one.at for one in returns],
        now,
    )
    traces = {one.ticket_id: one.traceparent for one in returns}
    await say_overdue(connection, rows, clocks, traces, source=source)


def _state(one: Return) -> DeadlineState:
    return DeadlineState.OVERDUE if one.at > one.window.due_at else DeadlineState.MET
