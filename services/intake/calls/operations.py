"""Taking calls in: the record, the hour's figures and the event in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from services.intake.calls.rules import Call, is_quick_hangup
from shared import outbox
from shared.database import Connection
from shared.events.envelope import Event, Payload
from shared.events.intake import CallRecorded
from shared.policy.law import Law
from shared.telemetry import current_traceparent

NOW = "SELECT coalesce($1::timestamptz, clock_timestamp())"
KEEP = """INSERT INTO calls (id, jurisdiction, ref, queued_at, answered_at, ended_at, agent,
    seat_kind, subcenter, is_transferred, is_three_way, ticket_id, is_quick_hangup)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[],
    $6::timestamptz[], $7::text[], $8::text[], $9::text[], $10::bool[], $11::bool[], $12::uuid[],
    $13::bool[])
ON CONFLICT (jurisdiction, ref) DO NOTHING RETURNING id"""
FIND = """SELECT c.id, c.jurisdiction, c.ref
FROM unnest($1::text[], $2::text[]) AS w (jurisdiction, ref)
JOIN calls c USING (jurisdiction, ref)"""
# Hours are locked in one order, so that two batches never wait for each other.
COUNT = """INSERT INTO call_hours AS h (jurisdiction, hour, seat_kind, subcenter, queued, answered,
    quick_hangups, transferred, three_way, waited_seconds)
SELECT jurisdiction, date_trunc('hour', queued_at), seat_kind, coalesce(subcenter, ''),
    count(*), count(answered_at), count(*) FILTER (WHERE is_quick_hangup),
    count(*) FILTER (WHERE is_transferred), count(*) FILTER (WHERE is_three_way),
    coalesce(sum(extract(epoch FROM coalesce(answered_at, ended_at) - queued_at)::int)
        FILTER (WHERE NOT is_quick_hangup), 0)
FROM calls WHERE id = ANY($1::uuid[]) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (jurisdiction, hour, seat_kind, subcenter) DO UPDATE SET
    queued = h.queued + excluded.queued, answered = h.answered + excluded.answered,
    quick_hangups = h.quick_hangups + excluded.quick_hangups,
    transferred = h.transferred + excluded.transferred,
    three_way = h.three_way + excluded.three_way,
    waited_seconds = h.waited_seconds + excluded.waited_seconds"""


class Recorded(NamedTuple):
    """A call's id, and whether it came for the first time."""

    id: UUID
    is_new: bool


async def record_calls(
    connection: Connection, calls: Sequence[Call], *, law: Law, source: str, now: datetime | None
) -> list[Recorded]:
    """Record calls and say so; one that came before is found by its own id, and counts once."""
    if not calls:
        return []
    first = {(call.jurisdiction, call.ref): call for call in reversed(calls)}
    made = {key: uuid7() for key in first}
    quick = {key: _is_quick(call, law) for key, call in first.items()}
    rows = [(made[key], *_columns(call), quick[key]) for key, call in sorted(first.items())]
    new = {row["id"] for row in await connection.fetch(KEEP, *zip(*rows, strict=True))}
    await connection.execute(COUNT, list(new))
    at = await connection.fetchval(NOW, now)
    said: list[Event[Payload]] = [
        Event(source, str(made[key]), 1, at, _said(call, quick[key]), current_traceparent())
        for key, call in first.items()
        if made[key] in new
    ]
    await outbox.add_many(connection, said)
    found = await connection.fetch(FIND, *map(list, zip(*first, strict=True)))
    ids = {(row["jurisdiction"], row["ref"]): row["id"] for row in found}
    return [_recorded(call, ids, new) for call in calls]


def _recorded(call: Call, ids: dict[tuple[str, str], UUID], new: set[UUID]) -> Recorded:
    call_id = ids[call.jurisdiction, call.ref]
    is_new = call_id in new
    new.discard(call_id)
    return Recorded(call_id, is_new)


def _is_quick(call: Call, law: Law) -> bool:
    pack = law.in_force(call.jurisdiction, call.queued_at)
    return is_quick_hangup(call, pack.calls.quick_hangup_seconds.value)


def _columns(call: Call) -> tuple[object, ...]:
    return (
        *(call.jurisdiction, call.ref, call.queued_at, call.answered_at, call.ended_at),
        *(call.agent, call.seat_kind, call.subcenter, call.is_transferred, call.is_three_way),
        call.ticket_id,
    )


def _said(call: Call, is_quick: bool) -> CallRecorded:
    return CallRecorded(
        jurisdiction=call.jurisdiction,
        queued_at=call.queued_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        agent=call.agent,
        seat_kind=call.seat_kind,
        is_transferred=call.is_transferred,
        is_three_way=call.is_three_way,
        subcenter=call.subcenter,
        ticket_id=call.ticket_id,
        is_quick_hangup=is_quick,
    )
