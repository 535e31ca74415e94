"""Intake and sla together: a unit's time to verify, whatever crosses whatever (A4, C3)."""

import asyncio
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.intake import consumer as intake_consumer
from services.intake.app import make_app
from services.sla import consumer as sla_consumer
from services.sla.worker import claim_batch
from shared.events.dispatch import UnitChanged
from shared.events.envelope import Event, Payload
from shared.events.intake import (
    DeadlineAnswered,
    TicketCreated,
    TicketRefused,
    TicketVerified,
    VerificationRequested,
)
from shared.events.sla import TicketOverdue
from shared.events.words import Role, Service, Step, Verdict
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.test_intake_filing import intake, operator, request
from tests.services.test_intake_verifications import ASKED_AT, DUE_AT, NO, UNIT, YES

__all__ = ["intake", "operator"]
TICKETS = 24
SECOND = timedelta(seconds=1)


class Between:
    """What carries events between intake and sla, when it is told to."""

    def __init__(self, harness: Harness, intake: Runtime, sla: Runtime) -> None:
        self._harness = harness
        self._ends = {
            Service.INTAKE: (intake, sla, sla_consumer.handlers(sla)),
            Service.SLA: (sla, intake, intake_consumer.handlers(intake)),
        }
        self._carried: Counter[Service] = Counter()

    async def carry(self, service: Service) -> list[Event[Payload]]:
        """Let the other service hear what this one has said since the last time."""
        source, other, handlers = self._ends[service]
        said = (await self._harness.said(source))[self._carried[service] :]
        self._carried[service] += len(said)
        if said:
            await self._harness.hear(other, handlers, *said)
        return said

    async def settle(self) -> None:
        """Until nobody says anything more."""
        while any([await self.carry(end) for end in self._ends]):
            pass


@pytest.fixture
async def sla(harness: Harness) -> Runtime:
    return await harness.runtime(Service.SLA)


@pytest.fixture
def between(harness: Harness, intake: Runtime, sla: Runtime) -> Between:
    return Between(harness, intake, sla)


@pytest.fixture
async def unit(harness: Harness, intake: Runtime) -> httpx.AsyncClient:
    harness.clock.stepped = ASKED_AT
    changed = UnitChanged(code=UNIT, name="住建局", jurisdiction="512000")
    await harness.hear(intake, intake_consumer.handlers(intake), harness.event(changed, UNIT))
    return await harness.client(make_app(intake), token(harness.settings, Role.UNIT, unit=UNIT))


