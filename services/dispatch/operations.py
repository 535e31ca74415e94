"""What dispatch answers to ratings: those that close a ticket."""

from collections.abc import Sequence
from uuid import UUID

from services.dispatch.rules import SYSTEM, TRANSITIONS
from services.dispatch.timeline.operations import (
    Entry,
    entry_of,
    lock_tickets,
    time_of_batch,
    write_entries,
)
from shared import outbox
from shared.events.dispatch import TicketClosed
from shared.events.envelope import Event, Payload
from shared.events.intake import TicketRated
from shared.events.words import Act, State
from shared.inbox import Heard

CLOSE = """UPDATE tickets SET sequence = sequence + 1, state = $2, closed_at = $3
WHERE id = ANY($1::uuid[]) RETURNING id, sequence"""


async def take_ratings(heard: Heard, events: Sequence[Event[TicketRated]], *, source: str) -> None:
    """Write ratings down, and close the replied tickets whose rating closes them (ZY 14.1).

    A rating that comes in any other state closes nothing. Raises `Wait` for an unknown ticket.
    """
    tickets = await lock_tickets(heard, events)
    closing = [
        event
        for event in events
        if event.data.closes and (tickets[UUID(event.subject)].state, Act.CLOSE) in TRANSITIONS
    ]
    at = await time_of_batch(heard)
    rows = await heard.connection.fetch(
        CLOSE, [event.subject for event in closing], TRANSITIONS[State.REPLIED, Act.CLOSE], at
    )
    sequences = {row["id"]: row["sequence"] for row in rows}
    said, entries = list[Event[Payload]](), [entry_of(event) for event in events]
    for event in closing:
        ticket = tickets[UUID(event.subject)]
        assert event.data.closes is not None
        assert ticket.unit is not None, "a replied ticket has a unit"
        data = TicketClosed(unit=ticket.unit, reason=event.data.closes)
        sequence = sequences[ticket.id]
        said.append(Event(source, event.subject, sequence, at, data, event.traceparent))
        entries.append(Entry(ticket.id, data.type, at, SYSTEM, detail={"reason": data.reason}))
    await write_entries(heard, entries)
    await outbox.add_many(heard.connection, said)
