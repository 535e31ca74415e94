"""Keeping what sla says of the clock: in the timeline, and where it moves handling on the row."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from services.dispatch.reminders.operations import Reminder, remind_units
from services.dispatch.reminders.rules import REPORTED, words_of_deadline, words_of_order
from services.dispatch.timeline.operations import (
    Locked,
    entry_of,
    lock_ids,
    lock_tickets,
    time_of_batch,
    write_entries,
)
from shared import telemetry
from shared.events.callers import TicketAbused, TicketReported
from shared.events.envelope import Event, Payload
from shared.events.sla import (
    OrderAnswered,
    OrderIssued,
    TicketClockPaused,
    TicketClockResumed,
    TicketDeadlineMoved,
    TicketDueSoon,
    TicketExtensionDecided,
    TicketLimitDecided,
    TicketOverdue,
)
from shared.events.words import State, Step
from shared.inbox import Heard
from shared.policy.law import Law

HANDLED_IN = (
    *(State.ACCEPTED, State.DISPATCHED, State.SIGNED, State.RETURN_REQUESTED),
    State.CHECKING,
)
"""The states in which handling still runs."""
UNITS_STEPS = frozenset(Step) - {Step.DISPATCH, Step.VERIFY, Step.FOLLOW_UP}
"""The steps that a unit is late with, and not the hotline."""

# News of a handling that ended meanwhile, by a re-dispatch or a redo, moves nothing.
MOVE = """UPDATE tickets SET
    paused_at = CASE WHEN g.is_resumed THEN NULL ELSE coalesce(g.paused_at, tickets.paused_at) END,
    handle_due = CASE WHEN g.due IS NULL THEN handle_due ELSE g.due || jsonb_build_object(
        'extended', coalesce(handle_due -> 'extended', '[]') || g.days) END
FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::bool[], $5::jsonb[],
    $6::jsonb[]) AS g (id, at, paused_at, is_resumed, due, days)
WHERE tickets.id = g.id AND state = ANY($7::text[])
AND g.at >= coalesce(reopened_at, dispatched_at, g.at)"""
# A limit takes the place of the handling time, and of what that was extended by.
LIMIT = """UPDATE tickets SET law_limit = g.law_limit, handle_due = NULL
FROM unnest($1::uuid[], $2::jsonb[]) AS g (id, law_limit) WHERE tickets.id = g.id"""
KNOWN = "SELECT id FROM tickets WHERE id = ANY($1::uuid[])"


class Move(NamedTuple):
    """What an event makes of a ticket's handling time."""

    due: Mapping[str, Any] | None = None
    days: tuple[int, ...] = ()
    is_paused: bool = False
    is_resumed: bool = False


async def note_news(heard: Heard, events: Sequence[Event[Payload]]) -> None:
    """Write what others did into the timelines. Raises `Wait` for an unknown ticket."""
    await lock_tickets(heard, events)
    await write_entries(heard, [entry_of(event) for event in events])


async def note_abuses(heard: Heard, events: Sequence[Event[TicketAbused]]) -> None:
    """Write abuse into the timelines (ZY 29); what is unknown here is left out.

    Intake alone says it, in the gap-free order in which it says that the ticket was created: a
    ticket that is unknown by then is none that comes late, but one that a unit was still asked
    about, by an intake that said so too early. Its creation stands behind, and would wait for ever.
    """
    rows = await heard.connection.fetch(KNOWN, [UUID(event.subject) for event in events])
    known = {row["id"] for row in rows}
    ours = [event for event in events if UUID(event.subject) in known]
    if len(ours) < len(events):
        unknown = sorted({event.subject for event in events} - {one.subject for one in ours})
        telemetry.log.warning("abuse_not_noted", ticket_ids=unknown)
    if ours:
        await note_news(heard, ours)


async def note_due_soon(heard: Heard, events: Sequence[Event[TicketDueSoon]], *, law: Law) -> None:
    """Note that time is running out, and remind the unit (B13).

    A ticket that is still being verified is unknown here.
    """
    ours = [event for event in events if event.data.step is not Step.VERIFY]
    if not ours:
        return
    await note_news(heard, ours)
    template = TicketDueSoon.type
    reminders = [
        Reminder(UUID(event.subject), template, words_of_deadline(event.data))
        for event in ours
        if event.data.step in UNITS_STEPS
    ]
    at = await time_of_batch(heard)
    await remind_units(heard.connection, reminders, law=law, at=at)


