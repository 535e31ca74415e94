"""Corrections of requests, and imported history."""

from datetime import UTC, datetime, timedelta
from typing import Any

from uuid_utils.compat import uuid7

from shared.events.dispatch import TicketDispatched
from shared.events.intake import TicketAmended, TicketRecorded
from shared.events.words import RequestType, Role, Urgency
from tests.services.dispatch_desk import (
    COUNTY,
    HOUSING,
    RETURN,
    WATER,
    Desk,
    created,
    desk,
    get,
    post,
    put,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

MONDAY = datetime(2026, 9, 14, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UNIT_OFF = {"name": "资阳市住房和城乡建设局", "jurisdiction": "512000", "is_active": False}
CORRECTED = TicketAmended(
    request_type=RequestType.HELP, category="02", reason="类别有误", amended_by="op-1"
)


async def handle_due(desk: Desk, ticket: str) -> tuple[str, str, str] | None:
    supervisor = await desk.person(Role.SUPERVISOR)
    for one in (await get(supervisor, f"/v1/tickets/{ticket}"))["deadlines"]:
        if one["step"] == "handle":
            return one["due_at"][5:16], one["rule"], one["source"]
    return None


async def signed(desk: Desk, **fields: Any) -> str:
    """A complaint that the water bureau has signed on Monday at ten."""
    desk.harness.clock.stepped = MONDAY
    ticket = await desk.file(time=MONDAY, **fields)
    await post(await desk.unit(WATER), f"/v1/tickets/{ticket}/sign", {})
    desk.harness.clock.step_to(MONDAY + HOUR)
    return ticket


async def test_a_correction_after_dispatch_changes_the_times_and_not_the_unit(
    ruled_desk: Desk,
) -> None:
    ticket = await signed(ruled_desk)
    assert await handle_due(ruled_desk, ticket) == (
        *("09-22T17:30", "7 working days after dispatch, to close of business"),
        "ZY 13.2",
    )
    await ruled_desk.tell(ticket, CORRECTED)
    due = await handle_due(ruled_desk, ticket)
    assert due is not None
    assert due[0] == "09-20T17:30"
    shown = await get(await ruled_desk.unit(WATER), f"/v1/tickets/{ticket}")
    assert (shown["unit"], shown["category"], shown["request_type"]) == (WATER, "02", "help")
    last = (await ruled_desk.timeline(ticket))[-1]
    assert (last["event_name"], last["by"], last["text"]) == ("补充更正", "op-1", "类别有误")
    assert last["detail"] == {"request_type": "help", "category": "02"}
    assert await ruled_desk.said_types(ticket) == ["ticket.dispatched", "ticket.signed"]


async def test_a_correction_before_dispatch_finds_the_unit(desk: Desk) -> None:
    ticket = await desk.file()
    administrator = await desk.person(Role.ADMINISTRATOR)
    rule = {"jurisdiction": "512000", "category": "02", "unit": HOUSING}
    await put(administrator, "/v1/duty-rules/512000-0200", rule)
    await desk.tell(ticket, TicketAmended(addition="已停水五天"))
    assert await desk.said_types(ticket) == []
    await desk.tell(ticket, CORRECTED)
    data = (await desk.said(ticket))[-1].data
    assert isinstance(data, TicketDispatched)
    assert (data.unit, data.rule, data.round) == (HOUSING, "512000-0200", 1)
    assert [item["event"] for item in await desk.timeline(ticket)] == [
        *("ticket.created", "ticket.amended", "ticket.amended", "ticket.dispatched"),
    ]
    shown = await get(await desk.person(Role.SUPERVISOR), f"/v1/tickets/{ticket}")
    assert (shown["state"], shown["sequence"]) == ("dispatched", 1)
    assert shown["content"].endswith("补充：已停水五天")


async def test_a_correction_and_a_dispatch_by_hand_meet_in_both_orders(ruled_desk: Desk) -> None:
    operator = await ruled_desk.person(Role.OPERATOR)
    body = {"unit": HOUSING, "reason": "属其职责"}
    far: dict[str, Any] = {"jurisdiction": "512021", "category": "02"}
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    await put(administrator, "/v1/units/512000-housing", UNIT_OFF)
    by_hand, by_rule = (await ruled_desk.file(**far), await ruled_desk.file(**far))
    await put(administrator, "/v1/units/512000-housing", UNIT_OFF | {"is_active": True})
    correction = TicketAmended(category="0101", reason="类别有误")
    await post(operator, f"/v1/tickets/{by_hand}/dispatch", body)
    await ruled_desk.tell(by_hand, correction)
    await ruled_desk.tell(by_rule, correction)
    refused = await post(operator, f"/v1/tickets/{by_rule}/dispatch", body, status=409)
    assert refused["code"] == "act_refused"
    shown = [await get(operator, f"/v1/tickets/{one}") for one in (by_hand, by_rule)]
    assert [(one["unit"], one["rule"], one["category"]) for one in shown] == [
        (HOUSING, None, "0101"),
        (WATER, "512000-0100", "0101"),
    ]
    for one in (by_hand, by_rule):
        assert await ruled_desk.said_types(one) == ["ticket.dispatched"]


async def test_a_correction_never_goes_back_to_a_unit_that_returned_the_ticket(
    ruled_desk: Desk,
) -> None:
    ticket = await ruled_desk.file()
    operator = await ruled_desk.person(Role.OPERATOR)
    granted = {"decision": "granted", "reason": "经核实属实"}
    for unit in (WATER, HOUSING):
        await post(await ruled_desk.unit(unit), f"/v1/tickets/{ticket}/return", RETURN)
        await post(operator, f"/v1/tickets/{ticket}/decide-return", granted)
    await ruled_desk.tell(ticket, CORRECTED)
    assert (await get(operator, f"/v1/tickets/{ticket}"))["state"] == "accepted"
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    rule = {"jurisdiction": "512000", "category": "03", "unit": COUNTY}
    await put(administrator, "/v1/duty-rules/512000-0300", rule)
    await ruled_desk.tell(ticket, TicketAmended(category="03", reason="再更正"))
    dispatched = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(dispatched, TicketDispatched)
    assert (dispatched.unit, dispatched.round) == (COUNTY, 3)


async def test_an_emergency_by_correction_is_judged_as_one(ruled_desk: Desk) -> None:
    ticket = await signed(ruled_desk)
    await ruled_desk.tell(ticket, TicketAmended(urgency=Urgency.CRITICAL, reason="已成险情"))
    water = await ruled_desk.unit(WATER)
    shown = await get(water, f"/v1/tickets/{ticket}")
    assert {one["step"] for one in shown["deadlines"]} == {"handle", "result"}
    assert "progress" in shown["allowed"]


async def test_imported_history_is_kept_closed_and_goes_to_nobody(ruled_desk: Desk) -> None:
    ticket = str(uuid7())
    filed = created().model_dump(exclude={"policy"})
    recorded = TicketRecorded(
        **filed, closed_at=MONDAY, result="已恢复供水", unit_name="市水务局（旧系统）"
    )
    await ruled_desk.tell(ticket, recorded)
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    shown = await get(supervisor, f"/v1/tickets/{ticket}")
    assert (shown["state"], shown["unit"], shown["allowed"]) == ("closed", None, [])
    assert (shown["deadlines"], shown["accepted_at"]) == ([], None)
    assert datetime.fromisoformat(shown["closed_at"]) == MONDAY
    assert [(one["event_name"], one["text"]) for one in await ruled_desk.timeline(ticket)] == [
        ("历史工单", "承办单位：市水务局（旧系统）；办理结果：已恢复供水")
    ]
    assert await ruled_desk.said_types(ticket) == []
    operator = await ruled_desk.person(Role.OPERATOR)
    body = {"unit": WATER, "reason": "x"}
    await post(operator, f"/v1/tickets/{ticket}/dispatch", body, status=409)
