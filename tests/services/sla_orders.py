"""Orders for the tests of supervision: units, tickets that go wrong, and people who act."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.sla.app import make_app
from services.sla.consumer import handlers
from services.sla.orders.worker import mark_batch
from shared.events.analytics import FindingRaised
from shared.events.dispatch import TicketReopened, UnitChanged
from shared.events.sla import DeadlineReached, OrderAnswered, OrderIssued
from shared.events.words import ReturnDecision, Role
from tests.harness import Harness, token
from tests.services.sla_tickets import (
    HOUR,
    MONDAY,
    UNIT,
    Sla,
    created,
    decided,
    dispatched,
    judged,
    open_sla,
    replied,
    returned,
    signed,
)

ZIYANG, GANSU, YUNNAN = "512000", "620000", "530000"
SIGN_OVER = datetime.fromisoformat("2026-03-02T16:31+08:00")
"""A minute after a unit in Ziyang, dispatched to on `MONDAY` at 10:00, should have signed."""


@dataclass
class Oversight:
    """sla, its tickets, and the people of supervision."""

    sla: Sla
    _judged: list[tuple[UUID, DeadlineReached]] = field(default_factory=list)
    _clients: dict[tuple[Role, str | None, str], httpx.AsyncClient] = field(default_factory=dict)

    @property
    def harness(self) -> Harness:
        """The harness beneath."""
        return self.sla.harness

    async def client(
        self, role: Role, *, unit: str | None = None, jurisdiction: str = ZIYANG
    ) -> httpx.AsyncClient:
        """Somebody of a role."""
        key = (role, unit, jurisdiction)
        if key not in self._clients:
            bearer = token(self.sla.runtime.settings, role, unit=unit, jurisdiction=jurisdiction)
            self._clients[key] = await self.harness.client(make_app(self.sla.runtime), bearer)
        return self._clients[key]

    async def get(self, path: str = "", role: Role = Role.SUPERVISOR, **who: Any) -> Any:
        """What somebody reads; the answer must be 200."""
        answer = await (await self.client(role, **who)).get(f"/v1/orders{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def orders(self, role: Role = Role.SUPERVISOR, **who: Any) -> list[dict[str, Any]]:
        """All orders that somebody sees, oldest first."""
        return list(reversed((await self.get("", role, **who))["items"]))

    async def post(
        self, path: str, role: Role, body: dict[str, Any] | None = None, **who: Any
    ) -> httpx.Response:
        """What somebody does."""
        return await (await self.client(role, **who)).post(f"/v1/orders{path}", json=body or {})

    async def act(
        self, order: dict[str, Any], act: str, role: Role, body: Any = None, **who: Any
    ) -> dict[str, Any]:
        """An act that must succeed; the order after it."""
        answer = await self.post(f"/{order['id']}/{act}", role, body, **who)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def know(self, code: str = UNIT, jurisdiction: str = ZIYANG) -> None:
        """A unit of the directory."""
        changed = UnitChanged(code=code, name="城管局", jurisdiction=jurisdiction)
        await self.harness.hear(
            self.sla.runtime, self._handlers(), self.harness.event(changed, code)
        )

    async def find(self, rule: str, unit: str = UNIT, evidence: str = "接通率 91.2%") -> None:
        """A finding of the daily figures."""
        event = self.harness.event(
            FindingRaised(rule=rule, unit=unit, evidence=evidence),
            unit,
            time=self.harness.clock.stepped,
        )
        await self.harness.hear(self.sla.runtime, self._handlers(), event)

    async def dispatch(
        self, *, jurisdiction: str = ZIYANG, unit: str = UNIT, at: datetime = MONDAY
    ) -> UUID:
        """A complaint that a unit received an hour after `at`."""
        ticket = uuid4()
        await self.sla.hear(created(jurisdiction), at, ticket=ticket)
        await self.sla.hear(dispatched(unit), at + HOUR, ticket=ticket)
        return ticket

    async def miss_signing(self, ticket: UUID, *, at: datetime = SIGN_OVER) -> None:
        """The time to sign is over, and nothing was done."""
        await self._miss(ticket, at, act_at=None)

    async def judge_again(self, ticket: UUID) -> None:
        """Dispatch answers the last question once more."""
        asked = [one for one in await self.sla.said(ticket) if isinstance(one, DeadlineReached)]
        at = self.harness.clock.stepped or MONDAY
        await self.sla.hear(judged(asked[-1], act_at=None), at, ticket=ticket)

    async def sign_late(self, ticket: UUID, *, at: datetime = SIGN_OVER) -> None:
        """The time to sign is over; the unit signed just before dispatch was asked."""
        await self._miss(ticket, at, act_at=at)

    async def redo(self, ticket: UUID, at: datetime) -> None:
        """The unit replied, and must handle again."""
        await self.sla.hear(replied(), at, ticket=ticket)
        await self.sla.hear(TicketReopened(unit=UNIT, reason="未解决"), at + HOUR, ticket=ticket)

    async def return_in_vain(self, ticket: UUID, at: datetime) -> None:
        """The unit gives the ticket back, and has it again."""
        await self.sla.hear(returned(), at, ticket=ticket)
        await self.sla.hear(decided(ReturnDecision.REJECTED), at + HOUR, ticket=ticket)

    async def sign(self, ticket: UUID, at: datetime) -> None:
        """The unit signs."""
        await self.sla.hear(signed(), at, ticket=ticket)

    async def look(self, at: datetime) -> int:
        """Step the clock, and look for orders that are late."""
        self.harness.clock.step_to(at)
        return await mark_batch(self.sla.runtime, limit=100)

    async def said(self) -> list[OrderIssued | OrderAnswered]:
        """All that was said of orders."""
        return [
            event.data
            for event in await self.harness.said(self.sla.runtime)
            if isinstance(event.data, OrderIssued | OrderAnswered)
        ]

    async def _miss(self, ticket: UUID, at: datetime, *, act_at: datetime | None) -> None:
        if self.harness.clock.stepped is not None and at > self.harness.clock.stepped:
            self.harness.clock.step_to(at)
        await self.sla.look(self.harness.clock.stepped or at)
        for said in await self.sla.said(ticket):
            if isinstance(said, DeadlineReached) and (ticket, said) not in self._judged:
                self._judged.append((ticket, said))
                await self.sla.hear(judged(said, act_at=act_at), at, ticket=ticket)

    def _handlers(self) -> Any:
        return handlers(self.sla.runtime)


async def open_oversight(harness: Harness) -> Oversight:
    """sla on a Monday morning, with one unit known."""
    oversight = Oversight(await open_sla(harness))
    await oversight.know()
    return oversight
