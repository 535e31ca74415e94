"""What intake keeps of repeats and terminated matters when it hears of them."""

from services.intake.repeats.operations import (
    forget_terminated,
    keep_mains,
    keep_terminated,
)
from shared.events.dispatch import TicketReopened, TicketTerminated
from shared.events.envelope import Event
from shared.events.loop import TicketLinked
from shared.inbox import Handlers, Heard


def handlers() -> Handlers:
    """What is done beside keeping the states of tickets."""
    return {
        TicketLinked: on_ticket_linked,
        TicketTerminated: on_ticket_terminated,
        TicketReopened: on_ticket_reopened,
    }


async def on_ticket_linked(heard: Heard, events: list[Event[TicketLinked]]) -> None:
    """A caller's own repeat goes with the earlier ticket."""
    await keep_mains(heard.connection, events)


async def on_ticket_terminated(heard: Heard, events: list[Event[TicketTerminated]]) -> None:
    """From now on this caller's matter is answered with the recorded words (ZY 15)."""
    await keep_terminated(heard.connection, events)


async def on_ticket_reopened(heard: Heard, events: list[Event[TicketReopened]]) -> None:
    """The unit handles it again: the recorded words answer nobody any more."""
    await forget_terminated(heard.connection, events)
