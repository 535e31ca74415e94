"""The keys that sign ID tokens: a new one every quarter, the old one published beside it."""

from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from jwt.algorithms import ECAlgorithm
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.gateway.issuer.models import IssuerKey
from services.gateway.issuer.rules import KEY_LIFETIME
from services.gateway.issuer.sealing import seal, unseal
from services.gateway.people.operations import real_now
from shared.settings import Settings

ALGORITHM = "ES256"
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('issuer keys', 3))")


class SigningKey(NamedTuple):
    """A key and what others call it."""

    id: str
    private: ec.EllipticCurvePrivateKey


async def signing_key(session: AsyncSession, settings: Settings) -> SigningKey:
    """The newest key; the first call, and the first of each quarter, makes it."""
    newest = select(IssuerKey).order_by(IssuerKey.id.desc()).limit(1)
    found = await session.scalar(newest)
    if found is None or found.made_at + KEY_LIFETIME <= await real_now(session):
        await session.execute(LOCK)
        found = await session.scalar(newest.execution_options(populate_existing=True))
        if found is None or found.made_at + KEY_LIFETIME <= await real_now(session):
            found = await _make(session, settings)
    private = load_der_private_key(unseal(found.private_key, found.id, settings), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey), "we made it"
    return SigningKey(str(found.id), private)


async def published_keys(session: AsyncSession, settings: Settings) -> list[dict[str, Any]]:
    """The public keys by which a token of ours can be checked."""
    await signing_key(session, settings)
    young = IssuerKey.made_at > await real_now(session) - 2 * KEY_LIFETIME
    return [one.public_jwk for one in await session.scalars(select(IssuerKey).where(young))]


async def _make(session: AsyncSession, settings: Settings) -> IssuerKey:
    private, key_id = ec.generate_private_key(ec.SECP256R1()), uuid7()
    encoded = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    made = IssuerKey(
        id=key_id,
        private_key=seal(encoded, key_id, settings),
        public_jwk=public | {"kid": str(key_id), "use": "sig", "alg": ALGORITHM},
        made_at=await real_now(session),
    )
    session.add(made)
    await session.flush()
    return made
