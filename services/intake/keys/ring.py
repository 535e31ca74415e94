"""The data keys of one process: read once, unwrapped, and looked at again every minute."""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

from asyncpg import Record

from services.intake.keys.models import Purpose
from services.intake.keys.refusals import KeyUnavailable
from shared.crypto.blobs import HEADER_BYTES, read_header, write_header
from shared.crypto.master import MasterKeyMissing, MasterKeys, read_secrets
from shared.crypto.provider import CannotOpen, Cipher, Provider, Suite
from shared.crypto.suites import PROVIDERS
from shared.database import Connection
from shared.runtime import Runtime
from shared.settings import Settings

LOOK_SECONDS = 60.0
"""After so long a process hears of keys that others made or retired."""
LEGACY = 0x01
LEGACY_VERSION = 1
"""The version whose secret sealed directly, before there were data keys."""
KEYS_MAX = 10_000
LIST = """SELECT id, purpose, suite, master_version, wrapped, retired_at IS NULL AS is_active,
    created_at > clock_timestamp() - make_interval(days => $1) AS is_young
FROM data_keys ORDER BY id DESC LIMIT $2"""
ADD = """INSERT INTO data_keys (purpose, suite, master_version, wrapped)
SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::bytea[])"""
RETIRE = """UPDATE data_keys SET retired_at = clock_timestamp()
WHERE purpose = 'seal' AND retired_at IS NULL AND suite = $1 AND master_version = $2"""
# One maker at a time, on all processes: the second finds the first one's keys.
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('intake data keys', 4))"
HAS_TICKETS = "SELECT EXISTS (SELECT FROM tickets)"


class Sealing(NamedTuple):
    """The key that seals now, with the header of what it seals."""

    header: bytes
    cipher: Cipher


def master_keys(settings: Settings) -> MasterKeys:
    """The master keys of intake, by version."""
    others = read_secrets(settings.identity_keys_other)
    version = settings.identity_key_version
    return MasterKeys(version, others | {version: settings.identity_key})