async def note_reports(heard: Heard, events: Sequence[Event[TicketReported]], *, law: Law) -> None:
    """Note that an emergency was reported, and tell the disposing units that are named (ZY 13.4).

    Governments are told by intake: their codes are no unit's.
    """
    await note_news(heard, events)
    template = TicketReported.type
    reminders = [
        Reminder(UUID(event.subject), template, REPORTED, unit)
        for event in events
        for unit in event.data.offices
    ]
    at = await time_of_batch(heard)
    await remind_units(heard.connection, reminders, law=law, at=at)


async def note_overdue(heard: Heard, events: Sequence[Event[TicketOverdue]]) -> None:
    """Note that a step was not done in time (C3); what is being verified is unknown here."""
    ours = [event for event in events if event.data.step is not Step.VERIFY]
    if ours:
        await note_news(heard, ours)


async def take_clock_news(heard: Heard, events: Sequence[Event[Payload]]) -> None:
    """Note what sla decided of a clock, and show the handling time that follows from it (C4, C7).

    Raises `Wait` for an unknown ticket.
    """
    tickets = await lock_tickets(heard, events)
    limits = {
        UUID(event.subject): orjson.dumps(_law_limit(event.data)).decode()
        for event in events
        if isinstance(event.data, TicketLimitDecided) and event.data.is_confirmed
    }
    if limits:
        await heard.connection.execute(LIMIT, list(limits), list(limits.values()))
    moves = [
        (event, move)
        for event in events
        if (move := _move(event.data, tickets[UUID(event.subject)])) is not None
    ]
    await heard.connection.execute(
        MOVE,
        [event.subject for event, _ in moves],
        [event.time for event, _ in moves],
        [event.time if move.is_paused else None for event, move in moves],
        [move.is_resumed for _, move in moves],
        [None if move.due is None else orjson.dumps(move.due).decode() for _, move in moves],
        [orjson.dumps(move.days).decode() for _, move in moves],
        list(HANDLED_IN),
    )
    await write_entries(heard, [entry_of(event) for event in events])


async def note_orders(heard: Heard, events: Sequence[Event[OrderIssued]], *, law: Law) -> None:
    """Write supervision documents into the timeline of the ticket that they are about (C5).

    Each unit is told of its own, be it about a ticket or not (B13).

    The key is the order's own, so several orders of one ticket may come in a batch. A ticket that
    is still being verified has no timeline. Raises `Wait` for an unknown ticket.
    """
    about = [
        (event, event.data.ticket_id)
        for event in events
        if event.data.ticket_id is not None and event.data.step is not Step.VERIFY
    ]
    if about:
        await lock_ids(heard, [ticket_id for _, ticket_id in about])
        entries = [entry_of(event, ticket_id=ticket_id) for event, ticket_id in about]
        await write_entries(heard, entries)
    tickets = {event.id: ticket_id for event, ticket_id in about}
    reminders = [
        Reminder(
            tickets.get(event.id), OrderIssued.type, words_of_order(event.data), event.data.unit
        )
        for event in events
    ]
    at = await time_of_batch(heard)
    await remind_units(heard.connection, reminders, law=law, at=at)


async def note_order_answers(heard: Heard, events: Sequence[Event[OrderAnswered]]) -> None:
    """Write what units answered to documents about a ticket into its timeline (C5).

    Raises `Wait` for an unknown ticket.
    """
    about = [(event, event.data.ticket_id) for event in events if event.data.ticket_id is not None]
    if about:
        await lock_ids(heard, [ticket_id for _, ticket_id in about])
        entries = [entry_of(event, ticket_id=ticket_id) for event, ticket_id in about]
        await write_entries(heard, entries)


def _law_limit(data: TicketLimitDecided) -> dict[str, Any]:
    return {
        "law": data.law,
        "article": data.article,
        "amount": data.amount,
        "unit": data.length_unit,
    }


def _move(data: Payload, ticket: Locked) -> Move | None:
    match data:
        case TicketExtensionDecided(is_granted=True):
            if data.unit not in (None, ticket.unit):
                return None
            days = () if data.working_days is None else (data.working_days,)
            return Move(_due(data), days)
        case TicketLimitDecided(is_confirmed=True):
            return Move(_due(data) if data.due_at is not None else None)
        case TicketClockPaused():
            return Move(is_paused=True)
        case TicketClockResumed():
            return Move(_due(data), is_resumed=True)
        case TicketDeadlineMoved(step=Step.HANDLE):
            return Move(_due(data))
    return None


def _due(
    data: TicketExtensionDecided | TicketLimitDecided | TicketClockResumed | TicketDeadlineMoved,
) -> dict[str, Any]:
    assert data.due_at is not None
    return {
        "due_at": data.due_at.isoformat(),
        "rule": data.rule or "",
        "source": data.source_article or "default",
        "provisional": data.provisional,
    }
