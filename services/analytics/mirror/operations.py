"""What is done to mirrored tickets: set-based, in the batch's transaction, in whatever order."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from services.analytics.rules import CHANGES, FIRST, Change, moves_a_ticket, new_fact
from shared.database import Connection
from shared.events.catalogue import PAYLOADS
from shared.events.envelope import Event
from shared.events.gateway import MessageReceived
from shared.inbox import Heard

BEGIN = """INSERT INTO mirrored_tickets AS t (platform, id, number, jurisdiction, request_type,
    urgency, channel, category, state, state_before, day, filed_at, closed_at, is_solved,
    has_origin, sequence)
SELECT platform, id, number, jurisdiction, request_type, urgency, channel, category, state, state,
    day, filed_at, closed_at, is_solved, has_origin, sequence
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::date[], $11::timestamptz[], $12::timestamptz[], $13::bool[],
    $14::bool[], $15::int[])
    AS g (platform, id, number, jurisdiction, request_type, urgency, channel, category, state, day,
        filed_at, closed_at, is_solved, has_origin, sequence)
ON CONFLICT (platform, id) DO UPDATE SET number = excluded.number,
    jurisdiction = excluded.jurisdiction, channel = excluded.channel, day = excluded.day,
    filed_at = excluded.filed_at, has_origin = excluded.has_origin,
    request_type = coalesce(t.request_type, excluded.request_type),
    urgency = coalesce(t.urgency, excluded.urgency),
    category = coalesce(t.category, excluded.category),
    state = coalesce(t.state, excluded.state),
    state_before = coalesce(t.state_before, excluded.state_before),
    closed_at = coalesce(t.closed_at, excluded.closed_at),
    is_solved = coalesce(t.is_solved, excluded.is_solved),
    sequence = greatest(t.sequence, excluded.sequence)"""
MAKE = """INSERT INTO mirrored_tickets (platform, id)
SELECT DISTINCT * FROM unnest($1::text[], $2::uuid[]) ON CONFLICT DO NOTHING"""
COLUMNS = {
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
    "satisfaction": "text",
    "is_solved": "bool",
}
_PLACES = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(COLUMNS.values(), start=4))


def _newest(name: str, *, but: str | None = None) -> str:
    """What a column becomes: a newer message says so, an older one fills what nobody has said."""
    newer = f"coalesce(g.{name}, t.{name})"
    if but is not None:
        newer = f"CASE WHEN g.{but} THEN NULL ELSE {newer} END"
    return f"{name} = CASE WHEN g.is_newer THEN {newer} ELSE coalesce(t.{name}, g.{name}) END"


CHANGE = f"""UPDATE mirrored_tickets t SET
    state_before = CASE WHEN g.is_newer AND g.state IS NOT NULL THEN t.state
        ELSE t.state_before END,
    state = CASE WHEN NOT g.is_newer THEN t.state WHEN g.is_state_restored THEN t.state_before
        ELSE coalesce(g.state, t.state) END,
    {", ".join(_newest(name) for name in ("unit", "request_type", "urgency", "category"))},
    {_newest("dispatched_at")}, {_newest("signed_at", but="is_anew")},
    {_newest("replied_at", but="is_redone")}, {_newest("closed_at", but="is_redone")},
    {_newest("satisfaction")}, {_newest("is_solved")},
    sequence = greatest(t.sequence, g.sequence)
FROM (SELECT w.*, w.sequence > m.sequence AS is_newer
    FROM unnest($1::text[], $2::uuid[], $3::int[], {_PLACES})
        AS w (platform, id, sequence, {", ".join(COLUMNS)})
    JOIN mirrored_tickets m USING (platform, id)) g
WHERE (t.platform, t.id) = (g.platform, g.id)"""


class Told(NamedTuple):
    """What a message tells of a ticket: the ticket, and the event as its own platform said it."""

    platform: str
    ticket_id: UUID
    event: Event[Any]


async def mirror(heard: Heard, events: Sequence[Event[MessageReceived]]) -> None:
    """Keep what messages tell of tickets; what is no ticket's is stored alone."""
    told = [one for event in events if (one := _told(event.data)) is not None]
    await _begin(heard.connection, [one for one in told if type(one.event.data) in FIRST])
    await _change(
        heard.connection,
        [
            (one, CHANGES[type(one.event.data)](one.event))
            for one in told
            if type(one.event.data) in CHANGES and moves_a_ticket(one.event)
        ],
    )


def _told(message: MessageReceived) -> Told | None:
    body = orjson.loads(message.body)
    payload = PAYLOADS.get(body["type"])
    if payload is None or (payload not in FIRST and payload not in CHANGES):
        return None
    assert message.subject is not None, "every message has its subject"
    assert message.sequence is not None, "every message has its sequence"
    assert message.sent_at is not None, "every message has its time"
    data = payload.model_validate(body["data"])
    event = Event("", message.subject, message.sequence, message.sent_at, data)
    return Told(message.from_platform, UUID(message.subject), event)


async def _begin(connection: Connection, told: Sequence[Told]) -> None:
    rows = []
    for one in told:
        fact, data = new_fact(one.event), one.event.data
        rows.append(
            (
                *(one.platform, one.ticket_id, data.number, fact.jurisdiction, fact.request_type),
                *(fact.urgency, fact.channel, fact.category, fact.state, fact.day, fact.at),
                *(fact.closed_at, fact.is_solved, data.origin is not None, one.event.sequence),
            )
        )
    if rows:
        await connection.execute(BEGIN, *map(list, zip(*rows, strict=True)))


async def _change(connection: Connection, changes: Sequence[tuple[Told, Change]]) -> None:
    if not changes:
        return
    places = ([one.platform for one, _ in changes], [one.ticket_id for one, _ in changes])
    await connection.execute(MAKE, *places)
    await connection.execute(
        CHANGE,
        *places,
        [one.event.sequence for one, _ in changes],
        *([getattr(change, name) for _, change in changes] for name in COLUMNS),
    )
