"""A city forwards to its province: two tickets, two laws, a caller asked once (YN 六(二)1)."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.gateway.peers.rules import PeerKind
from shared.events.words import Role, Service
from tests.journeys.platforms import (
    CALLER,
    PREFECTURE,
    PROVINCE,
    ZIYANG,
    Federated,
    Federation,
    open_federation,
)
from tests.journeys.town import REPLY

UP, DOWN = f"{PROVINCE}-platform", f"{PREFECTURE}-platform"
ROADS = f"{PROVINCE}-03"
HIGHWAY = {
    "jurisdiction": PREFECTURE,
    "type": "complaint",
    "title": "国道破损",
    "content": "国道213线景洪段路面塌陷，大货车绕行危险，请尽快修复。",
    "category": None,
    "caller": CALLER,
}
OUT = {"unit": UP, "reason": "国道由省里养护"}
SENT_BACK = {
    "ground": "not_our_duty",
    "reason": "该路段已移交州里养护",
    "legal_basis": "公路法第八条",
    "proposed_unit": "州交通运输局",
}


@pytest.fixture
async def pair(postgres: str) -> AsyncIterator[Federation]:
    kinds = {(PREFECTURE, PROVINCE): PeerKind.PARENT}
    async with open_federation(postgres, PREFECTURE, PROVINCE, kinds=kinds) as federation:
        yield federation


async def forward(pair: Federation, **fields: Any) -> tuple[str, str]:
    """The city files and forwards; the paths of its ticket and of the province's."""
    city, province = pair[PREFECTURE], pair[PROVINCE]
    path = await city.town.file(**(HIGHWAY | fields))
    await pair.post(city.town.operator, f"{path}/dispatch", **OUT)
    return path, await province.linked(path)


async def handle(pair: Federation, platform: Federated, path: str, unit: str) -> httpx.AsyncClient:
    """The platform's own unit gets the ticket, signs it and replies."""
    office = await platform.person(Role.UNIT, unit=unit)
    await platform.town.post(
        platform.town.operator, f"{path}/dispatch", unit=unit, reason="属本单位职责"
    )
    await platform.town.post(office, f"{path}/sign")
    await pair.post(office, f"{path}/reply", **REPLY)
    return office


async def events(platform: Federated, path: str) -> list[str]:
    """What stands in a ticket's timeline."""
    lines = (await platform.town.get(platform.town.supervisor, f"{path}/timeline"))["items"]
    return [line["event"] for line in lines]


async def state(platform: Federated, path: str) -> str:
    """Where a ticket stands."""
    found: str = (await platform.town.get(platform.town.supervisor, path))["state"]
    return found


async def reads_the_caller_with_a_purpose_and_nowhere_else(pair: Federation, there: str) -> None:
    """The province's seat reveals; no table of either platform has name or number in clear."""
    city, province = pair[PREFECTURE], pair[PROVINCE]
    masked = await province.town.get(province.town.operator, f"{there}/caller")
    assert masked["phone"] == "139****5678"
    seen = await pair.post(province.town.operator, f"{there}/reveal-caller", purpose="核实路段")
    assert {name: seen[name] for name in CALLER} == CALLER
    for platform in (city, province):
        for row in await platform.pool().fetch(
            "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables"
            " WHERE table_schema IN ('gateway', 'dispatch', 'sla', 'analytics', 'intake', 'bus')"
            " AND table_type = 'BASE TABLE'"
        ):
            found = await platform.pool().fetchval(
                f"SELECT count(*) FROM {row['name']} t"
                " WHERE t::text LIKE '%' || $1 || '%' OR t::text LIKE '%' || $2 || '%'",
                *(CALLER["phone"], CALLER["name"]),
            )
            assert found == 0, row["name"]


