"""What is read of promises."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.models import Promise


async def list_promises(session: AsyncSession, unit: str) -> Sequence[Promise]:
    """The promises of a unit, by type."""
    found = await session.scalars(
        select(Promise).where(Promise.unit == unit).order_by(Promise.request_type)
    )
    return found.all()
