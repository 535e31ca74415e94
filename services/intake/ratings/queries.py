"""What everybody may look up of ratings."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import Unit
from services.intake.ratings.models import RatingFigure
from shared.places import lies_in


async def list_figures(
    session: AsyncSession, jurisdiction: str, month: date
) -> list[tuple[str, str, str, int]]:
    """Unit, standing, result, count of a place and a month: as many rows as units, not ratings."""
    within = lies_in(RatingFigure.jurisdiction, jurisdiction)
    figures = (RatingFigure.unit, RatingFigure.standing, RatingFigure.result)
    rows = await session.execute(
        select(*figures, func.sum(RatingFigure.count))
        .where(RatingFigure.month == month, within)
        .group_by(*figures)
    )
    return [(unit, standing, result, int(count)) for unit, standing, result, count in rows]


async def find_unit_names(session: AsyncSession, codes: Sequence[str]) -> dict[str, str]:
    """The names of units by code."""
    rows = await session.execute(select(Unit.code, Unit.name).where(Unit.code.in_(codes)))
    return {row.code: row.name for row in rows}