class KeyRing:
    """Opens with every key, seals with the newest. `ready` goes before anything that seals."""

    def __init__(self, runtime: Runtime) -> None:
        self._pool = runtime.database.pool
        self._days = runtime.settings.data_key_days
        self._master = master_keys(runtime.settings)
        self._provider = PROVIDERS[runtime.settings.crypto_suite]
        self._ciphers: dict[int, Cipher] = {}
        self._shut: dict[int, str] = {}
        self._named: dict[Purpose, tuple[Provider, bytes]] = {}
        self._legacy: Cipher | None = None
        self._sealing: Sealing | None = None
        self._looked_at = 0.0
        self._lock = asyncio.Lock()

    async def ready(self) -> None:
        """Have a key to seal with, made now where there is none. Raises `KeyUnavailable`.

        It takes a connection of its own: what it makes must stay, whatever becomes of the work
        that needed it. So call it before taking one.
        """
        if self._sealing is None or time.monotonic() - self._looked_at > LOOK_SECONDS:
            async with self._lock:
                if self._sealing is None or time.monotonic() - self._looked_at > LOOK_SECONDS:
                    await self._look(is_maker=True)

    def sealing(self) -> Sealing:
        """The key that seals now; `ready` was awaited before."""
        assert self._sealing is not None, "ready goes first"
        return self._sealing

    def keyed_digest(self, purpose: Purpose, content: bytes) -> bytes:
        """A hash under a key that is for this purpose; `ready` was awaited before."""
        provider, key = self._named[purpose]
        return provider.keyed_digest(key, content)

    def key(self, purpose: Purpose) -> bytes:
        """The key itself; `ready` was awaited before."""
        return self._named[purpose][1]

    async def open(self, blob: bytes, bound: bytes) -> bytes:
        """What was sealed for `bound`. Raises `CannotOpen`, `KeyUnavailable`."""
        if blob[:1] == bytes((LEGACY,)):
            await self.ready()
            if self._legacy is None:
                raise CannotOpen
            return self._legacy.open(blob[1:], bound)
        cipher = await self._cipher(read_header(blob).key_id)
        header = blob[:HEADER_BYTES]
        return cipher.open(blob[HEADER_BYTES:], header + bound)

    async def _cipher(self, key_id: int) -> Cipher:
        if key_id not in self._ciphers:
            async with self._lock:
                if key_id not in self._ciphers:
                    await self._look(is_maker=False)
        if key_id in self._ciphers:
            return self._ciphers[key_id]
        raise KeyUnavailable(self._shut.get(key_id, f"没有第 {key_id} 号数据密钥。"))

    async def _look(self, *, is_maker: bool) -> None:
        async with self._pool.acquire() as connection:
            found = await self._read(connection)
            if is_maker and found is None:
                async with connection.transaction():
                    await connection.execute(LOCK)
                    if await self._read(connection) is None:
                        await self._make(connection)
                found = await self._read(connection)
        # The one before goes on sealing until there is another: filing may be under way.
        self._sealing = found or self._sealing
        if is_maker:
            if not {Purpose.INDEX, Purpose.QUERY_CODE} <= self._named.keys():
                raise KeyUnavailable(next(iter(self._shut.values()), None))
            self._looked_at = time.monotonic()

    async def _read(self, connection: Connection) -> Sealing | None:
        rows = await connection.fetch(LIST, self._days, KEYS_MAX)
        for row in rows:
            if row["id"] not in self._ciphers:
                self._unwrap(row)
        return self._newest(rows)

    def _unwrap(self, row: Record) -> None:
        purpose = Purpose(row["purpose"])
        try:
            key = self._master.unwrap(row["wrapped"], purpose.encode())
        except MasterKeyMissing as missing:
            self._shut[row["id"]] = (
                f"第 {row['id']} 号数据密钥须用第 {missing.version} 版主密钥打开，"
                "而设置中没有这一版（IDENTITY_KEYS_OTHER）。"
            )
            return
        except CannotOpen:
            self._shut[row["id"]] = (
                f"第 {row['master_version']} 版主密钥打不开第 {row['id']} 号数据密钥："
                "主密钥已改而版本号未变。"
            )
            return
        provider = PROVIDERS[Suite(row["suite"])]
        self._shut.pop(row["id"], None)
        self._ciphers[row["id"]] = provider.cipher(key)
        if purpose is Purpose.LEGACY:
            self._legacy = self._ciphers[row["id"]]
        elif purpose is not Purpose.SEAL and row["is_active"]:
            self._named[purpose] = (provider, key)

    def _newest(self, rows: Sequence[Record]) -> Sealing | None:
        """The newest key of our suite under our master key; none where it is too old."""
        suite, version = self._provider.suite, self._master.version
        for row in rows:
            is_ours = row["suite"] == suite and row["master_version"] == version
            may_seal = row["purpose"] == Purpose.SEAL and row["is_active"] and row["is_young"]
            if not is_ours or not may_seal:
                continue
            if row["id"] not in self._ciphers:
                raise KeyUnavailable(self._shut[row["id"]])
            return Sealing(write_header(suite, row["id"]), self._ciphers[row["id"]])
        return None

    async def _make(self, connection: Connection) -> None:
        """A new key to seal with; on a platform that has no keys, the others too. Locked."""
        made = [(Purpose.SEAL, self._provider, self._provider.new_key())]
        if not self._named:
            if self._shut:
                raise KeyUnavailable(next(iter(self._shut.values())))
            made += await self._first_keys(connection)
        await connection.execute(RETIRE, self._provider.suite, self._master.version)
        await connection.execute(
            ADD,
            [purpose for purpose, _, _ in made],
            [provider.suite for _, provider, _ in made],
            [self._master.version] * len(made),
            [self._master.wrap(provider, key, purpose.encode()) for purpose, provider, key in made],
        )

    async def _first_keys(self, connection: Connection) -> list[tuple[Purpose, Provider, bytes]]:
        """Those of a platform that has none: new ones, or what its master key itself did before."""
        if not await connection.fetchval(HAS_TICKETS):
            return [
                (Purpose.INDEX, self._provider, self._provider.new_key()),
                (Purpose.QUERY_CODE, self._provider, self._provider.new_key()),
            ]
        secret = self._master.secrets.get(LEGACY_VERSION)
        if secret is None:
            raise KeyUnavailable(
                f"升级前的密文须用第 {LEGACY_VERSION} 版主密钥打开，"
                "请先在设置中给出（IDENTITY_KEYS_OTHER）。"
            )
        old = PROVIDERS[Suite.INTERNATIONAL]
        return [
            (Purpose.INDEX, old, old.derive_key(secret, b"index")),
            (Purpose.QUERY_CODE, old, old.derive_key(secret, b"query-code")),
            (Purpose.LEGACY, old, old.derive_key(secret, b"seal")),
        ]
