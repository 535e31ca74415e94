"""Connection rates, from the figures of the hours."""

from datetime import datetime

from asyncpg import Record

from services.intake.calls.rules import By
from shared.database import Connection
from shared.jurisdictions import prefix

KEYS = {
    By.SEAT_KIND: "seat_kind",
    By.SUBCENTER: "subcenter",
    By.HOUR: "to_char(hour AT TIME ZONE 'Asia/Shanghai', 'HH24')",
    By.DAY: "to_char(hour AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD')",
}
RATES = """SELECT {key} AS key, sum(queued)::int AS queued, sum(answered)::int AS answered,
    sum(quick_hangups)::int AS quick_hangups, sum(transferred)::int AS transferred,
    sum(three_way)::int AS three_way, sum(waited_seconds)::bigint AS waited_seconds
FROM call_hours
WHERE jurisdiction LIKE $1 AND hour >= $2 AND hour < $3
GROUP BY 1 ORDER BY 1"""


async def find_rates(
    connection: Connection, jurisdiction: str, *, begin: datetime, end: datetime, by: By
) -> list[Record]:
    """The calls of a place, and of those within it, that reached a queue in whole hours."""
    rows: list[Record] = await connection.fetch(
        RATES.format(key=KEYS[by]), prefix(jurisdiction) + "%", begin, end
    )
    return rows
