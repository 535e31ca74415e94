"""Calling our own services, as another platform or for this one, over the usual hops."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
from starlette.types import ASGIApp

from shared import seen
from shared.crossing import GATEWAY, subject_of
from shared.events.words import Role, Service
from shared.idempotency import HEADER
from shared.runtime import Runtime
from shared.security import Principal, issue_token

EVERYWHERE = "000000"
"""The gateway's own tokens see every place: whose ticket it is was decided before."""
LIFETIME = timedelta(minutes=5)
KEPT_SECONDS = 120.0
CALL_SECONDS_MAX = 30.0
AGAIN = frozenset({425, 429, 502, 503, 504})


class Answered(NamedTuple):
    """What a service answered."""

    status: int
    body: Any

    @property
    def is_done(self) -> bool:
        """Whether the act was done."""
        return 200 <= self.status < 300

    @property
    def is_passing(self) -> bool:
        """Whether the same call may succeed later."""
        is_ours = self.status >= 500
        return is_ours or self.status in AGAIN or self.code in ("still_running", "not_heard_yet")

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""

    @property
    def problem(self) -> str:
        """What was wrong, for people."""
        detail = self.body.get("detail") if isinstance(self.body, dict) else None
        errors = self.body.get("errors") if isinstance(self.body, dict) else None
        more = "；".join(f"{one['field']}：{one['message']}" for one in errors or ())
        return f"{self.status} {self.code} {detail or ''} {more}".strip()


class Unanswered(Exception):
    """A service could not be reached, or answered that it cannot now."""


def for_platform(code: str) -> Principal:
    """Another platform, about the tickets that it forwarded here."""
    return Principal(subject_of(code), Role.PLATFORM, EVERYWHERE)


def for_unit(code: str, unit: str) -> Principal:
    """Another platform, about the tickets that were forwarded to it: as its unit here."""
    return Principal(subject_of(code), Role.UNIT, EVERYWHERE, unit)


OURS = Principal(GATEWAY, Role.SUPERVISOR, EVERYWHERE)
"""This platform, where it reads what it forwards."""
OUR_PLATFORM = Principal(GATEWAY, Role.PLATFORM, EVERYWHERE)
"""This platform, where it has a caller sealed."""


class Calls:
    """Calls to the five services."""

    def __init__(self, runtime: Runtime, clients: Mapping[Service, httpx.AsyncClient]) -> None:
        self._runtime = runtime
        self._clients = clients
        self._tokens: dict[Principal, tuple[str, float]] = {}

    async def get(self, service: Service, path: str, who: Principal) -> Any:  # noqa: ANN401  JSON
        """What a service shows. Raises `Unanswered` where it does not."""
        answered = await self._call("GET", service, path, who, headers={})
        if not answered.is_done:
            raise Unanswered(f"{service} {path}: {answered.problem}")
        return answered.body

    async def post(
        self,
        service: Service,
        path: str,
        body: Mapping[str, Any],
        *,
        who: Principal,
        key: str,
        ticket: str | None = None,
    ) -> Answered:
        """Do an act, once for each `key`; `ticket` must have been heard of where it goes.

        Raises `Unanswered` where the service cannot be reached.
        """
        headers = {HEADER: key}
        if ticket is not None:
            headers[seen.HEADER] = seen.write_seen(ticket, {Service.INTAKE: 1})
        return await self._call("POST", service, path, who, headers=headers, body=body)

    async def _call(
        self,
        method: str,
        service: Service,
        path: str,
        who: Principal,
        *,
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
    ) -> Answered:
        authorization = {"Authorization": f"Bearer {self._token(who)}"}
        try:
            async with asyncio.timeout(CALL_SECONDS_MAX):
                answer = await self._clients[service].request(
                    method, path, json=body, headers=authorization | dict(headers)
                )
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            raise Unanswered(f"{service} {path}: {error!r}") from error
        is_json = "json" in answer.headers.get("content-type", "")
        return Answered(answer.status_code, answer.json() if is_json else None)

    def _token(self, who: Principal) -> str:
        now = time.monotonic()
        token, until = self._tokens.get(who, ("", 0.0))
        if now >= until:
            token = issue_token(who, self._runtime.settings.token_secret, lifetime=LIFETIME)
            self._tokens[who] = (token, now + KEPT_SECONDS)
        return token


@asynccontextmanager
async def open_calls(runtime: Runtime, hops: Mapping[Service, ASGIApp]) -> AsyncIterator[Calls]:
    """The ways to the services, for as long as a task runs."""
    async with AsyncExitStack() as stack:
        clients = {
            service: await stack.enter_async_context(
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app=hop, raise_app_exceptions=False),
                    base_url=f"http://{service}",
                )
            )
            for service, hop in hops.items()
        }
        yield Calls(runtime, clients)
