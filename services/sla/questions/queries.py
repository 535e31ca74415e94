"""Which owners are silent."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from shared.database import Connection

UNANSWERED = """SELECT ticket_id, count(*) OVER () AS deadlines FROM deadlines
WHERE state = 'asked'
    AND asked_at < (SELECT coalesce($1::timestamptz, clock_timestamp()) - $2::interval)
ORDER BY asked_at LIMIT $3"""


class Unanswered(NamedTuple):
    """Deadlines whose owner is silent: how many, and the tickets asked longest ago."""

    deadlines: int
    tickets: tuple[UUID, ...]


async def find_unanswered(
    connection: Connection, *, now: datetime | None, silence: timedelta, limit: int
) -> Unanswered:
    """The deadlines asked longer ago than `silence`; at most `limit` tickets are named."""
    rows = await connection.fetch(UNANSWERED, now, silence, limit)
    return Unanswered(rows[0]["deadlines"] if rows else 0, tuple(row["ticket_id"] for row in rows))
