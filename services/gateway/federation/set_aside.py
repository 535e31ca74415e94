"""Setting aside a message that our own services refuse, with all of its subject behind it."""

from uuid_utils.compat import uuid7

from services.gateway.exchange.operations import LOCK
from shared.database import Connection

# No message of this sender is taken meanwhile: what comes later finds those that wait.
TAKE = """DELETE FROM deliveries WHERE from_platform = $1 AND subject = $2
RETURNING message_id, subject, sequence, kind, time, payload, position"""
KEEP = """INSERT INTO set_aside
    (id, from_platform, message_id, subject, sequence, kind, time, payload, reason)
SELECT id, $1, message_id, subject, sequence, kind, time, payload, reason
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::text[], $7::timestamptz[],
    $8::text[], $9::text[])
    AS g (id, message_id, subject, sequence, kind, time, payload, reason)"""


async def set_aside(connection: Connection, sender: str, subject: str, *, reason: str) -> int:
    """Take a subject's messages out of the deliveries; a person tries them again or drops one."""
    await connection.execute(LOCK, sender)
    rows = await connection.fetch(TAKE, sender, subject)
    ordered = sorted(rows, key=lambda row: row["position"])
    if ordered:
        await connection.execute(
            KEEP,
            sender,
            [uuid7() for _ in ordered],
            *([row[name] for row in ordered] for name in ("message_id", "subject", "sequence")),
            *([row[name] for row in ordered] for name in ("kind", "time", "payload")),
            [reason, *(None for _ in ordered[1:])],
        )
    return len(ordered)
