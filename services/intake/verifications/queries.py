"""What people look up of verifications."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import Ticket, Verification
from services.intake.verifications.rules import VerificationState
from shared.places import lies_in
from shared.security import Principal


@dataclass(frozen=True, slots=True)
class Filter:
    """Which questions of those that one sees; what is none does not matter."""

    unit: str | None = None
    state: VerificationState | None = None


async def list_verifications(
    session: AsyncSession,
    *,
    caller: Principal,
    wanted: Filter,
    after: UUID | None,
    limit: int,
) -> list[tuple[Verification, Ticket]]:
    """Those that the caller sees, newest first: with ids smaller than `after`."""
    statement = _seen_by(caller).order_by(Verification.ticket_id.desc()).limit(limit)
    if wanted.unit is not None:
        statement = statement.where(Verification.unit == wanted.unit)
    if wanted.state is VerificationState.ASKED:
        statement = statement.where(Verification.answered_at.is_(None))
    elif wanted.state is not None:
        in_scope = wanted.state is VerificationState.IN_SCOPE
        statement = statement.where(Verification.is_in_scope.is_(in_scope))
    if after is not None:
        statement = statement.where(Verification.ticket_id < after)
    return [(question, ticket) for question, ticket in await session.execute(statement)]


def _seen_by(caller: Principal) -> Select[Verification, Ticket]:
    statement = select(Verification, Ticket).join(Ticket, Ticket.id == Verification.ticket_id)
    if caller.is_of_unit:
        return statement.where(Verification.unit == caller.unit)
    within = lies_in(Ticket.jurisdiction, caller.jurisdiction)
    return statement.where(within)
