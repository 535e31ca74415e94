"""What is read of extensions."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.models import Extension


async def list_extensions(session: AsyncSession, ticket_id: UUID) -> Sequence[Extension]:
    """All applications of a ticket, in order."""
    found = await session.scalars(
        select(Extension).where(Extension.ticket_id == ticket_id).order_by(Extension.number)
    )
    return found.all()
