"""What a login has come to, carried by its form: signed, short-lived, good in one browser."""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import jwt

from services.gateway.issuer.rules import LOGIN_LIFETIME, Stage
from services.gateway.issuer.tokens import Asked
from shared.settings import Settings

ALGORITHM = "HS256"
AUDIENCE = "issuer form"
COOKIE = "hotline_login"


class Login(NamedTuple):
    """A login on its way: what the client asked, and how far the person has come."""

    asked: Asked
    person_id: UUID | None = None
    version: int = 0
    passed: tuple[Stage, ...] = ()
    methods: tuple[str, ...] = ()


class FormRefused(Exception):
    """The form is too old, changed, or another browser's."""


def write_form(login: Login, *, browser: str, settings: Settings) -> str:
    """The login as a hidden field; `browser` is what its cookie holds."""
    claims: dict[str, Any] = {
        "aud": AUDIENCE,
        "exp": datetime.now(UTC) + LOGIN_LIFETIME,
        "browser": _digest(browser),
        "asked": list(login.asked),
        "person": None if login.person_id is None else str(login.person_id),
        "version": login.version,
        "passed": list(login.passed),
        "methods": list(login.methods),
    }
    return jwt.encode(claims, _key(settings), ALGORITHM)


def read_form(form: str, *, browser: str | None, settings: Settings) -> Login:
    """The login again. Raises `FormRefused`."""
    try:
        claims = jwt.decode(form, _key(settings), [ALGORITHM], audience=AUDIENCE)
    except jwt.PyJWTError as error:
        raise FormRefused from error
    if browser is None or not hmac.compare_digest(claims["browser"], _digest(browser)):
        raise FormRefused
    return Login(
        Asked(*claims["asked"]),
        None if claims["person"] is None else UUID(claims["person"]),
        claims["version"],
        tuple(Stage(one) for one in claims["passed"]),
        tuple(claims["methods"]),
    )


def _digest(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()


def _key(settings: Settings) -> bytes:
    return hmac.digest(settings.token_secret.encode(), b"hotline-12345 forms", hashlib.sha256)
