"""Co-handling units of many tickets at once, as precedents name them (ZY 13.5(5))."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.database import Connection

KEEP = """WITH chosen AS (
    SELECT * FROM unnest($1::uuid[], $2::text[]) AS c (ticket_id, unit)
), kept AS (
    INSERT INTO co_handlers (ticket_id, round, unit, chosen_at)
    SELECT c.ticket_id, t.round, c.unit, $3 FROM chosen c JOIN tickets t ON t.id = c.ticket_id
    ON CONFLICT (ticket_id, round, unit) DO UPDATE SET is_open = true
)
UPDATE tickets SET co_units = g.units
FROM (SELECT ticket_id, array_agg(unit ORDER BY unit) AS units FROM chosen GROUP BY 1) g
WHERE tickets.id = g.ticket_id"""

END = "UPDATE co_handlers SET is_open = false WHERE ticket_id = ANY($1::uuid[]) AND is_open"


async def end_many(connection: Connection, ticket_ids: Sequence[UUID]) -> None:
    """Nobody handles with the leads of these tickets any more."""
    await connection.execute(END, ticket_ids)


async def keep_many(
    connection: Connection, chosen: Sequence[tuple[UUID, str]], *, at: datetime
) -> None:
    """Keep who handles with the leads of tickets that were just dispatched: ticket and unit."""
    if chosen:
        await connection.execute(KEEP, *zip(*chosen, strict=True), at)
