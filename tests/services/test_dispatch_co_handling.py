"""Several units on one ticket: one lead, others that handle with it (B4, ZY 13.5(5))."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.events.dispatch import TicketDispatched
from shared.events.loop import TicketCoReplied, TicketCoUnitsChosen
from shared.events.words import Role
from tests.services.dispatch_desk import (
    COUNTY,
    HOUSING,
    REPLY,
    RETURN,
    UNITS,
    WATER,
    Desk,
    desk,
    get,
    post,
    put,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

MONDAY = datetime(2026, 9, 14, 2, tzinfo=UTC)
POWER, SUB_WATER = "512000-power", "512000-water-1"
MORE_UNITS = {
    POWER: {"name": "国网资阳供电公司", "jurisdiction": "512000"},
    SUB_WATER: {"name": "资阳市水务执法支队", "jurisdiction": "512000", "superior": WATER},
}
CO_REPLY = {"findings": "路面属我局管养", "basis": "《城市道路管理条例》", "result": "已恢复路面"}
CHOICE = {"co_units": [HOUSING, POWER], "reason": "涉及道路恢复和供电"}

INTERIM = {
    "progress": "已立案",
    "next_step": "取证",
    "promised_at": "2026-12-31T17:30:00+08:00",
}


async def shared_ticket(desk: Desk, **fields: Any) -> tuple[str, str]:
    """A ticket of the water bureau, handled with housing and power; its id and path."""
    administrator = await desk.person(Role.ADMINISTRATOR)
    for code, facts in MORE_UNITS.items():
        await put(administrator, f"/v1/units/{code}", facts)
    ticket = await desk.file(**fields)
    path = f"/v1/tickets/{ticket}"
    operator = await desk.person(Role.OPERATOR)
    if (await get(operator, path))["state"] == "accepted":
        await post(operator, f"{path}/dispatch", {"unit": WATER, "reason": "供水"})
    await post(operator, f"{path}/co-units", CHOICE)
    await post(await desk.unit(WATER), f"{path}/sign", {})
    return ticket, path


async def test_each_co_unit_signs_and_replies_once_and_the_lead_answers(
    ruled_desk: Desk,
) -> None:
    ticket, path = await shared_ticket(ruled_desk)
    water, housing = await ruled_desk.unit(WATER), await ruled_desk.unit(HOUSING)
    power = await ruled_desk.unit(POWER)
    assert (await get(housing, path))["allowed"] == ["co-sign", "co-reply"]
    await post(housing, f"{path}/co-sign", {})
    assert (await get(housing, path))["allowed"] == ["co-reply"]
    again = await post(housing, f"{path}/co-sign", {}, status=409)
    assert (again["code"], again["allowed"]) == ("act_refused", ["co-reply"])
    await post(housing, f"{path}/co-reply", CO_REPLY)
    again = await post(housing, f"{path}/co-reply", CO_REPLY, status=409)
    assert (again["code"], again["allowed"]) == ("act_refused", [])

    refused = await post(water, f"{path}/reply", REPLY, status=409)
    assert POWER in refused["detail"]
    assert HOUSING not in refused["detail"]
    await post(power, f"{path}/co-reply", CO_REPLY | {"result": "已恢复供电"})
    parts = {one["unit"]: one for one in (await get(water, path))["parts"]}
    assert parts[HOUSING]["result"] == "已恢复路面"
    assert parts[POWER]["signed_at"] == parts[POWER]["replied_at"]
    assert (await post(water, f"{path}/reply", REPLY))["state"] == "replied"

    said = [event.data for event in await ruled_desk.said(ticket)]
    replies = [data for data in said if isinstance(data, TicketCoReplied)]
    assert [(data.unit, data.lead) for data in replies] == [(HOUSING, WATER), (POWER, WATER)]
    (chosen,) = [data for data in said if isinstance(data, TicketCoUnitsChosen)]
    assert (chosen.co_units, chosen.lead) == ((HOUSING, POWER), WATER)
    await ruled_desk.said_types(ticket)
    names = [entry["event_name"] for entry in await ruled_desk.timeline(ticket)]
    assert names[2:6] == ["确定协办单位", "签收", "协办签收", "协办答复"]


async def test_a_lead_may_answer_without_them_for_a_reason_that_is_kept(ruled_desk: Desk) -> None:
    ticket, path = await shared_ticket(ruled_desk)
    reason = "供电抢修尚需三日，先行答复已恢复供水"
    await post(await ruled_desk.unit(WATER), f"{path}/reply", REPLY | {"without": reason})
    last = (await ruled_desk.timeline(ticket))[-1]
    assert last["detail"]["without"] == reason
    assert last["detail"]["missing"] == [HOUSING, POWER]


async def test_a_co_unit_sees_the_ticket_and_does_nothing_for_the_lead(ruled_desk: Desk) -> None:
    ticket, path = await shared_ticket(ruled_desk)
    housing = await ruled_desk.unit(HOUSING)
    shown = await get(housing, path)
    assert (shown["unit"], shown["co_units"], shown["caller_id"]) == (WATER, [HOUSING, POWER], None)
    assert (await get(housing, f"{path}/timeline"))["items"]
    for act, body in (("reply", REPLY), ("return", RETURN), ("interim-close", INTERIM)):
        refused = await post(housing, f"{path}/{act}", body, status=409)
        assert refused["allowed"] == ["co-sign", "co-reply"]
    refused = await post(await ruled_desk.unit(WATER), f"{path}/co-sign", {}, status=409)
    assert "协办单位" in refused["detail"]
    await post(await ruled_desk.unit(COUNTY), f"{path}/co-sign", {}, status=404)
    assert (await get(housing, "/v1/tickets"))["items"] == []
    (item,) = (await get(housing, "/v1/tickets?co=true"))["items"]
    assert (item["id"], item["allowed"]) == (ticket, ["co-sign", "co-reply"])
    assert (await get(await ruled_desk.unit(WATER), "/v1/tickets?co=true"))["items"] == []


async def test_only_units_that_may_are_chosen(ruled_desk: Desk) -> None:
    _, path = await shared_ticket(ruled_desk, about_unit=COUNTY)
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    below = {"name": "石羊镇信访办", "jurisdiction": "512021", "superior": COUNTY}
    await put(administrator, "/v1/units/512021-shiyang", below)
    far = {"name": "昆明市水务局", "jurisdiction": "530100"}
    await put(
        await ruled_desk.person(Role.ADMINISTRATOR, jurisdiction="530000"),
        "/v1/units/530100-water",
        far,
    )
    gone = MORE_UNITS[POWER] | {"is_active": False}
    await put(administrator, f"/v1/units/{POWER}", gone)
    operator = await ruled_desk.person(Role.OPERATOR)
    for unit, code in (
        (WATER, "lead_unit"),
        ("nobody", "unknown_unit"),
        (POWER, "inactive_unit"),
        ("530100-water", "other_place"),
        (COUNTY, "about_unit"),
        ("512021-shiyang", "about_unit"),
    ):
        body = {"co_units": [unit], "reason": "协办"}
        refused = await post(operator, f"{path}/co-units", body, status=422)
        (error,) = refused["errors"]
        assert (error["field"], error["code"]) == ("co_units", code)
    await post(await ruled_desk.unit(WATER), f"{path}/co-units", CHOICE, status=403)


async def test_they_change_while_the_ticket_is_open_and_never_lose_a_reply(
    ruled_desk: Desk,
) -> None:
    _, path = await shared_ticket(ruled_desk)
    operator, housing = await ruled_desk.person(Role.OPERATOR), await ruled_desk.unit(HOUSING)
    await post(operator, f"{path}/co-units", {"co_units": [POWER], "reason": "道路不涉及"})
    assert (await housing.get(path)).status_code == 404
    assert (await get(housing, "/v1/tickets?co=true"))["items"] == []
    await post(operator, f"{path}/co-units", CHOICE)
    await post(housing, f"{path}/co-reply", CO_REPLY)
    body = {"co_units": [POWER], "reason": "道路不涉及"}
    refused = await post(operator, f"{path}/co-units", body, status=409)
    assert HOUSING in refused["detail"]
    power = await ruled_desk.unit(POWER)
    await post(power, f"{path}/co-reply", CO_REPLY)
    await post(await ruled_desk.unit(WATER), f"{path}/reply", REPLY)
    await post(operator, f"{path}/co-units", CHOICE, status=409)
    await post(power, f"{path}/co-reply", CO_REPLY, status=409)


async def test_another_round_ends_the_co_handling(ruled_desk: Desk) -> None:
    ticket, path = await shared_ticket(ruled_desk)
    housing, power = await ruled_desk.unit(HOUSING), await ruled_desk.unit(POWER)
    await post(housing, f"{path}/co-sign", {})
    await post(await ruled_desk.unit(WATER), f"{path}/return", RETURN)
    decision = {
        "decision": "granted",
        "reason": "确不属于水务",
        "unit": HOUSING,
        "co_units": [SUB_WATER],
    }
    operator = await ruled_desk.person(Role.OPERATOR)
    without = {key: value for key, value in decision.items() if key != "unit"}
    await post(operator, f"{path}/decide-return", without, status=422)
    await post(operator, f"{path}/decide-return", decision)
    shown = await get(housing, path)
    assert (shown["unit"], shown["co_units"], shown["round"]) == (HOUSING, [SUB_WATER], 2)
    (part,) = shown["parts"]
    assert (part["unit"], part["signed_at"]) == (SUB_WATER, None)
    assert (await power.get(path)).status_code == 404
    dispatched = [
        event.data
        for event in await ruled_desk.said(ticket)
        if isinstance(event.data, TicketDispatched)
    ]
    assert [data.co_units for data in dispatched] == [(), (SUB_WATER,)]


async def test_a_redo_asks_each_co_unit_anew_and_tells_it(ruled_desk: Desk) -> None:
    ticket, path = await shared_ticket(ruled_desk)
    water, housing = await ruled_desk.unit(WATER), await ruled_desk.unit(HOUSING)
    for unit in (housing, await ruled_desk.unit(POWER)):
        await post(unit, f"{path}/co-reply", CO_REPLY)
    await post(water, f"{path}/reply", REPLY)
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    await post(supervisor, f"{path}/redo", {"reason": "路面未恢复"})
    shown = await get(housing, path)
    assert (shown["round"], shown["allowed"]) == (1, ["co-reply"])
    assert [(one["result"], one["replied_at"]) for one in shown["parts"]] == [(None, None)] * 2
    refused = await post(water, f"{path}/reply", REPLY, status=409)
    assert HOUSING in refused["detail"]
    await post(housing, f"{path}/co-reply", CO_REPLY | {"result": "已重新恢复路面"})
    alone = {"co_units": [HOUSING], "reason": "供电无异议"}
    await post(supervisor, f"{path}/co-units", alone)
    await post(water, f"{path}/reply", REPLY)
    told = [one["text"] for one in await ruled_desk.timeline(ticket) if "协办答复" in str(one)]
    assert told == ["已恢复路面", "已恢复路面", "已重新恢复路面"]
    rows = await ruled_desk.runtime.database.pool.fetch(
        "SELECT recipient FROM notices WHERE template = 'ticket.reopened' ORDER BY recipient"
    )
    assert [row["recipient"] for row in rows] == [HOUSING, POWER, WATER]


async def test_an_interim_close_that_is_sent_back_leaves_their_replies(ruled_desk: Desk) -> None:
    _, path = await shared_ticket(ruled_desk)
    housing, supervisor = await ruled_desk.unit(HOUSING), await ruled_desk.person(Role.SUPERVISOR)
    await post(housing, f"{path}/co-reply", CO_REPLY)
    await post(await ruled_desk.unit(WATER), f"{path}/interim-close", INTERIM)
    await post(supervisor, f"{path}/redo", {"reason": "未说明情形"})
    parts = {one["unit"]: one["result"] for one in (await get(housing, path))["parts"]}
    assert parts == {HOUSING: CO_REPLY["result"], POWER: None}


async def test_another_platforms_reply_does_not_wait_for_our_co_units(ruled_desk: Desk) -> None:
    ticket, path = await shared_ticket(ruled_desk)
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    await put(administrator, f"/v1/units/{WATER}", UNITS[WATER] | {"platform": "510000"})
    province = await ruled_desk.person(Role.UNIT, unit=WATER, subject="platform:510000")
    assert (await post(province, f"{path}/reply", REPLY))["state"] == "replied"
    last = (await ruled_desk.timeline(ticket))[-1]
    assert last["detail"]["missing"] == [HOUSING, POWER]
    assert last["detail"]["without"] == "承办平台先行答复"


async def test_a_person_names_them_when_dispatching(desk: Desk) -> None:
    ticket = await desk.file()
    path = f"/v1/tickets/{ticket}"
    operator = await desk.person(Role.OPERATOR)
    body = {"unit": WATER, "reason": "供水", "co_units": [HOUSING, HOUSING]}
    await post(operator, f"{path}/dispatch", body | {"co_units": [WATER]}, status=422)
    await post(operator, f"{path}/dispatch", body)
    (data,) = [event.data for event in await desk.said(ticket)]
    assert isinstance(data, TicketDispatched)
    assert data.co_units == (HOUSING,)
    assert (await get(await desk.unit(HOUSING), path))["co_units"] == [HOUSING]


async def test_a_precedent_brings_its_co_units_by_itself(ruled_desk: Desk) -> None:
    first = await ruled_desk.file(category="0301")
    group = await ruled_desk.person(Role.COORDINATION)
    decision = {
        "ticket_id": first,
        "lead_unit": HOUSING,
        "co_units": [WATER, COUNTY],
        "category": "0301",
        "jurisdiction": "512000",
        "document": "市热线会商纪要〔2026〕3号",
    }
    await post(group, "/v1/precedents", decision, status=201)
    alike = await ruled_desk.file(category="0301")
    shown = await get(await ruled_desk.unit(WATER), f"/v1/tickets/{alike}")
    assert (shown["unit"], shown["co_units"]) == (HOUSING, [WATER, COUNTY])
    await post(await ruled_desk.unit(WATER), f"/v1/tickets/{alike}/co-sign", {})
    rows = await ruled_desk.runtime.database.pool.fetch(
        "SELECT recipient FROM notices WHERE ticket_id = $1 ORDER BY recipient", UUID(alike)
    )
    assert [row["recipient"] for row in rows] == [HOUSING, WATER, COUNTY]
