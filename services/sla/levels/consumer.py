"""What sla hears of levels."""

from uuid import UUID

from services.sla.hearing import lock
from services.sla.levels.operations import Move, record_moves
from shared.events.envelope import Event
from shared.events.loop import TicketMoved
from shared.inbox import Handlers, Heard


async def on_ticket_moved(heard: Heard, events: list[Event[TicketMoved]]) -> None:
    """Another level handles it, and sees its times; they stay those of who accepted it (B12)."""
    await lock(heard, events)
    moves = [Move(UUID(event.subject), event.data.to_jurisdiction) for event in events]
    await record_moves(heard.connection, moves)


AT_A_LEVEL: Handlers = {TicketMoved: on_ticket_moved}
"""What says which level handles a ticket."""
