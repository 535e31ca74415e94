"""What is read of published packs."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.models import Base

POLICIES = Base.metadata.tables["policies"]


async def find_published_at(session: AsyncSession) -> Mapping[str, datetime]:
    """When each pack was published, by its hash."""
    rows = await session.execute(select(POLICIES.c.hash, POLICIES.c.published_at))
    return {row.hash: row.published_at for row in rows}
