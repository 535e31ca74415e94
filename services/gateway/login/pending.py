"""A login that went to the issuer and is not back: kept in the browser that began it, signed."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import jwt

from services.gateway.login.problems import BadState
from shared.settings import Settings

ALGORITHM = "HS256"
AUDIENCE = "pending login"
COOKIE = "hotline_pending"
LIFETIME = timedelta(minutes=20)
RANDOM_BYTES = 32


class Pending(NamedTuple):
    """What the answer must match, and where the person wanted to go."""

    state: str
    nonce: str
    verifier: str
    then: str


def begin(then: str) -> Pending:
    """A new login, then back to a page of ours."""
    state, nonce, verifier = (secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3))
    return Pending(state, nonce, verifier, then if is_own_page(then) else "/")


def is_own_page(address: str) -> bool:
    """Whether an address is a path of this site: nothing that leads a browser elsewhere."""
    return (
        address.startswith("/")
        and not address.startswith(("//", "/\\"))
        and address.isprintable()
        and "\\" not in address
    )


def write_pending(pending: Pending, settings: Settings) -> str:
    """The login as a cookie."""
    expires = datetime.now(UTC) + LIFETIME
    claims = pending._asdict() | {"aud": AUDIENCE, "exp": expires}
    return jwt.encode(claims, _key(settings), ALGORITHM)


def read_pending(cookie: str | None, *, state: str | None, settings: Settings) -> Pending:
    """The login that an answer belongs to. Raises `BadState`."""
    try:
        claims = jwt.decode(cookie or "", _key(settings), [ALGORITHM], audience=AUDIENCE)
    except jwt.PyJWTError as error:
        raise BadState from error
    found = Pending(*(claims[name] for name in Pending._fields))
    if state is None or not hmac.compare_digest(found.state.encode(), state.encode()):
        raise BadState
    return found


def _key(settings: Settings) -> bytes:
    return hmac.digest(settings.token_secret.encode(), b"hotline-12345 logins", hashlib.sha256)
