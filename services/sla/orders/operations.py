"""What raises orders and lets them take effect by themselves; set-based, on asyncpg.

Whoever writes orders or what they are counted from takes one lock first. So the ladder is only
climbed, numbers have no gap, and no order is raised twice, however many workers there are.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from services.sla.operations import columns
from services.sla.orders.rules import (
    SYSTEM,
    Cause,
    Kept,
    OrderAct,
    OrderState,
    Raised,
    climb,
    due_of,
)
from shared import outbox
from shared.calendars import local
from shared.database import Connection
from shared.events.envelope import Event, Payload
from shared.events.sla import OrderIssued
from shared.events.words import OrderKind, Step
from shared.jurisdictions import office_of
from shared.policy.law import Law
from shared.policy.supervision import ground_after

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('orders', 0))"
NOW = "SELECT coalesce($1::timestamptz, clock_timestamp())"
FIND_KEPT = """SELECT unit, matter, rule, kind, state, drafted_at FROM orders
JOIN unnest($1::text[], $2::text[]) AS w (unit, matter) USING (unit, matter)"""
# Where an order on the ground is open, nothing more is due, and nothing need be counted.
FIND_COUNTED = """SELECT CASE WHEN count(o.id) FILTER (WHERE o.state IN ('draft', 'issued',
        'answered')) = 0 THEN coalesce(max(o.counted_to), 0) END AS counted_to
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS w (unit, matter, rule, n)
LEFT JOIN orders o USING (unit, matter, rule) GROUP BY w.n ORDER BY w.n"""
TAKE_SERIALS = """INSERT INTO order_serials AS s (office, kind, year, last)
SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::int[])
ON CONFLICT (office, kind, year) DO UPDATE SET last = s.last + excluded.last
RETURNING office, kind, year, last"""
INSERT = """INSERT INTO orders (id, jurisdiction, office, policy, kind, rule, unit, ticket_id,
    matter, step, parent_id, grounds, source, evidence, counted_to, state, drafted_at, drafted_by,
    number, signed_by, signed_at, due_at, history, sequence, handled_in)
