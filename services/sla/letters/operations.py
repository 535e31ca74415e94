"""Which tickets need letters, which letters there are, and checking one."""

from collections.abc import Sequence
from uuid import UUID

from services.sla.handling.operations import Turn
from services.sla.letters.models import HeardLetter
from shared.events.callers import TicketAttached
from shared.events.dispatch import TicketDispatched
from shared.events.envelope import Event
from shared.events.kinds import AttachmentKind
from shared.inbox import Heard
from shared.letters import Letter, Paper, check_letter

NEED = "UPDATE clocks SET needs_letter = true WHERE ticket_id = ANY($1::uuid[])"
KEEP = """INSERT INTO letters (ticket_id, id, unit)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[]) ON CONFLICT DO NOTHING"""


async def note_cases(heard: Heard, events: Sequence[Event[TicketDispatched]]) -> None:
    """Tickets that the coordination group sends need letters from then on (ZY 13.5)."""
    sent = [UUID(event.subject) for event in events if event.data.case is not None]
    if sent:
        await heard.connection.execute(NEED, sent)


async def on_ticket_attached(heard: Heard, events: list[Event[TicketAttached]]) -> None:
    """Keep units' letters; a ticket that is not accepted yet may have files already."""
    letters = [
        (UUID(event.subject), event.data.attachment, event.data.unit)
        for event in events
        if event.data.kind is AttachmentKind.LETTER and event.data.unit is not None
    ]
    if letters:
        await heard.connection.execute(KEEP, *zip(*letters, strict=True))


async def require_letter(turn: Turn, letter: Letter | None) -> None:
    """Check the letter of an application for more time. Raises `Malformed`."""
    paper = None
    if letter is not None:
        key = (turn.clock.ticket_id, letter.attachment)
        kept = await turn.session.get(HeardLetter, key)
        paper = None if kept is None else Paper(AttachmentKind.LETTER, kept.unit)
    check_letter(letter, paper, unit=turn.unit, is_needed=turn.clock.needs_letter)
