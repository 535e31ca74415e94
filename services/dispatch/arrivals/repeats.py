"""Deciding on arrival how a request comes in that repeats an earlier ticket (A7)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import orjson
from asyncpg import Record

from services.dispatch.clocks.rules import handle_deadline
from services.dispatch.links.rules import Arriving, arriving
from services.dispatch.models import Ticket
from services.dispatch.reminders.operations import Reminder, remind_units
from services.dispatch.reminders.rules import ASKED_AGAIN
from services.dispatch.rules import SYSTEM
from services.dispatch.timeline.operations import time_of_batch
from services.dispatch.timeline.saying import Said, say_many
from shared.events.dispatch import TicketClosed
from shared.events.envelope import Event
from shared.events.intake import TicketCreated
from shared.events.kinds import Link
from shared.events.loop import TicketAskedAgain, TicketLinked
from shared.events.words import CloseReason, RequestType, State, Urgency
from shared.inbox import Heard, Wait
from shared.policy.law import Law

MAINS = "SELECT id, main FROM tickets WHERE id = ANY($1::uuid[])"
LOCK = "SELECT * FROM tickets WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"
WORDS = {"state": State, "request_type": RequestType, "urgency": Urgency}
JSON = ("place", "handle_due", "law_limit", "draft")


class Repeat(NamedTuple):
    """A request that repeats an earlier ticket, and how it comes in; their rows are locked."""

    event: Event[TicketCreated]
    arriving: Arriving
    main: Ticket
    """The earlier ticket, or the one that it goes with itself."""


def levels(events: Sequence[Event[TicketCreated]]) -> Iterable[list[Event[TicketCreated]]]:
    """Events in turns: what repeats another of them comes after it."""
    waiting = list(events)
    while waiting:
        later_ids = {UUID(event.subject) for event in waiting}
        ready = [event for event in waiting if event.data.repeats not in later_ids]
        # A request can repeat only what was filed before it: somebody is always ready.
        assert ready, "requests repeat each other in a circle"
        yield ready
        done = {event.subject for event in ready}
        waiting = [event for event in waiting if event.subject not in done]


async def find_repeats(
    heard: Heard, events: Sequence[Event[TicketCreated]], *, law: Law
) -> list[Repeat]:
    """How those come in that repeat a ticket, under the locks on it and on its main one.

    Raises `Wait` where an earlier ticket was not heard of yet.
    """
    repeating = [event for event in events if event.data.repeats is not None]
    if not repeating:
        return []
    known = await _lock(heard, [event.data.repeats for event in repeating])
    found = []
    for event in repeating:
        earlier = known[_earlier_id(event)]
        main = earlier
        if earlier.state is State.LINKED:
            assert earlier.main is not None, "a linked ticket has a main one"
            main = known[earlier.main]
        found.append(Repeat(event, _arriving(event, earlier, main, known, law), main))
    return found


async def say_repeats(heard: Heard, repeats: Sequence[Repeat], *, law: Law, source: str) -> None:
    """Say of those that came in linked or closed that they did; the units are told (A7)."""
    at = await time_of_batch(heard)
    said, reminders = list[Said](), list[Reminder]()
    for event, way, main in repeats:
        ticket_id, trace = UUID(event.subject), event.traceparent
        detail = {"main": str(main.id), "number": main.number}
        if way is Arriving.CLOSED:
            assert main.unit is not None, "what was replied has a unit"
            closed = TicketClosed(unit=main.unit, reason=CloseReason.REPEATED)
            told = detail | {"reason": closed.reason, "article": "ZY 15"}
            said.append(Said(ticket_id, closed, SYSTEM, detail=told, traceparent=trace))
            continue
        linked = TicketLinked(main=main.id, kind=Link.REPEAT, unit=main.unit, linked_by=SYSTEM)
        told = detail | {"kind": Link.REPEAT}
        said.append(Said(ticket_id, linked, SYSTEM, detail=told, traceparent=trace))
        again = TicketAskedAgain(unit=main.unit, repeat=ticket_id, kind=Link.REPEAT)
        told = {"repeat": str(ticket_id), "number": event.data.number}
        said.append(Said(main.id, again, SYSTEM, detail=told, traceparent=trace))
        reminders.append(Reminder(main.id, again.type, ASKED_AGAIN))
    await say_many(heard, said, source=source, at=at)
    await remind_units(heard.connection, reminders, law=law, at=at)


def _arriving(
    event: Event[TicketCreated],
    earlier: Ticket,
    main: Ticket,
    known: dict[UUID, Ticket],
    law: Law,
) -> Arriving:
    if event.data.about_unit != earlier.about_unit:
        # Whoever now complains of a unit says something new, which that unit must not read.
        return Arriving.ORDINARY
    report_due = None
    if event.data.request_type is RequestType.REPORT is earlier.request_type:
        timed = earlier if earlier.main is None else known[earlier.main]
        standing, pack = timed.standing, law.pack(timed.policy or "")
        if standing is not None and pack is not None:
            deadline = handle_deadline(standing, pack, law.calendar(timed.jurisdiction))
            report_due = None if deadline is None else deadline.due_at
    return arriving(
        main.state,
        filed_at=event.time,
        report_due=report_due,
        is_overridden=event.data.override is not None,
    )


async def _lock(heard: Heard, ids: Sequence[UUID | None]) -> dict[UUID, Ticket]:
    """Tickets and what they go with, locked in the order of their ids. Raises `Wait`."""
    wanted = {one for one in ids if one is not None}
    while True:
        rows = await heard.connection.fetch(MAINS, list(wanted))
        for missing in wanted - {row["id"] for row in rows}:
            raise Wait(f"ticket {missing}, which is repeated, was not heard of yet")
        all_ids = wanted | {row["main"] for row in rows if row["main"] is not None}
        known = {
            row["id"]: _ticket(row) for row in await heard.connection.fetch(LOCK, list(all_ids))
        }
        # Somebody may have linked one of them between the two looks.
        if all(one.main is None or one.main in known for one in map(known.__getitem__, wanted)):
            return known


def _earlier_id(event: Event[TicketCreated]) -> UUID:
    assert event.data.repeats is not None, "only repeats are looked at"
    return event.data.repeats


def _ticket(row: Record) -> Ticket:
    """A row as a ticket that no session knows: it is only looked at."""
    values = dict(row)
    for name in JSON:
        values[name] = None if values[name] is None else orjson.loads(values[name])
    return Ticket(**(values | {name: word(values[name]) for name, word in WORDS.items()}))
