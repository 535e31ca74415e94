"""What intake does with what it hears."""

from typing import Any
from uuid import UUID

from services.intake.operations import keep_articles, keep_units, move_tickets
from services.intake.verifications.operations import judge_deadlines
from shared.events.dispatch import (
    TicketClosed,
    TicketDispatched,
    TicketInterimClosed,
    TicketReopened,
    TicketReplied,
    TicketResponded,
    TicketSigned,
    UnitChanged,
)
from shared.events.envelope import Event
from shared.events.knowledge import ArticlePublished, ArticleRetired
from shared.events.sla import DeadlineReached
from shared.events.words import State, Step
from shared.inbox import Handler, Handlers, Heard
from shared.lawbook import law_handlers
from shared.runtime import Runtime


def handlers(runtime: Runtime) -> Handlers:
    """Every event that intake hears, with what it does."""

    async def on_deadline_reached(heard: Heard, events: list[Event[DeadlineReached]]) -> None:
        ours = [event for event in events if event.data.step is Step.VERIFY]
        if ours:
            await judge_deadlines(heard, ours, source=runtime.source)

    return {
        TicketDispatched: _moves_to(State.DISPATCHED),
        TicketSigned: _moves_to(State.SIGNED),
        TicketResponded: _moves_to(State.SIGNED),
        TicketInterimClosed: _moves_to(State.INTERIM_CLOSED),
        TicketReplied: _moves_to(State.REPLIED),
        TicketReopened: _moves_to(State.SIGNED),
        TicketClosed: _moves_to(State.CLOSED),
        ArticlePublished: _on_article_published,
        ArticleRetired: _on_article_retired,
        UnitChanged: _on_unit_changed,
        DeadlineReached: on_deadline_reached,
        **law_handlers(),
    }


def _moves_to(state: State) -> Handler:
    async def on_ticket_moved(heard: Heard, events: list[Event[Any]]) -> None:
        await move_tickets(
            heard.connection, [(UUID(event.subject), state, event.data.unit) for event in events]
        )

    return on_ticket_moved


async def _on_unit_changed(heard: Heard, events: list[Event[UnitChanged]]) -> None:
    units = [(e.data.code, e.data.name, e.data.jurisdiction, e.data.is_active) for e in events]
    await keep_units(heard.connection, units)


async def _on_article_published(heard: Heard, events: list[Event[ArticlePublished]]) -> None:
    await keep_articles(
        heard.connection, [(UUID(event.subject), event.data.jurisdiction, True) for event in events]
    )


async def _on_article_retired(heard: Heard, events: list[Event[ArticleRetired]]) -> None:
    await keep_articles(
        heard.connection,
        [(UUID(event.subject), event.data.jurisdiction, False) for event in events],
    )
