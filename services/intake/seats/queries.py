"""What people look up of seats."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.seats.models import Seat
from shared.places import lies_in


@dataclass(frozen=True, slots=True)
class Filter:
    """Which seats; what is none does not matter."""

    jurisdiction: str
    kind: str | None = None
    unit: str | None = None


async def list_seats(
    session: AsyncSession, wanted: Filter, *, after: str | None, limit: int
) -> list[Seat]:
    """Seats of a place and of those within it, by number."""
    within = lies_in(Seat.jurisdiction, wanted.jurisdiction)
    statement = select(Seat).where(within).order_by(Seat.number).limit(limit)
    if wanted.kind is not None:
        statement = statement.where(Seat.kind == wanted.kind)
    if wanted.unit is not None:
        statement = statement.where(Seat.unit == wanted.unit)
    if after is not None:
        statement = statement.where(Seat.number > after)
    return list(await session.scalars(statement))
