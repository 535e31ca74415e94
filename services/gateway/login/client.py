"""The gateway as a client of an OpenID Connect issuer: the built-in one, or any other.

One way for both: what differs is only how its calls reach the issuer.
"""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
from jwt import exceptions as wrong
from starlette.types import ASGIApp

from services.gateway.issuer.tokens import challenge_of, issuer_of
from services.gateway.login.problems import (
    BadIdToken,
    BadIdTokenAlgorithm,
    BadIdTokenAudience,
    BadIdTokenIssuer,
    BadIdTokenSignature,
    BadNonce,
    CodeRefused,
    IdTokenExpired,
    IssuerUnavailable,
)
from shared.problems import Problem
from shared.settings import Settings
from shared.telemetry import log

BUILT_IN = "built-in"
"""What people bound to the built-in issuer are bound to, wherever its address moves."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""By public keys alone: a token `signed` with none or with a shared secret proves nothing."""
SCOPE = "openid profile"
REQUIRED = ("iss", "sub", "aud", "exp", "iat")
TIMEOUT_SECONDS = 10.0
FRESH_SECONDS = 600.0
"""How long what the issuer says of itself is believed."""
RENEW_SECONDS_MIN = 1.0
"""An unknown key is asked for, but not more often than that."""
PROBLEMS: tuple[tuple[type[Exception], type[Problem]], ...] = (
    (wrong.ExpiredSignatureError, IdTokenExpired),
    (wrong.ImmatureSignatureError, IdTokenExpired),
    (wrong.InvalidIssuedAtError, IdTokenExpired),
    (wrong.InvalidAudienceError, BadIdTokenAudience),
    (wrong.InvalidIssuerError, BadIdTokenIssuer),
    (wrong.InvalidSignatureError, BadIdTokenSignature),
    (wrong.InvalidKeyError, BadIdTokenSignature),
    (wrong.InvalidAlgorithmError, BadIdTokenAlgorithm),
)


@dataclass
class _Kept:
    """Something that was fetched, and when."""

    value: dict[str, Any] = field(default_factory=dict)
    at: float = float("-inf")

    def is_fresh(self, seconds: float) -> bool:
        return time.monotonic() - self.at < seconds


class OidcClient:
    """What one process knows of its issuer. `app` answers for the built-in one."""

    def __init__(self, settings: Settings, app: ASGIApp) -> None:
        self._settings = settings
        self._app = app
        self._metadata, self._keys = _Kept(), _Kept()
        self.issuer = settings.oidc_issuer or issuer_of(settings)
        self.name = settings.oidc_issuer or BUILT_IN
        self.callback = settings.public_url.rstrip("/") + "/auth/callback"

    async def login_address(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where a browser goes to log in. Raises `IssuerUnavailable`."""
        metadata = await self._read_metadata()
        query = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self.callback,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        return _with(metadata["authorization_endpoint"], query)

    async def logout_address(self, *, then: str) -> str | None:
        """Where a browser logs out of the issuer too (RP-initiated logout), if that is offered."""
        endpoint = (await self._read_metadata()).get("end_session_endpoint")
        if not isinstance(endpoint, str):
            return None
        query = {"client_id": self._settings.oidc_client_id, "post_logout_redirect_uri": then}
        return _with(endpoint, query)

    async def exchange(self, code: str, *, verifier: str) -> str:
        """The ID token for a code. Raises `CodeRefused`, `IssuerUnavailable`."""
        metadata, settings = await self._read_metadata(), self._settings
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback,
            "client_id": settings.oidc_client_id,
            "code_verifier": verifier,
        }
        if settings.oidc_client_secret:
            body["client_secret"] = settings.oidc_client_secret
        answer = await self._call("POST", metadata["token_endpoint"], body)
        found = _json(answer)
        if answer.status_code in (400, 401):
            log.warning("login_code_refused", error=str(found.get("error"))[:100])
            raise CodeRefused
        if not answer.is_success:
            raise IssuerUnavailable
        if not isinstance(found.get("id_token"), str):
            raise BadIdToken
        token: str = found["id_token"]
        return token

    async def verify(self, id_token: str, *, nonce: str) -> Mapping[str, Any]:
        """The claims of an ID token that is in order; else each fault has its own problem."""
        try:
            header = jwt.get_unverified_header(id_token)
        except jwt.PyJWTError as error:
            raise BadIdToken from error
        if header.get("alg") not in ALGORITHMS:
            raise BadIdTokenAlgorithm
        key = await self._find_key(header.get("kid"), header["alg"])
        try:
            claims = jwt.decode(
                id_token,
                key,
                algorithms=[header["alg"]],
                audience=self._settings.oidc_client_id,
                issuer=self.issuer,
                leeway=self._settings.oidc_leeway_seconds,
                options={"require": list(REQUIRED)},
            )
        except jwt.PyJWTError as error:
            known = (problem for kind, problem in PROBLEMS if isinstance(error, kind))
            raise next(known, BadIdToken) from error
        is_ours = claims.get("azp", self._settings.oidc_client_id) == self._settings.oidc_client_id
        if not is_ours:
            raise BadIdTokenAudience
        if claims.get("nonce") != nonce:
            raise BadNonce
        return claims

    async def _find_key(self, key_id: object, algorithm: str) -> jwt.PyJWK:
        found = self._known_key(key_id, algorithm) if self._keys.is_fresh(FRESH_SECONDS) else None
        if found is None and not self._keys.is_fresh(RENEW_SECONDS_MIN):
            metadata = await self._read_metadata()
            self._keys = _Kept(await self._get(metadata["jwks_uri"]), time.monotonic())
            found = self._known_key(key_id, algorithm)
        if found is None:
            raise BadIdTokenSignature
        return found

    def _known_key(self, key_id: object, algorithm: str) -> jwt.PyJWK | None:
        """The key of that name; one without a name where the token names none."""
        for one in self._keys.value.get("keys", []):
            if isinstance(one, dict) and one.get("kid") == key_id and one.get("use") != "enc":
                try:
                    return jwt.PyJWK(one, algorithm)
                except (jwt.PyJWTError, NotImplementedError):
                    continue
        return None

    async def _read_metadata(self) -> dict[str, Any]:
        if not self._metadata.is_fresh(FRESH_SECONDS):
            address = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
            found = await self._get(address)
            names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            if found.get("issuer") != self.issuer or any(name not in found for name in names):
                log.error("issuer_metadata_wrong", issuer=self.issuer)
                raise IssuerUnavailable
            self._metadata = _Kept(found, time.monotonic())
        return self._metadata.value

    async def _get(self, address: str) -> dict[str, Any]:
        answer = await self._call("GET", address)
        if not answer.is_success:
            log.error("issuer_refuses", address=address, status=answer.status_code)
            raise IssuerUnavailable
        return _json(answer)

    async def _call(
        self, method: str, address: str, body: dict[str, str] | None = None
    ) -> httpx.Response:
        transport: httpx.AsyncBaseTransport = (
            httpx.AsyncHTTPTransport(verify=ssl.create_default_context())
            if self._settings.oidc_issuer
            else httpx.ASGITransport(self._app)
        )
        try:
            async with httpx.AsyncClient(
                transport=transport, timeout=TIMEOUT_SECONDS, trust_env=False
            ) as client:
                return await client.request(method, address, data=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.error("issuer_unreachable", address=address, error=repr(error))
            raise IssuerUnavailable from error


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError as error:
        raise IssuerUnavailable from error
    if not isinstance(found, dict):
        raise IssuerUnavailable
    return found


def _with(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
