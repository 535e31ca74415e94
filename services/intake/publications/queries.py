"""Published results, for everybody; and all of a unit's, for itself."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import Ticket, Unit
from services.intake.publications.models import Publication
from services.intake.publications.rules import PublicationState
from shared.events.words import Secrecy
from shared.places import lies_in


async def list_published(
    session: AsyncSession, jurisdiction: str, *, after: UUID | None, limit: int
) -> list[tuple[Publication, str]]:
    """What the public sees of a place, newest first, of normal tickets alone (F9)."""
    within = lies_in(Publication.jurisdiction, jurisdiction)
    statement = (
        select(Publication, Unit.name)
        .join(Unit, Unit.code == Publication.unit)
        .join(Ticket, Ticket.id == Publication.ticket_id)
        .where(within, Publication.state == PublicationState.PUBLISHED)
        .where(Ticket.secrecy == Secrecy.NORMAL)
        .order_by(Publication.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(Publication.id < after)
    return [(found, name) for found, name in await session.execute(statement)]


async def list_own(
    session: AsyncSession, unit: str, *, after: UUID | None, limit: int
) -> list[Publication]:
    """A unit's own, whatever became of them, newest first."""
    statement = (
        select(Publication)
        .where(Publication.unit == unit)
        .order_by(Publication.id.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(Publication.id < after)
    return list(await session.scalars(statement))