SELECT d.*, (SELECT c.handled_in FROM clocks c WHERE c.ticket_id = d.ticket_id)
FROM jsonb_to_recordset($1::jsonb) AS d (id uuid, jurisdiction text, office text,
    policy text, kind text, rule text, unit text, ticket_id uuid, matter text, step text,
    parent_id uuid, grounds text, source text, evidence jsonb, counted_to bigint, state text,
    drafted_at timestamptz, drafted_by text, number text, signed_by text, signed_at timestamptz,
    due_at timestamptz, history jsonb, sequence int)"""
IS_ANY_LATE = """SELECT EXISTS (SELECT FROM orders WHERE state = 'issued' AND NOT is_overdue
    AND due_at < (SELECT coalesce($1::timestamptz, clock_timestamp())))"""
MARK_LATE = """WITH late AS MATERIALIZED (
    SELECT id FROM orders WHERE state = 'issued' AND NOT is_overdue AND due_at < $1
    ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
UPDATE orders o SET is_overdue = true, history = history || jsonb_build_object('act', 'expire',
    'at', $1::timestamptz, 'by', $3::text, 'text', '逾期未反馈')
FROM late WHERE o.id = late.id RETURNING o.*"""
OUTCOME_LATE = "到期未反馈"


async def lock_orders(connection: Connection) -> None:
    """Let nobody else write orders before our commit."""
    await connection.execute(LOCK)


async def find_counted(
    connection: Connection, grounds: Sequence[tuple[str, str, str]]
) -> list[int | None]:
    """Up to which incident orders have counted, for units, matters and rules; 0 where none has.

    None where such an order is open: then there is nothing to count.
    """
    if not grounds:
        return []
    rows = await connection.fetch(FIND_COUNTED, *columns(grounds))
    return [row["counted_to"] for row in rows]


async def raise_orders(
    connection: Connection, causes: Sequence[Cause], law: Law, *, source: str, now: datetime | None
) -> list[UUID]:
    """Draft the orders that are due, and issue reminders at once; returns the orders' ids (C5)."""
    if not causes:
        return []
    await lock_orders(connection)
    pairs = sorted({(cause.unit, cause.matter) for cause in causes})
    kept = [Kept(*row) for row in await connection.fetch(FIND_KEPT, *columns(pairs))]
    at: datetime = await connection.fetchval(NOW, now)
    raised = climb(causes, kept, at=at)
    if not raised:
        return []
    rows = [_drafted(one, at) for one in raised]
    reminders = [
        (row, one)
        for row, one in zip(rows, raised, strict=True)
        if one.rung.kind is OrderKind.REMINDER
    ]
    numbers = await _take_numbers(connection, reminders, at)
    said = [
        _issue(row, one, number, law, source=source, at=at)
        for (row, one), number in zip(reminders, numbers, strict=True)
    ]
    await connection.execute(INSERT, orjson.dumps(rows, default=str).decode())
    await outbox.add_many(connection, said)
    return [row["id"] for row in rows]


async def is_any_late(connection: Connection, *, now: datetime | None) -> bool:
    """Whether an order's time is over without an answer; looks at an index alone."""
    return bool(await connection.fetchval(IS_ANY_LATE, now))


async def mark_late(
    connection: Connection, law: Law, *, source: str, now: datetime | None, limit: int
) -> int:
    """Mark unanswered orders late, once, and draft what the pack then asks for; how many.

    The ladder's next rung is drafted on the pack's ground for it (ZY 26.4), if it has one.
    """
    await lock_orders(connection)
    at: datetime = await connection.fetchval(NOW, now)
    rows = await connection.fetch(MARK_LATE, at, limit, SYSTEM)
    found = [unanswered(dict(row), law, outcome=OUTCOME_LATE) for row in rows]
    causes = [cause for cause in found if cause is not None]
    await raise_orders(connection, causes, law, source=source, now=now)
    return len(rows)


def unanswered(order: Mapping[str, Any], law: Law, *, outcome: str) -> Cause | None:
    """Why the next rung is due after an order, a row of the table; none where the pack has none."""
    pack = law.pack(order["policy"])
    assert pack is not None, "a pack is never forgotten"
    ground = ground_after(pack.supervision, OrderKind(order["kind"]))
    if ground is None:
        return None
    return Cause(
        pack=pack,
        ground=ground,
        unit=order["unit"],
        matter=order["matter"],
        jurisdiction=order["jurisdiction"],
        evidence={
            "order": {
                "id": str(order["id"]),
                "number": order["number"],
                "due_at": order["due_at"].isoformat(),
                "outcome": outcome,
            }
        },
        ticket_id=order["ticket_id"],
        step=None if order["step"] is None else Step(order["step"]),
        parent_id=order["id"],
    )


def _drafted(raised: Raised, at: datetime) -> dict[str, Any]:
    """An order as a row of the table, before it takes effect."""
    cause = raised.cause
    return {
        "id": uuid7(),
        "jurisdiction": cause.jurisdiction,
        "office": office_of(cause.jurisdiction),
        "policy": cause.pack.content_hash,
        "kind": raised.rung.kind,
        "rule": cause.ground.code,
        "unit": cause.unit,
        "ticket_id": cause.ticket_id,
        "matter": cause.matter,
        "step": cause.step,
        "parent_id": cause.parent_id,
        "grounds": raised.grounds,
        "source": raised.source,
        "evidence": cause.evidence,
        "counted_to": cause.counted_to,
        "state": OrderState.DRAFT,
        "drafted_at": at,
        "drafted_by": cause.raised_by,
        "history": [
            {"act": "draft", "at": at, "by": cause.raised_by, "text": cause.ground.says.text}
        ],
        "sequence": 0,
    }


async def _take_numbers(
    connection: Connection, reminders: Sequence[tuple[dict[str, Any], Raised]], at: datetime
) -> list[str]:
    year = local(at).year
    wanted: dict[tuple[str, str], int] = {}
    for row, _ in reminders:
        wanted[row["office"], row["kind"]] = wanted.get((row["office"], row["kind"]), 0) + 1
    taken = [(office, kind, year, count) for (office, kind), count in sorted(wanted.items())]
    rows = await connection.fetch(TAKE_SERIALS, *columns(taken)) if taken else []
    last = {(row["office"], row["kind"]): row["last"] for row in rows}
    numbers = []
    for row, one in reminders:
        key = row["office"], row["kind"]
        numbers.append(one.rung.number.fill(year, last[key] - wanted[key] + 1))
        wanted[key] -= 1
    return numbers


def _issue(
    row: dict[str, Any], raised: Raised, number: str, law: Law, *, source: str, at: datetime
) -> Event[Payload]:
    """Let a drafted row take effect by itself; what is said of it."""
    due_at = due_of(raised.cause.pack, raised.rung, law.calendar(row["jurisdiction"]), at)
    row |= {"state": OrderState.ISSUED, "number": number, "signed_by": SYSTEM, "signed_at": at}
    row |= {"due_at": due_at, "sequence": 1}
    row["history"].append({"act": OrderAct.SIGN, "at": at, "by": SYSTEM, "text": number})
    return Event(
        source=source,
        subject=str(row["id"]),
        sequence=1,
        time=at,
        data=OrderIssued(
            number=number,
            kind=row["kind"],
            unit=row["unit"],
            due_at=due_at,
            jurisdiction=row["jurisdiction"],
            ticket_id=row["ticket_id"],
            step=row["step"],
            rule=row["rule"],
            grounds=row["grounds"],
            source_article=row["source"],
            signed_by=SYSTEM,
        ),
        traceparent=raised.cause.traceparent,
    )
