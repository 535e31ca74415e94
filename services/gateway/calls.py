"""Calling our own services on behalf of somebody, over the usual hops: the gateway alone does."""

import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
from starlette.types import ASGIApp

from shared import seen
from shared.crossing import GATEWAY, subject_of
from shared.events.words import Role, Service
from shared.idempotency import HEADER
from shared.security import Principal, issue_token
from shared.settings import Settings

EVERYWHERE = "000000"
"""The gateway's own tokens see every place: whose ticket it is was decided before."""
LIFETIME = timedelta(minutes=5)
KEPT_SECONDS = 120.0
CALL_SECONDS_MAX = 30.0
UPLOAD_SECONDS_MAX = 240.0
AGAIN = frozenset({425, 429, 502, 503, 504})


class Answered(NamedTuple):
    """What a service answered."""

    status: int
    body: Any
    seen: str = ""
    """What it has said of the ticket, as the header `Ticket-Seen` tells."""

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
        return str(self._problem.get("code", ""))

    @property
    def told(self) -> str:
        """What was wrong, for people: field by field, where the answer names them."""
        errors = self._problem.get("errors") or ()
        fields = "；".join(f"{one['field']}：{one['message']}" for one in errors)
        return fields or str(self._problem.get("detail") or "")

    @property
    def problem(self) -> str:
        """What was wrong, for who runs the platform."""
        return f"{self.status} {self.code} {self.told}".strip()

    @property
    def _problem(self) -> dict[str, Any]:
        return self.body if isinstance(self.body, dict) else {}


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
    """Calls to the five services, in this process or in others."""

    def __init__(self, hops: Mapping[Service, ASGIApp], settings: Settings) -> None:
        self.services = tuple(hops)
        self._secret = settings.token_secret
        # They hold no connection, so that nobody need close them.
        self._clients = {
            service: httpx.AsyncClient(
                transport=httpx.ASGITransport(app=hop, raise_app_exceptions=False),
                base_url=f"http://{service}",
            )
            for service, hop in hops.items()
        }
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
        heard: int = 1,
    ) -> Answered:
        """Do an act, once for each `key`; so much of `ticket` must have been heard where it goes.

        Raises `Unanswered` where the service cannot be reached.
        """
        headers = {HEADER: key}
        if ticket is not None:
            headers[seen.HEADER] = seen.write_seen(ticket, {Service.INTAKE: heard})
        return await self._call("POST", service, path, who, headers=headers, json=body)

    async def upload(self, content: bytes, media_type: str, who: Principal) -> Answered:
        """Have intake keep a file; the same content of the same caller is kept once.

        Raises `Unanswered` where intake cannot be reached.
        """
        headers = {"Content-Type": media_type}
        return await self._call(
            "POST",
            Service.INTAKE,
            "/v1/attachments",
            who,
            headers=headers,
            content=content,
            seconds_max=UPLOAD_SECONDS_MAX,
        )

    async def _call(
        self,
        method: str,
        service: Service,
        path: str,
        who: Principal,
        *,
        headers: Mapping[str, str],
        json: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        seconds_max: float = CALL_SECONDS_MAX,
    ) -> Answered:
        authorization = {"Authorization": f"Bearer {self._token(who)}"}
        try:
            async with asyncio.timeout(seconds_max):
                answer = await self._clients[service].request(
                    method,
                    path,
                    json=json,
                    content=content,
                    headers=authorization | dict(headers),
                )
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            raise Unanswered(f"{service} {path}: {error!r}") from error
        is_json = "json" in answer.headers.get("content-type", "")
        told = answer.json() if is_json else None
        return Answered(answer.status_code, told, answer.headers.get(seen.HEADER, ""))

    def _token(self, who: Principal) -> str:
        now = time.monotonic()
        token, until = self._tokens.get(who, ("", 0.0))
        if now >= until:
            token = issue_token(who, self._secret, lifetime=LIFETIME)
            self._tokens[who] = (token, now + KEPT_SECONDS)
        return token