async def test_a_city_forwards_the_province_handles_and_the_city_asks_the_caller(
    pair: Federation,
) -> None:
    city, province = pair[PREFECTURE], pair[PROVINCE]
    here, there = await forward(pair)
    assert (await events(city, here))[1:] == ["ticket.dispatched", "ticket.forwarded"]

    # The province's ticket is its own: accepted now, under its own law, with its own clocks.
    shown = await province.town.get(province.town.operator, there)
    assert (shown["state"], shown["jurisdiction"]) == ("accepted", PROVINCE)
    assert shown["origin"]["platform"] == PREFECTURE
    assert f"/v1/tickets/{shown['origin']['ticket_id']}" == here
    assert shown["policy"] != (await city.town.get(city.town.operator, here))["policy"]
    # Monday 10:00: passed on at once by Yunnan; signed in two hours by Xishuangbanna.
    assert await province.town.running(there) == {"dispatch": ("2026-03-02 11:00", "YN 六(三)2")}
    assert await city.town.running(here) == {"sign": ("2026-03-02 12:00", "XS 三(四)")}

    await pair.until("2026-03-02 11:00")
    office = await province.person(Role.UNIT, unit=ROADS)
    await pair.post(province.town.operator, f"{there}/dispatch", unit=ROADS, reason="属交通厅")
    await pair.post(office, f"{there}/sign")
    assert await state(city, here) == "signed"
    assert (await city.town.running(here))["handle"] == ("2026-03-23 17:30", "XS 三(五)")
    await pair.post(office, f"{there}/reply", **REPLY)

    # What was read there is not read again here, and it is said who read it.
    assert await state(city, here) == "replied"
    (reply,) = (await city.town.get(city.town.operator, here))["replies"]
    assert (reply["result"], reply["checked_by"]) == (REPLY["result"], REPLY["checked_by"])
    assert reply["replied_by"] == f"platform:{PROVINCE}"

    # The caller is asked once, where the ticket is at home; nothing lapses in the province.
    assert "follow-up" in await city.town.steps(here)
    assert "follow-up" not in await province.town.steps(there)
    tasks = "SELECT count(*) FROM follow_up_tasks"
    assert await province.pool(Service.INTAKE).fetchval(tasks) == 0
    asker = city.town.asker
    rated = {"result": "satisfied", "is_solved": True}
    refused = await province.town.refuse(province.town.asker, f"{there}/rate", **rated)
    assert refused["code"] == "act_refused"
    await pair.post(asker, f"{here}/follow-up", is_reached=True, is_solved=True)
    await pair.post(asker, f"{here}/rate", **rated)
    assert (await state(city, here), await state(province, there)) == ("closed", "closed")
    figures = "SELECT coalesce(sum(count), 0) FROM rating_figures"
    assert await city.pool(Service.INTAKE).fetchval(figures) == 1
    assert await province.pool(Service.INTAKE).fetchval(figures) == 0
    assert await city.town.overdue(here) == await province.town.overdue(there) == []
    await reads_the_caller_with_a_purpose_and_nowhere_else(pair, there)


async def test_what_is_sent_back_is_decided_at_home_and_comes_anew_where_that_is_rejected(
    pair: Federation,
) -> None:
    city, province = pair[PREFECTURE], pair[PROVINCE]
    here, there = await forward(pair)
    await pair.post(province.town.operator, f"{there}/send-back", **SENT_BACK)
    assert await state(province, there) == "withdrawn"
    assert await state(city, here) == "return_requested"
    timeline = (await city.town.get(city.town.operator, f"{here}/timeline"))["items"]
    assert (timeline[-1]["text"], timeline[-1]["by"]) == (
        SENT_BACK["reason"],
        f"platform:{PROVINCE}",
    )

    rejected = {"decision": "rejected", "reason": "移交尚未办结"}
    await pair.post(city.town.operator, f"{here}/decide-return", **rejected)
    again = await province.linked(here)
    assert again != there
    assert await state(province, again) == "accepted"
    await handle(pair, province, again, ROADS)
    assert await state(city, here) == "replied"

    other, theirs = await forward(pair)
    await pair.post(province.town.operator, f"{theirs}/send-back", **SENT_BACK)
    granted = {"decision": "granted", "reason": "确属州里", "unit": f"{PREFECTURE}-03"}
    await pair.post(city.town.operator, f"{other}/decide-return", **granted)
    assert (await city.town.get(city.town.operator, other))["unit"] == f"{PREFECTURE}-03"
    assert await province.linked(other) == theirs
    assert await state(province, theirs) == "withdrawn"


async def test_a_redo_goes_to_the_province_whose_people_may_not_decide_it(pair: Federation) -> None:
    city, province = pair[PREFECTURE], pair[PROVINCE]
    here, there = await forward(pair)
    office = await handle(pair, province, there, ROADS)
    again = {"reason": "仍有塌陷"}
    problem = await province.town.refuse(province.town.supervisor, f"{there}/redo", **again)
    assert PREFECTURE in problem["detail"]
    await pair.post(city.town.asker, f"{here}/redo", **again)
    assert (await state(city, here), await state(province, there)) == ("signed", "signed")
    await pair.post(office, f"{there}/reply", **(REPLY | {"result": "已重铺路面。"}))
    replies = (await city.town.get(city.town.operator, here))["replies"]
    assert [one["result"] for one in replies] == [REPLY["result"], "已重铺路面。"]


