"""What a unit does with a ticket that it has signed: response, progress, interim close, redo."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.events.dispatch import (
    TicketInterimClosed,
    TicketProgressed,
    TicketReopened,
    TicketResponded,
)
from shared.events.intake import TicketRated
from shared.events.sla import DeadlineReached
from shared.events.words import CloseReason, Role, Satisfaction, Step, Urgency, Verdict
from shared.policy.load import pack_for
from tests.services.dispatch_desk import (
    HOUSING,
    REPLY,
    WATER,
    Desk,
    desk,
    get,
    post,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

MONDAY = datetime(2026, 9, 14, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RESPONSE = {"text": "抢修人员已到场，预计两小时恢复供水"}
INTERIM = {
    "progress": "已立案，正在调查取证",
    "next_step": "取证后作出处罚决定",
    "promised_at": "2026-12-31T17:30:00+08:00",
}
REPORT = {"text": "已询问三名证人", "next_step": "委托鉴定"}
REDO = {"reason": "回访时诉求人称仍未供水，结果不实"}


async def signed(desk: Desk, **fields: Any) -> tuple[str, str]:
    """A ticket that the water bureau has signed on Monday at ten; its id and its path."""
    desk.harness.clock.stepped = MONDAY
    ticket = await desk.file(time=MONDAY, **fields)
    path = f"/v1/tickets/{ticket}"
    await post(await desk.unit(WATER), f"{path}/sign", {})
    return ticket, path


def steps(answer: dict[str, Any]) -> dict[str, str]:
    return {one["step"]: one["due_at"][:16] for one in answer["deadlines"]}


async def ask(desk: Desk, ticket: str, step: Step, due_at: datetime) -> tuple[Verdict, Any]:
    """How dispatch answers the clock, asked a moment after."""
    desk.harness.clock.step_to(max(due_at, desk.harness.clock.stepped or due_at))
    await desk.tell(ticket, DeadlineReached(step=step, version=1, due_at=due_at))
    judged = (await desk.judgements(ticket))[-1]
    return judged.verdict, judged.act_at


async def test_a_first_response_counts_as_signing(ruled_desk: Desk) -> None:
    clock = ruled_desk.harness.clock
    clock.stepped = MONDAY
    ticket = await ruled_desk.file(time=MONDAY, urgency=Urgency.CRITICAL)
    path, water = f"/v1/tickets/{ticket}", await ruled_desk.unit(WATER)
    shown = await get(water, path)
    assert shown["allowed"] == ["sign", "respond", "return"]
    assert {one["step"]: one["source"] for one in shown["deadlines"]} == {
        "sign": "ZY 13.4",
        "respond": "ZY 13.4",
        "result": "ZY 13.4",
        "handle": "ZY 13.2",
    }
    clock.step_to(MONDAY + HOUR)
    answer = await post(water, f"{path}/respond", RESPONSE)
    assert (answer["state"], answer["sequence"]) == ("signed", 2)
    assert set(steps(answer)) == {"handle", "result"}
    said = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(said, TicketResponded)
    assert (said.unit, said.text) == (WATER, RESPONSE["text"])
    assert said.responded_by == f"test-unit-{WATER}"
    last = (await ruled_desk.timeline(ticket))[-1]
    assert (last["event_name"], last["text"]) == ("初步响应", RESPONSE["text"])
    refused = await post(water, f"{path}/respond", RESPONSE, status=409)
    assert refused["allowed"] == ["return", "progress", "interim-close", "reply", "terminate"]
    for step in (Step.SIGN, Step.RESPOND):
        assert await ask(ruled_desk, ticket, step, MONDAY + HOUR) == (
            Verdict.MET,
            MONDAY + HOUR,
        )


async def test_a_bare_signature_is_no_first_response(ruled_desk: Desk) -> None:
    clock = ruled_desk.harness.clock
    clock.stepped = MONDAY
    ticket = await ruled_desk.file(time=MONDAY, urgency=Urgency.CRITICAL)
    path, water = f"/v1/tickets/{ticket}", await ruled_desk.unit(WATER)
    signed = await post(water, f"{path}/sign", {})
    assert set(steps(signed)) == {"respond", "handle", "result"}
    assert await ask(ruled_desk, ticket, Step.SIGN, MONDAY + HOUR) == (Verdict.MET, MONDAY)
    assert await ask(ruled_desk, ticket, Step.RESPOND, MONDAY + HOUR) == (Verdict.MISSED, None)
    late = clock.stepped + HOUR
    clock.step_to(late)
    answer = await post(water, f"{path}/respond", RESPONSE)
    assert (answer["state"], set(steps(answer))) == ("signed", {"handle", "result"})
    assert await ask(ruled_desk, ticket, Step.RESPOND, MONDAY + HOUR) == (Verdict.MISSED, late)
    await post(water, f"{path}/respond", RESPONSE, status=409)


async def test_what_is_no_emergency_is_signed_and_not_responded_to(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    yunnan = await ruled_desk.file(urgency=Urgency.CRITICAL, policy=pack_for("530000").content_hash)
    water = await ruled_desk.unit(WATER)
    for one, kind in ((ticket, "一般"), (yunnan, "特殊紧急")):
        refused = await post(water, f"/v1/tickets/{one}/respond", RESPONSE, status=409)
        assert refused["allowed"] == ["sign", "return"]
        assert f"“{kind}”" in refused["detail"]
        assert "请直接签收（sign）" in refused["detail"]
        await post(water, f"/v1/tickets/{one}/sign", {})
        refused = await post(water, f"/v1/tickets/{one}/progress", REPORT, status=409)
        assert "请答复（reply）" in refused["detail"]


async def test_what_was_done_in_an_emergency_is_reported_before_the_reply(
    ruled_desk: Desk,
) -> None:
    ticket, path = await signed(ruled_desk, urgency=Urgency.SPECIAL)
    water = await ruled_desk.unit(WATER)
    ruled_desk.harness.clock.step_to(MONDAY + DAY)
    answer = await post(water, f"{path}/progress", {"text": "主管已更换"})
    assert answer["state"] == "signed"
    assert set(steps(answer)) == {"handle"}
    said = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(said, TicketProgressed)
    assert (said.text, said.next_step) == ("主管已更换", None)
    due_at = MONDAY + 2 * DAY
    assert await ask(ruled_desk, ticket, Step.RESULT, due_at) == (Verdict.MET, MONDAY + DAY)
    assert await ask(ruled_desk, ticket, Step.HANDLE, due_at) == (Verdict.MISSED, None)


async def test_an_interim_close_ends_handling_and_starts_the_reports(ruled_desk: Desk) -> None:
    ticket, path = await signed(ruled_desk)
    water, clock = await ruled_desk.unit(WATER), ruled_desk.harness.clock
    clock.step_to(MONDAY + DAY)
    answer = await post(water, f"{path}/interim-close", INTERIM)
    assert (answer["state"], answer["state_name"]) == ("interim_closed", "临时办结")
    assert steps(answer) == {"progress": "2026-10-12T17:30"}
    said = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(said, TicketInterimClosed)
    assert (said.unit, said.next_step) == (WATER, INTERIM["next_step"])
    assert said.promised_at == datetime(2026, 12, 31, 9, 30, tzinfo=UTC)
    last = (await ruled_desk.timeline(ticket))[-1]
    assert (last["text"], last["detail"]["late"]) == (INTERIM["progress"], False)
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    ledger = (await get(supervisor, "/v1/tickets?state=interim_closed"))["items"]
    assert [(one["id"], one["promised_at"]) for one in ledger] == [(ticket, INTERIM["promised_at"])]
    assert await ask(ruled_desk, ticket, Step.HANDLE, MONDAY + 8 * DAY) == (
        Verdict.MET,
        MONDAY + DAY,
    )
    clock.step_to(MONDAY + 20 * DAY)
    answer = await post(water, f"{path}/progress", REPORT)
    assert answer["state"] == "interim_closed"
    assert steps(answer) == {"progress": "2026-10-27T17:30"}
    first, second = (datetime(2026, 10, day, 9, 30, tzinfo=UTC) for day in (12, 27))
    assert await ask(ruled_desk, ticket, Step.PROGRESS, first) == (
        Verdict.MET,
        MONDAY + 20 * DAY,
    )
    assert await ask(ruled_desk, ticket, Step.PROGRESS, second) == (Verdict.MISSED, None)
    answer = await post(water, f"{path}/reply", REPLY)
    assert (answer["state"], answer["deadlines"]) == ("replied", [])


async def test_a_late_interim_close_is_taken_and_named_late(ruled_desk: Desk) -> None:
    ticket, path = await signed(ruled_desk)
    water, clock = await ruled_desk.unit(WATER), ruled_desk.harness.clock
    due_at = datetime(2026, 9, 22, 9, 30, tzinfo=UTC)
    clock.step_to(due_at + HOUR)
    await post(water, f"{path}/interim-close", INTERIM)
    detail = (await ruled_desk.timeline(ticket))[-1]["detail"]
    assert (detail["late"], detail["article"]) == (True, "ZY 13.3")
    assert datetime.fromisoformat(detail["due_at"]) == due_at
    assert await ask(ruled_desk, ticket, Step.HANDLE, due_at) == (
        Verdict.MISSED,
        due_at + HOUR,
    )


async def test_an_interim_close_needs_its_law_its_promise_and_a_known_ground(
    ruled_desk: Desk,
) -> None:
    _, path = await signed(ruled_desk)
    water = await ruled_desk.unit(WATER)
    ground = next(iter(pack_for("512000").interim.grounds)).code  # type: ignore[union-attr]
    for changed, field in (
        ({"promised_at": "2026-09-14T10:00:00+08:00"}, "promised_at"),
        ({"promised_at": "2026-12-31T17:30:00"}, "promised_at"),
        ({"next_step": " "}, "next_step"),
        ({"ground": "no_time"}, "ground"),
    ):
        body = INTERIM | {"ground": ground} | changed
        problem = await post(water, f"{path}/interim-close", body, status=422)
        assert [error["field"] for error in problem["errors"]] == [field]
    yunnan, other = await signed(ruled_desk, policy=pack_for("530000").content_hash)
    refused = await post(water, f"{other}/interim-close", INTERIM, status=409)
    assert refused["allowed"] == ["return", "reply", "terminate"]
    assert "没有临时办结" in refused["detail"]
    assert "ticket.interim_closed" not in await ruled_desk.said_types(yunnan)
    taken = await post(water, f"{path}/interim-close", INTERIM | {"ground": ground})
    assert taken["state"] == "interim_closed"


async def test_a_redo_gives_handling_anew_and_the_earlier_reply_no_longer_counts(
    ruled_desk: Desk,
) -> None:
    ticket, path = await signed(ruled_desk)
    water, clock = await ruled_desk.unit(WATER), ruled_desk.harness.clock
    caller = await ruled_desk.person(Role.FOLLOW_UP)
    clock.step_to(MONDAY + DAY)
    await post(water, f"{path}/reply", REPLY)
    await ruled_desk.tell(ticket, TicketRated(result=Satisfaction.DISSATISFIED, is_solved=False))
    clock.step_to(MONDAY + 2 * DAY)
    answer = await post(caller, f"{path}/redo", REDO)
    assert (answer["state"], answer["unit"]) == ("signed", WATER)
    assert steps(answer) == {"handle": "2026-09-24T17:30"}
    said = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(said, TicketReopened)
    assert (said.unit, said.reason) == (WATER, REDO["reason"])
    shown = await get(water, path)
    assert (shown["replied_at"], len(shown["replies"])) == (None, 1)
    due_at = datetime(2026, 9, 24, 9, 30, tzinfo=UTC)
    assert await ask(ruled_desk, ticket, Step.HANDLE, due_at) == (Verdict.MISSED, None)
    await post(water, f"{path}/reply", REPLY)
    assert (await get(caller, path))["allowed"] == ["redo", "follow-up", "rate"]
    assert [one["reply"] for one in (await get(water, path))["replies"]] == [1, 2]


async def test_a_rating_that_closes_and_a_redo_meet_in_both_orders(ruled_desk: Desk) -> None:
    closing = TicketRated(
        result=Satisfaction.SATISFIED, is_solved=True, closes=CloseReason.SATISFIED
    )
    supervisor, water = await ruled_desk.person(Role.SUPERVISOR), await ruled_desk.unit(WATER)
    first, first_path = await signed(ruled_desk)
    second, second_path = await signed(ruled_desk)
    for path in (first_path, second_path):
        await post(water, f"{path}/reply", REPLY)
    await ruled_desk.tell(first, closing)
    refused = await post(supervisor, f"{first_path}/redo", REDO, status=409)
    assert (refused["code"], refused["allowed"]) == ("act_refused", [])
    await post(supervisor, f"{second_path}/redo", REDO)
    await ruled_desk.tell(second, closing)
    assert (await get(supervisor, second_path))["state"] == "signed"
    assert "ticket.closed" not in await ruled_desk.said_types(second)


async def test_only_the_hotline_tells_a_unit_to_do_it_again(ruled_desk: Desk) -> None:
    _, path = await signed(ruled_desk)
    water = await ruled_desk.unit(WATER)
    await post(water, f"{path}/reply", REPLY)
    refused = await post(water, f"{path}/redo", REDO, status=403)
    assert refused["allowed"] == ["follow_up", "supervisor", "platform"]
    for role in (Role.OPERATOR, Role.LEADER):
        await post(await ruled_desk.person(role), f"{path}/redo", REDO, status=403)
    follow_up = await ruled_desk.person(Role.FOLLOW_UP)
    for act, body in (("respond", RESPONSE), ("progress", REPORT), ("interim-close", INTERIM)):
        await post(follow_up, f"{path}/{act}", body, status=403)
    housing = await ruled_desk.unit(HOUSING)
    await post(housing, f"{path}/interim-close", INTERIM, status=404)
    await post(follow_up, f"{path}/redo", {"reason": ""}, status=422)
    elsewhere = await ruled_desk.person(Role.SUPERVISOR, jurisdiction="530000")
    await post(elsewhere, f"{path}/redo", REDO, status=404)
