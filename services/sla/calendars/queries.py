"""What is read of calendars and their recomputes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.models import Base, Recompute

CALENDARS = Base.metadata.tables["calendars"]


class Known(NamedTuple):
    """A calendar that is published, and how far its recompute is."""

    hash: str
    jurisdiction: str
    number: int
    published_at: datetime
    calendar: dict[str, Any]
    moved: int
    finished_at: datetime | None


async def find_calendar(session: AsyncSession, content_hash: str) -> Known:
    """A published calendar; there must be one of this hash."""
    row = (await session.execute(_KNOWN.where(CALENDARS.c.hash == content_hash))).one()
    return Known(*row)


async def list_calendars(
    session: AsyncSession, *, after: tuple[str, int] | None, limit: int
) -> Sequence[Known]:
    """Calendars by jurisdiction, those of one place in the order of publishing."""
    key = tuple_(CALENDARS.c.jurisdiction, CALENDARS.c.number)
    statement = _KNOWN.order_by(CALENDARS.c.jurisdiction, CALENDARS.c.number).limit(limit)
    if after is not None:
        statement = statement.where(key > after)
    return [Known(*row) for row in await session.execute(statement)]


_KNOWN = select(
    CALENDARS.c.hash,
    CALENDARS.c.jurisdiction,
    CALENDARS.c.number,
    CALENDARS.c.published_at,
    CALENDARS.c.calendar,
    Recompute.moved,
    Recompute.finished_at,
).join(Recompute, Recompute.hash == CALENDARS.c.hash)
