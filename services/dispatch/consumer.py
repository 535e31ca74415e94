"""What dispatch does with what it hears."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from services.dispatch.arrivals.operations import (
    create_tickets,
    keep_answered,
    keep_handed_over,
    keep_recorded,
    keep_refused,
    keep_repeat_answered,
)
from services.dispatch.clocks.operations import (
    note_abuses,
    note_due_soon,
    note_news,
    note_order_answers,
    note_orders,
    note_overdue,
    note_reports,
    take_clock_news,
)
from services.dispatch.conclusions import consumer as conclusions
from services.dispatch.corrections.operations import take_amendments
from services.dispatch.directory.queries import DutyBook
from services.dispatch.erasures.consumer import on_ticket_erased
from services.dispatch.judgements.operations import judge_deadlines
from services.dispatch.judgements.rules import JUDGED_BY
from services.dispatch.letters.operations import keep_attachments
from services.dispatch.links.following import follow
from services.dispatch.operations import take_ratings, take_screenings
from services.dispatch.repeats.consumer import on_words_added
from services.dispatch.withdrawals.operations import take_withdrawals
from shared.events.callers import (
    RatingDisputeAnswered,
    RatingDisputed,
    ResultPublished,
    ResultTakenBack,
    TicketAbused,
    TicketAttached,
    TicketHandedOver,
    TicketRepeatAnswered,
    TicketReported,
    TicketScreened,
    TicketScreeningRequested,
)
from shared.events.envelope import Event, Payload
from shared.events.intake import (
    TicketAmended,
    TicketAnswered,
    TicketCreated,
    TicketErased,
    TicketFollowedUp,
    TicketRated,
    TicketRecorded,
    TicketRefused,
    TicketWithdrawalRequested,
)
from shared.events.sla import (
    DeadlineReached,
    OrderAnswered,
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
    TicketOverdue,
)
from shared.inbox import Handler, Handlers, Heard, Wait
from shared.lawbook import law_handlers
from shared.policy.law import Law
from shared.runtime import Runtime

NOTED: tuple[type[Payload], ...] = (
    *(TicketFollowedUp, TicketScreeningRequested, RatingDisputed, RatingDisputeAnswered),
    *(ResultPublished, ResultTakenBack),
    *(TicketExtensionRequested, TicketExtensionExplained, TicketLimitRequested),
)
"""What is a line in the timeline and no more."""
CLOCK_NEWS: tuple[type[Payload], ...] = (
    *(TicketExtensionDecided, TicketLimitDecided, TicketClockPaused, TicketClockResumed),
    TicketDeadlineMoved,
)
"""What may move the handling time that answers show."""


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
        await on_words_added(heard, events)

    async def on_withdrawal_requested(
        heard: Heard, events: list[Event[TicketWithdrawalRequested]]
    ) -> None:
        law = await law_book.read(heard.connection)
        await take_withdrawals(heard, events, law=law, source=source)

    async def on_deadline_reached(heard: Heard, events: list[Event[DeadlineReached]]) -> None:
        ours = [event for event in events if event.data.step in JUDGED_BY]
        if ours:
            law = await law_book.read(heard.connection)
            await judge_deadlines(heard, ours, law=law, source=source)

    async def on_ticket_due_soon(heard: Heard, events: list[Event[TicketDueSoon]]) -> None:
        law = await law_book.read(heard.connection)
        await note_due_soon(heard, events, law=law)

    async def on_ticket_reported(heard: Heard, events: list[Event[TicketReported]]) -> None:
        law = await law_book.read(heard.connection)
        await note_reports(heard, events, law=law)

    async def on_order_issued(heard: Heard, events: list[Event[OrderIssued]]) -> None:
        law = await law_book.read(heard.connection)
        await note_orders(heard, events, law=law)

    return {
        TicketCreated: on_ticket_created,
        TicketRefused: keep_refused,
        TicketAnswered: keep_answered,
        TicketRecorded: keep_recorded,
        TicketHandedOver: keep_handed_over,
        TicketRepeatAnswered: keep_repeat_answered,
        TicketAmended: on_ticket_amended,
        TicketErased: on_ticket_erased,
        TicketRated: _then_follow(runtime, partial(take_ratings, source=source)),
        TicketWithdrawalRequested: _then_follow(runtime, on_withdrawal_requested),
        TicketScreened: _then_follow(runtime, partial(take_screenings, source=source)),
        TicketAttached: keep_attachments,
        TicketReported: on_ticket_reported,
        TicketAbused: note_abuses,
        DeadlineReached: on_deadline_reached,
        TicketDueSoon: on_ticket_due_soon,
        TicketOverdue: note_overdue,
        OrderIssued: on_order_issued,
        OrderAnswered: note_order_answers,
        **dict.fromkeys(NOTED, note_news),
        **dict.fromkeys(CLOCK_NEWS, take_clock_news),
        **conclusions.handlers(),
        **law_handlers(),
    }


def _then_follow(runtime: Runtime, handler: Handler) -> Handler:
    """A handler that may end tickets; what is linked to them follows in the same batch (A8)."""

    async def on_event(heard: Heard, events: list[Event[Payload]]) -> None:
        await handler(heard, events)
        law = await runtime.law_book.read(heard.connection)
        main_ids = [UUID(event.subject) for event in events]
        await follow(heard, main_ids, law=law, source=runtime.source)

    return on_event


def _require_policies(law: Law, events: Sequence[Event[TicketCreated]]) -> None:
    """Raise `Wait` where a ticket was accepted under a pack that was not heard of yet (C1)."""
    for event in events:
        if law.pack(event.data.policy) is None:
            raise Wait(f"policy {event.data.policy} was not heard of yet")
