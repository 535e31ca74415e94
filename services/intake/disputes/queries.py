"""What people look up of disputes."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.disputes.models import CALLER, Dispute
from services.intake.models import Ticket
from shared.places import lies_in
from shared.security import Principal


async def list_disputes(
    session: AsyncSession,
    *,
    caller: Principal,
    is_open: bool | None,
    after: UUID | None,
    limit: int,
) -> list[tuple[Dispute, Ticket]]:
    """Complaints that the asker may see, newest first; a unit sees its own.

    What a caller complains of may be the unit: it never reads that (ZY 22, 27.2).
    """
    statement = (
        select(Dispute, Ticket)
        .join(Ticket, Ticket.id == Dispute.ticket_id)
        .order_by(Dispute.id.desc())
        .limit(limit)
    )
    if caller.is_of_unit:
        own = (Dispute.unit == caller.unit) & (Dispute.disputed_by != CALLER)
        statement = statement.where(own)
    else:
        within = lies_in(Dispute.jurisdiction, caller.jurisdiction)
        statement = statement.where(within)
    if is_open is not None:
        is_answered = Dispute.answered_at.is_not(None)
        statement = statement.where(~is_answered if is_open else is_answered)
    if after is not None:
        statement = statement.where(Dispute.id < after)
    return [(dispute, ticket) for dispute, ticket in await session.execute(statement)]
