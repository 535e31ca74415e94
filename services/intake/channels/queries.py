"""What people look up of channels."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.channels.models import InboundSource


async def list_sources(session: AsyncSession) -> list[InboundSource]:
    """All sources; there are a few dozen."""
    rows = await session.execute(select(InboundSource).order_by(InboundSource.code))
    return list(rows.scalars())
