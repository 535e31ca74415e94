"""Counting the returns of a unit."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.models import RETURN_EVENTS, TimelineEntry, Unit
from shared.events.words import ReturnDecision
from shared.jurisdictions import covers
from shared.problems import NotFound
from shared.security import Principal

# Written into the statement: the partial index is only for these.
_RETURNS: BindParameter[str] = bindparam(
    "returns", RETURN_EVENTS, expanding=True, literal_execute=True
)


@dataclass(frozen=True, slots=True)
class Returns:
    """How a unit used its right to return (B5); a rejected return was improper."""

    asked: int
    granted: int
    rejected: int
    late: int


async def count_returns(
    session: AsyncSession, code: str, *, caller: Principal, since: datetime | None
) -> Returns:
    """The returns of a unit since a moment. Raises `NotFound` for one that is not the caller's."""
    unit = await session.get(Unit, code)
    is_theirs = unit is not None and (
        code == caller.unit if caller.is_of_unit else covers(caller.jurisdiction, unit.jurisdiction)
    )
    if not is_theirs:
        raise NotFound
    requested = RETURN_EVENTS[0]
    decision = TimelineEntry.detail["decision"].astext
    statement = select(
        func.count().filter(TimelineEntry.event == requested),
        func.count().filter(decision == ReturnDecision.GRANTED.value),
        func.count().filter(decision == ReturnDecision.REJECTED.value),
        func.count().filter(
            TimelineEntry.event == requested, TimelineEntry.detail["late"].astext == "true"
        ),
    ).where(TimelineEntry.unit == code, TimelineEntry.event.in_(_RETURNS))
    if since is not None:
        statement = statement.where(TimelineEntry.at >= since)
    row = (await session.execute(statement)).one()
    return Returns(*row)
