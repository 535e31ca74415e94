"""特殊 and 特殊紧急: first response and result beside the ordinary times (ZY 13.4)."""

from datetime import datetime, timedelta

import pytest

from shared.events.sla import DeadlineReached
from shared.events.words import Step, Urgency
from tests.harness import Harness
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
    progressed,
    replied,
    responded,
    returned,
    signed,
)

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness)


@pytest.mark.parametrize(
    ("urgency", "response", "result"),
    [(Urgency.CRITICAL, HOUR, "2026-03-03T17:30"), (Urgency.SPECIAL, 2 * HOUR, "2026-03-04T17:30")],
)
async def test_an_emergency_owes_a_first_response_and_a_result(
    sla: Sla, urgency: Urgency, response: timedelta, result: str
) -> None:
    await _send(sla, urgency)
    assert (await sla.deadline(Step.DISPATCH))["due_at"] == MONDAY + 15 * MINUTE
    assert (await sla.deadline(Step.RESPOND))["due_at"] == MONDAY + response
    assert (await sla.deadline(Step.SIGN))["due_at"] == MONDAY + response
    assert (await sla.deadline(Step.RESULT))["due_at"] == _beijing(result)
    assert (await sla.deadline(Step.HANDLE))["due_at"] == _beijing("2026-03-11T17:30")
    assert (await sla.deadline(Step.RESULT))["source"] == "ZY 13.4"


async def test_a_first_response_counts_as_signing(sla: Sla) -> None:
    await _send(sla)
    await sla.hear(responded(), MONDAY + 30 * MINUTE)
    states = await sla.states()
    assert (states["respond 1"], states["sign 1"]) == ("met", "met")
    assert (states["result 1"], states["handle 1"]) == ("running", "running")
    await sla.hear(signed(), MONDAY + 2 * HOUR)
    assert (await sla.deadline(Step.SIGN))["act_at"] == MONDAY + 30 * MINUTE


async def test_a_signature_alone_is_no_first_response(sla: Sla) -> None:
    await _send(sla)
    await sla.hear(signed(), MONDAY + 10 * MINUTE)
    question = await sla.ask(MONDAY + 2 * HOUR)
    assert question.step is Step.RESPOND
    await sla.hear(judged(question, act_at=None), MONDAY + 2 * HOUR)
    (overdue,) = await sla.overdue()
    assert (overdue.step, overdue.source_article) == (Step.RESPOND, "ZY 13.4")


async def test_a_late_first_response_is_overdue_by_its_owners_word_alone(sla: Sla) -> None:
    await _send(sla)
    late = MONDAY + HOUR + MINUTE
    await sla.hear(responded(), late)
    assert await sla.overdue() == []
    questions = [one for one in await sla.look(late) if isinstance(one, DeadlineReached)]
    assert sorted(one.step for one in questions) == [Step.RESPOND, Step.SIGN]
    for question in questions:
        await sla.hear(judged(question, act_at=late), late)
    assert sorted(one.step for one in await sla.overdue()) == [Step.RESPOND, Step.SIGN]


@pytest.mark.parametrize("act", [progressed(), replied()], ids=lambda act: act.type)
async def test_a_report_or_the_reply_is_the_result(sla: Sla, act: object) -> None:
    await _send(sla)
    await sla.hear(responded(), MONDAY + 30 * MINUTE)
    await sla.hear(act, MONDAY + DAY)
    assert (await sla.states())["result 1"] == "met"
    assert "progress 1" not in await sla.states(), "reports begin with an interim close"


async def test_a_return_answers_an_emergency_too_and_another_unit_owes_all_anew(sla: Sla) -> None:
    await _send(sla)
    await sla.hear(returned(), MONDAY + 30 * MINUTE)
    states = await sla.states()
    assert (states["respond 1"], states["sign 1"]) == ("met", "met")
    await sla.hear(dispatched("512000-002", nth=2), MONDAY + HOUR)
    states = await sla.states()
    assert (states["result 1"], states["handle 1"]) == ("moved", "moved")
    assert {name for name, state in states.items() if state == "running"} == {
        "sign 2",
        "respond 2",
        "result 2",
        "handle 2",
    }


async def test_elsewhere_the_flag_changes_nothing(sla: Sla) -> None:
    await sla.hear(created("530000", urgency=Urgency.CRITICAL), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    assert await sla.states() == {"dispatch 1": "met", "sign 1": "running"}


async def _send(sla: Sla, urgency: Urgency = Urgency.CRITICAL) -> None:
    await sla.hear(created(urgency=urgency), MONDAY)
    await sla.hear(dispatched(UNIT), MONDAY)


def _beijing(time: str) -> datetime:
    return datetime.fromisoformat(f"{time}+08:00")
