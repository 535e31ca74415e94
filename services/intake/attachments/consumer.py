"""What intake keeps of who handles with the lead: their files are the ticket's too."""

from services.intake.attachments.operations import keep_co_handlers
from shared.events.dispatch import TicketDispatched
from shared.events.envelope import Event
from shared.events.loop import TicketCoUnitsChosen, TicketRecalled
from shared.inbox import Handlers, Heard


def handlers() -> Handlers:
    """What is done beside keeping the states of tickets."""
    return {TicketDispatched: on_ticket_dispatched}


async def on_ticket_dispatched(heard: Heard, events: list[Event[TicketDispatched]]) -> None:
    """A new round has co-handlers of its own, or none."""
    chosen = [(event.subject, event.data.co_units) for event in events]
    await keep_co_handlers(heard.connection, chosen)


async def on_co_units_chosen(heard: Heard, events: list[Event[TicketCoUnitsChosen]]) -> None:
    """All co-handlers from now on."""
    chosen = [(event.subject, event.data.co_units) for event in events]
    await keep_co_handlers(heard.connection, chosen)


async def on_ticket_recalled(heard: Heard, events: list[Event[TicketRecalled]]) -> None:
    """Nobody handles it with another any more."""
    await keep_co_handlers(heard.connection, [(event.subject, ()) for event in events])
