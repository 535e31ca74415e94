"""Rotation: data keys under a new master key, sealed things under a new data key, a new index."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from asyncpg import Record

from services.intake.channels.operations import source_key
from services.intake.emergencies.operations import contact_key
from services.intake.identity import Vault
from services.intake.keys.models import Purpose
from services.intake.keys.refusals import KeyUnavailable
from services.intake.keys.ring import ADD, LOCK, master_keys
from services.intake.rules import normal_phone
from shared import audit
from shared.crypto.master import MasterKeyMissing, MasterKeys
from shared.crypto.provider import CannotOpen, Suite
from shared.crypto.resealing import Place, reseal
from shared.crypto.suites import PROVIDERS
from shared.database import Connection
from shared.runtime import Runtime

BATCH = 500
LIST = """SELECT id, purpose, suite, master_version, created_at, retired_at, wrapped
FROM data_keys ORDER BY id DESC LIMIT $1"""
FIND_OTHERS = "SELECT id, purpose, suite, wrapped FROM data_keys WHERE master_version <> $1"
REWRAP = """UPDATE data_keys SET wrapped = w.wrapped, master_version = $1
FROM unnest($2::bigint[], $3::bytea[]) AS w (id, wrapped) WHERE data_keys.id = w.id"""
RETIRE = """UPDATE data_keys SET retired_at = clock_timestamp()
WHERE purpose = $1 AND retired_at IS NULL"""
NOW = "SELECT clock_timestamp()"
# Who else is on this schema: an index key that others still use must not go.
COUNT_OTHERS = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()"""
LOCK_CALLERS = "LOCK TABLE callers IN SHARE ROW EXCLUSIVE MODE"
FIND_CALLERS = """SELECT c.id, t.id AS ticket_id, t.identity FROM callers c LEFT JOIN LATERAL (
    SELECT id, identity FROM tickets WHERE caller_id = c.id AND identity IS NOT NULL
    ORDER BY id DESC LIMIT 1) t ON true
WHERE c.id > $1 AND c.phone_index IS NOT NULL ORDER BY c.id LIMIT $2"""
SET_INDEX = """UPDATE callers SET phone_index = w.phone_index
FROM unnest($1::uuid[], $2::bytea[]) AS w (id, phone_index) WHERE callers.id = w.id"""


class Rotated(NamedTuple):
    """What a rotation did."""

    version: int
    rewrapped: int


class StillInUse(Exception):
    """Other processes of intake run, and would go on with the index key before."""


async def list_keys(connection: Connection, *, limit: int) -> Sequence[Record]:
    """The data keys, newest first."""
    rows: Sequence[Record] = await connection.fetch(LIST, limit)
    return rows


def can_unwrap(master: MasterKeys, row: Record) -> bool:
    """Whether the settings have the master key of a data key."""
    try:
        master.unwrap(row["wrapped"], row["purpose"].encode())
    except (MasterKeyMissing, CannotOpen):
        return False
    return True


async def rotate(runtime: Runtime, *, by: str) -> Rotated:
    """Wrap every data key with the master key of now, and seal with a new one from now on.

    No ticket is touched. Raises `KeyUnavailable` where a key's master key is not in the settings;
    then nothing is changed.
    """
    master, provider = master_keys(runtime.settings), PROVIDERS[runtime.settings.crypto_suite]
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        await connection.execute(LOCK)
        rows = await connection.fetch(FIND_OTHERS, master.version)
        wrapped = [_rewrap(master, row) for row in rows]
        await connection.execute(REWRAP, master.version, [row["id"] for row in rows], wrapped)
        await connection.execute(RETIRE, Purpose.SEAL)
        made = master.wrap(provider, provider.new_key(), Purpose.SEAL.encode())
        await connection.execute(ADD, [Purpose.SEAL], [provider.suite], [master.version], [made])
        detail = {"version": master.version, "rewrapped": len(rows), "suite": str(provider.suite)}
        entry = audit.Entry("keys.rotated", "data_keys", by, None, detail)
        await audit.note_many(connection, [entry], at=await _now(connection))
    return Rotated(master.version, len(rows))


