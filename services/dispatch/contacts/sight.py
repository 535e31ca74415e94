"""Whose contacts are somebody's to see and to change."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.models import Unit
from shared.jurisdictions import covers
from shared.problems import NotFound
from shared.security import Principal


async def find_unit_of(
    session: AsyncSession, code: str, *, caller: Principal, is_locked: bool = False
) -> Unit:
    """A unit whose contacts are the caller's to see: its own, or of their place.

    Raises `NotFound`.
    """
    unit = await session.get(Unit, code, with_for_update=is_locked)
    is_theirs = unit is not None and (
        code == caller.unit if caller.is_of_unit else covers(caller.jurisdiction, unit.jurisdiction)
    )
    if unit is None or not is_theirs:
        raise NotFound
    return unit
