"""The clock asks intake whether a unit verified in time, and is answered (A4, C3)."""

from datetime import datetime, timedelta

import httpx
import pytest

from services.intake.consumer import handlers
from shared.events.intake import DeadlineAnswered
from shared.events.sla import DeadlineReached
from shared.events.words import Step, Verdict
from shared.runtime import Runtime
from tests.harness import Harness
from tests.services.test_intake_filing import intake, operator
from tests.services.test_intake_verifications import DUE_AT, YES, ask, unit

__all__ = ["intake", "operator", "unit"]


def reached(version: int = 1, due_at: datetime = DUE_AT) -> DeadlineReached:
    return DeadlineReached(step=Step.VERIFY, version=version, due_at=due_at)


@pytest.mark.parametrize(
    ("answered_at", "verdict"),
    [
        (DUE_AT - timedelta(hours=1), Verdict.MET),
        (DUE_AT, Verdict.MET),
        (DUE_AT + timedelta(microseconds=1), Verdict.MISSED),
        (None, Verdict.MISSED),
    ],
)
async def test_the_clock_is_answered_by_when_the_unit_answered(
    operator: httpx.AsyncClient,
    unit: httpx.AsyncClient,
    intake: Runtime,
    harness: Harness,
    answered_at: datetime | None,
    verdict: Verdict,
) -> None:
    ticket = await ask(operator)
    if answered_at is not None:
        harness.clock.step_to(answered_at)
        assert (await unit.post(f"/v1/tickets/{ticket['id']}/verify", json=YES)).is_success
    harness.clock.step_to(DUE_AT + timedelta(hours=1))
    question = harness.event(reached(), ticket["id"])
    for _ in range(2):
        await harness.hear(intake, handlers(intake), question)
    said = await harness.said(intake)
    answers = [event for event in said if isinstance(event.data, DeadlineAnswered)]
    assert len(answers) == 1, "a question that comes twice is answered once"
    [answer] = answers
    assert isinstance(answer.data, DeadlineAnswered)
    assert (answer.data.step, answer.data.version) == (Step.VERIFY, 1)
    assert (answer.data.verdict, answer.data.act_at) == (verdict, answered_at)
    assert [event.sequence for event in said] == list(range(1, len(said) + 1))


async def test_an_answer_after_the_clock_was_answered_goes_on_in_the_tickets_own_order(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    ticket = await ask(operator)
    harness.clock.step_to(DUE_AT + timedelta(hours=1))
    await harness.hear(intake, handlers(intake), harness.event(reached(), ticket["id"]))
    answer = await unit.post(f"/v1/tickets/{ticket['id']}/verify", json=YES)
    assert answer.json()["sequence"] == 4
    said = await harness.said(intake)
    assert [(event.sequence, event.data.type) for event in said] == [
        (1, "ticket.verification_requested"),
        (2, "deadline.answered"),
        (3, "ticket.verified"),
        (4, "ticket.created"),
    ]


async def test_the_clock_waits_where_the_time_here_has_not_come(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    ticket = await ask(operator)
    await harness.hear(intake, handlers(intake), harness.event(reached(), ticket["id"]))
    assert len(await harness.said(intake)) == 1
    reasons = await intake.database.pool.fetch("SELECT reason FROM parked")
    assert [row["reason"] for row in reasons] == ["waiting"]


async def test_the_steps_of_others_are_not_answered(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    ticket = await ask(operator)
    harness.clock.step_to(DUE_AT)
    other = DeadlineReached(step=Step.DISPATCH, version=1, due_at=DUE_AT)
    await harness.hear(intake, handlers(intake), harness.event(other, ticket["id"]))
    assert len(await harness.said(intake)) == 1
