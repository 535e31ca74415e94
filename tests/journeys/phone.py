"""A caller with a telephone: a number, a query code, and no token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.journeys.town import REQUEST, Town


@dataclass
class Phone:
    """One request in the hands of its caller."""

    town: Town
    client: httpx.AsyncClient
    id: str
    number: str

    @property
    def path(self) -> str:
        """Its path for people with a token."""
        return f"/v1/tickets/{self.id}"

    async def look(self) -> dict[str, Any]:
        """What the caller sees of it."""
        return await self.town.get(self.client, f"/v1/public/tickets/{self.number}")

    async def last(self) -> str:
        """The last thing that the caller is told."""
        text: str = (await self.look())["steps"][-1]["text"]
        return text

    async def act(self, act: str, **body: Any) -> dict[str, Any]:
        """An act of the caller that is accepted, and heard by everybody."""
        path = f"/v1/public/tickets/{self.number}/{act}"
        return await self.town.post(self.client, path, **body)

    async def refused(self, act: str, **body: Any) -> dict[str, Any]:
        """An act of the caller that is refused; returns the problem."""
        path = f"/v1/public/tickets/{self.number}/{act}"
        return await self.town.refuse(self.client, path, **body)


@asynccontextmanager
async def call(town: Town, **fields: Any) -> AsyncIterator[Phone]:
    """Somebody calls, and an operator files what they say."""
    filed = await town.post(town.operator, "/v1/tickets", **(REQUEST | fields))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=town.city.platform.app, raise_app_exceptions=False),
        base_url="http://gateway",
        headers={"Query-Code": filed["query_code"]},
        timeout=30,
    ) as client:
        yield Phone(town, client, filed["id"], filed["number"])
