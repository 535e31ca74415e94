"""Published results, for everybody; and all of a unit's, for itself."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import Unit
from services.intake.publications.models import Publication
from services.intake.publications.rules import PublicationState
from shared.jurisdictions import prefix


async def list_published(
    session: AsyncSession, jurisdiction: str, *, after: UUID | None, limit: int
) -> list[tuple[Publication, str]]:
    """What the public sees of a place, newest first, with the unit's name."""
    within = Publication.jurisdiction.startswith(prefix(jurisdiction), autoescape=True)
    statement = (
        select(Publication, Unit.name)
        .join(Unit, Unit.code == Publication.unit)
        .where(within, Publication.state == PublicationState.PUBLISHED)
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
