"""What dispatch does with what it hears."""

from services.dispatch.arrivals.operations import create_tickets, keep_answered, keep_refused
from services.dispatch.directory.queries import DutyBook
from services.dispatch.operations import judge_deadlines, take_ratings
from services.dispatch.policies.operations import keep_policies
from services.dispatch.rules import JUDGED_BY
from services.dispatch.timeline.operations import entry_of, lock_tickets, write_entries
from shared.events.envelope import Event, Payload
from shared.events.intake import (
    TicketAnswered,
    TicketCreated,
    TicketFollowedUp,
    TicketRated,
    TicketRefused,
)
from shared.events.sla import DeadlineReached, PolicyPublished, TicketDueSoon
from shared.inbox import Handlers, Heard
from shared.runtime import Runtime


def handlers(runtime: Runtime) -> Handlers:
    """Every event that dispatch hears, with what it does."""
    book = DutyBook()

    async def on_ticket_created(heard: Heard, events: list[Event[TicketCreated]]) -> None:
        duties = await book.read(heard.connection)
        await create_tickets(heard, events, duties=duties, source=runtime.source)

    async def on_ticket_rated(heard: Heard, events: list[Event[TicketRated]]) -> None:
        await take_ratings(heard, events, source=runtime.source)

    async def on_deadline_reached(heard: Heard, events: list[Event[DeadlineReached]]) -> None:
        ours = [event for event in events if event.data.step in JUDGED_BY]
        if ours:
            await judge_deadlines(heard, ours, source=runtime.source)

    return {
        TicketCreated: on_ticket_created,
        TicketRefused: keep_refused,
        TicketAnswered: keep_answered,
        TicketFollowedUp: _note,
        TicketDueSoon: _note,
        TicketRated: on_ticket_rated,
        DeadlineReached: on_deadline_reached,
        PolicyPublished: _on_policy_published,
    }


async def _note(heard: Heard, events: list[Event[Payload]]) -> None:
    await lock_tickets(heard, events)
    await write_entries(heard, [entry_of(event) for event in events])


async def _on_policy_published(heard: Heard, events: list[Event[PolicyPublished]]) -> None:
    await keep_policies(heard.connection, events)
