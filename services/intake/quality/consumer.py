"""What quality does with what it hears."""

from uuid import UUID

from services.intake.quality.risks import note_risks
from services.intake.quality.rules import Reason
from shared.events.dispatch import TicketReopened
from shared.events.envelope import Event, Payload
from shared.inbox import Handler, Heard


def handlers() -> dict[type[Payload], Handler]:
    """A ticket that was redone must be checked (A18)."""
    return {TicketReopened: _on_ticket_reopened}


async def _on_ticket_reopened(heard: Heard, events: list[Event[TicketReopened]]) -> None:
    redone = [(UUID(event.subject), event.time) for event in events]
    await note_risks(heard.connection, redone, Reason.REDONE)
