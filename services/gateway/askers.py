"""Who asks: a bearer token, a session, or a signature, each made into one token of our own.

What came from outside in `Authorization` goes no further: behind the door there is one kind of
token, and it is good for a minute.
"""

import time
from collections import OrderedDict
from datetime import timedelta
from typing import NamedTuple

from starlette.types import Receive, Scope

from services.gateway.peers import entry
from services.gateway.people.sessions import (
    COOKIE,
    TOKEN_PREFIX,
    principal_of_session,
    refuse_cross_site,
)
from shared.problems import Problem
from shared.runtime import Runtime
from shared.security import Principal, TokenReader, issue_token
from shared.telemetry import SIGNATURES_REFUSED

TOKEN_LIFETIME = timedelta(seconds=60)
TOKEN_REUSED_SECONDS = 20.0
TOKENS_MAX = 10_000
AUTHORIZATION = b"authorization"


class Asker(NamedTuple):
    """Who asks, none for nobody; `body` is set where a signed body is still to be read."""

    principal: Principal | None
    receive: Receive
    body: entry.CheckedBody | None = None


class Askers:
    """Knows who asks, by whatever shows it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._tokens = TokenReader(runtime.settings.token_secret)
        self._issued: OrderedDict[Principal, tuple[bytes, float]] = OrderedDict()

    async def find(self, scope: Scope, receive: Receive) -> Asker:
        """Who asks. Raises `Unauthenticated`, or why a session or a signature is refused."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if AUTHORIZATION in headers:
            bearer = headers[AUTHORIZATION].decode("latin-1")
            return Asker(await self._by_bearer(bearer), receive)
        if entry.is_signed(headers):
            signed = await self._by_signature(scope, receive)
            return Asker(signed.principal, signed.receive, signed.body)
        session = _cookie(headers.get(b"cookie", b""))
        if session is None:
            return Asker(None, receive)
        refuse_cross_site(scope["method"], headers, self._runtime.settings)
        return Asker(await principal_of_session(self._runtime, session), receive)

    def headers_for(
        self, asker: Asker, headers: list[tuple[bytes, bytes]]
    ) -> list[tuple[bytes, bytes]]:
        """The same headers with our own token in the place of what came from outside."""
        kept = [pair for pair in headers if pair[0] != AUTHORIZATION]
        if asker.principal is not None:
            kept.append((AUTHORIZATION, self._token(asker.principal)))
        return kept

    async def _by_signature(self, scope: Scope, receive: Receive) -> entry.Signed:
        try:
            return await entry.enter(self._runtime, scope, receive)
        except Problem as problem:
            SIGNATURES_REFUSED.labels(problem.code).inc()
            raise

    async def _by_bearer(self, bearer: str) -> Principal:
        scheme, _, token = bearer.partition(" ")
        if scheme.lower() == "bearer" and token.startswith(TOKEN_PREFIX):
            return await principal_of_session(self._runtime, token)
        return self._tokens.read(bearer)

    def _token(self, principal: Principal) -> bytes:
        now = time.monotonic()
        issued = self._issued.get(principal)
        if issued is None or issued[1] < now:
            secret = self._runtime.settings.token_secret
            token = issue_token(principal, secret, lifetime=TOKEN_LIFETIME)
            issued = (f"Bearer {token}".encode(), now + TOKEN_REUSED_SECONDS)
            self._issued[principal] = issued
            self._issued.move_to_end(principal)
            if len(self._issued) > TOKENS_MAX:
                self._issued.popitem(last=False)
        return issued[0]


def _cookie(header: bytes) -> str | None:
    for pair in header.decode("latin-1").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE and value:
            return value
    return None
