"""What is no longer needed for repeats, gaps and reconciliation goes, a part at a time."""

from services.gateway.exchange.operations import LOCK
from shared.runtime import Runtime

FORGET_MAX = 10_000
PEERS = "SELECT code FROM peers ORDER BY code"
SENT = """DELETE FROM sent WHERE (peer, id) IN (SELECT peer, id FROM sent
    WHERE sent_at < clock_timestamp() - make_interval(days => $1) ORDER BY sent_at LIMIT $2)"""
# What was forgotten is noted, so that a late repeat is not taken for a loss.
RECEIVED = """WITH old AS (
    DELETE FROM received_messages WHERE (from_platform, id) IN (
        SELECT from_platform, id FROM received_messages WHERE from_platform = $3
        AND received_at < clock_timestamp() - make_interval(days => $1) LIMIT $2)
    RETURNING subject, sequence),
places AS (SELECT subject, max(sequence) AS sequence FROM old GROUP BY subject),
noted AS (UPDATE received r SET pruned = greatest(r.pruned, p.sequence)
    FROM places p WHERE r.from_platform = $3 AND r.subject = p.subject)
SELECT count(*) FROM old"""
COMPARED = """DELETE FROM reconciliations WHERE id IN (SELECT id FROM reconciliations
    WHERE at < clock_timestamp() - make_interval(days => $1) ORDER BY id LIMIT $2)"""


async def forget_old(runtime: Runtime, *, limit: int = FORGET_MAX) -> None:
    """Delete what is older than `EXCHANGE_KEPT_DAYS`, in transactions of `limit` rows each."""
    days, pool = runtime.settings.exchange_kept_days, runtime.database.pool
    for statement in (SENT, COMPARED):
        while await pool.execute(statement, days, limit) == f"DELETE {limit}":
            pass
    for row in await pool.fetch(PEERS):
        count = limit
        while count == limit:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(LOCK, row["code"])
                count = await connection.fetchval(RECEIVED, days, limit, row["code"])
