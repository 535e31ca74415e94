"""Looking up precedents."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.directory.rules import outer_codes
from services.dispatch.precedents.models import Precedent
from shared.places import lies_in
from shared.security import Principal


async def find_precedent_of(
    session: AsyncSession, category: str, jurisdiction: str
) -> Precedent | None:
    """The precedent that binds matters of this kind here: the nearest place's."""
    found: Precedent | None = await session.scalar(
        select(Precedent)
        .where(
            Precedent.category == category,
            Precedent.jurisdiction.in_(outer_codes(jurisdiction)),
            Precedent.retired_at.is_(None),
        )
        .order_by(func.array_position(outer_codes(jurisdiction), Precedent.jurisdiction))
        .limit(1)
    )
    return found


async def find_precedent_at(
    session: AsyncSession, category: str, jurisdiction: str
) -> Precedent | None:
    """The precedent of this kind for this very place, locked; none where it has none."""
    found: Precedent | None = await session.scalar(
        select(Precedent)
        .where(
            Precedent.category == category,
            Precedent.jurisdiction == jurisdiction,
            Precedent.retired_at.is_(None),
        )
        .with_for_update()
    )
    return found


async def list_precedents(
    session: AsyncSession,
    *,
    caller: Principal,
    jurisdiction: str | None,
    category: str | None,
    after: UUID | None,
    limit: int,
) -> list[Precedent]:
    """Precedents that the caller may know, newest first, retired ones among them.

    A unit knows those that bind it; others those of their place and of the places around it.
    """
    statement = select(Precedent).order_by(Precedent.id.desc()).limit(limit)
    if caller.unit is not None:
        bound = (Precedent.lead_unit == caller.unit) | (Precedent.co_units.contains([caller.unit]))
        statement = statement.where(bound)
    else:
        within = lies_in(Precedent.jurisdiction, caller.jurisdiction)
        around = Precedent.jurisdiction.in_(outer_codes(caller.jurisdiction))
        statement = statement.where(within | around)
    if jurisdiction is not None:
        inside = lies_in(Precedent.jurisdiction, jurisdiction)
        covering = Precedent.jurisdiction.in_(outer_codes(jurisdiction))
        statement = statement.where(inside | covering)
    if category is not None:
        statement = statement.where(Precedent.category == category)
    if after is not None:
        statement = statement.where(Precedent.id < after)
    return list(await session.scalars(statement))
