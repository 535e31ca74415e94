"""The time for a caller's answer: it runs from the reply, and nobody is ever late (ZY 14.1)."""

import pytest

from services.sla.app import make_app
from shared.events.dispatch import TicketClosed
from shared.events.intake import DeadlineAnswered
from shared.events.sla import DeadlineReached
from shared.events.words import CloseReason, Role, Step, Verdict
from tests.harness import Harness, token
from tests.services.sla_tickets import (
    DAY,
    HOUR,
    MONDAY,
    UNIT,
    Sla,
    created,
    dispatched,
    open_sla,
    reopened,
    replied,
    signed,
)

END = TicketClosed(unit=UNIT, reason=CloseReason.SATISFIED)


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness)


async def _reply(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    await sla.hear(signed(), MONDAY + HOUR)
    await sla.hear(replied(), MONDAY + DAY)


async def test_it_runs_from_the_reply_for_the_packs_working_days(sla: Sla) -> None:
    await _reply(sla)
    deadline = await sla.deadline(Step.FOLLOW_UP)
    assert deadline["state"] == "running"
    assert deadline["starts_at"] == MONDAY + DAY
    assert f"{deadline['due_at']:%Y-%m-%d %H:%M}" == "2026-03-10 09:30"
    assert deadline["rule"] == "5 working days after the reply, to close of business"
    assert deadline["next_at"] > deadline["due_at"], "nobody is warned"
    await sla.look(MONDAY + 7 * DAY)
    assert await sla.look(MONDAY + 7 * DAY) == []


@pytest.mark.parametrize(("end", "state"), [(END, "met"), (reopened(), "moved")])
async def test_it_ends_with_the_ticket_or_a_redo(sla: Sla, end: object, state: str) -> None:
    await _reply(sla)
    await sla.hear(end, MONDAY + 2 * DAY)  # type: ignore[arg-type]
    assert (await sla.states())["follow-up 1"] == state


async def test_a_second_reply_gives_the_time_anew(sla: Sla) -> None:
    await _reply(sla)
    await sla.hear(reopened(), MONDAY + 2 * DAY)
    await sla.hear(replied(), MONDAY + 3 * DAY)
    states = await sla.states()
    assert (states["follow-up 1"], states["follow-up 2"]) == ("moved", "running")


@pytest.mark.parametrize(("verdict", "state"), [(Verdict.MET, "met"), (Verdict.MISSED, "lapsed")])
async def test_silence_is_asked_of_intake_and_never_said_to_be_overdue(
    sla: Sla, verdict: Verdict, state: str
) -> None:
    await _reply(sla)
    late = MONDAY + 20 * DAY
    asked = [one for one in await sla.look(late) if isinstance(one, DeadlineReached)]
    assert [(one.step, one.version) for one in asked] == [(Step.FOLLOW_UP, 1)]
    answer = DeadlineAnswered(
        step=Step.FOLLOW_UP, version=1, due_at=asked[0].due_at, verdict=verdict
    )
    await sla.hear(answer, late)
    await sla.hear(END, late + HOUR)
    assert (await sla.states())["follow-up 1"] == state
    assert await sla.overdue() == []
    assert await sla.look(late + 30 * DAY) == []


async def test_the_end_may_be_heard_before_the_answer(sla: Sla) -> None:
    await _reply(sla)
    late = MONDAY + 20 * DAY
    asked = await sla.ask(late)
    await sla.hear(END, late)
    answer = DeadlineAnswered(
        step=Step.FOLLOW_UP, version=1, due_at=asked.due_at, verdict=Verdict.MISSED
    )
    await sla.hear(answer, late)
    assert (await sla.states())["follow-up 1"] == "lapsed"
    assert await sla.overdue() == []


async def test_it_is_shown_among_the_tickets_deadlines(sla: Sla) -> None:
    await _reply(sla)
    late = MONDAY + 20 * DAY
    asked = await sla.ask(late)
    answer = DeadlineAnswered(
        step=Step.FOLLOW_UP, version=1, due_at=asked.due_at, verdict=Verdict.MISSED
    )
    await sla.hear(answer, late)
    client = await sla.harness.client(
        make_app(sla.runtime), token(sla.harness.settings, Role.SUPERVISOR)
    )
    items = (await client.get(f"/v1/tickets/{sla.ticket}/deadlines")).json()["items"]
    (shown,) = [one for one in items if one["step"] == "follow-up"]
    assert (shown["step_name"], shown["state_name"]) == ("回访评价", "期满未评价")
    assert (shown["is_overdue"], shown["source"]) == (False, "default")
