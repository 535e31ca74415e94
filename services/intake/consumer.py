"""What intake does with what it hears."""

from typing import Any
from uuid import UUID

from services.intake.operations import keep_articles, move_tickets
from shared.events.dispatch import (
    TicketClosed,
    TicketDispatched,
    TicketReopened,
    TicketReplied,
    TicketSigned,
)
from shared.events.envelope import Event
from shared.events.knowledge import ArticlePublished, ArticleRetired
from shared.events.words import State
from shared.inbox import Handler, Handlers, Heard
from shared.runtime import Runtime


def handlers(_: Runtime) -> Handlers:
    """Every event that intake hears, with what it does."""
    return {
        TicketDispatched: _moves_to(State.DISPATCHED),
        TicketSigned: _moves_to(State.SIGNED),
        TicketReplied: _moves_to(State.REPLIED),
        TicketReopened: _moves_to(State.SIGNED),
        TicketClosed: _moves_to(State.CLOSED),
        ArticlePublished: _on_article_published,
        ArticleRetired: _on_article_retired,
    }


def _moves_to(state: State) -> Handler:
    async def on_ticket_moved(heard: Heard, events: list[Event[Any]]) -> None:
        await move_tickets(
            heard.connection, [(UUID(event.subject), state, event.data.unit) for event in events]
        )

    return on_ticket_moved


async def _on_article_published(heard: Heard, events: list[Event[ArticlePublished]]) -> None:
    await keep_articles(
        heard.connection, [(UUID(event.subject), event.data.jurisdiction, True) for event in events]
    )


async def _on_article_retired(heard: Heard, events: list[Event[ArticleRetired]]) -> None:
    await keep_articles(
        heard.connection,
        [(UUID(event.subject), event.data.jurisdiction, False) for event in events],
    )
