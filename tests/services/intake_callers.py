"""Intake as its callers and seats use it: a request filed, its news heard, people at hand."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.intake.app import make_app
from services.intake.consumer import handlers
from shared.events.dispatch import (
    TicketClosed,
    TicketDispatched,
    TicketReopened,
    TicketReplied,
    TicketSigned,
    UnitChanged,
)
from shared.events.envelope import Event, Payload
from shared.events.sla import DeadlineReached
from shared.events.words import CloseReason, Role, Step
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.test_intake_filing import REQUEST, intake, operator

__all__ = ["intake", "operator"]
UNIT = "512000-water"
MONDAY = datetime(2026, 3, 2, 2, tzinfo=UTC)
DUE_AT = datetime(2026, 3, 9, 9, 30, tzinfo=UTC)
"""Five working days after `MONDAY`, to the close of business."""
Json = dict[str, Any]


@dataclass
class Filed:
    """A request, as its caller knows it."""

    id: str
    number: str
    code: str

    @property
    def path(self) -> str:
        """Its path for people with a token."""
        return f"/v1/tickets/{self.id}"

    @property
    def public(self) -> str:
        """Its path for its caller."""
        return f"/v1/public/tickets/{self.number}"


@dataclass
class Desk:
    """Everything that a test of the caller's side needs at hand."""

    harness: Harness
    runtime: Runtime
    app: FastAPI
    operator: httpx.AsyncClient
    people: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    async def person(self, role: Role, **claims: Any) -> httpx.AsyncClient:
        """Somebody with a token."""
        return await self.harness.client(self.app, token(self.harness.settings, role, **claims))

    async def file(self, **changes: Any) -> Filed:
        """A request by telephone."""
        answer = await self.operator.post("/v1/tickets", json={**REQUEST, **changes})
        assert answer.status_code == 201, answer.text
        body = answer.json()
        return Filed(body["id"], body["number"], body["query_code"])

    async def hear(self, ticket: Filed, *payloads: Payload, at: datetime | None = None) -> None:
        """News of a ticket."""
        time = at or self.harness.clock.stepped
        events = [self.harness.event(one, ticket.id, time=time) for one in payloads]
        await self.harness.hear(self.runtime, handlers(self.runtime), *events)

    async def replied(self, **changes: Any) -> Filed:
        """A request that its unit has replied to."""
        ticket = await self.file(**changes)
        await self.hear(ticket, dispatched(), TicketSigned(unit=UNIT, signed_by="SW01"), replied())
        return ticket

    async def caller(
        self, ticket: Filed, act: str, *, code: str | None = None, **body: Any
    ) -> httpx.Response:
        """What the caller does with number and code."""
        headers = {"Query-Code": ticket.code if code is None else code}
        path = f"{ticket.public}/{act}" if act else ticket.public
        guest = self.people["guest"]
        if not act:
            return await guest.get(path, headers=headers)
        return await guest.post(path, json=body, headers=headers)

    async def said(self, ticket: Filed, kind: type[Payload] | None = None) -> list[Any]:
        """What intake said of a ticket, in its gap-free order; of one kind."""
        events: list[Event[Any]] = [
            event for event in await self.harness.said(self.runtime) if event.subject == ticket.id
        ]
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        return [one.data for one in events if kind is None or isinstance(one.data, kind)]

    async def ask(self, ticket: Filed, *, at: datetime = DUE_AT) -> None:
        """The clock asks whether the caller answered by `DUE_AT`."""
        clock = self.harness.clock
        clock.stepped = max(at, clock.stepped or at)
        asked = DeadlineReached(step=Step.FOLLOW_UP, version=1, due_at=DUE_AT)
        await self.hear(ticket, asked)


def dispatched(unit: str = UNIT) -> TicketDispatched:
    """The ticket went to the water bureau."""
    return TicketDispatched(
        unit=unit, unit_name="资阳市水务局", round=1, dispatched_by="HW0001", rule=None
    )


def replied(reply: int = 1) -> TicketReplied:
    """The unit's reply, by people whose work numbers no caller sees."""
    return TicketReplied(
        unit=UNIT,
        reply=reply,
        findings="管网破损属实",
        basis="《城市供水条例》第二十二条",
        result="已更换管段，恢复供水",
        contact="电话告知",
        replied_by="SW0101",
        checked_by="SW0201",
    )


def reopened() -> TicketReopened:
    """The unit must handle again."""
    return TicketReopened(unit=UNIT, reason="未实际解决", reopened_by="HF0301")


def closed(reason: CloseReason = CloseReason.SATISFIED) -> TicketClosed:
    """The end."""
    return TicketClosed(unit=UNIT, reason=reason)


async def post(client: httpx.AsyncClient, path: str, *, status: int = 200, **body: Any) -> Json:
    """What an act answers, with the status that it must have."""
    answer = await client.post(path, json=body)
    assert answer.status_code == status, answer.text
    told: Json = answer.json()
    return told


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> Json:
    """What a call that must succeed answers."""
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told


@pytest.fixture
async def desk(harness: Harness, intake: Runtime, operator: httpx.AsyncClient) -> Desk:
    """Intake at `MONDAY`, with the people who use it."""
    harness.clock.stepped = MONDAY
    desk = Desk(harness, intake, make_app(intake), operator)
    desk.people = {
        "seat": await desk.person(Role.FOLLOW_UP),
        "unit": await desk.person(Role.UNIT, unit=UNIT),
        "supervisor": await desk.person(Role.SUPERVISOR),
        "guest": await harness.client(desk.app, "nobody"),
    }
    changed = UnitChanged(code=UNIT, name="资阳市水务局", jurisdiction="512000")
    await harness.hear(intake, handlers(intake), harness.event(changed, UNIT))
    return desk