async def ask(operator: httpx.AsyncClient) -> str:
    body = request(verify={"unit": UNIT, "question": "是否属于？"})
    answer = await operator.post("/v1/tickets", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def overdue(harness: Harness, sla: Runtime) -> list[tuple[str, Step]]:
    return [
        (event.subject, event.data.step)
        for event in await harness.said(sla)
        if isinstance(event.data, TicketOverdue)
    ]


@pytest.mark.parametrize("news", ["before the clock asks", "after the clock asked"])
@pytest.mark.parametrize("late", [False, True])
async def test_an_answer_and_the_clocks_question_cross(
    operator: httpx.AsyncClient,
    unit: httpx.AsyncClient,
    harness: Harness,
    intake: Runtime,
    sla: Runtime,
    between: Between,
    news: str,
    late: bool,
) -> None:
    ticket = await ask(operator)
    await between.settle()
    harness.clock.step_to(DUE_AT + SECOND if late else DUE_AT)
    assert (await unit.post(f"/v1/tickets/{ticket}/verify", json=YES)).is_success
    if news == "before the clock asks":
        await between.carry(Service.INTAKE)
    harness.clock.step_to(DUE_AT + 10 * SECOND)
    await claim_batch(sla, limit=100)
    await between.settle()
    expected = [(ticket, Step.VERIFY)] if late else []
    assert await overdue(harness, sla) == expected


async def test_a_silent_unit_is_overdue_once_and_its_ticket_begins_when_the_hotline_decides(
    operator: httpx.AsyncClient,
    unit: httpx.AsyncClient,
    harness: Harness,
    sla: Runtime,
    between: Between,
) -> None:
    ticket = await ask(operator)
    await between.settle()
    steps = "SELECT step, state FROM deadlines WHERE ticket_id = $1 ORDER BY step"
    rows = await sla.database.pool.fetch(steps, UUID(ticket))
    assert [tuple(row) for row in rows] == [("verify", "running")]
    decided_at = DUE_AT + timedelta(hours=1)
    harness.clock.step_to(decided_at)
    for _ in range(2):
        await claim_batch(sla, limit=100)
        await between.settle()
    assert await overdue(harness, sla) == [(ticket, Step.VERIFY)]
    assert (await operator.post(f"/v1/tickets/{ticket}/verify", json=YES)).is_success
    await between.settle()
    row = await sla.database.pool.fetchrow(
        "SELECT due_at, state FROM deadlines WHERE ticket_id = $1 AND step = 'dispatch'",
        UUID(ticket),
    )
    assert row is not None
    assert (row["due_at"], row["state"]) == (decided_at + timedelta(hours=2), "running")
    assert await overdue(harness, sla) == [(ticket, Step.VERIFY)]


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_each_ticket_says_its_own_in_order_and_begins_at_most_once(
    operator: httpx.AsyncClient,
    unit: httpx.AsyncClient,
    harness: Harness,
    intake: Runtime,
    sla: Runtime,
    between: Between,
    seed: int,
) -> None:
    """Random acts, at random moments about the deadline, some at the same moment."""
    dice = random.Random(seed)
    tickets = await asyncio.gather(*(ask(operator) for _ in range(TICKETS)))
    moments = sorted(DUE_AT + dice.randint(-3, 3) * SECOND for _ in range(12))

    async def act(ticket: str) -> None:
        path = f"/v1/tickets/{ticket}"
        act, body = dice.choice(
            [("verify", YES), ("verify", NO), ("amend", {"addition": "补充"}), ("", {})]
        )
        if act:
            who = dice.choice([unit, operator])
            answer = await who.post(f"{path}/{act}", json=body)
            assert answer.status_code in (200, 403, 409), answer.text

    for moment in moments:
        harness.clock.step_to(moment)
        await asyncio.gather(*(act(dice.choice(tickets)) for _ in range(8)))
        await claim_batch(sla, limit=100)
        if dice.random() < 0.6:
            await between.carry(dice.choice([Service.INTAKE, Service.SLA]))
    harness.clock.step_to(DUE_AT + timedelta(minutes=1))
    await between.settle()
    await claim_batch(sla, limit=100)
    await between.settle()
    said = await harness.said(intake)
    silent = {ticket for ticket in tickets if _is_overdue(ticket, said)}
    assert 0 < len(silent) < TICKETS, "both are tried"
    found = await overdue(harness, sla)
    assert sorted(found) == sorted((ticket, Step.VERIFY) for ticket in silent)
    for ticket in tickets:
        _check_order([event for event in said if event.subject == ticket])
    assert await intake.database.pool.fetchval("SELECT count(*) FROM parked") == 0
    assert await sla.database.pool.fetchval("SELECT count(*) FROM parked") == 0


def _verified_at(ticket: str, said: list[Event[Payload]]) -> datetime | None:
    found = [e.time for e in said if e.subject == ticket and isinstance(e.data, TicketVerified)]
    assert len(found) <= 1
    return found[0] if found else None


def _is_overdue(ticket: str, said: list[Event[Payload]]) -> bool:
    verified_at = _verified_at(ticket, said)
    return verified_at is None or verified_at > DUE_AT


def _check_order(said: list[Event[Any]]) -> None:
    assert [event.sequence for event in said] == list(range(1, len(said) + 1))
    assert isinstance(said[0].data, VerificationRequested)
    kinds = [type(event.data) for event in said]
    begun = [place for place, kind in enumerate(kinds) if kind in (TicketCreated, TicketRefused)]
    assert len(begun) == kinds.count(TicketVerified) <= 1
    if begun:
        verified, event = said[begun[0] - 1], said[begun[0]]
        assert isinstance(verified.data, TicketVerified)
        assert verified.time == event.time
        assert verified.data.is_in_scope == isinstance(event.data, TicketCreated)
    for event in said:
        if isinstance(event.data, DeadlineAnswered):
            in_time = event.data.act_at is not None and event.data.act_at <= event.data.due_at
            assert event.data.verdict is (Verdict.MET if in_time else Verdict.MISSED)
            assert isinstance(event.data.step, Step)
