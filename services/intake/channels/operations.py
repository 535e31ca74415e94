"""Sources and their signatures. Only the edge commits."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.channels.models import InboundSource
from services.intake.identity import Vault
from shared.database import Pool
from shared.events.words import Channel, RequestType
from shared.idempotency import hash_body
from shared.problems import BadSignature, field_error

KEEP = """INSERT INTO inbound_signatures (source, signature, body_hash) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING true"""
KEPT = "SELECT body_hash FROM inbound_signatures WHERE source = $1 AND signature = $2"
GIVE_BACK = "DELETE FROM inbound_signatures WHERE source = $1 AND signature = $2"
FORGET = """DELETE FROM inbound_signatures
WHERE heard_at < clock_timestamp() - make_interval(secs => $1)"""


@dataclass(frozen=True, slots=True)
class Source:
    """Who brings messages: to which place, by which channel, opened by which secret."""

    code: str
    channel: Channel
    jurisdiction: str
    request_type: RequestType | None
    secret: bytes = field(repr=False)

    @property
    def subject(self) -> str:
        """Who files and uploads what comes from here."""
        return f"source:{self.code}"


@dataclass(frozen=True, slots=True)
class Described:
    """A source as an administrator wants it; no secret: the one that it has."""

    code: str
    name: str
    channel: Channel
    jurisdiction: str
    request_type: RequestType | None
    is_active: bool
    secret: str | None = field(repr=False)


async def put_source(session: AsyncSession, vault: Vault, wanted: Described) -> InboundSource:
    """Add a source or change it. The vault is ready.

    Raises `Malformed` for a new one without a secret.
    """
    row = await session.get(InboundSource, wanted.code, with_for_update=True)
    if row is None:
        if wanted.secret is None:
            raise field_error("secret", "missing", "新的来源须设置密钥")
        row = InboundSource(code=wanted.code)
        session.add(row)
    row.name, row.channel = wanted.name, wanted.channel.value
    row.jurisdiction, row.is_active = wanted.jurisdiction, wanted.is_active
    row.request_type = None if wanted.request_type is None else wanted.request_type.value
    if wanted.secret is not None:
        row.secret = vault.seal_bytes(wanted.secret.encode(), source_key(wanted.code))
    return row


async def find_source(
    session: AsyncSession, vault: Vault, code: str, channel: Channel
) -> Source | None:
    """A source that is active and brings this channel."""
    row = await session.get(InboundSource, code)
    if row is None or not row.is_active or row.channel != channel:
        return None
    return Source(
        code=row.code,
        channel=channel,
        jurisdiction=row.jurisdiction,
        request_type=None if row.request_type is None else RequestType(row.request_type),
        secret=await vault.open_bytes(row.secret, source_key(code)),
    )


def no_secret() -> bytes:
    """What an unknown source is checked with: nothing fits, and it takes as long."""
    return secrets.token_bytes(32)


@asynccontextmanager
async def used(
    pool: Pool, source: Source, signature: str, body: bytes, *, may_repeat: bool
) -> AsyncIterator[None]:
    """A signature opens the door for one message; it is given back where that was not taken.

    Raises `BadSignature` for a signature that was used; `may_repeat`: but not for the same body.
    """
    body_hash = hash_body(body)
    is_new = await pool.fetchval(KEEP, source.code, signature, body_hash)
    if not is_new:
        kept = await pool.fetchval(KEPT, source.code, signature)
        if not may_repeat or kept != body_hash:
            raise BadSignature
    try:
        yield
    except BaseException:
        if is_new:
            await pool.execute(GIVE_BACK, source.code, signature)
        raise


async def forget_signatures(pool: Pool, window_seconds: int) -> None:
    """Forget signatures that are too old to open anything."""
    await pool.execute(FORGET, 3.0 * window_seconds)


def source_key(code: str) -> UUID:
    """What a source's sealed secret is bound to."""
    return uuid5(NAMESPACE_URL, f"urn:12345:inbound:{code}")
