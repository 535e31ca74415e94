"""Reading the register of terminated matters."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.models import Ticket
from services.dispatch.sight.queries import is_theirs
from services.dispatch.terminations.models import Termination
from shared.places import lies_in
from shared.security import Principal


async def list_terminations(
    session: AsyncSession,
    *,
    caller: Principal,
    jurisdiction: str | None,
    unit: str | None,
    after: UUID | None,
    limit: int,
) -> list[tuple[Termination, str]]:
    """Filings and their tickets' numbers, newest first; a unit sees those that it filed."""
    statement = (
        select(Termination, Ticket.number)
        .join(Ticket, Ticket.id == Termination.ticket_id)
        .order_by(Termination.id.desc())
        .limit(limit)
    )
    if caller.is_of_unit:
        statement = statement.where(Termination.unit == caller.unit)
    else:
        statement = statement.where(is_theirs(caller))
    if jurisdiction is not None:
        within = lies_in(Termination.jurisdiction, jurisdiction)
        statement = statement.where(within)
    if unit is not None:
        statement = statement.where(Termination.unit == unit)
    if after is not None:
        statement = statement.where(Termination.id < after)
    return [(row, number) for row, number in await session.execute(statement)]
