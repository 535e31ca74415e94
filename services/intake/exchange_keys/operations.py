"""Sealing a caller's identity for another platform, and opening what another sealed for us."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.intake.exchange_keys.models import ExchangeKey
from services.intake.exchange_keys.rules import OPENS_DAYS, Crossing
from services.intake.identity import Identity, Vault
from shared.crypto.provider import CannotOpen, Suite
from shared.crypto.suites import PROVIDERS
from shared.problems import field_error

LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('intake exchange keys', 4))")
NOW = func.clock_timestamp()
FORGET = text("""UPDATE exchange_keys SET private = NULL WHERE private IS NOT NULL
AND retired_at < clock_timestamp() - make_interval(days => :days)""")


class Recipient(NamedTuple):
    """A public key of another platform."""

    platform: str
    key_id: UUID
    suite: Suite
    public: bytes


def seal_for(
    identity: Identity, recipient: Recipient, *, sender: str, ticket_id: UUID, purpose: str
) -> bytes:
    """The identity of our ticket, readable by the recipient alone, for this purpose.

    Raises `Malformed`, naming `recipient_key`, for what is no key of its suite.
    """
    crossing = Crossing(sender, recipient.platform, ticket_id, recipient.key_id, purpose)
    provider = PROVIDERS[recipient.suite]
    try:
        return provider.seal_for(recipient.public, orjson.dumps(identity), crossing.bound())
    except ValueError as error:
        raise field_error("recipient_key", "no_key", "不是有效的交换公钥") from error


async def open_sealed(
    session: AsyncSession, vault: Vault, sealed: bytes, crossing: Crossing
) -> bytes:
    """The identity that another platform sealed for us, as JSON.

    Raises `Malformed`, naming `sealed_caller.key_id` for a key that is not ours or is over, and
    `sealed_caller.sealed` for what was changed, or sealed for another ticket, way or purpose.
    """
    over = ExchangeKey.retired_at < NOW - timedelta(days=OPENS_DAYS)
    row = (
        await session.execute(
            select(ExchangeKey, over.is_(True)).where(ExchangeKey.id == crossing.key_id)
        )
    ).one_or_none()
    key: ExchangeKey | None = None if row is None or row[1] else row[0]
    if key is None or key.private is None:
        raise field_error(
            "sealed_caller.key_id",
            "unknown_key",
            "不是本平台的交换密钥，或已停用；请重新获取公钥后加密",
        )
    private = await vault.open_bytes(key.private, key.id)
    provider = PROVIDERS[Suite(key.suite)]
    try:
        return provider.open_from(private, sealed, crossing.bound())
    except CannotOpen as error:
        raise field_error(
            "sealed_caller.sealed",
            "cannot_open",
            "无法解密：密文被改动，或不是为本平台、这一工单、这一用途所加密",
        ) from error


async def current_keys(
    session: AsyncSession, vault: Vault, *, suite: Suite
) -> Sequence[ExchangeKey]:
    """The keys that others may seal with, newest first; made at first need.

    The vault is ready.
    """
    await session.execute(LOCK)
    statement = (
        select(ExchangeKey).where(ExchangeKey.retired_at.is_(None)).order_by(ExchangeKey.id.desc())
    )
    keys = (await session.scalars(statement)).all()
    return keys if any(key.suite == suite for key in keys) else [_add(session, vault, suite), *keys]


async def rotate(session: AsyncSession, vault: Vault, *, suite: Suite) -> ExchangeKey:
    """A new pair in the place of those before, which open for `OPENS_DAYS` more.

    The vault is ready. What was retired longer ago loses its private part.
    """
    await session.execute(LOCK)
    active = await session.scalars(select(ExchangeKey).where(ExchangeKey.retired_at.is_(None)))
    at = await session.scalar(select(NOW))
    for key in active:
        key.retired_at = at
    await session.execute(FORGET, {"days": OPENS_DAYS})
    return _add(session, vault, suite)


def _add(session: AsyncSession, vault: Vault, suite: Suite) -> ExchangeKey:
    pair, key_id = PROVIDERS[suite].new_exchange_pair(), uuid7()
    private = vault.seal_bytes(pair.private, key_id)
    key = ExchangeKey(id=key_id, suite=suite, public=pair.public, private=private)
    session.add(key)
    return key
