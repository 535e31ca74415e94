"""Saying many things of many tickets at once: in the timelines and to everybody."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.dispatch.timeline.operations import Entry, write_entries
from shared import outbox
from shared.events.dispatch import DispatchPayload
from shared.events.envelope import Event, Payload
from shared.inbox import Heard

COUNT_UP = """UPDATE tickets SET sequence = sequence + more
FROM (SELECT id, count(*)::int AS more FROM unnest($1::uuid[]) AS g (id) GROUP BY id) AS counted
WHERE tickets.id = counted.id RETURNING tickets.id, sequence - more AS before"""


class Said(NamedTuple):
    """One thing said of a ticket, and its line in the timeline."""

    ticket_id: UUID
    data: DispatchPayload
    by: str
    rule: str | None = None
    text: str | None = None
    detail: Mapping[str, Any] = {}
    traceparent: str | None = None


async def say_many(heard: Heard, said: Sequence[Said], *, source: str, at: datetime) -> None:
    """Say what happened, in the order given; hold the locks on the tickets' rows."""
    if not said:
        return
    rows = await heard.connection.fetch(COUNT_UP, [one.ticket_id for one in said])
    last: dict[UUID, int] = {row["id"]: row["before"] for row in rows}
    events = list[Event[Payload]]()
    for one in said:
        last[one.ticket_id] += 1
        sequence = last[one.ticket_id]
        events.append(Event(source, str(one.ticket_id), sequence, at, one.data, one.traceparent))
    await write_entries(
        heard,
        [
            Entry(one.ticket_id, one.data.type, at, one.by, one.rule, one.text, one.detail)
            for one in said
        ],
    )
    await outbox.add_many(heard.connection, events)
