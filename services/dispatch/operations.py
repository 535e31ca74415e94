"""What dispatch answers to ratings and screenings: those that close a ticket."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.dispatch.rules import SYSTEM, TRANSITIONS
from services.dispatch.timeline.operations import (
    Entry,
    Locked,
    entry_of,
    lock_tickets,
    time_of_batch,
    write_entries,
)
from shared import outbox
from shared.events.callers import TicketScreened
from shared.events.dispatch import TicketClosed
from shared.events.envelope import Event, Payload
from shared.events.intake import TicketRated
from shared.events.words import Act, CloseReason, State
from shared.inbox import Heard

CLOSE = """UPDATE tickets SET sequence = sequence + 1, state = $2, closed_at = $3
WHERE id = ANY($1::uuid[]) RETURNING id, sequence"""


async def take_ratings(heard: Heard, events: Sequence[Event[TicketRated]], *, source: str) -> None:
    """Write ratings down, and close the replied tickets whose rating closes them (ZY 14.1).

    A rating that comes in any other state, or about an earlier reply, closes nothing. Raises
    `Wait` for an unknown ticket.
    """
    tickets = await lock_tickets(heard, events)
    reasons = {
        UUID(event.subject): event.data.closes
        for event in events
        if event.data.closes and _is_open(tickets[UUID(event.subject)], event.data.reply)
    }
    await _close(heard, events, tickets, reasons=reasons, source=source)


async def take_screenings(
    heard: Heard, events: Sequence[Event[TicketScreened]], *, source: str
) -> None:
    """Write decisions of screenings down, and close the tickets that were screened (ZY 14.2).

    A redo goes first: then the ticket is handled again, and nothing closes. Raises `Wait` for an
    unknown ticket.
    """
    tickets = await lock_tickets(heard, events)
    reasons = {
        UUID(event.subject): CloseReason.SCREENED
        for event in events
        if event.data.is_granted and _is_open(tickets[UUID(event.subject)], event.data.reply)
    }
    await _close(heard, events, tickets, reasons=reasons, source=source)


def _is_open(ticket: Locked, reply: int | None) -> bool:
    """Whether a ticket waits for its caller's word, and the word is about its last reply."""
    is_about_last = reply is None or reply == ticket.replies
    return is_about_last and ticket.state is State.REPLIED


async def _close(
    heard: Heard,
    events: Sequence[Event[Payload]],
    tickets: Mapping[UUID, Locked],
    *,
    reasons: Mapping[UUID, CloseReason],
    source: str,
) -> None:
    at = await time_of_batch(heard)
    closed = TRANSITIONS[State.REPLIED, Act.CLOSE]
    rows = await heard.connection.fetch(CLOSE, list(reasons), closed, at)
    sequences = {row["id"]: row["sequence"] for row in rows}
    said, entries = list[Event[Payload]](), [entry_of(event) for event in events]
    for event in events:
        ticket = tickets[UUID(event.subject)]
        reason = reasons.get(ticket.id)
        if reason is None:
            continue
        assert ticket.unit is not None, "a replied ticket has a unit"
        data = TicketClosed(unit=ticket.unit, reason=reason)
        sequence = sequences[ticket.id]
        said.append(Event(source, event.subject, sequence, at, data, event.traceparent))
        entries.append(Entry(ticket.id, data.type, at, SYSTEM, detail={"reason": reason}))
    await write_entries(heard, entries)
    await outbox.add_many(heard.connection, said)
