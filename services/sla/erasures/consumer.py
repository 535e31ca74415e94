"""What sla does when the words of a request are erased: clocks and deadlines stay."""

from services.sla.extensions import consumer as extensions
from shared.erasure import Words, erase
from shared.events.envelope import Event
from shared.events.intake import TicketErased
from shared.inbox import Heard

TABLES = (
    Words("extensions", json=("letter",)),
    Words("limits", text=("decision_reason",)),
)


async def on_ticket_erased(heard: Heard, events: list[Event[TicketErased]]) -> None:
    """What units wrote in applications goes; orders have their own rule beside this."""
    await extensions.on_ticket_erased(heard, events)
    await erase(heard.connection, events, TABLES)
