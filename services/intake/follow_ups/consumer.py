"""What follow-ups hear of replies, redos and ends."""

from collections.abc import Sequence
from uuid import UUID

from services.intake.follow_ups.operations import Ended, Replied, end_tasks, open_tasks
from services.intake.follow_ups.rules import FollowUpOutcome
from shared.events.dispatch import TicketClosed, TicketReopened, TicketReplied, TicketTerminated
from shared.events.envelope import Event, Payload
from shared.inbox import Handlers, Heard
from shared.lawbook import LawBook


def handlers(law_book: LawBook) -> Handlers:
    """What begins and ends the asking of a caller; the tickets' states are kept before."""

    async def on_replied(heard: Heard, events: Sequence[Event[TicketReplied]]) -> None:
        replied = [
            Replied(UUID(event.subject), event.data.unit, event.data.reply, event.time)
            for event in events
            if event.data.asked_by is None
        ]
        if replied:
            law = await law_book.read(heard.connection, is_held=False)
            await open_tasks(heard.connection, replied, law=law)

    return {
        TicketReplied: on_replied,
        TicketReopened: _on_reopened,
        TicketClosed: _on_closed,
        TicketTerminated: _on_closed,
    }


async def _on_reopened(heard: Heard, events: Sequence[Event[TicketReopened]]) -> None:
    await end_tasks(heard.connection, _ended(events), FollowUpOutcome.REDONE)


async def _on_closed(heard: Heard, events: Sequence[Event[Payload]]) -> None:
    await end_tasks(heard.connection, _ended(events), FollowUpOutcome.CLOSED)


def _ended(events: Sequence[Event[Payload]]) -> list[Ended]:
    return [Ended(UUID(event.subject), event.time) for event in events]
