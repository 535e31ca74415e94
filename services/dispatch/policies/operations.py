"""Keeping the packs that sla publishes."""

from shared.database import Connection
from shared.events.envelope import Event
from shared.events.sla import PolicyPublished

KEEP = """INSERT INTO policies (hash, jurisdiction, pack)
SELECT DISTINCT ON (1) * FROM unnest($1::text[], $2::text[], $3::jsonb[])
ON CONFLICT (hash) DO NOTHING"""


async def keep_policies(connection: Connection, events: list[Event[PolicyPublished]]) -> None:
    """Keep packs by content hash; what is kept is never forgotten (C1)."""
    await connection.execute(
        KEEP,
        [event.data.hash for event in events],
        [event.data.jurisdiction for event in events],
        [event.data.pack for event in events],
    )