async def test_a_withdrawal_and_a_reply_that_cross_leave_nothing_open(pair: Federation) -> None:
    city, province = pair[PREFECTURE], pair[PROVINCE]
    here, there = await forward(pair)
    office = await province.person(Role.UNIT, unit=ROADS)
    await pair.post(province.town.operator, f"{there}/dispatch", unit=ROADS, reason="属交通厅")
    await pair.post(office, f"{there}/sign")
    # Both at once: neither side has heard of the other's act.
    withdrawn = await city.town.operator.post(f"{here}/withdraw", json={"reason": "已修复"})
    replied = await office.post(f"{there}/reply", json=REPLY)
    assert (withdrawn.is_success, replied.is_success) == (True, True)
    await pair.settle()
    ends = (await state(city, here), await state(province, there))
    assert ends in (("withdrawn", "closed"), ("replied", "replied"))
    for platform in (city, province):
        assert await platform.pool().fetchval("SELECT count(*) FROM set_aside") == 0

    here, there = await forward(pair)
    marked = {"secrecy": "sensitive", "reason": "涉及个人隐私"}
    await pair.post(city.town.operator, f"{here}/amend", addition="夜间没有照明。", **marked)
    office = await province.person(Role.SUPERVISOR)
    lines = (await province.town.get(office, f"{there}/timeline"))["items"]
    assert lines[-1]["text"] == "夜间没有照明。"
    assert (await province.town.operator.get(there)).status_code == 404
    await pair.post(city.town.operator, f"{here}/withdraw", reason="诉求人撤回")
    assert (await state(city, here), await state(province, there)) == ("withdrawn", "withdrawn")


async def test_neighbours_of_two_provinces_forward_to_each_other(postgres: str) -> None:
    kinds = {(PREFECTURE, ZIYANG): PeerKind.NEIGHBOUR}
    async with open_federation(postgres, PREFECTURE, ZIYANG, kinds=kinds) as both:
        here_platform, there_platform = both[PREFECTURE], both[ZIYANG]
        here = await here_platform.town.file(**HIGHWAY)
        out = {"unit": f"{ZIYANG}-platform", "reason": "事发地在资阳"}
        await both.post(here_platform.town.operator, f"{here}/dispatch", **out)
        there = await there_platform.linked(here)
        assert await there_platform.town.running(there) != {}
        await handle(both, there_platform, there, f"{ZIYANG}-03")
        assert await state(here_platform, here) == "replied"
        # A neighbour hears of what crossed, and of nothing else.
        sent = await here_platform.pool().fetch(
            "SELECT kind, payload::jsonb->>'type' AS t FROM sent"
        )
        assert [row["t"] for row in sent] == ["ticket.forward"]
        rated = {"result": "satisfied", "is_solved": True}
        await both.post(here_platform.town.asker, f"{here}/rate", **rated)
        assert await state(there_platform, there) == "closed"


async def dispatch_source(one: Federated, path: str) -> str:
    """The article of the time in which a ticket was to be dispatched."""
    items = (await one.town.get(one.town.operator, f"{path}/deadlines"))["items"]
    (found,) = [item["source"] for item in items if item["step"] == "dispatch"]
    return str(found)


async def test_a_matter_goes_from_a_city_through_the_province_to_another_city(
    postgres: str,
) -> None:
    """Each of the three has its own ticket; the reply comes back, and the end goes on."""
    kinds = {(PREFECTURE, PROVINCE): PeerKind.PARENT, (ZIYANG, PROVINCE): PeerKind.PARENT}
    members = (PREFECTURE, PROVINCE, ZIYANG)
    async with open_federation(postgres, *members, kinds=kinds) as three:
        first, middle, last = (three[code] for code in members)
        # A rule of the province sends suggestions on by itself.
        rule = {"jurisdiction": PROVINCE, "unit": f"{ZIYANG}-platform"}
        rule |= {"request_type": "suggestion"}
        put = await middle.town.administrator.put("/v1/duty-rules/on", json=rule)
        assert put.is_success, put.text
        path = await first.town.file(**(HIGHWAY | {"type": "suggestion"}))
        await three.post(first.town.operator, f"{path}/dispatch", **OUT)
        between = await middle.linked(path)
        assert (await events(middle, between))[1:] == ["ticket.dispatched", "ticket.forwarded"]
        end = await last.linked(between)
        sources = [await dispatch_source(*place) for place in ((middle, between), (last, end))]
        assert sources == ["YN 六(三)2", "ZY 13.1"], (
            "what a province passes on has a time of its own"
        )
        assert (await last.town.get(last.town.operator, f"{end}/caller"))["phone"] == "139****5678"
        await handle(three, last, end, f"{ZIYANG}-07")
        places = ((first, path), (middle, between), (last, end))
        assert [await state(*place) for place in places] == ["replied"] * 3
        await three.post(first.town.asker, f"{path}/rate", result="satisfied", is_solved=True)
        assert [await state(*place) for place in places] == ["closed"] * 3
        crossed = await middle.town.get(middle.town.operator, f"/v1/federation{between[3:]}")
        assert crossed["home"]["platform"] == PREFECTURE
        assert [one["platform"] for one in crossed["away"]] == [ZIYANG]
