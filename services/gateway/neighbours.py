"""Calling the other services, on behalf of somebody: the gateway alone does."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
from starlette.types import ASGIApp

from shared.events.words import Service
from shared.security import Principal, issue_token
from shared.settings import Settings

TOKEN_LIFETIME = timedelta(seconds=60)


class Neighbours:
    """The ways to the five services, in this process or another."""

    def __init__(self, hops: Mapping[Service, ASGIApp], settings: Settings) -> None:
        self._hops = hops
        self._secret = settings.token_secret

    async def call(
        self,
        service: Service,
        method: str,
        path: str,
        *,
        caller: Principal,
        **more: Any,  # noqa: ANN401  what httpx takes
    ) -> httpx.Response:
        """One call; whatever it answers is the caller's to read."""
        token = issue_token(caller, self._secret, lifetime=TOKEN_LIFETIME)
        headers: Mapping[str, str] = more.pop("headers", {})
        transport = httpx.ASGITransport(app=self._hops[service], raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.request(
                method, path, headers={**headers, "Authorization": f"Bearer {token}"}, **more
            )
