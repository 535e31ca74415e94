"""A correction of type or urgency moves what the matter decides; no other edit moves anything."""

from datetime import datetime

import pytest

from shared.events.intake import TicketAmended
from shared.events.words import RequestType, Step, Urgency
from tests.harness import Harness
from tests.services.sla_tickets import (
    DAY,
    HOUR,
    MONDAY,
    Sla,
    created,
    dispatched,
    judged,
    open_sla,
    reopened,
    replied,
    responded,
    signed,
)

TO_HELP = TicketAmended(request_type=RequestType.HELP, reason="误登记为投诉")
TO_CRITICAL = TicketAmended(urgency=Urgency.CRITICAL)
TO_NORMAL = TicketAmended(urgency=Urgency.NORMAL)


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness)


async def test_another_type_counts_the_handling_again_from_its_own_start(sla: Sla) -> None:
    await _handle(sla)
    await sla.hear(TO_HELP, MONDAY + DAY)
    assert await sla.states() == {
        "dispatch 1": "met",
        "sign 1": "met",
        "handle 1": "moved",
        "handle 2": "running",
    }
    handle = await sla.deadline(Step.HANDLE, 2)
    assert handle["due_at"] == _beijing("2026-03-09T17:30"), "5 working days after dispatch"
    assert handle["starts_at"] == MONDAY


@pytest.mark.parametrize(
    "edit",
    [
        TicketAmended(addition="路灯编号是 12 号", amended_by="operator"),
        TicketAmended(category="0203"),
        TicketAmended(request_type=RequestType.COMPLAINT, urgency=Urgency.NORMAL),
        TicketAmended(request_type=RequestType.REPORT),
        TicketAmended(is_enforcement=True),
    ],
    ids=lambda one: str(one.model_dump(exclude_none=True)),
)
async def test_an_edit_that_changes_no_time_moves_nothing(sla: Sla, edit: TicketAmended) -> None:
    await _handle(sla)
    before = await _rows(sla)
    await sla.hear(edit, MONDAY + DAY)
    assert await _rows(sla) == before


async def test_a_late_judgement_of_the_old_type_is_ignored(sla: Sla) -> None:
    await sla.hear(created(request_type=RequestType.INQUIRY), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    await sla.hear(signed(), MONDAY)
    question = await sla.ask(MONDAY + 2 * DAY)
    await sla.hear(TicketAmended(request_type=RequestType.COMPLAINT), MONDAY + DAY)
    await sla.hear(judged(question, act_at=None), MONDAY + 2 * DAY)
    assert await sla.overdue() == []
    assert (await sla.states())["handle 2"] == "running"


async def test_what_was_missed_before_the_correction_is_judged_and_the_longer_time_runs_beside(
    sla: Sla,
) -> None:
    await sla.hear(created(request_type=RequestType.INQUIRY), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    await sla.hear(signed(), MONDAY)
    await sla.hear(TicketAmended(request_type=RequestType.COMPLAINT), MONDAY + 3 * DAY)
    question = await sla.ask(MONDAY + 3 * DAY)
    assert (question.step, question.version) == (Step.HANDLE, 1)
    await sla.hear(judged(question, act_at=None), MONDAY + 3 * DAY)
    states = await sla.states()
    assert (states["handle 1"], states["handle 2"]) == ("overdue", "running")
    await sla.hear(TicketAmended(request_type=RequestType.INQUIRY), MONDAY + 4 * DAY)
    assert (await sla.states())["handle 2"] == "moved"
    assert await sla.look(MONDAY + 30 * DAY) == [], "what was overdue once is not so again"


async def test_a_shorter_time_that_is_over_is_not_declared_twice(sla: Sla) -> None:
    await _handle(sla)
    question = await sla.ask(MONDAY + 20 * DAY)
    await sla.hear(judged(question, act_at=None), MONDAY + 20 * DAY)
    await sla.hear(TO_HELP, MONDAY + 21 * DAY)
    assert (await sla.states())["handle 1"] == "overdue"
    assert "handle 2" not in await sla.states()


async def test_a_matter_that_was_answered_is_not_counted_again(sla: Sla) -> None:
    await _handle(sla)
    await sla.hear(replied(), MONDAY + DAY)
    before = await _rows(sla)
    await sla.hear(TO_HELP, MONDAY + 2 * DAY)
    await sla.hear(TO_CRITICAL, MONDAY + 3 * DAY)
    assert await _rows(sla) == before
    await sla.hear(reopened(), MONDAY + 4 * DAY)
    due_at = (await sla.deadline(Step.HANDLE, 2))["due_at"]
    assert due_at == _beijing("2026-03-13T17:30"), "a redo has the time of the corrected type"


async def test_before_dispatch_the_time_of_dispatch_moves(sla: Sla) -> None:
    await sla.hear(created("532800", request_type=RequestType.HELP), MONDAY)
    await sla.hear(TicketAmended(is_enforcement=True), MONDAY + 0.5 * HOUR)
    assert (await sla.deadline(Step.DISPATCH, 2))["due_at"] == MONDAY + HOUR


async def test_a_raised_urgency_adds_response_and_result_from_dispatch(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    await sla.hear(TO_CRITICAL, MONDAY + 0.5 * HOUR)
    assert await sla.states() == {
        "dispatch 1": "met",
        "sign 1": "moved",
        "sign 2": "running",
        "respond 1": "running",
        "result 1": "running",
        "handle 1": "running",
    }
    for step, version in ((Step.RESPOND, 1), (Step.SIGN, 2)):
        assert (await sla.deadline(step, version))["due_at"] == MONDAY + HOUR


async def test_a_lowered_urgency_ends_them_and_raised_again_none_comes_twice(sla: Sla) -> None:
    await sla.hear(created(urgency=Urgency.CRITICAL), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    await sla.hear(responded(), MONDAY + 0.2 * HOUR)
    await sla.hear(TO_NORMAL, MONDAY + 0.4 * HOUR)
    states = await sla.states()
    assert (states["respond 1"], states["result 1"]) == ("met", "moved")
    await sla.hear(TO_CRITICAL, MONDAY + 0.6 * HOUR)
    states = await sla.states()
    assert "respond 2" not in states, "the first response was given"
    assert states["result 2"] == "running"


async def _handle(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    await sla.hear(signed(), MONDAY + HOUR)


async def _rows(sla: Sla) -> list[tuple[object, ...]]:
    rows = await sla.runtime.database.pool.fetch(
        "SELECT * FROM deadlines WHERE ticket_id = $1 ORDER BY step, version", sla.ticket
    )
    return [tuple(row) for row in rows]


def _beijing(time: str) -> datetime:
    return datetime.fromisoformat(f"{time}+08:00")
