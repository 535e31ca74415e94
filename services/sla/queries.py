"""What is read of clocks and deadlines."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.models import TicketClock, TicketDeadline
from shared.database import Connection

UNANSWERED = """SELECT ticket_id, count(*) OVER () AS deadlines FROM deadlines
WHERE state = 'asked'
    AND asked_at < (SELECT coalesce($1::timestamptz, clock_timestamp()) - $2::interval)
ORDER BY asked_at LIMIT $3"""


class Unanswered(NamedTuple):
    """Deadlines whose owner is silent: how many, and the tickets asked longest ago."""

    deadlines: int
    tickets: tuple[UUID, ...]


async def find_clock(session: AsyncSession, ticket_id: UUID) -> TicketClock | None:
    """The clock of a ticket."""
    return await session.get(TicketClock, ticket_id)


async def list_deadlines(session: AsyncSession, ticket_id: UUID) -> Sequence[TicketDeadline]:
    """All deadlines that a ticket has or had, by due time."""
    found = await session.scalars(
        select(TicketDeadline)
        .where(TicketDeadline.ticket_id == ticket_id)
        .order_by(TicketDeadline.due_at, TicketDeadline.step, TicketDeadline.version)
    )
    return found.all()


async def find_unanswered(
    connection: Connection, *, now: datetime | None, silence: timedelta, limit: int
) -> Unanswered:
    """The deadlines asked longer ago than `silence`; at most `limit` tickets are named."""
    rows = await connection.fetch(UNANSWERED, now, silence, limit)
    return Unanswered(rows[0]["deadlines"] if rows else 0, tuple(row["ticket_id"] for row in rows))
