"""What people look up of subscriptions."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.subscriptions.models import Subscription
from shared.security import Principal


async def list_subscriptions(
    session: AsyncSession, *, caller: Principal, after: UUID | None, limit: int
) -> list[Subscription]:
    """A unit's own, or all of them; newest first."""
    statement = select(Subscription).order_by(Subscription.id.desc()).limit(limit)
    if caller.is_of_unit:
        statement = statement.where(Subscription.unit == caller.unit)
    if after is not None:
        statement = statement.where(Subscription.id < after)
    return list(await session.scalars(statement))