async def reseal_all(
    runtime: Runtime, vault: Vault, *, by: str, everything: bool, limit: int
) -> int:
    """Seal anew what an older way or another suite sealed; `everything`: what other keys did.

    At most `limit` things, beside the running platform; return how many.
    """
    await vault.ready()
    header = vault.ring.sealing().header
    wanted, done = header if everything else header[:1], 0
    async with runtime.database.pool.acquire() as connection:
        for place in _places(vault):
            done += await reseal(connection, place, wanted=wanted, limit=limit - done)
        detail = {"count": done, "everything": everything}
        entry = audit.Entry("keys.resealed", "data_keys", by, None, detail)
        await audit.note_many(connection, [entry], at=await _now(connection))
    return done


async def rotate_index(runtime: Runtime, vault: Vault, *, by: str) -> tuple[int, int]:
    """A new key for finding callers by their number; return how many were found, and were lost.

    Lost are those of whom no number is kept any more. All or nothing. Raises `StillInUse`.
    """
    await vault.ready()
    master, provider = master_keys(runtime.settings), PROVIDERS[runtime.settings.crypto_suite]
    key, kept, lost, after = provider.new_key(), 0, 0, UUID(int=0)
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(COUNT_OTHERS):
            raise StillInUse
        await connection.execute(LOCK)
        await connection.execute(LOCK_CALLERS)
        while rows := await connection.fetch(FIND_CALLERS, after, BATCH):
            after = UUID(str(rows[-1]["id"]))
            phones = [await _phone(vault, row) for row in rows]
            indexes = [
                provider.keyed_digest(key, phone.encode()) if phone else None for phone in phones
            ]
            await connection.execute(SET_INDEX, [row["id"] for row in rows], indexes)
            lost += indexes.count(None)
            kept += len(rows) - indexes.count(None)
        await connection.execute(RETIRE, Purpose.INDEX)
        made = master.wrap(provider, key, Purpose.INDEX.encode())
        await connection.execute(ADD, [Purpose.INDEX], [provider.suite], [master.version], [made])
        detail = {"callers": kept, "lost": lost}
        entry = audit.Entry("keys.index_rotated", "data_keys", by, None, detail)
        await audit.note_many(connection, [entry], at=await _now(connection))
    return kept, lost


def _rewrap(master: MasterKeys, row: Record) -> bytes:
    purpose = row["purpose"].encode()
    try:
        key = master.unwrap(row["wrapped"], purpose)
    except MasterKeyMissing as missing:
        raise KeyUnavailable(
            f"缺少第 {missing.version} 版主密钥（IDENTITY_KEYS_OTHER），"
            f"无法重新包裹第 {row['id']} 号数据密钥。"
        ) from missing
    except CannotOpen as error:
        raise KeyUnavailable(
            f"主密钥打不开第 {row['id']} 号数据密钥，请核对版本与密钥。"
        ) from error
    return master.wrap(PROVIDERS[Suite(row["suite"])], key, purpose)


def _places(vault: Vault) -> tuple[Place, ...]:
    return (
        _place(vault, "tickets", "id", "identity"),
        _place(vault, "exchange_keys", "id", "private"),
        _place(vault, "contacts", "jurisdiction", "sealed", owner=contact_key),
        _place(vault, "inbound_sources", "code", "secret", owner=source_key),
    )


def _place(
    vault: Vault,
    table: str,
    key: str,
    column: str,
    *,
    owner: Callable[[str], UUID] | None = None,
) -> Place:
    def bound(name: Any) -> UUID:  # noqa: ANN401  a UUID or a text
        return name if owner is None else owner(name)

    async def open_one(sealed: bytes, name: Any) -> bytes:  # noqa: ANN401
        return await vault.open_bytes(sealed, bound(name))

    def seal_one(content: bytes, name: Any) -> bytes:  # noqa: ANN401
        return vault.seal_bytes(content, bound(name))

    return Place(table, key, column, "uuid" if owner is None else "text", open_one, seal_one)


async def _phone(vault: Vault, row: Record) -> str:
    if row["identity"] is None:
        return ""
    ticket_id = UUID(str(row["ticket_id"]))
    identity = orjson.loads(await vault.open_bytes(row["identity"], ticket_id))
    return normal_phone(identity.get("phone", ""))


async def _now(connection: Connection) -> datetime:
    at: datetime = await connection.fetchval(NOW)
    return at
