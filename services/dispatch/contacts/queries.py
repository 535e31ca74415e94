"""Looking up how units are reached."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.contacts.models import UnitContact


async def list_contacts(session: AsyncSession, code: str) -> list[UnitContact]:
    """The contacts of a unit, by kind and address."""
    rows = await session.scalars(
        select(UnitContact)
        .where(UnitContact.unit == code)
        .order_by(UnitContact.kind, UnitContact.address)
    )
    return list(rows)


async def find_units_numbers(session: AsyncSession, numbers: Collection[str]) -> set[str]:
    """Those of the numbers that are units' own: they may stand in a reply."""
    if not numbers:
        return set()
    rows = await session.scalars(
        select(UnitContact.address).where(UnitContact.address.in_(numbers))
    )
    return set(rows)
