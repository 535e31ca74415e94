"""The events of tickets, and readers of figures, for the tests of analytics."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from services.analytics.app import make_app
from services.analytics.consumer import handlers
from shared.events.dispatch import (
    TicketClosed,
    TicketDispatched,
    TicketReplied,
    TicketReturnDecided,
    TicketReturnRequested,
    TicketSigned,
)
from shared.events.envelope import Payload
from shared.events.intake import TicketCreated, TicketRated
from shared.events.sla import TicketOverdue
from shared.events.words import (
    Channel,
    CloseReason,
    RequestType,
    ReturnDecision,
    ReturnGround,
    Role,
    Satisfaction,
    Step,
)
from shared.runtime import Runtime
from tests.harness import Harness, token

WATER, ROADS = "512000-water", "512000-roads"
NOON = datetime(2026, 11, 2, 4, tzinfo=UTC)


def filed(jurisdiction: str = "512000") -> dict[str, Any]:
    return {
        "number": "20261102000001",
        "jurisdiction": jurisdiction,
        "request_type": RequestType.COMPLAINT,
        "title": "停水",
        "content": "张某家停水三天",
        "channel": Channel.PHONE,
        "caller_id": uuid4(),
    }


def created(jurisdiction: str = "512000") -> TicketCreated:
    return TicketCreated(**filed(jurisdiction), policy="hash")


def dispatched(unit: str, number: int = 1) -> TicketDispatched:
    return TicketDispatched(unit=unit, unit_name="水务局", round=number, dispatched_by="o1")


def signed(unit: str) -> TicketSigned:
    return TicketSigned(unit=unit, signed_by="u1")


def return_requested(unit: str) -> TicketReturnRequested:
    return TicketReturnRequested(
        unit=unit,
        ground=ReturnGround.NOT_OUR_DUTY,
        reason="不属本单位",
        legal_basis="三定方案",
        proposed_unit=ROADS,
        requested_by="u1",
    )


def decided(unit: str, decision: ReturnDecision) -> TicketReturnDecided:
    return TicketReturnDecided(unit=unit, decision=decision, reason="经核实", decided_by="o1")


def replied(unit: str) -> TicketReplied:
    return TicketReplied(
        unit=unit,
        reply=1,
        findings="已查明",
        basis="供水条例",
        result="已恢复",
        contact="电话告知",
        replied_by="u1",
    )


def rated(result: Satisfaction = Satisfaction.SATISFIED) -> TicketRated:
    return TicketRated(result=result, is_solved=True, closes=CloseReason.SATISFIED)


def closed(unit: str) -> TicketClosed:
    return TicketClosed(unit=unit, reason=CloseReason.SATISFIED)


def overdue(step: Step) -> TicketOverdue:
    return TicketOverdue(step=step, version=1, due_at=NOON, rule="hours", source_article="ZY 13.2")


async def hear(harness: Harness, runtime: Runtime, subject: str, *payloads: Payload) -> None:
    events = [harness.event(payload, subject, time=NOON) for payload in payloads]
    await harness.hear(runtime, handlers(runtime), *events)


async def enter(
    harness: Harness,
    runtime: Runtime,
    role: Role = Role.ANALYST,
    *,
    jurisdiction: str = "512000",
    unit: str | None = None,
) -> httpx.AsyncClient:
    bearer = token(runtime.settings, role, jurisdiction=jurisdiction, unit=unit)
    return await harness.client(make_app(runtime), bearer)


async def states(client: httpx.AsyncClient, **params: str) -> dict[str, int]:
    answer = await client.get("/v1/analytics/counts", params={"by": "state", **params})
    assert answer.status_code == 200, answer.text
    return {item["state"]: item["count"] for item in answer.json()["items"]}


async def overview(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/v1/analytics/overview")
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.json().items() if value != 0}
