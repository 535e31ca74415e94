"""What intake reads."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import Category, Jurisdiction, Ticket


async def find_ticket(session: AsyncSession, ticket_id: UUID) -> Ticket | None:
    """A request as filed."""
    return await session.get(Ticket, ticket_id)


async def list_jurisdictions(session: AsyncSession) -> list[Jurisdiction]:
    """All places whose requests are taken; there are at most a few thousand."""
    return list((await session.execute(select(Jurisdiction).order_by(Jurisdiction.code))).scalars())


async def list_categories(session: AsyncSession) -> list[Category]:
    """The taxonomy, whole."""
    return list((await session.execute(select(Category).order_by(Category.code))).scalars())
