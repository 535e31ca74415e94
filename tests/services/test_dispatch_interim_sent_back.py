"""An interim close is applied for: the hotline sends back one that has no ground (B8, ZY 13.3)."""

from datetime import UTC, datetime, timedelta

from shared.events.sla import DeadlineReached
from shared.events.words import Role, Step, Verdict
from tests.services.dispatch_desk import WATER, Desk, Json, desk, post, put, ruled_desk

__all__ = ["desk", "ruled_desk"]

MONDAY = datetime(2026, 9, 14, 2, tzinfo=UTC)
DAY = timedelta(days=1)
INTERIM = {
    "progress": "正在研究",
    "next_step": "继续研究",
    "promised_at": "2026-12-31T17:30:00+08:00",
}
REDO: Json = {"reason": "不属于情况特别复杂，也未立案"}


async def closed_for_now(desk: Desk) -> tuple[str, str]:
    """A ticket that the water bureau closed for the time being on Monday; its id and its path."""
    desk.harness.clock.stepped = MONDAY
    ticket, water = await desk.file(time=MONDAY), await desk.unit(WATER)
    path = f"/v1/tickets/{ticket}"
    await post(water, f"{path}/sign", {})
    await post(water, f"{path}/interim-close", INTERIM)
    return ticket, path


async def test_it_is_handled_again_with_its_time_anew_and_no_report_is_owed(
    ruled_desk: Desk,
) -> None:
    ticket, path = await closed_for_now(ruled_desk)
    supervisor, clock = await ruled_desk.person(Role.SUPERVISOR), ruled_desk.harness.clock
    operator = await ruled_desk.person(Role.OPERATOR)
    follow_up = await ruled_desk.person(Role.FOLLOW_UP)
    await post(operator, f"{path}/redo", REDO, status=403)
    await post(follow_up, f"{path}/redo", REDO, status=409)
    clock.step_to(MONDAY + 2 * DAY)
    answer = await post(supervisor, f"{path}/redo", REDO)
    assert (answer["state"], answer["unit"]) == ("signed", WATER)
    assert {one["step"]: one["due_at"][:16] for one in answer["deadlines"]} == {
        "handle": "2026-09-24T17:30"
    }
    last = (await ruled_desk.timeline(ticket))[-1]
    assert (last["event"], last["text"]) == ("ticket.reopened", REDO["reason"])
    assert last["detail"]["article"] == "ZY 13.3"
    due_at = datetime(2026, 9, 24, 9, 30, tzinfo=UTC)
    clock.step_to(due_at)
    await ruled_desk.tell(ticket, DeadlineReached(step=Step.HANDLE, version=2, due_at=due_at))
    assert [one.verdict for one in await ruled_desk.judgements(ticket)] == [Verdict.MISSED]


async def test_what_another_platform_closed_so_is_not_sent_back(ruled_desk: Desk) -> None:
    _, path = await closed_for_now(ruled_desk)
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    unit = {"name": "省平台", "jurisdiction": "512000", "platform": "510000"}
    await put(administrator, f"/v1/units/{WATER}", unit)
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    refused = await post(supervisor, f"{path}/redo", REDO, status=409)
    assert (refused["code"], "redo" in refused["allowed"]) == ("act_refused", False)
    assert "510000" in refused["detail"]
