"""What is read of clocks and deadlines."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from services.sla.models import TicketClock, TicketDeadline
from shared.places import lies_in
from shared.security import Principal


async def find_clock(session: AsyncSession, ticket_id: UUID) -> TicketClock | None:
    """The clock of a ticket."""
    return await session.get(TicketClock, ticket_id)


def is_seen(clock: TicketClock, caller: Principal) -> bool:
    """Whether what is kept of a ticket is the caller's to read: as dispatch shows it (B12)."""
    return any(caller.sees(one, clock.unit, secrecy=clock.secrecy) for one in clock.places)


def is_in(
    place: str,
    jurisdiction: InstrumentedAttribute[str],
    handled_in: InstrumentedAttribute[str | None],
) -> ColumnElement[bool]:
    """The condition that a row lies in a place, or its ticket is handled there (B12)."""
    return or_(lies_in(jurisdiction, place), lies_in(handled_in, place))


async def list_deadlines(session: AsyncSession, ticket_id: UUID) -> Sequence[TicketDeadline]:
    """All deadlines that a ticket has or had, by due time."""
    found = await session.scalars(
        select(TicketDeadline)
        .where(TicketDeadline.ticket_id == ticket_id)
        .order_by(TicketDeadline.due_at, TicketDeadline.step, TicketDeadline.version)
    )
    return found.all()
