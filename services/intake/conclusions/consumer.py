"""What intake does when the hotline ended a request without a unit."""

from collections.abc import Sequence
from uuid import UUID

from services.intake.conclusions.rules import words_of
from shared import notices
from shared.events.envelope import Event
from shared.events.loop import TicketConcluded, TicketDeclined
from shared.inbox import Handlers, Heard
from shared.notices import Notice, NoticeKind

# A request that another platform forwarded has its caller told there.
NUMBERS = "SELECT id, number FROM tickets WHERE id = ANY($1::uuid[]) AND origin IS NULL"
HAND_OVER = """INSERT INTO hand_overs (ticket_id, line, way, note, handed_by, at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[],
    $6::timestamptz[]) ON CONFLICT (ticket_id) DO NOTHING"""

Ended = Event[TicketDeclined] | Event[TicketConcluded]


def handlers() -> Handlers:
    """What is done beside keeping the states of tickets."""
    return {TicketDeclined: _tell, TicketConcluded: _on_concluded}


async def _on_concluded(heard: Heard, events: Sequence[Event[TicketConcluded]]) -> None:
    handed = [event for event in events if event.data.line is not None]
    await heard.connection.execute(
        HAND_OVER,
        [event.subject for event in handed],
        [event.data.line for event in handed],
        [event.data.way for event in handed],
        [event.data.note for event in handed],
        [event.data.concluded_by for event in handed],
        [event.time for event in handed],
    )
    await _tell(heard, events)


async def _tell(heard: Heard, events: Sequence[Ended]) -> None:
    """Tell callers, who are not on the telephone any more."""
    rows = await heard.connection.fetch(NUMBERS, [UUID(event.subject) for event in events])
    numbers = {row["id"]: row["number"] for row in rows}
    told = [
        Notice(
            NoticeKind.CALLER,
            event.subject,
            ticket_id,
            event.data.type,
            words_of(numbers[ticket_id], event.data),
        )
        for event in events
        if (ticket_id := UUID(event.subject)) in numbers
    ]
    await notices.add_many(heard.connection, told, at=heard.now)
