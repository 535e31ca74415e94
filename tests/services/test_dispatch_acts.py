"""What people do to tickets, over REST."""

from datetime import UTC, datetime

from services.dispatch.rules import ROLES
from shared.events.dispatch import TicketDispatched, TicketReplied
from shared.events.words import Act, Role
from shared.seen import HEADER
from tests.services.dispatch_desk import (
    COUNTY,
    HOUSING,
    REPLY,
    RETURN,
    WATER,
    Desk,
    desk,
    get,
    post,
    put,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

UNKNOWN = "01990000-0000-7000-8000-000000000000"


async def test_a_ticket_goes_its_ordinary_way(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    water = await ruled_desk.unit(WATER)
    signed = await post(water, f"/v1/tickets/{ticket}/sign", {})
    assert (signed["state"], signed["state_name"], signed["unit"]) == ("signed", "已签收", WATER)
    assert [deadline["step"] for deadline in signed["deadlines"]] == ["handle"]
    assert signed["deadlines"][0]["source"] == "ZY 13.2"
    replied = await post(water, f"/v1/tickets/{ticket}/reply", REPLY)
    assert (replied["state"], replied["sequence"], replied["deadlines"]) == ("replied", 3, [])
    assert await ruled_desk.said_types(ticket) == [
        "ticket.dispatched",
        "ticket.signed",
        "ticket.replied",
    ]
    said = await ruled_desk.said(ticket)
    dispatched, reply = said[0].data, said[2].data
    assert isinstance(dispatched, TicketDispatched)
    assert (dispatched.unit_name, dispatched.round) == ("资阳市水务局", 1)
    assert (dispatched.rule, dispatched.dispatched_by) == ("512000-0100", "system")
    assert isinstance(reply, TicketReplied)
    assert (reply.reply, reply.result) == (1, REPLY["result"])


async def test_the_ticket_is_shown_with_its_words_replies_and_allowed_acts(
    ruled_desk: Desk,
) -> None:
    ticket = await ruled_desk.file(place={"address": "雁江区建设路", "division": "512002"})
    water, supervisor = await ruled_desk.unit(WATER), await ruled_desk.person(Role.SUPERVISOR)
    assert (await get(water, f"/v1/tickets/{ticket}"))["allowed"] == ["sign", "return"]
    await post(water, f"/v1/tickets/{ticket}/sign", {})
    await post(water, f"/v1/tickets/{ticket}/reply", REPLY)
    shown = await get(supervisor, f"/v1/tickets/{ticket}")
    assert shown["content"] == "小区停水三天，无人处理。"
    assert shown["place"] == {"address": "雁江区建设路", "division": "512002"}
    assert (shown["unit_name"], shown["rule"]) == ("资阳市水务局", "512000-0100")
    assert shown["caller_id"] == "00000000-0000-0000-0000-000000000007"
    assert [reply["findings"] for reply in shown["replies"]] == ["管网破损属实"]
    assert shown["allowed"] == ["redo", "follow-up", "rate", "decide-screening"]
    assert (await get(water, f"/v1/tickets/{ticket}"))["caller_id"] is None


async def test_a_person_dispatches_what_no_rule_decides(desk: Desk) -> None:
    ticket = await desk.file()
    operator = await desk.person(Role.OPERATOR)
    shown = await get(operator, f"/v1/tickets/{ticket}")
    assert (shown["state"], shown["unit"]) == ("accepted", None)
    assert [deadline["step"] for deadline in shown["deadlines"]] == ["dispatch"]
    body = {"unit": WATER, "reason": "属水务部门职责"}
    acted = await post(operator, f"/v1/tickets/{ticket}/dispatch", body)
    assert (acted["state"], acted["unit"], acted["sequence"]) == ("dispatched", WATER, 1)
    assert {deadline["step"] for deadline in acted["deadlines"]} == {"sign", "handle"}
    last = (await desk.timeline(ticket))[-1]
    assert (last["event_name"], last["by"]) == ("派单", "test-operator-")
    assert (last["text"], last["rule"], last["round"]) == ("属水务部门职责", None, 1)


async def test_a_granted_return_goes_to_the_unit_that_is_named(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    water, supervisor = await ruled_desk.unit(WATER), await ruled_desk.person(Role.SUPERVISOR)
    await post(water, f"/v1/tickets/{ticket}/sign", {})
    asked = await post(water, f"/v1/tickets/{ticket}/return", RETURN)
    assert (asked["state"], asked["unit"]) == ("return_requested", WATER)
    assert [deadline["step"] for deadline in asked["deadlines"]] == ["handle"]
    decision = {"decision": "granted", "reason": "经核实属实", "unit": COUNTY}
    decided = await post(supervisor, f"/v1/tickets/{ticket}/decide-return", decision)
    assert (decided["state"], decided["unit"]) == ("dispatched", COUNTY)
    assert {deadline["step"] for deadline in decided["deadlines"]} == {"sign", "handle"}
    assert (await ruled_desk.said_types(ticket))[-2:] == [
        "ticket.return_decided",
        "ticket.dispatched",
    ]
    dispatched = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(dispatched, TicketDispatched)
    assert (dispatched.round, dispatched.dispatched_by) == (2, "test-supervisor-")
    assert (await water.get(f"/v1/tickets/{ticket}")).status_code == 404
    county = await ruled_desk.unit(COUNTY)
    assert (await get(county, f"/v1/tickets/{ticket}"))["round"] == 2


async def test_a_granted_return_follows_the_rules_without_those_that_returned_it(
    ruled_desk: Desk,
) -> None:
    ticket = await ruled_desk.file()
    operator = await ruled_desk.person(Role.OPERATOR)
    granted = {"decision": "granted", "reason": "经核实属实"}
    states = []
    for unit in (WATER, HOUSING):
        client = await ruled_desk.unit(unit)
        await post(client, f"/v1/tickets/{ticket}/return", RETURN)
        decided = await post(operator, f"/v1/tickets/{ticket}/decide-return", granted)
        states.append((decided["state"], decided["unit"]))
    assert states == [("dispatched", HOUSING), ("accepted", None)]
    again = {"unit": COUNTY, "reason": "由县里办理"}
    await post(operator, f"/v1/tickets/{ticket}/dispatch", again)
    rounds = [item["round"] for item in await ruled_desk.timeline(ticket)]
    assert rounds == [0, 1, 1, 1, 2, 2, 2, 3]


async def test_a_rejected_return_goes_back_to_where_it_was(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    water, supervisor = await ruled_desk.unit(WATER), await ruled_desk.person(Role.SUPERVISOR)
    rejected = {"decision": "rejected", "reason": "属该单位职责"}
    await post(water, f"/v1/tickets/{ticket}/return", RETURN)
    decided = await post(supervisor, f"/v1/tickets/{ticket}/decide-return", rejected)
    assert (decided["state"], decided["unit"]) == ("dispatched", WATER)
    await post(water, f"/v1/tickets/{ticket}/sign", {})
    await post(water, f"/v1/tickets/{ticket}/return", RETURN)
    decided = await post(supervisor, f"/v1/tickets/{ticket}/decide-return", rejected)
    assert (decided["state"], decided["unit"]) == ("signed", WATER)
    await post(water, f"/v1/tickets/{ticket}/reply", REPLY)


async def test_a_late_return_is_taken_and_marked_late(ruled_desk: Desk) -> None:
    ruled_desk.harness.clock.stepped = datetime(2026, 9, 14, 2, tzinfo=UTC)
    ticket, other = await ruled_desk.file(), await ruled_desk.file()
    water = await ruled_desk.unit(WATER)
    await post(water, f"/v1/tickets/{ticket}/return", RETURN)
    ruled_desk.harness.clock.step_to(datetime(2026, 9, 15, 9, 31, tzinfo=UTC))
    await post(water, f"/v1/tickets/{other}/return", RETURN)
    in_time, late = [(await ruled_desk.timeline(one))[-1]["detail"] for one in (ticket, other)]
    assert (in_time["late"], late["late"]) == (False, True)
    assert late["due_at"] == "2026-09-15T17:30:00+08:00"
    assert late["ground"] == "not_our_duty"


async def test_what_is_not_the_units_answers_404(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    housing = await ruled_desk.unit(HOUSING)
    for path in ("", "/timeline"):
        assert (await housing.get(f"/v1/tickets/{ticket}{path}")).status_code == 404
    refused = await post(housing, f"/v1/tickets/{ticket}/sign", {}, status=404)
    assert refused["code"] == "not_found"
    elsewhere = await ruled_desk.person(Role.SUPERVISOR, jurisdiction="530000")
    assert (await elsewhere.get(f"/v1/tickets/{ticket}")).status_code == 404
    water = await ruled_desk.unit(WATER)
    await post(water, f"/v1/tickets/{UNKNOWN}/sign", {}, status=404)


async def test_an_act_that_the_state_refuses_says_what_is_allowed(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    water, operator = await ruled_desk.unit(WATER), await ruled_desk.person(Role.OPERATOR)
    refused = await post(water, f"/v1/tickets/{ticket}/reply", REPLY, status=409)
    assert (refused["code"], refused["allowed"]) == ("act_refused", ["sign", "return"])
    assert refused["detail"] == "工单已派单，不能答复。"
    await post(water, f"/v1/tickets/{ticket}/sign", {})
    refused = await post(water, f"/v1/tickets/{ticket}/sign", {}, status=409)
    assert refused["allowed"] == ["return", "interim-close", "reply", "terminate"]
    body = {"unit": HOUSING, "reason": "改派"}
    await post(operator, f"/v1/tickets/{ticket}/dispatch", body, status=409)
    assert len(await ruled_desk.said(ticket)) == 2


async def test_a_role_that_may_never_do_an_act_is_told_who_may(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    for role, act, body in (
        (Role.UNIT, Act.DISPATCH, {"unit": WATER, "reason": "x"}),
        (Role.UNIT, Act.DECIDE_RETURN, {"decision": "granted", "reason": "x"}),
        (Role.OPERATOR, Act.SIGN, {}),
        (Role.SUPERVISOR, Act.REPLY, REPLY),
        (Role.FOLLOW_UP, Act.RETURN, RETURN),
        (Role.ADMINISTRATOR, Act.DISPATCH, {"unit": WATER, "reason": "x"}),
    ):
        person = await ruled_desk.person(role, unit=WATER if role is Role.UNIT else None)
        refused = await post(person, f"/v1/tickets/{ticket}/{act}", body, status=403)
        assert refused["code"] == "not_allowed"
        assert refused["allowed"] == [str(one) for one in ROLES[act]]


async def test_a_wrong_field_of_a_unit_is_named(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    water = await ruled_desk.unit(WATER)
    await post(water, f"/v1/tickets/{ticket}/sign", {})
    for act, body, field in (
        ("return", RETURN | {"legal_basis": "  "}, "legal_basis"),
        ("return", {key: RETURN[key] for key in RETURN if key != "reason"}, "reason"),
        ("return", RETURN | {"ground": "too_busy"}, "ground"),
        ("return", RETURN | {"proposed_unit": "nobody"}, "proposed_unit"),
        ("reply", {key: REPLY[key] for key in REPLY if key != "contact"}, "contact"),
        ("reply", REPLY | {"findings": ""}, "findings"),
        ("sign", {"unit": WATER}, "unit"),
    ):
        problem = await post(water, f"/v1/tickets/{ticket}/{act}", body, status=422)
        assert [error["field"] for error in problem["errors"]] == [field]
    assert await ruled_desk.said_types(ticket) == ["ticket.dispatched", "ticket.signed"]


async def test_only_a_competent_active_unit_gets_a_ticket(desk: Desk) -> None:
    administrator = await desk.person(Role.ADMINISTRATOR)
    closed = {"name": "已撤销单位", "jurisdiction": "512000", "is_active": False}
    await put(administrator, "/v1/units/512000-gone", closed)
    anyue = {"name": "乐至县某局", "jurisdiction": "512022"}
    await put(administrator, "/v1/units/512022-office", anyue)
    ticket = await desk.file(jurisdiction="512021")
    operator = await desk.person(Role.OPERATOR)
    codes = []
    for unit in ("nobody", "512000-gone", "512022-office"):
        body = {"unit": unit, "reason": "属其职责"}
        problem = await post(operator, f"/v1/tickets/{ticket}/dispatch", body, status=422)
        assert problem["errors"][0]["field"] == "unit"
        codes.append(problem["errors"][0]["code"])
    assert codes == ["unknown_unit", "inactive_unit", "other_place"]
    body = {"unit": WATER, "reason": "市级职责"}
    assert (await post(operator, f"/v1/tickets/{ticket}/dispatch", body))["unit"] == WATER


async def test_a_decision_names_a_unit_only_when_it_helps(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    water, operator = await ruled_desk.unit(WATER), await ruled_desk.person(Role.OPERATOR)
    await post(water, f"/v1/tickets/{ticket}/return", RETURN)
    for decision, unit, code in (
        ("rejected", HOUSING, "not_needed"),
        ("granted", WATER, "same_unit"),
        ("granted", "nobody", "unknown_unit"),
    ):
        body = {"decision": decision, "reason": "经核实", "unit": unit}
        problem = await post(operator, f"/v1/tickets/{ticket}/decide-return", body, status=422)
        assert (problem["errors"][0]["field"], problem["errors"][0]["code"]) == ("unit", code)
    assert (await get(operator, f"/v1/tickets/{ticket}"))["state"] == "return_requested"


async def test_the_same_key_twice_is_one_act_and_one_answer(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    water = await ruled_desk.unit(WATER)
    path, key = f"/v1/tickets/{ticket}/sign", {"Idempotency-Key": "once"}
    first = await water.post(path, json={}, headers=key)
    second = await water.post(path, json={}, headers=key)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert second.headers[HEADER] == f"{ticket} dispatch=2"
    assert await ruled_desk.said_types(ticket) == ["ticket.dispatched", "ticket.signed"]
