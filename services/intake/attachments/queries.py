"""What people look up of attachments."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.attachments.models import Attachment, CoHandler, TicketAttachment
from services.intake.models import Ticket

TICKETS_LOOKED_AT_MAX = 100


async def find_attachment(
    session: AsyncSession, attachment_id: UUID
) -> tuple[Attachment, list[tuple[TicketAttachment, Ticket]]] | None:
    """A file, and the tickets that it is on."""
    file = await session.get(Attachment, attachment_id)
    if file is None:
        return None
    rows = await session.execute(
        select(TicketAttachment, Ticket)
        .join(Ticket, Ticket.id == TicketAttachment.ticket_id)
        .where(TicketAttachment.attachment_id == attachment_id)
        .order_by(TicketAttachment.ticket_id)
        .limit(TICKETS_LOOKED_AT_MAX)
    )
    return file, [(on_ticket, ticket) for on_ticket, ticket in rows]


async def handles(session: AsyncSession, unit: str | None, ticket: Ticket) -> bool:
    """Whether a unit has a ticket: as its lead, or handling with it; never one about itself."""
    if unit is None or unit == ticket.about_unit:
        return False
    if ticket.unit == unit:
        return True
    return await session.get(CoHandler, (ticket.id, unit)) is not None


async def list_attachments(
    session: AsyncSession, ticket_id: UUID
) -> list[tuple[Attachment, TicketAttachment]]:
    """The files of a ticket, in the order in which they were uploaded."""
    rows = await session.execute(
        select(Attachment, TicketAttachment)
        .join(TicketAttachment, TicketAttachment.attachment_id == Attachment.id)
        .where(TicketAttachment.ticket_id == ticket_id)
        .order_by(Attachment.id)
    )
    return [(file, on_ticket) for file, on_ticket in rows]
