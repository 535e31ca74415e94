"""What dispatch does with what it hears."""

from collections.abc import Sequence

from services.dispatch.arrivals.operations import (
    create_tickets,
    keep_answered,
    keep_recorded,
    keep_refused,
)
from services.dispatch.clocks.operations import (
    note_due_soon,
    note_news,
    note_orders,
    take_clock_news,
)
from services.dispatch.corrections.operations import take_amendments
from services.dispatch.directory.queries import DutyBook
from services.dispatch.judgements.operations import judge_deadlines
from services.dispatch.judgements.rules import JUDGED_BY
from services.dispatch.operations import take_ratings
from shared.events.envelope import Event
from shared.events.intake import (
    TicketAmended,
    TicketAnswered,
    TicketCreated,
    TicketFollowedUp,
    TicketRated,
    TicketRecorded,
    TicketRefused,
)
from shared.events.sla import (
    DeadlineReached,
    OrderIssued,
    TicketClockPaused,
    TicketClockResumed,
    TicketDeadlineMoved,
    TicketDueSoon,
    TicketExtensionDecided,
    TicketExtensionExplained,
    TicketExtensionRequested,
    TicketLimitDecided,
    TicketLimitRequested,
)
from shared.inbox import Handlers, Heard, Wait
from shared.lawbook import law_handlers
from shared.policy.law import Law
from shared.runtime import Runtime


def handlers(runtime: Runtime) -> Handlers:
    """Every event that dispatch hears, with what it does."""
    duty_book, law_book, source = DutyBook(), runtime.law_book, runtime.source

    async def on_ticket_created(heard: Heard, events: list[Event[TicketCreated]]) -> None:
        law = await law_book.read(heard.connection)
        _require_policies(law, events)
        book = await duty_book.read(heard.connection)
        await create_tickets(heard, events, book=book, law=law, source=source)

    async def on_ticket_amended(heard: Heard, events: list[Event[TicketAmended]]) -> None:
        law = await law_book.read(heard.connection)
        book = await duty_book.read(heard.connection)
        await take_amendments(heard, events, book=book, law=law, source=source)

    async def on_ticket_rated(heard: Heard, events: list[Event[TicketRated]]) -> None:
        await take_ratings(heard, events, source=source)

    async def on_deadline_reached(heard: Heard, events: list[Event[DeadlineReached]]) -> None:
        ours = [event for event in events if event.data.step in JUDGED_BY]
        if ours:
            law = await law_book.read(heard.connection)
            await judge_deadlines(heard, ours, law=law, source=source)

    return {
        TicketCreated: on_ticket_created,
        TicketRefused: keep_refused,
        TicketAnswered: keep_answered,
        TicketRecorded: keep_recorded,
        TicketAmended: on_ticket_amended,
        TicketFollowedUp: note_news,
        TicketRated: on_ticket_rated,
        DeadlineReached: on_deadline_reached,
        TicketDueSoon: note_due_soon,
        TicketExtensionRequested: note_news,
        TicketExtensionDecided: take_clock_news,
        TicketExtensionExplained: note_news,
        TicketLimitRequested: note_news,
        TicketLimitDecided: take_clock_news,
        TicketClockPaused: take_clock_news,
        TicketClockResumed: take_clock_news,
        TicketDeadlineMoved: take_clock_news,
        OrderIssued: note_orders,
        **law_handlers(),
    }


def _require_policies(law: Law, events: Sequence[Event[TicketCreated]]) -> None:
    """Raise `Wait` where a ticket was accepted under a pack that was not heard of yet (C1)."""
    for event in events:
        if law.pack(event.data.policy) is None:
            raise Wait(f"policy {event.data.policy} was not heard of yet")
