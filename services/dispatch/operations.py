"""What dispatch answers to batches of events: ratings that close, and the clock that asks."""

from collections.abc import Sequence
from uuid import UUID

from services.dispatch.rules import JUDGED_EVENTS, SYSTEM, TRANSITIONS, Done, judge
from services.dispatch.timeline.operations import (
    Entry,
    entry_of,
    lock_tickets,
    time_of_batch,
    write_entries,
)
from shared import outbox
from shared.events.dispatch import DeadlineJudged, TicketClosed
from shared.events.envelope import Event, Payload
from shared.events.intake import TicketRated
from shared.events.sla import DeadlineReached
from shared.events.words import Act, State
from shared.inbox import Heard, Wait

COUNT_UP = """UPDATE tickets SET sequence = sequence + 1 WHERE id = ANY($1::uuid[])
RETURNING id, sequence"""
CLOSE = """UPDATE tickets SET sequence = sequence + 1, state = $2, closed_at = $3
WHERE id = ANY($1::uuid[]) RETURNING id, sequence"""
DONE = """SELECT ticket_id, event, at, round FROM timeline
WHERE ticket_id = ANY($1::uuid[]) AND event = ANY($2::text[]) ORDER BY ticket_id, position"""


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


async def judge_deadlines(
    heard: Heard, events: Sequence[Event[DeadlineReached]], *, source: str
) -> None:
    """Answer the clock under the lock that acts take too: an act and its judgement never cross.

    Raises `Wait` for an unknown ticket, and where the clock here has not come to `due_at` yet:
    the act could still be done in time.
    """
    await lock_tickets(heard, events)
    ids = [event.subject for event in events]
    done: dict[UUID, list[Done]] = {}
    for ticket_id, *act in await heard.connection.fetch(DONE, ids, JUDGED_EVENTS):
        done.setdefault(ticket_id, []).append(Done(*act))
    rows = await heard.connection.fetch(COUNT_UP, ids)
    sequences = {row["id"]: row["sequence"] for row in rows}
    at = await time_of_batch(heard)
    said = list[Event[Payload]]()
    for event in events:
        ticket_id, asked = UUID(event.subject), event.data
        judgement = judge(asked.step, asked.due_at, done.get(ticket_id, []))
        if judgement.act_at is None and at < asked.due_at:
            raise Wait(f"the clock here is before {asked.due_at}, when {asked.step} is due")
        data = DeadlineJudged(
            step=asked.step,
            version=asked.version,
            due_at=asked.due_at,
            verdict=judgement.verdict,
            act_at=judgement.act_at,
        )
        sequence = sequences[ticket_id]
        said.append(Event(source, event.subject, sequence, at, data, event.traceparent))
    await outbox.add_many(heard.connection, said)
