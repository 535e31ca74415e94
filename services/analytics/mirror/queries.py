"""What is read of mirrored tickets."""

from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.analytics.mirror.models import MirroredTicket
from shared.jurisdictions import prefix
from shared.security import Principal


async def count_mirrored(
    session: AsyncSession,
    caller: Principal,
    *,
    platform: str | None,
    day: date | None,
    rows_max: int,
) -> list[dict[str, Any]]:
    """How many tickets of the caller's place other platforms reported, by platform and day."""
    ticket = MirroredTicket
    with_origin = func.count().filter(ticket.has_origin)
    statement = (
        select(
            ticket.platform,
            ticket.day,
            func.count().label("tickets"),
            with_origin.label("with_origin"),
            (func.count() - with_origin).label("counted"),
            func.count(ticket.dispatched_at).label("dispatched"),
            func.count(ticket.signed_at).label("signed"),
            func.count(ticket.replied_at).label("replied"),
            func.count(ticket.closed_at).label("closed"),
        )
        .where(ticket.day.is_not(None))
        .where(ticket.jurisdiction.startswith(prefix(caller.jurisdiction)))
        .group_by(ticket.platform, ticket.day)
        .order_by(ticket.platform, ticket.day.desc())
        .limit(rows_max)
    )
    if platform is not None:
        statement = statement.where(ticket.platform == platform)
    if day is not None:
        statement = statement.where(ticket.day == day)
    return [dict(row) for row in (await session.execute(statement)).mappings()]
