"""Seals the audit: numbers what was committed and chains it, batch after batch.

Identities are handed out before commits, so an entry may show up after one with a larger one. The
sealer numbers what it sees, and what shows up later comes later in the chain: none is passed over.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from shared.audit_chain import ALGORITHMS, GENESIS, Link, chain_hash, moment, sign
from shared.database import Connection
from shared.runtime import Runtime
from shared.settings import Settings

BATCH_MAX = 1_000
READ_MAX = 2_000
# Held until the commit: whoever gets it next sees all that was numbered.
LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('audit ' || current_schema(), 3))"
LAST = "SELECT number, hash FROM audit WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1"
UNSEALED = """SELECT id, at, action, subject, by, purpose, detail FROM audit
WHERE number IS NULL ORDER BY id LIMIT $1"""
SEAL = """UPDATE audit a SET number = s.number, algorithm = $5, previous = s.previous, hash = s.hash
FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) AS s (id, number, previous, hash)
WHERE a.id = s.id"""
SEALED = """SELECT number, at, action, subject, by, purpose, detail, algorithm, previous, hash
FROM audit WHERE number > $1 ORDER BY number LIMIT $2"""
LAST_CHECKPOINT = "SELECT number, at FROM audit_checkpoints ORDER BY number DESC LIMIT 1"
KEEP_CHECKPOINT = """INSERT INTO audit_checkpoints (number, hash, at, public_key, signature)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"""
CHECKPOINTS = (
    "SELECT number, hash, at, public_key, signature FROM audit_checkpoints ORDER BY number"
)


async def seal_audit(runtime: Runtime) -> None:
    """Seal what waits, for ever; any number of workers may, one of them does."""
    while True:
        async with runtime.database.pool.acquire() as connection, connection.transaction():
            sealed = await seal_batch(connection, runtime)
            if sealed < BATCH_MAX:
                await keep_checkpoint(connection, runtime)
        if sealed < BATCH_MAX:
            await asyncio.sleep(runtime.settings.audit_seal_seconds)


async def seal_batch(connection: Connection, runtime: Runtime) -> int:
    """Number and chain what is committed, up to `BATCH_MAX`; none while somebody else does."""
    if not await connection.fetchval(LOCK):
        return 0
    rows = await connection.fetch(UNSEALED, BATCH_MAX)
    if not rows:
        return 0
    link = await last_link(connection)
    algorithm = ALGORITHMS[runtime.settings.crypto_suite]
    columns: list[tuple[int, int, bytes, bytes]] = []
    for row in rows:
        entry = entry_of(row, runtime.service, link.number + 1, algorithm)
        own_hash = chain_hash(link.hash, entry)
        columns.append((row["id"], entry["number"], link.hash, own_hash))
        link = Link(entry["number"], own_hash)
    await connection.execute(SEAL, *(list(one) for one in zip(*columns, strict=True)), algorithm)
    return len(rows)


async def keep_checkpoint(
    connection: Connection, runtime: Runtime, *, is_due: bool = False
) -> None:
    """Sign how far the chain went, where it grew and the last time was long enough ago."""
    link = await last_link(connection)
    last = await connection.fetchrow(LAST_CHECKPOINT)
    now = datetime.now(UTC)
    if link.number == (0 if last is None else last["number"]):
        return
    seconds = runtime.settings.audit_checkpoint_seconds
    if last is None or is_due or (now - last["at"]).total_seconds() >= seconds:
        signed = sign_link(runtime, link, now)
        key, signature = bytes.fromhex(signed["public_key"]), bytes.fromhex(signed["signature"])
        await connection.execute(KEEP_CHECKPOINT, link.number, link.hash, now, key, signature)


def sign_link(runtime: Runtime, link: Link, at: datetime) -> dict[str, Any]:
    """A checkpoint of a service's chain, with the platform's key."""
    settings = runtime.settings
    secret, platform = checkpoint_secret(settings), settings.platform
    return sign(link, service=runtime.service, platform=platform, at=at, secret=secret)


def checkpoint_secret(settings: Settings) -> str:
    """What the key of checkpoints is made from."""
    return settings.audit_key or settings.token_secret


async def last_link(connection: Connection) -> Link:
    """Where the chain stands."""
    row = await connection.fetchrow(LAST)
    return Link(0, GENESIS) if row is None else Link(row["number"], row["hash"])


async def read_sealed(connection: Connection, service: str) -> AsyncIterator[Mapping[str, Any]]:
    """All sealed entries in order, in bounded pieces."""
    after = 0
    while rows := await connection.fetch(SEALED, after, READ_MAX):
        for row in rows:
            entry = entry_of(row, service, row["number"], row["algorithm"])
            yield entry | {"previous": row["previous"], "hash": row["hash"]}
        after = rows[-1]["number"]


async def read_checkpoints(connection: Connection, runtime: Runtime) -> list[dict[str, Any]]:
    """All checkpoints that the service kept, as `audit_chain.is_signed` takes them."""
    return [
        {
            "service": str(runtime.service),
            "platform": runtime.settings.platform,
            "number": row["number"],
            "hash": row["hash"].hex(),
            "at": moment(row["at"]),
            "public_key": row["public_key"].hex(),
            "signature": row["signature"].hex(),
        }
        for row in await connection.fetch(CHECKPOINTS)
    ]


def entry_of(row: Any, service: str, number: int, algorithm: str) -> dict[str, Any]:  # noqa: ANN401
    """An entry's fields as its hash covers them."""
    return {
        "service": str(service),
        "number": number,
        "at": moment(row["at"]),
        "action": row["action"],
        "subject": row["subject"],
        "by": row["by"],
        "purpose": row["purpose"],
        "detail": orjson.loads(row["detail"]),
        "algorithm": algorithm,
    }
