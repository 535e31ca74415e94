"""What Open311 asks of the other services: the taxonomy, filing, who handles until when."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from asyncpg import Record
from uuid_utils.compat import uuid7

from services.gateway.neighbours import Neighbours
from services.gateway.open311.operations import Found, News, news_of
from services.gateway.open311.rules import Refused
from shared.events.words import Role, Service, Step
from shared.security import Principal

SERVICES_SECONDS = 30.0
LOOKS_AT_ONCE = 8
# The step whose end a caller waits for; the first of these that runs.
AWAITED = (Step.HANDLE, Step.RESULT, Step.PROGRESS)


class Desk:
    """Files for the clients of Open311, and looks up what became of it."""

    def __init__(self, neighbours: Neighbours) -> None:
        self._neighbours = neighbours
        self._services: list[dict[str, Any]] = []
        self._read_at = -SERVICES_SECONDS
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def services(self, jurisdiction: str) -> list[dict[str, Any]]:
        """The subjects that requests can be filed under: the lowest of the taxonomy."""
        if time.monotonic() - self._read_at > SERVICES_SECONDS:
            caller = Principal("open311", Role.ONLINE, jurisdiction)
            answer = await self._neighbours.call(
                Service.INTAKE, "GET", "/v1/categories", caller=caller
            )
            _require(answer)
            self._services = services_of(answer.json())
            self._read_at = time.monotonic()
        return self._services

    async def file(
        self, client: Record, body: Mapping[str, Any], key: str | None
    ) -> dict[str, Any]:
        """File a request for a client. Raises `Refused`, in the words of intake."""
        answer = await self._neighbours.call(
            Service.INTAKE,
            "POST",
            "/v1/tickets",
            caller=_principal(client["name"], client["jurisdiction"]),
            json=body,
            headers={"Idempotency-Key": key or str(uuid7())},
        )
        _require(answer)
        filed: dict[str, Any] = answer.json()
        return filed

    async def amend(self, client: Record, ticket_id: UUID, addition: str) -> None:
        """Add to a request. Raises `Refused`."""
        answer = await self._neighbours.call(
            Service.INTAKE,
            "POST",
            f"/v1/tickets/{ticket_id}/amend",
            caller=_principal(client["name"], client["jurisdiction"]),
            json={"addition": addition},
        )
        _require(answer)

    async def news_so_far(self, client: Record, ticket_id: UUID) -> list[News]:
        """What was said of a ticket before its request was written down here."""
        answer = await self._neighbours.call(
            Service.DISPATCH,
            "GET",
            f"/v1/tickets/{ticket_id}/timeline",
            caller=_principal(client["name"], client["jurisdiction"]),
        )
        return news_of(ticket_id, answer.json()["items"]) if answer.is_success else []

    async def look_up(self, client: Record, rows: Sequence[Record]) -> list[Found]:
        """Who handles requests, and until when; those that dispatch does not know yet are left."""
        caller = _principal(client["name"], client["jurisdiction"])
        found = await asyncio.gather(*(self._look_up(caller, row) for row in rows))
        return [one for one in found if one is not None]

    async def _look_up(self, caller: Principal, row: Record) -> Found | None:
        async with self._looks:
            path = f"/v1/tickets/{row['id']}"
            answer = await self._neighbours.call(Service.DISPATCH, "GET", path, caller=caller)
        if not answer.is_success:
            return None
        ticket = answer.json()
        due = {one["step"]: one["due_at"] for one in ticket["deadlines"]}
        expected = next((due[step] for step in AWAITED if step in due), None)
        expected_at = None if expected is None else datetime.fromisoformat(expected)
        return Found(row["id"], ticket["unit_name"], expected_at, row["updated_at"])


def services_of(categories: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The taxonomy's lowest subjects as GeoReport lists services."""
    names = {one["code"]: one for one in categories}
    parents = {one["parent"] for one in categories if one["is_active"]}
    return [
        {
            "service_code": one["code"],
            "service_name": one["name"],
            "description": "、".join(_line(one, names)),
            "metadata": True,
            "type": "realtime",
            "keywords": ",".join(_line(one, names)),
            "group": _line(one, names)[0],
        }
        for one in categories
        if one["is_active"] and one["code"] not in parents
    ]


def _line(one: Mapping[str, Any], names: Mapping[str, Mapping[str, Any]]) -> list[str]:
    above = names.get(one["parent"] or "")
    return [*([] if above is None else _line(above, names)), one["name"]]


def _principal(client: str, jurisdiction: str) -> Principal:
    return Principal(f"open311:{client}", Role.ONLINE, jurisdiction)


def _require(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    problem = answer.json()
    fields = "；".join(f"{one['field']}：{one['message']}" for one in problem.get("errors", []))
    status = 400 if answer.status_code == 422 else answer.status_code
    raise Refused(status, fields or problem["detail"])
