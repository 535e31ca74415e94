"""Login codes and what they are exchanged for (OpenID Connect Core 3.1, RFC 7636)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import jwt
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.issuer.keys import ALGORITHM, signing_key
from services.gateway.issuer.models import IssuerKey, LoginCode
from services.gateway.issuer.rules import CODE_LIFETIME, TOKEN_LIFETIME
from services.gateway.people.models import Person
from services.gateway.people.operations import real_now
from shared.settings import Settings

PATH = "/oidc"
CODE_BYTES = 32


class Asked(NamedTuple):
    """What a client asked for at the authorization endpoint."""

    client_id: str
    redirect_uri: str
    state: str | None
    nonce: str | None
    code_challenge: str


class Redeemed(NamedTuple):
    """The tokens that a code was exchanged for."""

    id_token: str
    access_token: str


class CodeRefused(Exception):
    """Why a code buys no token, in the words of RFC 6749 5.2."""


def issuer_of(settings: Settings) -> str:
    """The built-in issuer's name, which is its address."""
    return settings.public_url.rstrip("/") + PATH


async def make_code(
    session: AsyncSession, person: Person, asked: Asked, *, methods: Collection[str]
) -> str:
    """A code for the browser to carry; `methods` say how the person proved themselves."""
    code = secrets.token_urlsafe(CODE_BYTES)
    session.add(
        LoginCode(
            code_hash=_hash(code),
            person_id=person.id,
            client_id=asked.client_id,
            redirect_uri=asked.redirect_uri,
            nonce=asked.nonce,
            code_challenge=asked.code_challenge,
            methods=sorted(methods),
            made_at=await real_now(session),
        )
    )
    return code


async def redeem(
    session: AsyncSession, settings: Settings, *, code: str, redirect_uri: str, verifier: str
) -> Redeemed:
    """Exchange a code once. A failed exchange uses it up too: the edge commits then as well.

    Raises `CodeRefused`.
    """
    now = await real_now(session)
    taken = update(LoginCode).where(LoginCode.code_hash == _hash(code), LoginCode.used_at.is_(None))
    found = await session.scalar(taken.values(used_at=now).returning(LoginCode))
    if found is None:
        raise CodeRefused("unknown or used code")
    if found.made_at + CODE_LIFETIME <= now:
        raise CodeRefused("expired code")
    if found.redirect_uri != redirect_uri:
        raise CodeRefused("another redirect_uri")
    if not hmac.compare_digest(challenge_of(verifier), found.code_challenge):
        raise CodeRefused("wrong code_verifier")
    person = await session.get_one(Person, found.person_id)
    return await _tokens(session, settings, found, person, now=now)


async def person_of_access(session: AsyncSession, settings: Settings, token: str) -> Person | None:
    """Whom an access token speaks of; none where it is not ours or no longer good."""
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
        public = await session.scalar(
            select(IssuerKey.public_jwk).where(IssuerKey.public_jwk["kid"].astext == str(key_id))
        )
        if public is None:
            return None
        claims = jwt.decode(
            token,
            jwt.PyJWK(public, ALGORITHM),
            algorithms=[ALGORITHM],
            audience=issuer_of(settings) + "/userinfo",
            issuer=issuer_of(settings),
            options={"require": ["exp", "sub"]},
        )
    except jwt.PyJWTError:
        return None
    return await session.get(Person, UUID(claims["sub"]))


def claims_of(person: Person) -> dict[str, str]:
    """Who a person is, as ID tokens and userinfo say it."""
    return {
        "sub": str(person.id),
        "preferred_username": person.work_number,
        "name": person.name,
    }


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def _tokens(
    session: AsyncSession, settings: Settings, code: LoginCode, person: Person, *, now: datetime
) -> Redeemed:
    key, issuer = await signing_key(session, settings), issuer_of(settings)
    times = {"iss": issuer, "iat": now, "exp": now + TOKEN_LIFETIME}
    identity: dict[str, Any] = claims_of(person) | times
    identity |= {"aud": code.client_id, "auth_time": int(code.made_at.timestamp())}
    identity |= {"amr": list(code.methods)}
    if code.nonce is not None:
        identity["nonce"] = code.nonce
    access = times | {"sub": str(person.id), "aud": issuer + "/userinfo", "scope": "openid"}
    return Redeemed(
        *(
            jwt.encode(claims, key.private, ALGORITHM, headers={"kid": key.id})
            for claims in (identity, access)
        )
    )


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
