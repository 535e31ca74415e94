"""Keeping the files that were heard of, and checking those that papers name."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from services.dispatch.acts.operations import Turn, unit_of
from services.dispatch.letters.models import Attachment
from services.dispatch.timeline.operations import LOCK, entry_of, write_entries
from shared.events.callers import TicketAttached
from shared.events.envelope import Event
from shared.inbox import Heard
from shared.letters import Letter, Paper, check_letter
from shared.problems import field_error

KEEP = """INSERT INTO attachments (ticket_id, id, kind, unit)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING"""


async def keep_attachments(heard: Heard, events: Sequence[Event[TicketAttached]]) -> None:
    """Keep which files a ticket has.

    One that is still being verified is unknown here: to wait for it would hold its acceptance up.
    """
    await heard.connection.execute(
        KEEP,
        [UUID(event.subject) for event in events],
        [event.data.attachment for event in events],
        [event.data.kind for event in events],
        [event.data.unit for event in events],
    )
    rows = await heard.connection.fetch(LOCK, [event.subject for event in events])
    known = {row["id"] for row in rows}
    entries = [entry_of(event) for event in events if UUID(event.subject) in known]
    if entries:
        await write_entries(heard, entries)


async def require_letter(turn: Turn, letter: Letter | None) -> None:
    """Check the letter of a reply or a return (ZY 13.5). Raises `Malformed`."""
    ticket = turn.ticket
    found = await _find(turn, [] if letter is None else [letter.attachment])
    paper = None if letter is None else found.get(letter.attachment)
    check_letter(letter, paper, unit=unit_of(ticket), is_needed=ticket.needs_letter)


async def require_attachments(turn: Turn, attachments: Sequence[UUID]) -> None:
    """Check that the ticket has these files. Raises `Malformed`."""
    found = await _find(turn, attachments)
    unknown = [str(one) for one in attachments if one not in found]
    if unknown:
        named = "、".join(unknown)
        raise field_error("attachments", "unknown_attachment", f"本工单没有附件 {named}，请先上传")


async def _find(turn: Turn, attachments: Sequence[UUID]) -> dict[UUID, Paper]:
    if not attachments:
        return {}
    rows = await turn.session.scalars(
        select(Attachment).where(
            Attachment.ticket_id == turn.ticket.id, Attachment.id.in_(attachments)
        )
    )
    return {row.id: Paper(row.kind, row.unit) for row in rows}
