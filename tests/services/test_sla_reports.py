"""Interim close and the reports every 15 working days after it (ZY 13.3, B8); redo; time in all."""

from datetime import datetime

import pytest

from services.sla.app import make_app
from shared.events.dispatch import TicketClosed, TicketWithdrawn
from shared.events.envelope import Payload
from shared.events.words import CloseReason, Role, Step
from tests.harness import Harness, token
from tests.services.sla_tickets import (
    DAY,
    HOUR,
    MONDAY,
    UNIT,
    Sla,
    created,
    dispatched,
    interim_closed,
    judged,
    open_sla,
    progressed,
    reopened,
    replied,
    signed,
)

LIMIT = """{"law": "《某条例》", "article": "第九条", "amount": 60, "unit": "calendar_days"}"""


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness)


async def test_an_interim_close_ends_handling_and_reports_begin(sla: Sla) -> None:
    await _close_for_now(sla)
    assert (await sla.states())["handle 1"] == "met"
    report = await sla.deadline(Step.PROGRESS)
    assert report["due_at"] == _beijing("2026-03-24T17:30"), "15 working days after 3 March"
    assert report["source"] == "ZY 13.3"
    assert report["rule"] == (
        "15 working days after the interim close or the last report, to close of business"
    )


async def test_each_report_ends_one_time_and_begins_the_next(sla: Sla) -> None:
    await _close_for_now(sla)
    await sla.hear(progressed(), _beijing("2026-03-24T17:30"))
    await sla.hear(progressed(), _beijing("2026-04-01T10:00"))
    states = await sla.states()
    assert [states[f"progress {nth}"] for nth in (1, 2, 3)] == ["met", "met", "running"]
    due_at = (await sla.deadline(Step.PROGRESS, 3))["due_at"]
    assert due_at == _beijing("2026-04-23T17:30"), "4 to 6 April are off (清明节)"


async def test_a_report_that_does_not_come_is_overdue_once_and_a_late_one_begins_the_next(
    sla: Sla,
) -> None:
    await _close_for_now(sla)
    question = await sla.ask(_beijing("2026-03-25T09:00"))
    await sla.hear(judged(question, act_at=None), _beijing("2026-03-25T09:00"))
    await sla.hear(progressed(), _beijing("2026-03-26T09:00"))
    (overdue,) = await sla.overdue()
    assert (overdue.step, overdue.version) == (Step.PROGRESS, 1)
    assert (await sla.states())["progress 2"] == "running"


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (replied(), "met"),
        (TicketClosed(unit=UNIT, reason=CloseReason.CONFORMS), "moved"),
        (TicketWithdrawn(), "moved"),
    ],
    ids=lambda one: getattr(one, "type", one),
)
async def test_reports_end_with_the_reply_or_the_ticket(sla: Sla, end: Payload, state: str) -> None:
    await _close_for_now(sla)
    await sla.hear(end, MONDAY + 3 * DAY)
    assert (await sla.states())["progress 1"] == state
    asked = {getattr(said, "step", None) for said in await sla.look(MONDAY + 90 * DAY)}
    assert asked <= {Step.FOLLOW_UP}


async def test_an_interim_close_that_is_sent_back_ends_reports_and_begins_handling_anew(
    sla: Sla,
) -> None:
    await _close_for_now(sla)
    await sla.hear(reopened(), MONDAY + 3 * DAY)
    states = await sla.states()
    assert (states["progress 1"], states["handle 2"]) == ("moved", "running")


async def test_where_law_sets_the_limit_no_reports_are_owed(sla: Sla) -> None:
    await _handle(sla)
    await sla.runtime.database.pool.execute("UPDATE clocks SET law_limit = $1::jsonb", LIMIT)
    await sla.hear(interim_closed(MONDAY), MONDAY + DAY)
    await sla.hear(progressed(), MONDAY + 2 * DAY)
    assert "progress 1" not in await sla.states()


async def test_where_the_pack_has_no_interim_close_no_reports_are_owed(sla: Sla) -> None:
    await _handle(sla, "530000")
    await sla.hear(interim_closed(MONDAY), MONDAY + DAY)
    assert await sla.states() == {"dispatch 1": "met", "sign 1": "met", "handle 1": "met"}


async def test_an_interim_close_after_the_time_is_judged_by_its_owner(sla: Sla) -> None:
    await _handle(sla)
    late = MONDAY + 30 * DAY
    await sla.hear(interim_closed(MONDAY), late)
    assert (await sla.states())["handle 1"] == "running"
    question = await sla.ask(late)
    await sla.hear(judged(question, act_at=late), late)
    assert [one.step for one in await sla.overdue()] == [Step.HANDLE]


async def test_a_redo_gives_a_limit_set_by_law_anew_and_ends_reports(sla: Sla) -> None:
    await _handle(sla)
    await sla.runtime.database.pool.execute("UPDATE clocks SET law_limit = $1::jsonb", LIMIT)
    await sla.hear(replied(), MONDAY + DAY)
    await sla.hear(reopened(), MONDAY + 2 * DAY)
    again = await sla.deadline(Step.HANDLE, 2)
    assert again["due_at"] == _beijing("2026-05-06T17:30"), "3 May, in the holiday, moves on"
    assert again["source"] == "《某条例》 第九条"
    await sla.hear(dispatched("512000-002", nth=2), MONDAY + 3 * DAY)
    assert (await sla.deadline(Step.HANDLE, 3))["source"] == "《某条例》 第九条"


async def test_the_time_since_acceptance_goes_on_through_redo_and_another_unit(sla: Sla) -> None:
    await _handle(sla)
    await sla.hear(replied(), MONDAY + DAY)
    assert await _since(sla) == (7 * 60, 24 * 60)
    await sla.hear(reopened(), MONDAY + 2 * DAY)
    sla.harness.clock.step_to(MONDAY + 3 * DAY)
    assert await _since(sla) == (3 * 7 * 60, 3 * 24 * 60)
    await sla.hear(TicketWithdrawn(), MONDAY + 4 * DAY)
    sla.harness.clock.step_to(MONDAY + 9 * DAY)
    assert await _since(sla) == (4 * 7 * 60, 4 * 24 * 60)


async def _handle(sla: Sla, jurisdiction: str = "512000") -> None:
    await sla.hear(created(jurisdiction), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    await sla.hear(signed(), MONDAY + HOUR)


async def _close_for_now(sla: Sla) -> None:
    await _handle(sla)
    await sla.hear(interim_closed(MONDAY), MONDAY + DAY)


async def _since(sla: Sla) -> tuple[int, int]:
    bearer = token(sla.harness.settings, Role.SUPERVISOR)
    client = await sla.harness.client(make_app(sla.runtime), bearer)
    body = (await client.get(f"/v1/tickets/{sla.ticket}/deadlines")).json()
    return body["working_minutes_since_acceptance"], body["minutes_since_acceptance"]


def _beijing(time: str) -> datetime:
    return datetime.fromisoformat(f"{time}+08:00")
