"""Taking corrections of requests: what judging and answers look at, and whom the matter is for."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.dispatch.directory.rules import Book, Duty, Question, is_off_duty, match
from services.dispatch.models import RETURN_EVENTS
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
from shared.events.dispatch import TicketDispatched
from shared.events.envelope import Event, Payload
from shared.events.intake import TicketAmended
from shared.events.words import Act, State
from shared.inbox import Heard
from shared.policy.law import Law

# Another type or urgency has another time: what was extended is counted anew from it. What was
# signed before it became an emergency owes no first response.
AMEND = """UPDATE tickets SET request_type = coalesce(g.request_type, tickets.request_type),
    urgency = coalesce(g.urgency, tickets.urgency),
    is_enforcement = coalesce(g.is_enforcement, tickets.is_enforcement),
    category = coalesce(g.category, tickets.category),
    responded_at = CASE WHEN tickets.urgency = 'normal' AND g.urgency <> 'normal'
        AND signed_at <= g.at THEN coalesce(responded_at, signed_at) ELSE responded_at END,
    content = content || coalesce(E'\\n补充：' || g.addition, ''),
    handle_due = CASE WHEN coalesce(g.request_type, g.urgency) IS NULL OR handle_due IS NULL
        THEN handle_due ELSE jsonb_build_object('extended', handle_due -> 'extended') END
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bool[], $5::text[], $6::text[],
    $7::timestamptz[]) AS g (id, request_type, urgency, is_enforcement, category, addition, at)
WHERE tickets.id = g.id"""
RETURNED = """SELECT ticket_id, unit FROM timeline
WHERE ticket_id = ANY($1::uuid[]) AND event = $2"""
DISPATCH = """UPDATE tickets SET state = $2, unit = g.unit, rule = g.rule, round = round + 1,
    dispatched_at = $3, sequence = sequence + 1, signed_at = NULL, returned_at = NULL,
    answered_at = NULL, responded_at = NULL, result_at = NULL, reopened_at = NULL,
    replied_at = NULL, interim_closed_at = NULL, progressed_at = NULL, promised_at = NULL,
    paused_at = NULL, handle_due = NULL
FROM unnest($1::uuid[], $4::text[], $5::text[]) AS g (id, unit, rule)
WHERE tickets.id = g.id RETURNING tickets.id, round, sequence"""


async def take_amendments(
    heard: Heard, events: Sequence[Event[TicketAmended]], *, book: Book, law: Law, source: str
) -> None:
    """Write corrections and additions down; a ticket that waits for a unit may find one now (B2).

    A ticket that has its unit stays there: the unit may return it. Raises `Wait` for an unknown
    ticket.
    """
    tickets = await lock_tickets(heard, events)
    amended = [event.data for event in events]
    await heard.connection.execute(
        AMEND,
        [event.subject for event in events],
        [data.request_type for data in amended],
        [data.urgency for data in amended],
        [data.is_enforcement for data in amended],
        [data.category for data in amended],
        [data.addition for data in amended],
        [event.time for event in events],
    )
    await write_entries(heard, [entry_of(event) for event in events])
    waiting = [
        event
        for event in events
        if tickets[UUID(event.subject)].state is State.ACCEPTED
        and (event.data.category is not None or event.data.request_type is not None)
    ]
    if not waiting:
        return
    at = await time_of_batch(heard)
    returned = await heard.connection.fetch(
        RETURNED, [event.subject for event in waiting], RETURN_EVENTS[0]
    )
    matched: list[tuple[Event[TicketAmended], Duty]] = []
    for event in waiting:
        ticket = _amended(tickets[UUID(event.subject)], event.data)
        excluded = {row["unit"] for row in returned if row["ticket_id"] == ticket.id}
        duty = _match(ticket, at, book=book, law=law, units_excluded=excluded)
        if duty is not None:
            matched.append((event, duty))
    if matched:
        await _dispatch(heard, matched, at=at, source=source)


def _amended(ticket: Locked, data: TicketAmended) -> Locked:
    return ticket._replace(
        category=data.category or ticket.category,
        request_type=data.request_type or ticket.request_type,
        urgency=data.urgency or ticket.urgency,
    )


def _match(
    ticket: Locked, at: datetime, *, book: Book, law: Law, units_excluded: set[str]
) -> Duty | None:
    pack, calendar = law.pack(ticket.policy or ""), law.calendar(ticket.jurisdiction)
    return match(
        book,
        Question(ticket.jurisdiction, ticket.category, ticket.request_type),
        units_excluded=units_excluded,
        needs_duty=is_off_duty(ticket.urgency, at, pack=pack, calendar=calendar),
    )


async def _dispatch(
    heard: Heard,
    matched: Sequence[tuple[Event[TicketAmended], Duty]],
    *,
    at: datetime,
    source: str,
) -> None:
    rows = await heard.connection.fetch(
        DISPATCH,
        [event.subject for event, _ in matched],
        TRANSITIONS[State.ACCEPTED, Act.DISPATCH],
        at,
        [duty.unit for _, duty in matched],
        [duty.id for _, duty in matched],
    )
    counted = {row["id"]: (row["round"], row["sequence"]) for row in rows}
    said, entries = list[Event[Payload]](), list[Entry]()
    for event, duty in matched:
        ticket_id = UUID(event.subject)
        round_, sequence = counted[ticket_id]
        data = TicketDispatched(
            unit=duty.unit,
            unit_name=duty.unit_name,
            round=round_,
            rule=duty.id,
            dispatched_by=SYSTEM,
        )
        said.append(Event(source, event.subject, sequence, at, data, event.traceparent))
        entries.append(Entry(ticket_id, data.type, at, SYSTEM, duty.id))
    await write_entries(heard, entries)
    await outbox.add_many(heard.connection, said)
