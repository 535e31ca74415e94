"""What Open311 asks of the other services: the taxonomy, filing, who handles until when."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record
from uuid_utils.compat import uuid7

from services.gateway.calls import Calls, Unanswered
from services.gateway.limits import Rates
from services.gateway.open311.operations import Found, News, news_of
from services.gateway.open311.rules import Refused
from services.gateway.open311.shown import services_of
from shared.events.words import Role, Service, Step
from shared.overload import TooManyRequests
from shared.security import Principal

SERVICES_SECONDS = 30.0
LOOKS_AT_ONCE = 8
# The step whose end a caller waits for; the first of these that runs.
AWAITED = (Step.HANDLE, Step.RESULT, Step.PROGRESS)


class Desk:
    """Files for the clients of Open311, and looks up what became of it."""

    def __init__(self, calls: Calls, rates: Rates) -> None:
        self._calls = calls
        self._rates = rates
        self._services: list[dict[str, Any]] = []
        self._read_at = -SERVICES_SECONDS
        self._looks = asyncio.Semaphore(LOOKS_AT_ONCE)

    def count(self, client: Record) -> None:
        """Count a call of a client, as the door counts others' (F8). Raises `Refused`."""
        try:
            self._rates.take(_principal(client))
        except TooManyRequests as error:
            wait = {"Retry-After": str(error.seconds)}
            raise Refused(429, error.detail, wait) from error

    async def services(self, jurisdiction: str) -> list[dict[str, Any]]:
        """The subjects that requests can be filed under: the lowest of the taxonomy.

        Raises `Unanswered`.
        """
        if time.monotonic() - self._read_at > SERVICES_SECONDS:
            reader = Principal("open311", Role.ONLINE, jurisdiction)
            categories = await self._calls.get(Service.INTAKE, "/v1/categories", reader)
            self._services = services_of(categories)
            self._read_at = time.monotonic()
        return self._services

    async def file(
        self, client: Record, body: Mapping[str, Any], key: str | None
    ) -> dict[str, Any]:
        """File a request for a client. Raises `Refused`, in the words of intake, `Unanswered`."""
        filed: dict[str, Any] = await self._act("/v1/tickets", client, body, key)
        return filed

    async def amend(self, client: Record, ticket_id: UUID, addition: str, key: str | None) -> int:
        """Add to a request; return the ticket's sequence then. Raises as `file` does."""
        path = f"/v1/tickets/{ticket_id}/amend"
        acted = await self._act(path, client, {"addition": addition}, key)
        return int(acted["sequence"])

    async def news_so_far(self, client: Record, ticket_id: UUID) -> list[News]:
        """What was said of a ticket before its request was written down here."""
        path = f"/v1/tickets/{ticket_id}/timeline"
        try:
            told = await self._calls.get(Service.DISPATCH, path, _principal(client))
        except Unanswered:
            return []
        return news_of(ticket_id, told["items"])

    async def look_up(self, client: Record, rows: Sequence[Record]) -> list[Found]:
        """Who handles requests, and until when; those that dispatch does not know yet are left."""
        caller = _principal(client)
        found = await asyncio.gather(*(self._look_up(caller, row) for row in rows))
        return [one for one in found if one is not None]

    async def _look_up(self, caller: Principal, row: Record) -> Found | None:
        try:
            async with self._looks:
                path = f"/v1/tickets/{row['id']}"
                ticket = await self._calls.get(Service.DISPATCH, path, caller)
        except Unanswered:
            return None
        due = {one["step"]: one["due_at"] for one in ticket["deadlines"]}
        expected = next((due[step] for step in AWAITED if step in due), None)
        expected_at = None if expected is None else datetime.fromisoformat(expected)
        return Found(row["id"], ticket["unit_name"], expected_at, row["updated_at"])

    async def _act(
        self, path: str, client: Record, body: Mapping[str, Any], key: str | None
    ) -> Any:  # noqa: ANN401  any JSON
        answered = await self._calls.post(
            Service.INTAKE, path, body, who=_principal(client), key=key or str(uuid7())
        )
        if answered.is_passing:
            raise Unanswered(answered.problem)
        if not answered.is_done:
            status = 400 if answered.status == 422 else answered.status
            raise Refused(status, answered.told)
        return answered.body


def _principal(client: Record) -> Principal:
    return Principal(f"open311:{client['name']}", Role.ONLINE, client["jurisdiction"])
