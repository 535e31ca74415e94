"""What people look up of cases."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.cases.models import Case
from services.dispatch.cases.rules import CaseState
from services.dispatch.models import Ticket
from services.dispatch.sight.queries import is_theirs
from services.dispatch.sight.rules import is_seen
from shared.events.kinds import CaseKind
from shared.problems import NotFound
from shared.security import Principal


@dataclass(frozen=True, slots=True)
class Filter:
    """Which cases of those that one sees; what is none does not matter."""

    state: CaseState | None = None
    kind: CaseKind | None = None
    ticket_id: UUID | None = None


async def find_case(session: AsyncSession, case_id: UUID, *, caller: Principal) -> Case:
    """A case whose ticket is the caller's to see. Raises `NotFound`.

    A unit sees a case that is decided and whose lead or co-handling unit it is.
    """
    case = await session.get(Case, case_id)
    if case is None:
        raise NotFound
    if caller.is_of_unit:
        if case.state == CaseState.DECIDED and caller.unit in (case.lead_unit, *case.co_units):
            return case
        raise NotFound
    ticket = await session.get(Ticket, case.ticket_id)
    if ticket is None or not is_seen(ticket, caller):
        raise NotFound
    return case


async def list_cases(
    session: AsyncSession, *, caller: Principal, wanted: Filter, after: UUID | None, limit: int
) -> list[Case]:
    """Those whose ticket the caller sees, newest first: with ids smaller than `after`."""
    seen = Case.ticket_id.in_(select(Ticket.id).where(is_theirs(caller)))
    statement = select(Case).where(seen).order_by(Case.id.desc()).limit(limit)
    for column, value in (
        (Case.state, wanted.state),
        (Case.kind, wanted.kind),
        (Case.ticket_id, wanted.ticket_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if after is not None:
        statement = statement.where(Case.id < after)
    return list(await session.scalars(statement))
