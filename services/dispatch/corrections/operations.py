"""Taking corrections of requests: what judging and answers look at, and whom the matter is for."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.dispatch.corrections.recalls import ARTICLE, take_back
from services.dispatch.directory.rules import Book
from services.dispatch.dispatching.by_rule import send_many_by_rule
from services.dispatch.links.following import Parted, split_off
from services.dispatch.timeline.operations import (
    Entry,
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
    about_unit = coalesce(g.about_unit, tickets.about_unit),
    responded_at = CASE WHEN tickets.urgency = 'normal' AND g.urgency <> 'normal'
        AND signed_at <= g.at THEN coalesce(responded_at, signed_at) ELSE responded_at END,
    content = content || coalesce(E'\\n补充：' || g.addition, ''),
    suggested_at = NULL,
    handle_due = CASE WHEN coalesce(g.request_type, g.urgency) IS NULL OR handle_due IS NULL
        THEN handle_due ELSE jsonb_build_object('extended', handle_due -> 'extended') END
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bool[], $5::text[], $6::text[],
    $7::timestamptz[], $8::text[], $9::bool[], $10::text[])
    AS g (id, request_type, urgency, is_enforcement, category, addition, at, secrecy,
        is_mediation, about_unit)
WHERE tickets.id = g.id"""
# The unit complained of would read the complaint with its reply.
PARTED = """SELECT t.id, t.main FROM tickets t JOIN tickets m ON m.id = t.main
WHERE t.id = ANY($1::uuid[]) AND t.state = 'linked'
    AND t.about_unit IS DISTINCT FROM m.about_unit"""


async def take_amendments(
    heard: Heard, events: Sequence[Event[TicketAmended]], *, book: Book, law: Law, source: str
) -> None:
    """Write corrections and additions down; a ticket that waits for a unit may find one now (B2).

    A ticket that has its unit stays there: the unit may return it. What turns out to complain of
    its own unit, or of one above, is taken back and goes to that one's superior (XS 三(四)).
    Raises `Wait` for an unknown ticket.
    """
    tickets = await lock_tickets(heard, events)
    await _correct(heard, events)
    await write_entries(heard, [_entry(event) for event in events])
    asked = list[Locked]()
    complaints = list[Locked]()
    for event in events:
        data, after = event.data, _amended(tickets[UUID(event.subject)], event.data)
        if data.about_unit is not None:
            complaints.append(after)
        if data.category or data.request_type or data.about_unit:
            asked.append(after)
    if not asked:
        return
    at = await time_of_batch(heard)
    traces = {UUID(event.subject): event.traceparent for event in events}
    waiting = [ticket for ticket in asked if ticket.state is State.ACCEPTED]
    waiting += await take_back(heard, complaints, book=book, source=source, at=at, traces=traces)
    await send_many_by_rule(heard, waiting, book=book, law=law, source=source, at=at, traces=traces)
    if complaints:
        await _part(heard, complaints, law=law, source=source, at=at)


async def _correct(heard: Heard, events: Sequence[Event[TicketAmended]]) -> None:
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
        [data.about_unit for data in amended],
    )


async def _part(
    heard: Heard, complaints: Sequence[Locked], *, law: Law, source: str, at: datetime
) -> None:
    rows = await heard.connection.fetch(PARTED, [ticket.id for ticket in complaints])
    reason = f"被投诉的单位与主工单不同（{ARTICLE}）"
    parted = [Parted(row["id"], row["main"], reason) for row in rows]
    await split_off(heard, parted, law=law, source=source, at=at)


def _entry(event: Event[TicketAmended]) -> Entry:
    entry = entry_of(event)
    if event.data.about_unit is None:
        return entry
    return entry._replace(detail={**entry.detail, "article": ARTICLE})


def _amended(ticket: Locked, data: TicketAmended) -> Locked:
    return ticket._replace(
        category=data.category or ticket.category,
        request_type=data.request_type or ticket.request_type,
        urgency=data.urgency or ticket.urgency,
        about_unit=data.about_unit or ticket.about_unit,
    )
