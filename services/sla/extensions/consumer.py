"""What extensions hear beside the clock."""

from uuid import UUID

from services.sla.extensions.operations import erase_words
from shared.events.envelope import Event
from shared.events.intake import TicketErased
from shared.inbox import Heard


async def on_ticket_erased(heard: Heard, events: list[Event[TicketErased]]) -> None:
    """The words of a request are removed: an application may have repeated them."""
    await erase_words(heard.connection, [UUID(event.subject) for event in events])
