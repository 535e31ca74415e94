"""What is looked up of peers and keys. Times are the database's real ones."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.peers import keys
from services.gateway.peers.models import OwnKey, Peer, PeerKey
from services.gateway.peers.rules import Algorithm, KeyState, PeerKind, key_state
from services.gateway.peers.signing import SigningKey, VerifyKey
from shared.database import Connection
from shared.problems import Problem
from shared.settings import Settings

FIND_KEY = """SELECT k.algorithm, k.public_key, k.valid_from, k.valid_until, k.revoked_at,
    p.code, p.kind, p.unit, p.is_active, clock_timestamp() AS now
FROM peer_keys k JOIN peers p ON p.code = k.peer WHERE k.key_id = $1"""
SIGNING_KEY = """SELECT key_id, algorithm, private_key FROM own_keys
WHERE signs_from <= clock_timestamp() AND (retired_at IS NULL OR retired_at > clock_timestamp())
ORDER BY signs_from DESC, key_id DESC LIMIT 1"""


class NoOwnKey(Problem):
    """This platform has no key to sign with."""

    status = 503
    code = "no_own_key"
    detail = "本平台尚未生成签名密钥，请由安全管理员生成（hotline peers rotate）。"
    retry_after_seconds = 60


class Known(NamedTuple):
    """A registered key, and the peer whose it is."""

    key: VerifyKey
    state: KeyState
    peer: str
    kind: PeerKind
    unit: str | None
    is_active: bool
    now: datetime


async def find_key(connection: Connection, key_id: str) -> Known | None:
    """A peer's key as it stands now."""
    row = await connection.fetchrow(FIND_KEY, key_id)
    if row is None:
        return None
    return Known(
        VerifyKey(Algorithm(row["algorithm"]), row["public_key"]),
        key_state(
            row["now"],
            valid_from=row["valid_from"],
            valid_until=row["valid_until"],
            revoked_at=row["revoked_at"],
        ),
        row["code"],
        PeerKind(row["kind"]),
        row["unit"],
        row["is_active"],
        row["now"],
    )


async def read_signing_key(connection: Connection, settings: Settings) -> SigningKey:
    """The key with which this platform signs now. Raises `NoOwnKey`."""
    row = await connection.fetchrow(SIGNING_KEY)
    if row is None:
        raise NoOwnKey
    algorithm = Algorithm(row["algorithm"])
    return keys.unseal(row["private_key"], row["key_id"], algorithm, settings=settings)


async def list_peers(session: AsyncSession, *, after: str | None, limit: int) -> list[Peer]:
    """All peers, by code."""
    statement = select(Peer).order_by(Peer.code).limit(limit)
    if after is not None:
        statement = statement.where(Peer.code > after)
    return list(await session.scalars(statement))


async def list_peer_keys(session: AsyncSession, peers: Sequence[str]) -> list[PeerKey]:
    """The keys of some peers, the newest first."""
    statement = (
        select(PeerKey)
        .where(PeerKey.peer.in_(peers))
        .order_by(PeerKey.registered_at.desc(), PeerKey.key_id)
    )
    return list(await session.scalars(statement))


async def list_own_keys(session: AsyncSession) -> list[OwnKey]:
    """Our keys that others may meet: those that sign, will sign, or signed until lately."""
    now = func.clock_timestamp()
    statement = (
        select(OwnKey)
        .where(or_(OwnKey.retired_at.is_(None), OwnKey.retired_at > now))
        .order_by(OwnKey.signs_from.desc(), OwnKey.key_id.desc())
    )
    return list(await session.scalars(statement))
