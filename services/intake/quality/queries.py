"""What people look up of quality checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg import Record
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.quality.models import QualityCheck, QualityForm
from services.intake.quality.rules import BY_PEOPLE
from shared.database import Connection
from shared.jurisdictions import prefix
from shared.places import lies_in

SCORES = f"""SELECT agent, array_agg(coalesce(second_score, score)) AS scores
FROM quality_checks
WHERE jurisdiction LIKE $1 AND scored_at >= $2 AND scored_at < $3 AND score IS NOT NULL
    AND agent {BY_PEOPLE}
GROUP BY agent ORDER BY agent"""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which checks; what is none does not matter."""

    jurisdiction: str
    state: str | None = None
    agent: str | None = None


async def list_checks(
    session: AsyncSession, wanted: Filter, *, after: UUID | None, limit: int
) -> list[QualityCheck]:
    """Checks of a place and of those within it, newest first."""
    within = lies_in(QualityCheck.jurisdiction, wanted.jurisdiction)
    statement = select(QualityCheck).where(within).order_by(QualityCheck.id.desc()).limit(limit)
    if wanted.state is not None:
        statement = statement.where(QualityCheck.state == wanted.state)
    if wanted.agent is not None:
        statement = statement.where(QualityCheck.agent == wanted.agent)
    if after is not None:
        statement = statement.where(QualityCheck.id < after)
    return list(await session.scalars(statement))


async def list_forms(session: AsyncSession, jurisdiction: str) -> Sequence[QualityForm]:
    """Every version of every form of a place and of those around it; there are few."""
    rows = await session.scalars(
        select(QualityForm).order_by(QualityForm.code, QualityForm.version.desc())
    )
    return [row for row in rows if jurisdiction.startswith(prefix(row.jurisdiction))]


async def find_scores(
    connection: Connection, jurisdiction: str, *, begin: datetime, end: datetime
) -> list[Record]:
    """The final scores of each agent in a period."""
    rows: list[Record] = await connection.fetch(SCORES, prefix(jurisdiction) + "%", begin, end)
    return rows
