"""What a link writes on clocks; hold their locks."""

from collections.abc import Sequence
from uuid import UUID

from services.sla.operations import Done, columns
from shared.database import Connection

RECORD_LINK = """UPDATE clocks c SET linked_at = a.at, unit = NULL, dispatched_at = NULL,
    signed_at = NULL, interim_at = NULL, replied_at = NULL, paused_at = NULL, pause_ground = NULL
FROM unnest($1::uuid[], $2::timestamptz[]) AS a (ticket_id, at) WHERE c.ticket_id = a.ticket_id"""
RECORD_UNIT = """UPDATE clocks c SET unit = a.unit
FROM unnest($1::uuid[], $2::text[]) AS a (ticket_id, unit) WHERE c.ticket_id = a.ticket_id"""


async def record_links(connection: Connection, linked: Sequence[Done]) -> None:
    """Note that tickets go with others: what was done before is of another life."""
    await connection.execute(RECORD_LINK, *columns(linked))


async def record_units(connection: Connection, units: Sequence[tuple[UUID, str]]) -> None:
    """Note whose tickets are from now on that had no unit of their own."""
    if units:
        await connection.execute(RECORD_UNIT, *columns(units))
