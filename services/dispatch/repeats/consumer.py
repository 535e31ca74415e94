"""What similarity hears: words were added to a ticket, or erased."""

from uuid import UUID

from services.dispatch.repeats.operations import forget_tickets, queue_tickets
from shared.events.envelope import Event
from shared.events.intake import TicketAmended, TicketErased
from shared.inbox import Heard


async def on_words_added(heard: Heard, events: list[Event[TicketAmended]]) -> None:
    """Sketch anew what says more than before."""
    added = [UUID(event.subject) for event in events if event.data.addition is not None]
    await queue_tickets(heard.connection, added)


async def on_ticket_erased(heard: Heard, events: list[Event[TicketErased]]) -> None:
    """Forget all that was made of the words; a ticket that is unknown here has none."""
    await forget_tickets(heard.connection, [UUID(event.subject) for event in events])
