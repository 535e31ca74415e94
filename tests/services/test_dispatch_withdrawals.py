"""A caller takes a request back: met while nobody has answered, declined with a reason (A9)."""

import pytest
from uuid_utils.compat import uuid7

from shared.events.dispatch import TicketWithdrawn
from shared.events.intake import TicketWithdrawalRequested
from shared.events.loop import TicketWithdrawalDeclined
from shared.events.sla import DeadlineReached
from shared.events.words import Role, Step, Urgency, Verdict
from shared.parked import list_parked
from tests.services.dispatch_desk import (
    REPLY,
    RETURN,
    WATER,
    Desk,
    desk,
    get,
    post,
    ruled_desk,
)
from tests.services.test_dispatch_handling import HOUR, INTERIM, MONDAY

__all__ = ["desk", "ruled_desk"]

WISH = TicketWithdrawalRequested(reason="已自行解决", requested_by="HW0101")


async def wish(desk: Desk, ticket: str) -> tuple[str, str]:
    """The state after a wish, and what dispatch said last."""
    await desk.tell(ticket, WISH)
    supervisor = await desk.person(Role.SUPERVISOR)
    state = (await get(supervisor, f"/v1/tickets/{ticket}"))["state"]
    return state, (await desk.said_types(ticket))[-1]


@pytest.mark.parametrize(
    "acts",
    [
        [],
        [("sign", {})],
        [("return", RETURN)],
        [("sign", {}), ("interim-close", INTERIM)],
    ],
)
async def test_what_nobody_has_answered_is_withdrawn(
    ruled_desk: Desk, acts: list[tuple[str, dict[str, str]]]
) -> None:
    ticket = await ruled_desk.file()
    water = await ruled_desk.unit(WATER)
    for act, body in acts:
        await post(water, f"/v1/tickets/{ticket}/{act}", body)
    assert await wish(ruled_desk, ticket) == ("withdrawn", "ticket.withdrawn")
    said = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(said, TicketWithdrawn)
    assert said.unit == WATER
    asked, done = (await ruled_desk.timeline(ticket))[-2:]
    assert (asked["event_name"], asked["by"], asked["text"]) == ("申请撤回", "HW0101", "已自行解决")
    assert (done["event_name"], done["by"], done["text"]) == ("撤回", "system", "已自行解决")
    shown = await get(water, f"/v1/tickets/{ticket}")
    assert (shown["allowed"], shown["deadlines"]) == ([], [])
    refused = await post(water, f"/v1/tickets/{ticket}/sign", {}, status=409)
    assert (refused["allowed"], refused["detail"]) == ([], "工单已撤回，不能签收。")


async def test_what_waits_for_a_unit_is_withdrawn_without_one(desk: Desk) -> None:
    ticket = await desk.file()
    assert await wish(desk, ticket) == ("withdrawn", "ticket.withdrawn")
    said = (await desk.said(ticket))[-1].data
    assert isinstance(said, TicketWithdrawn)
    assert said.unit is None
    assert await wish(desk, ticket) == ("withdrawn", "ticket.withdrawal_declined")


async def test_a_reply_that_was_first_stands_and_the_wish_is_declined(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    water = await ruled_desk.unit(WATER)
    await post(water, f"/v1/tickets/{ticket}/sign", {})
    await post(water, f"/v1/tickets/{ticket}/reply", REPLY)
    assert await wish(ruled_desk, ticket) == ("replied", "ticket.withdrawal_declined")
    said = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(said, TicketWithdrawalDeclined)
    assert said.reason == "工单已答复，不能撤回。"
    last = (await ruled_desk.timeline(ticket))[-1]
    assert (last["event_name"], last["text"]) == ("不予撤回", "工单已答复，不能撤回。")


@pytest.mark.parametrize("urgency", [Urgency.SPECIAL, Urgency.CRITICAL])
async def test_what_endangers_others_is_not_one_callers_to_take_back(
    ruled_desk: Desk, urgency: Urgency
) -> None:
    ticket = await ruled_desk.file(urgency=urgency)
    assert await wish(ruled_desk, ticket) == ("dispatched", "ticket.withdrawal_declined")
    said = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(said, TicketWithdrawalDeclined)
    assert "公共安全" in said.reason
    operator = await ruled_desk.person(Role.OPERATOR)
    assert "withdraw" not in (await get(operator, f"/v1/tickets/{ticket}"))["allowed"]


async def test_wishes_of_one_batch_are_each_answered_by_their_own_state(ruled_desk: Desk) -> None:
    first, second, third = [await ruled_desk.file() for _ in range(3)]
    water = await ruled_desk.unit(WATER)
    await post(water, f"/v1/tickets/{second}/sign", {})
    await post(water, f"/v1/tickets/{second}/reply", REPLY)
    await ruled_desk.hear(*(ruled_desk.harness.event(WISH, one) for one in (third, first, second)))
    states = [(await get(water, f"/v1/tickets/{one}"))["state"] for one in (first, second, third)]
    assert states == ["withdrawn", "replied", "withdrawn"]


async def test_no_step_is_missed_by_a_ticket_that_was_withdrawn_before(ruled_desk: Desk) -> None:
    clock = ruled_desk.harness.clock
    clock.stepped = MONDAY
    ticket = await ruled_desk.file(time=MONDAY)
    clock.step_to(MONDAY + HOUR)
    await ruled_desk.tell(ticket, WISH)
    for step, due_at, verdict in (
        (Step.SIGN, MONDAY + HOUR / 2, Verdict.MISSED),
        (Step.SIGN, MONDAY + 5 * HOUR, Verdict.MET),
        (Step.HANDLE, MONDAY + 200 * HOUR, Verdict.MET),
    ):
        clock.step_to(max(due_at, MONDAY + HOUR))
        await ruled_desk.tell(ticket, DeadlineReached(step=step, version=1, due_at=due_at))
        judged = (await ruled_desk.judgements(ticket))[-1]
        assert (judged.verdict, judged.act_at) == (verdict, MONDAY + HOUR)


async def test_a_wish_of_a_ticket_that_was_not_heard_of_waits(desk: Desk) -> None:
    ticket = str(uuid7())
    await desk.tell(ticket, WISH)
    async with desk.runtime.database.pool.acquire() as connection:
        [parked] = await list_parked(connection, 10)
    assert (parked["key"], parked["reason"]) == (ticket, "waiting")
