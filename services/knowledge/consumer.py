"""What knowledge does with what it hears."""

from services.knowledge.operations import count_uses, keep_units
from shared.events.dispatch import UnitChanged
from shared.events.envelope import Event
from shared.events.intake import TicketAnswered
from shared.events.loop import TicketConcluded
from shared.inbox import Handlers, Heard
from shared.runtime import Runtime


def handlers(runtime: Runtime) -> Handlers:
    """Every event that knowledge hears, with what it does."""
    return {
        TicketAnswered: on_ticket_answered,
        TicketConcluded: on_ticket_concluded,
        UnitChanged: on_unit_changed,
    }


async def on_ticket_answered(heard: Heard, events: list[Event[TicketAnswered]]) -> None:
    """Count the uses of the articles that answered at once."""
    await count_uses(
        heard.connection, [(event.data.article_id, event.data.is_solved) for event in events]
    )


async def on_ticket_concluded(heard: Heard, events: list[Event[TicketConcluded]]) -> None:
    """Count the uses of the articles that answered what came unread; a hand-over has none."""
    used = [
        (event.data.article_id, bool(event.data.is_solved))
        for event in events
        if event.data.article_id is not None
    ]
    await count_uses(heard.connection, used)


async def on_unit_changed(heard: Heard, events: list[Event[UnitChanged]]) -> None:
    """Keep the unit's name."""
    await keep_units(
        heard.connection,
        [(event.data.code, event.data.name, event.data.is_active) for event in events],
    )
