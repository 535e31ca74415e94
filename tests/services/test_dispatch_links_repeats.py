"""A caller asks again: decided on arrival, under the locks on both tickets (A7, ZY 15)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from shared.events.callers import TicketHandedOver, TicketRepeatAnswered
from shared.events.dispatch import TicketClosed
from shared.events.intake import Filed, TicketRated, TicketWithdrawalRequested
from shared.events.kinds import EmergencyLine, HandOver, Link
from shared.events.loop import TicketAskedAgain, TicketLinked
from shared.events.words import CloseReason, RequestType, Role, Satisfaction
from tests.services.dispatch_desk import (
    HOUSING,
    REPLY,
    WATER,
    Desk,
    created,
    desk,
    get,
    post,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

MONDAY = datetime(2026, 9, 14, 1, tzinfo=UTC)
RATED = TicketRated(result=Satisfaction.SATISFIED, is_solved=True, closes=CloseReason.SATISFIED)


async def reply(desk: Desk, ticket: str) -> None:
    unit = await desk.unit(WATER)
    await post(unit, f"/v1/tickets/{ticket}/sign", {})
    await post(unit, f"/v1/tickets/{ticket}/reply", REPLY)


async def show(desk: Desk, ticket: str) -> dict[str, Any]:
    return await get(await desk.person(Role.SUPERVISOR), f"/v1/tickets/{ticket}")


async def test_an_open_ticket_takes_the_repeat_along_and_its_unit_is_told(
    ruled_desk: Desk,
) -> None:
    main = await ruled_desk.file()
    repeat = await ruled_desk.file(repeats=main, number="512000-260914-0000002")
    shown = await show(ruled_desk, repeat)
    assert (shown["state"], shown["unit"], shown["deadlines"]) == ("linked", None, [])
    assert (shown["links"]["kind"], shown["links"]["main"]["id"]) == ("repeat", main)
    assert await ruled_desk.said_types(repeat) == ["ticket.linked"]
    linked, again = [one.data for one in await ruled_desk.said()][-2:]
    assert isinstance(linked, TicketLinked)
    assert (str(linked.main), linked.kind, linked.unit) == (main, Link.REPEAT, WATER)
    assert isinstance(again, TicketAskedAgain)
    assert (again.unit, str(again.repeat)) == (WATER, repeat)
    assert (await ruled_desk.timeline(main))[-1]["event"] == "ticket.asked_again"
    notice = await ruled_desk.runtime.database.pool.fetchrow(
        "SELECT recipient, text FROM notices WHERE template = $1", again.type
    )
    assert notice is not None
    assert notice["recipient"] == WATER
    assert "512000-260914-0000001" in notice["text"]


async def test_a_repeat_of_a_linked_ticket_goes_with_its_main_one(ruled_desk: Desk) -> None:
    main = await ruled_desk.file()
    first = await ruled_desk.file(repeats=main)
    second = await ruled_desk.file(repeats=first)
    assert (await show(ruled_desk, second))["links"]["main"]["id"] == main


async def test_a_ticket_and_its_repeats_may_come_in_one_batch(ruled_desk: Desk) -> None:
    main, *repeats = (str(uuid7()) for _ in range(4))
    events = [ruled_desk.harness.event(created(repeats=main), one) for one in repeats]
    first = ruled_desk.harness.event(created(), main)
    await ruled_desk.hear(*events, first)
    for repeat in repeats:
        assert (await show(ruled_desk, repeat))["state"] == "linked"
    types = await ruled_desk.said_types(main)
    assert types == ["ticket.dispatched", *["ticket.asked_again"] * 3]


async def test_a_repeat_waits_for_a_ticket_that_was_not_heard_of(ruled_desk: Desk) -> None:
    main = str(uuid7())
    repeat = await ruled_desk.file(repeats=main)
    pool = ruled_desk.runtime.database.pool
    assert await pool.fetchval("SELECT reason FROM parked WHERE key = $1", repeat) == "waiting"
    assert await pool.fetchval("SELECT count(*) FROM tickets") == 0


async def test_a_repeat_of_what_is_over_is_a_new_ticket_that_carries_the_history(
    ruled_desk: Desk,
) -> None:
    main = await ruled_desk.file()
    await reply(ruled_desk, main)
    replied = await ruled_desk.file(repeats=main)
    await ruled_desk.tell(main, RATED)
    closed = await ruled_desk.file(repeats=main)
    withdrawn = await ruled_desk.file()
    await ruled_desk.tell(withdrawn, TicketWithdrawalRequested(reason="已解决"))
    anew = await ruled_desk.file(repeats=withdrawn)
    for ticket, earlier, state in (
        (replied, main, "closed"),
        (closed, main, "closed"),
        (anew, withdrawn, "withdrawn"),
    ):
        shown = await show(ruled_desk, ticket)
        assert (shown["state"], shown["unit"]) == ("dispatched", WATER)
        repeats = shown["links"]["repeats"]
        assert (repeats["id"], repeats["state"]) == (earlier, state)
    shown = await show(ruled_desk, closed)
    assert shown["links"]["repeats"]["result"] == REPLY["result"]
    seen = await get(await ruled_desk.unit(WATER), f"/v1/tickets/{closed}")
    assert seen["links"]["repeats"]["result"] == REPLY["result"]


@pytest.mark.parametrize("days", [3, 30])
async def test_a_report_inside_the_handling_time_is_not_dispatched_again(
    ruled_desk: Desk, days: int
) -> None:
    clock = ruled_desk.harness.clock
    clock.stepped = MONDAY
    fields = {"request_type": RequestType.REPORT}
    main = await ruled_desk.file(time=MONDAY, **fields)
    await reply(ruled_desk, main)
    clock.step_to(MONDAY + timedelta(days=days))
    replied = await ruled_desk.file(time=clock.stepped, repeats=main, **fields)
    await ruled_desk.tell(main, RATED)
    closed = await ruled_desk.file(time=clock.stepped, repeats=main, **fields)
    complaint = await ruled_desk.file(time=clock.stepped, repeats=main)
    states = [(await show(ruled_desk, one))["state"] for one in (replied, closed, complaint)]
    inside = days == 3  # seven working days for a report (ZY 13.2)
    if inside:
        assert states == ["closed", "closed", "dispatched"]
        said = (await ruled_desk.said(closed))[-1].data
        assert isinstance(said, TicketClosed)
        assert (said.reason, said.unit) == (CloseReason.REPEATED, WATER)
        assert await ruled_desk.said_types(replied) == ["ticket.linked", "ticket.closed"]
    else:
        assert states == ["dispatched"] * 3


async def test_whoever_now_complains_of_the_unit_says_something_new(ruled_desk: Desk) -> None:
    main = await ruled_desk.file()
    about = await ruled_desk.file(repeats=main, about_unit=WATER)
    assert (await show(ruled_desk, about))["state"] == "accepted"


async def test_another_callers_ticket_is_linked_by_nobody_but_people(ruled_desk: Desk) -> None:
    await ruled_desk.file()
    other = await ruled_desk.file(caller_id=UUID(int=8))
    assert (await show(ruled_desk, other))["state"] == "dispatched"


async def test_link_and_withdrawal_cross_in_both_orders(ruled_desk: Desk) -> None:
    operator = await ruled_desk.person(Role.OPERATOR)
    why = {"reason": "同一停水"}
    main, member = await ruled_desk.file(), await ruled_desk.file(caller_id=UUID(int=8))
    repeat = await ruled_desk.file(repeats=main)
    await post(operator, f"/v1/tickets/{member}/link", {"main": main} | why)
    await ruled_desk.tell(main, TicketWithdrawalRequested(reason="误报"))
    for ticket in (member, repeat):
        shown = await show(ruled_desk, ticket)
        assert (shown["state"], shown["unit"]) == ("dispatched", WATER)
        types = await ruled_desk.said_types(ticket)
        assert types[-2:] == ["ticket.split", "ticket.dispatched"]
    late = await post(operator, f"/v1/tickets/{member}/link", {"main": main} | why, status=409)
    assert late["code"] == "main_not_open"


async def test_a_linked_ticket_may_be_withdrawn_and_gets_no_reply(ruled_desk: Desk) -> None:
    operator = await ruled_desk.person(Role.OPERATOR)
    main, member = await ruled_desk.file(), await ruled_desk.file(caller_id=UUID(int=8))
    await post(operator, f"/v1/tickets/{member}/link", {"main": main, "reason": "同一停水"})
    await ruled_desk.tell(member, TicketWithdrawalRequested(reason="不需要了"))
    await reply(ruled_desk, main)
    assert (await show(ruled_desk, member))["state"] == "withdrawn"
    assert (await ruled_desk.said_types(member))[-1] == "ticket.withdrawn"


async def test_hand_overs_and_answered_repeats_are_kept_in_their_last_state(
    ruled_desk: Desk,
) -> None:
    handed, answered, earlier = str(uuid7()), str(uuid7()), uuid7()
    filed = Filed.model_validate(created().model_dump(exclude={"policy"}))
    hand_over = TicketHandedOver(
        **dict(filed),
        line=EmergencyLine.FIRE,
        way=HandOver.TRANSFER,
        handed_by="HW0101",
        note="已接通",
    )
    await ruled_desk.tell(handed, hand_over)
    words = TicketRepeatAnswered(
        **(dict(filed) | {"repeats": UUID(str(earlier))}),
        terminated=UUID(str(earlier)),
        script="不予退费",
    )
    await ruled_desk.tell(answered, words)
    assert (await show(ruled_desk, handed))["state"] == "handed_over"
    [line] = await ruled_desk.timeline(handed)
    assert (line["by"], line["text"], line["detail"]["line"]) == ("HW0101", "已接通", "119")
    assert (await show(ruled_desk, answered))["state"] == "answered"
    [line] = await ruled_desk.timeline(answered)
    assert (line["event"], line["text"]) == ("ticket.repeat_answered", "不予退费")
    assert await ruled_desk.said(handed) == await ruled_desk.said(answered) == []


async def test_an_override_is_in_the_timeline(ruled_desk: Desk) -> None:
    earlier = await ruled_desk.file()
    await reply(ruled_desk, earlier)
    ticket = await ruled_desk.file(repeats=earlier, override="出现新的漏水点")
    first = (await ruled_desk.timeline(ticket))[0]
    assert first["detail"] == {"repeats": earlier, "override": "出现新的漏水点"}
    assert (await show(ruled_desk, ticket))["links"]["override"] == "出现新的漏水点"
    housing = await (await ruled_desk.unit(HOUSING)).get(f"/v1/tickets/{ticket}")
    assert housing.status_code == 404
