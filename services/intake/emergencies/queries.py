"""What people look up of emergencies."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.emergencies.models import Contact, Report


async def list_reports(session: AsyncSession, ticket_id: UUID) -> list[Report]:
    """The reports of a ticket, the first one first."""
    rows = await session.execute(
        select(Report).where(Report.ticket_id == ticket_id).order_by(Report.id)
    )
    return list(rows.scalars())


async def find_contact(session: AsyncSession, code: str) -> Contact | None:
    """A place's sealed numbers."""
    return await session.get(Contact, code)
