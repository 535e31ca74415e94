"""Before acceptance a unit may be asked whether a request is in scope; only its time runs (A4)."""

from datetime import datetime

import httpx
import pytest

from services.sla.app import make_app
from shared.events.intake import DeadlineAnswered, TicketVerified, VerificationRequested
from shared.events.sla import DeadlineReached
from shared.events.words import Role, Step
from tests.harness import Harness, token
from tests.services.sla_tickets import (
    DAY,
    HOUR,
    MONDAY,
    UNIT,
    Sla,
    created,
    dispatched,
    judged,
    open_sla,
)

DUE = datetime.fromisoformat("2026-03-03T17:30+08:00")


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness)


async def test_a_question_of_scope_has_its_own_time_and_no_other_runs(sla: Sla) -> None:
    await sla.hear(_asked(), MONDAY)
    assert await sla.states() == {"verify 1": "running"}
    deadline = await sla.deadline(Step.VERIFY)
    assert deadline["due_at"] == DUE
    assert deadline["rule"] == "1 working day after the question, to close of business"
    body = (await _get(sla, UNIT)).json()
    assert (body["accepted_at"], body["working_minutes_since_acceptance"]) == (None, None)
    assert [item["step_name"] for item in body["items"]] == ["核实受理范围"]


async def test_the_clock_of_a_ticket_begins_with_its_acceptance(sla: Sla) -> None:
    await sla.hear(_asked(), MONDAY)
    await sla.hear(_verified(is_in_scope=True), MONDAY + 2 * HOUR)
    await sla.hear(created(), MONDAY + 3 * HOUR)
    assert await sla.states() == {"verify 1": "met", "dispatch 1": "running"}
    assert (await sla.deadline(Step.DISPATCH))["due_at"] == MONDAY + 5 * HOUR
    assert (await _get(sla, UNIT)).status_code == 404, "who was asked has no more to do with it"
    await sla.hear(dispatched(), MONDAY + 4 * HOUR)
    assert (await sla.states())["handle 1"] == "running"


async def test_out_of_scope_nothing_runs_on(sla: Sla) -> None:
    await sla.hear(_asked(), MONDAY)
    await sla.hear(_verified(is_in_scope=False), MONDAY + 2 * HOUR)
    assert await sla.states() == {"verify 1": "met"}
    assert await sla.look(MONDAY + 30 * DAY) == []


async def test_a_silent_unit_is_overdue_once_intake_says_so(sla: Sla) -> None:
    await sla.hear(_asked(), MONDAY)
    question = await sla.ask(DUE + HOUR)
    assert question == DeadlineReached(step=Step.VERIFY, version=1, due_at=DUE)
    answer = DeadlineAnswered(**judged(question, act_at=None).model_dump())
    await sla.hear(answer, DUE + HOUR)
    await sla.hear(answer, DUE + 2 * HOUR)
    assert [(one.step, one.version) for one in await sla.overdue()] == [(Step.VERIFY, 1)]


async def test_another_unit_that_is_asked_has_the_time_anew(sla: Sla) -> None:
    await sla.hear(_asked(), MONDAY)
    await sla.hear(_asked("512000-002"), MONDAY + DAY)
    assert await sla.states() == {"verify 1": "moved", "verify 2": "running"}
    assert (await _get(sla, UNIT)).status_code == 404
    assert (await _get(sla, "512000-002")).status_code == 200


async def test_an_act_of_a_ticket_that_was_not_accepted_waits(sla: Sla) -> None:
    await sla.hear(_asked(), MONDAY)
    await sla.hear(dispatched(), MONDAY + HOUR)
    assert await sla.runtime.database.pool.fetchval("SELECT reason FROM parked") == "waiting"


def _asked(unit: str = UNIT) -> VerificationRequested:
    filed = created().model_dump()
    return VerificationRequested(
        **filed, unit=unit, question="是否属于受理范围", requested_by="operator"
    )


def _verified(*, is_in_scope: bool) -> TicketVerified:
    return TicketVerified(unit=UNIT, is_in_scope=is_in_scope, opinion="已核实", verified_by="clerk")


async def _get(sla: Sla, unit: str) -> httpx.Response:
    bearer = token(sla.harness.settings, Role.UNIT, unit=unit)
    client = await sla.harness.client(make_app(sla.runtime), bearer)
    return await client.get(f"/v1/tickets/{sla.ticket}/deadlines")
