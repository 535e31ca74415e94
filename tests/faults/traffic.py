"""People who go on working while processes die: every acknowledged act is remembered."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

import httpx

from shared.events.words import Role
from shared.settings import Settings

REPLY = {
    "findings": "已核实",
    "basis": "条例",
    "result": "已处理",
    "contact": "电话告知",
    "checked_by": "YJ0201",
}
ATTEMPTS_MAX = 200
UNIT = "512000-01"


class Reachable(Protocol):
    """A platform with a gateway, in one process or in many."""

    settings: Settings

    def client(self, role: Role, *, unit: str | None = None) -> httpx.AsyncClient:
        """Somebody at the gateway."""


@dataclass
class Traffic:
    """What was acknowledged so far."""

    platform: Reachable
    filed: set[str] = field(default_factory=set)
    signed: set[str] = field(default_factory=set)
    replied: set[str] = field(default_factory=set)
    is_running: bool = True

    async def run(self, *, people: int) -> None:
        """Work until told to stop."""
        async with asyncio.TaskGroup() as group:
            for _ in range(people):
                group.create_task(self._work())

    async def _work(self) -> None:
        async with (
            self.platform.client(Role.OPERATOR) as operator,
            self.platform.client(Role.UNIT, unit=UNIT) as unit,
        ):
            while self.is_running:
                ticket = await self._file(operator)
                await self._sign(unit, ticket)
                await self._reply(unit, ticket)

    async def file(self, count: int) -> list[str]:
        """File some tickets, side by side."""
        async with self.platform.client(Role.OPERATOR) as operator:
            return await asyncio.gather(*(self._file(operator) for _ in range(count)))

    async def sign(self, tickets: Iterable[str]) -> None:
        """The unit signs some tickets, side by side."""
        async with self.platform.client(Role.UNIT, unit=UNIT) as unit:
            await asyncio.gather(*(self._sign(unit, ticket) for ticket in tickets))

    async def reply(self, tickets: Iterable[str]) -> None:
        """The unit replies to some tickets, side by side."""
        async with self.platform.client(Role.UNIT, unit=UNIT) as unit:
            await asyncio.gather(*(self._reply(unit, ticket) for ticket in tickets))

    async def _file(self, operator: httpx.AsyncClient) -> str:
        ticket: str = (await insist(operator, "/v1/tickets", request()))["id"]
        self.filed.add(ticket)
        return ticket

    async def _sign(self, unit: httpx.AsyncClient, ticket: str) -> None:
        await insist(unit, f"/v1/tickets/{ticket}/sign", {})
        self.signed.add(ticket)

    async def _reply(self, unit: httpx.AsyncClient, ticket: str) -> None:
        await insist(unit, f"/v1/tickets/{ticket}/reply", REPLY)
        self.replied.add(ticket)


def request(**changes: Any) -> dict[str, Any]:
    """A request that a duty rule sends to one unit."""
    return {
        "jurisdiction": "512000",
        "type": "help",
        "title": "路灯不亮",
        "content": "人民路路灯不亮，夜间出行不便。",
        "channel": "phone",
        "category": "01",
        "caller": {"phone": "13800000000"},
        **changes,
    }


async def insist(
    client: httpx.AsyncClient, path: str, body: dict[str, Any], *, key: str | None = None
) -> dict[str, Any]:
    """Send one act until it is acknowledged, always with the same Idempotency-Key."""
    headers = {"Idempotency-Key": key or uuid4().hex}
    last = ""
    for _ in range(ATTEMPTS_MAX):
        with suppress(httpx.HTTPError):
            answer = await client.post(path, json=body, headers=headers)
            last = f"{answer.status_code} {answer.text[:300]}"
            if answer.is_success:
                found: dict[str, Any] = answer.json()
                return found
            # A refusal must never come of what the platform itself lost sight of.
            assert answer.status_code in (409, 500, 502, 503), f"{path}: {last}"
            assert answer.status_code != 409 or answer.json()["code"] == "still_running", last
        await asyncio.sleep(0.2)
    raise AssertionError(f"{path} was never acknowledged: {last}")
