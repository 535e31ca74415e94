"""What settles orders from outside: an act that was done after all, a ticket that was erased."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.sla.operations import columns
from services.sla.orders.operations import NOW, lock_orders
from services.sla.orders.rules import SYSTEM, OrderAct, OrderState
from shared import outbox
from shared.database import Connection
from shared.events.envelope import Event, Payload
from shared.events.sla import OrderAnswered
from shared.events.words import Step

HAS_REMINDER = """SELECT EXISTS (SELECT FROM orders
WHERE ticket_id = ANY($1::uuid[]) AND kind = 'reminder' AND state = 'issued')"""
FULFIL = """UPDATE orders o SET state = $6, answer = a.text, answered_by = $7,
    answered_at = a.at, is_late = a.at > o.due_at, is_overdue = o.is_overdue AND a.at > o.due_at,
    sequence = o.sequence + 1, history = o.history || jsonb_build_object('act', $8::text,
        'at', a.at, 'by', $7::text, 'text', a.text)
FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[])
    AS a (ticket_id, at, steps, text, traceparent)
WHERE o.ticket_id = a.ticket_id AND o.kind = 'reminder' AND o.state = 'issued'
    AND o.step = ANY(string_to_array(a.steps, ' '))
RETURNING o.id, o.number, o.unit, o.answer, o.answered_at, o.is_late, o.sequence, a.traceparent"""
# News of an act in time came after the look: what was only drafted on the ground of its lack.
TAKE_BACK = """UPDATE orders SET state = $2, history = history || jsonb_build_object(
    'act', $3::text, 'at', $4::timestamptz, 'by', $5::text, 'text', $6::text)
WHERE parent_id = ANY($1::uuid[]) AND state = 'draft'"""
# What people wrote about a ticket may repeat its words.
ERASE = """UPDATE orders SET evidence = evidence - 'statement' #- '{order,outcome}',
    grounds = CASE WHEN evidence ?| '{statement,order}' THEN split_part(grounds, E'\\n', 1)
        ELSE grounds END,
    answer = CASE WHEN answer IS NOT NULL THEN $2 END,
    history = (SELECT jsonb_agg(CASE WHEN one ->> 'by' = $3 OR one ->> 'act' IN ('draft', 'sign')
        THEN one ELSE one || jsonb_build_object('text', $2::text) END ORDER BY nth)
        FROM jsonb_array_elements(history) WITH ORDINALITY AS h (one, nth))
WHERE ticket_id = ANY($1::uuid[])"""
ERASED = "（内容已删除）"


class Fulfilment(NamedTuple):
    """An act that settles the reminders of some steps of a ticket."""

    ticket_id: UUID
    at: datetime
    steps: Sequence[Step]
    text: str
    traceparent: str | None


async def fulfil_reminders(
    connection: Connection, acts: Sequence[Fulfilment], *, source: str, now: datetime | None
) -> None:
    """Settle the reminders of what was done meanwhile.

    Where it was done in time and the news came late, what was drafted for its lack is dropped.
    """
    if not await connection.fetchval(HAS_REMINDER, [act.ticket_id for act in acts]):
        return
    await lock_orders(connection)
    asked = [
        (act.ticket_id, act.at, " ".join(act.steps), act.text, act.traceparent) for act in acts
    ]
    rows = await connection.fetch(
        FULFIL, *columns(asked), OrderState.ACCEPTED, SYSTEM, OrderAct.FULFIL
    )
    in_time = [row["id"] for row in rows if not row["is_late"]]
    if in_time:
        at = await connection.fetchval(NOW, now)
        reason = "承办单位已按时完成"
        await connection.execute(
            TAKE_BACK, in_time, OrderState.DROPPED, OrderAct.DROP, at, SYSTEM, reason
        )
    said: list[Event[Payload]] = [
        Event(
            source=source,
            subject=str(row["id"]),
            sequence=row["sequence"],
            time=row["answered_at"],
            data=OrderAnswered(
                number=row["number"],
                text=row["answer"],
                unit=row["unit"],
                is_late=row["is_late"],
                answered_by=SYSTEM,
            ),
            traceparent=row["traceparent"],
        )
        for row in rows
    ]
    await outbox.add_many(connection, said)


async def erase_words(connection: Connection, ticket_ids: Sequence[UUID]) -> None:
    """Remove what people wrote in orders about tickets; that there were orders stays."""
    await lock_orders(connection)
    await connection.execute(ERASE, ticket_ids, ERASED, SYSTEM)
