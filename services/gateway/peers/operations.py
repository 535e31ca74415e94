"""What is done to peers and keys. Keys live in real time, whatever clock a simulation has."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.peers import keys
from services.gateway.peers.models import OwnKey, Peer, PeerKey
from services.gateway.peers.rules import OF_SUITE, PUBLIC_BYTES, Algorithm, PeerKind
from services.gateway.subscriptions.rules import wrong_url
from shared.audit import Entry, note
from shared.database import Connection
from shared.problems import NotFound, Problem, field_error
from shared.settings import Settings

NOW = text("SELECT clock_timestamp()")
LOCK_OWN_KEYS = text("SELECT pg_advisory_xact_lock(hashtextextended('own_keys', 0))")
USE_NONCE = """INSERT INTO nonces (key_id, nonce, expires_at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING true"""
FORGET_NONCES = """DELETE FROM nonces WHERE (key_id, nonce) IN (
    SELECT key_id, nonce FROM nonces WHERE expires_at < clock_timestamp()
    ORDER BY expires_at LIMIT $1)"""


class KeyTaken(Problem):
    """This key id is registered already."""

    status = 409
    code = "key_taken"
    detail = "该密钥编号已登记；请更换编号，或核对是否重复登记。"


class PeerWords(NamedTuple):
    """What an administrator says of a peer."""

    name: str
    kind: PeerKind
    url: str | None
    unit: str | None
    is_active: bool


class KeyWords(NamedTuple):
    """A public key as it is registered."""

    key_id: str
    algorithm: Algorithm
    public: bytes
    valid_from: datetime | None
    valid_until: datetime | None


async def put_peer(session: AsyncSession, code: str, words: PeerWords, *, by: str) -> Peer:
    """Write what a peer is, new or changed. Raises `Malformed`."""
    if words.kind is PeerKind.SUBCENTER and words.unit is None:
        raise field_error("unit", "missing", "分中心须指明其承办单位代码")
    if words.url is not None and (wrong := wrong_url(words.url)) is not None:
        raise field_error("url", "bad_url", wrong)
    now = await _now(session)
    row = {**words._asdict(), "kind": words.kind.value, "changed_at": now}
    statement = insert(Peer).values(code=code, **row)
    await session.execute(statement.on_conflict_do_update(index_elements=[Peer.code], set_=row))
    detail = {"kind": words.kind.value, "unit": words.unit, "is_active": words.is_active}
    await note(session, Entry("peer.changed", code, by, detail=detail), at=now)
    return await session.get_one(Peer, code, populate_existing=True)


async def register_key(session: AsyncSession, code: str, words: KeyWords, *, by: str) -> PeerKey:
    """Let a peer sign with a key. Raises `NotFound`, `Malformed`, `KeyTaken`."""
    if await session.get(Peer, code, with_for_update={"read": True}) is None:
        raise NotFound("没有登记这个平台。")
    if len(words.public) != PUBLIC_BYTES[words.algorithm]:
        wanted = PUBLIC_BYTES[words.algorithm]
        raise field_error("public_key", "bad_key", f"解码后应为 {wanted} 字节")
    now = await _now(session)
    valid_from = words.valid_from or now
    if words.valid_until is not None and words.valid_until <= valid_from:
        raise field_error("valid_until", "too_early", "须晚于生效时间")
    statement = (
        insert(PeerKey)
        .values(
            key_id=words.key_id,
            peer=code,
            algorithm=words.algorithm.value,
            public_key=words.public,
            valid_from=valid_from,
            valid_until=words.valid_until,
            registered_by=by,
            registered_at=now,
        )
        .on_conflict_do_nothing()
        .returning(PeerKey)
    )
    made = await session.scalar(statement)
    if made is None:
        raise KeyTaken
    detail = {"peer": code, "algorithm": words.algorithm.value}
    await note(session, Entry("peer_key.registered", words.key_id, by, detail=detail), at=now)
    return made


async def revoke_key(session: AsyncSession, code: str, key_id: str, *, by: str) -> PeerKey:
    """Open no door to a key from now on; once is enough. Raises `NotFound`."""
    found = await session.get(PeerKey, key_id, with_for_update=True)
    if found is None or found.peer != code:
        raise NotFound("该平台没有这个密钥。")
    if found.revoked_at is None:
        found.revoked_at = await _now(session)
        entry = Entry("peer_key.revoked", key_id, by, detail={"peer": code})
        await note(session, entry, at=found.revoked_at)
    return found


async def rotate_own_key(
    session: AsyncSession,
    settings: Settings,
    *,
    algorithm: Algorithm | None,
    signs_after: timedelta,
    overlap: timedelta,
    by: str,
) -> OwnKey:
    """A new key of ours: it signs after a while, and the older ones are good for an overlap more.

    Between its making and its first signature others have time to register it; the first of all
    signs at once. Without an `algorithm` it is that of the platform's suite.
    """
    algorithm = algorithm or OF_SUITE[settings.crypto_suite]
    await session.execute(LOCK_OWN_KEYS)
    now = await _now(session)
    is_first = await session.scalar(select(OwnKey.key_id).limit(1)) is None
    pair = keys.make_pair(algorithm)
    name = keys.name_of(settings.platform, pair)
    made = OwnKey(
        key_id=name,
        algorithm=algorithm.value,
        private_key=keys.seal(pair.private, name, settings=settings),
        public_key=pair.public,
        created_at=now,
        signs_from=now if is_first else now + signs_after,
    )
    older = update(OwnKey).where(OwnKey.retired_at.is_(None))
    await session.execute(older.values(retired_at=made.signs_from + overlap))
    session.add(made)
    detail = {"algorithm": algorithm.value}
    await note(session, Entry("own_key.made", name, by, detail=detail), at=now)
    return made


async def use_nonce(connection: Connection, key_id: str, nonce: str, *, until: datetime) -> bool:
    """Whether this key signs with this nonce for the first time; it is kept `until` then."""
    is_first: bool | None = await connection.fetchval(USE_NONCE, key_id, nonce, until)
    return is_first is not None


async def forget_nonces(connection: Connection, *, limit: int) -> int:
    """Delete nonces whose signatures are too old anyhow, up to `limit`; return how many."""
    done: str = await connection.execute(FORGET_NONCES, limit)
    return int(done.rsplit(" ", 1)[1])


async def _now(session: AsyncSession) -> datetime:
    now: datetime = (await session.execute(NOW)).scalar_one()
    return now.astimezone(UTC)
