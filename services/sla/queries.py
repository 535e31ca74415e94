"""What is read of clocks and deadlines."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.models import TicketClock, TicketDeadline


async def find_clock(session: AsyncSession, ticket_id: UUID) -> TicketClock | None:
    """The clock of a ticket."""
    return await session.get(TicketClock, ticket_id)


async def list_deadlines(session: AsyncSession, ticket_id: UUID) -> Sequence[TicketDeadline]:
    """All deadlines that a ticket has or had, by due time."""
    found = await session.scalars(
        select(TicketDeadline)
        .where(TicketDeadline.ticket_id == ticket_id)
        .order_by(TicketDeadline.due_at, TicketDeadline.step, TicketDeadline.version)
    )
    return found.all()
