"""Taking corrections of requests: what judging and answers look at, and whom the matter is for."""

from collections.abc import Sequence
from uuid import UUID

from services.dispatch.directory.rules import Book
from services.dispatch.dispatching.by_rule import send_many_by_rule
from services.dispatch.timeline.operations import (
    Locked,
    entry_of,
    lock_tickets,
    time_of_batch,
    write_entries,
)
from shared.events.envelope import Event
from shared.events.intake import TicketAmended
from shared.events.words import State
from shared.inbox import Heard
from shared.policy.law import Law

# Another type or urgency has another time: what was extended is counted anew from it. What was
# signed before it became an emergency owes no first response.
AMEND = """UPDATE tickets SET request_type = coalesce(g.request_type, tickets.request_type),
    urgency = coalesce(g.urgency, tickets.urgency),
    is_enforcement = coalesce(g.is_enforcement, tickets.is_enforcement),
    is_mediation = coalesce(g.is_mediation, tickets.is_mediation),
    category = coalesce(g.category, tickets.category),
    secrecy = coalesce(g.secrecy, tickets.secrecy),
    responded_at = CASE WHEN tickets.urgency = 'normal' AND g.urgency <> 'normal'
        AND signed_at <= g.at THEN coalesce(responded_at, signed_at) ELSE responded_at END,
    content = content || coalesce(E'\\n补充：' || g.addition, ''),
    suggested_at = NULL,
    handle_due = CASE WHEN coalesce(g.request_type, g.urgency) IS NULL OR handle_due IS NULL
        THEN handle_due ELSE jsonb_build_object('extended', handle_due -> 'extended') END
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bool[], $5::text[], $6::text[],
    $7::timestamptz[], $8::text[], $9::bool[])
    AS g (id, request_type, urgency, is_enforcement, category, addition, at, secrecy,
        is_mediation)
WHERE tickets.id = g.id"""


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
        [data.secrecy for data in amended],
        [data.is_mediation for data in amended],
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
    await send_many_by_rule(
        heard,
        [_amended(tickets[UUID(event.subject)], event.data) for event in waiting],
        book=book,
        law=law,
        source=source,
        at=await time_of_batch(heard),
        traces={UUID(event.subject): event.traceparent for event in waiting},
    )


def _amended(ticket: Locked, data: TicketAmended) -> Locked:
    return ticket._replace(
        category=data.category or ticket.category,
        request_type=data.request_type or ticket.request_type,
        urgency=data.urgency or ticket.urgency,
    )
