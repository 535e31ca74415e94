"""What people look up of screenings."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import Ticket
from services.intake.screenings.models import Screening
from shared.places import lies_in
from shared.security import Principal


async def list_screenings(
    session: AsyncSession,
    *,
    caller: Principal,
    is_open: bool | None,
    after: UUID | None,
    limit: int,
) -> list[tuple[Screening, Ticket]]:
    """Screenings that the caller may see, newest first; a unit sees those it asked for."""
    statement = (
        select(Screening, Ticket)
        .join(Ticket, Ticket.id == Screening.ticket_id)
        .order_by(Screening.id.desc())
        .limit(limit)
    )
    if caller.is_of_unit:
        statement = statement.where(Screening.unit == caller.unit)
    else:
        within = lies_in(Screening.jurisdiction, caller.jurisdiction)
        statement = statement.where(within)
    if is_open is not None:
        is_ended = Screening.ended_at.is_not(None)
        statement = statement.where(~is_ended if is_open else is_ended)
    if after is not None:
        statement = statement.where(Screening.id < after)
    return [(screening, ticket) for screening, ticket in await session.execute(statement)]
