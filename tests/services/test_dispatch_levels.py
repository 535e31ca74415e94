"""A ticket is handed to another level: up to the province, down to a city or a county (B12)."""

import pytest

from shared.events.intake import TicketAmended
from shared.events.loop import TicketMoved
from shared.events.words import Role
from tests.services.dispatch_desk import (
    COUNTY,
    HOUSING,
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

PROVINCE, OTHER = "510000-office", "511000-office"
DOWN = {"to_jurisdiction": "512021", "reason": "属安岳县管辖"}
UP = {"to_jurisdiction": "510000", "reason": "涉及省级部门职责"}


@pytest.fixture
async def levels(desk: Desk) -> Desk:
    """The desk with a provincial unit and a rule for the county."""
    administrator = await desk.person(Role.ADMINISTRATOR, jurisdiction="510000")
    for code, place in ((PROVINCE, "510000"), (OTHER, "511000")):
        await put(administrator, f"/v1/units/{code}", {"name": code, "jurisdiction": place})
    rule = {"jurisdiction": "512021", "category": "01", "unit": COUNTY}
    await put(administrator, "/v1/duty-rules/512021-0100", rule)
    return desk


async def test_the_place_that_it_is_handed_to_sends_it_by_its_own_rules(levels: Desk) -> None:
    ticket = await levels.file()
    operator = await levels.person(Role.OPERATOR)
    moved = await post(operator, f"/v1/tickets/{ticket}/move", DOWN)
    assert (moved["state"], moved["unit"], moved["sequence"]) == ("dispatched", COUNTY, 2)
    first = (await levels.said(ticket))[0].data
    assert first == TicketMoved(
        from_jurisdiction="512000",
        to_jurisdiction="512021",
        reason="属安岳县管辖",
        moved_by="test-operator-",
    )
    shown = await get(operator, f"/v1/tickets/{ticket}")
    assert (shown["jurisdiction"], shown["handled_in"]) == ("512000", "512021")
    assert shown["rule"] == "512021-0100"
    line = (await levels.timeline(ticket))[1]
    assert (line["event_name"], line["text"]) == ("转交其他层级", "属安岳县管辖")
    assert line["detail"] == {"from_jurisdiction": "512000", "to_jurisdiction": "512021"}


async def test_people_of_both_places_see_it_and_only_the_handling_place_dispatches(
    levels: Desk,
) -> None:
    ticket = await levels.file()
    city = await levels.person(Role.OPERATOR)
    province = await levels.person(Role.OPERATOR, jurisdiction="510000", subject="p")
    elsewhere = await levels.person(Role.OPERATOR, jurisdiction="511000", subject="o")
    path, far = f"/v1/tickets/{ticket}", {"unit": PROVINCE, "reason": "省级职责"}
    await post(city, f"{path}/move", UP)
    for person in (city, province):
        assert (await get(person, path))["handled_in"] == "510000"
        assert [one["id"] for one in (await get(person, "/v1/tickets"))["items"]] == [ticket]
    assert (await elsewhere.get(path)).status_code == 404
    listed = await get(province, "/v1/tickets?jurisdiction=510000&order=urgent")
    assert [one["id"] for one in listed["items"]] == [ticket]
    assert "dispatch" not in (await get(city, path))["allowed"]
    refused = await post(city, f"{path}/dispatch", {"unit": WATER, "reason": "x"}, status=409)
    assert refused["detail"] == "工单已转交 510000 办理，派单由该地进行。"
    assert "withdraw" in refused["allowed"]
    assert (await post(province, f"{path}/dispatch", far))["unit"] == PROVINCE


async def test_a_county_sees_what_it_is_handed_and_gives_it_back_up(levels: Desk) -> None:
    ticket = await levels.file(category="99")
    city = await levels.person(Role.OPERATOR)
    county = await levels.person(Role.SUPERVISOR, jurisdiction="512021", subject="c")
    path = f"/v1/tickets/{ticket}"
    assert (await county.get(path)).status_code == 404
    await post(city, f"{path}/move", DOWN)
    assert (await get(county, path))["allowed"][:2] == ["dispatch", "move"]
    back = {"to_jurisdiction": "512000", "reason": "涉及两县，请市里办理"}
    assert (await post(county, f"{path}/move", back))["state"] == "accepted"
    assert (await get(city, path))["handled_in"] is None
    assert (await county.get(path)).status_code == 404


async def test_the_case_of_a_ticket_handed_down_is_on_the_list_of_both_places(levels: Desk) -> None:
    ticket = await levels.file(category="99")
    county = await levels.person(Role.SUPERVISOR, jurisdiction="512021", subject="c")
    await post(await levels.person(Role.OPERATOR), f"/v1/tickets/{ticket}/move", DOWN)
    asked = {"kind": "undetermined", "reason": "承办单位难以确定"}
    case = await post(county, f"/v1/tickets/{ticket}/coordinate", asked, status=201)
    elsewhere = await levels.person(Role.SUPERVISOR, jurisdiction="512002", subject="e")
    for person, found in ((county, [case["id"]]), (elsewhere, [])):
        assert [one["id"] for one in (await get(person, "/v1/cases"))["items"]] == found
    listed = await get(await levels.person(Role.SUPERVISOR), "/v1/cases")
    assert [one["id"] for one in listed["items"]] == [case["id"]]


async def test_what_is_asked_of_the_place_is_asked_of_the_one_that_handles(levels: Desk) -> None:
    ticket = await levels.file(category="99")
    city, path = await levels.person(Role.OPERATOR), f"/v1/tickets/{ticket}"
    await post(city, f"{path}/move", DOWN)
    problem = await post(city, f"{path}/dispatch", {"unit": OTHER, "reason": "x"}, status=422)
    assert problem["errors"][0]["code"] == "other_place"
    assert "512021" in problem["errors"][0]["message"]
    await levels.tell(ticket, TicketAmended(category="0102"))
    assert (await get(city, path))["unit"] == COUNTY
    county = await levels.unit(COUNTY)
    await post(county, f"{path}/return", RETURN)
    await post(city, f"{path}/decide-return", {"decision": "granted", "reason": "属实"})
    shown = await get(city, path)
    assert (shown["state"], shown["unit"]) == ("accepted", None)


async def test_pack_and_clocks_stay_those_of_the_place_that_accepted(levels: Desk) -> None:
    ticket = await levels.file(category="99")
    operator, path = await levels.person(Role.OPERATOR), f"/v1/tickets/{ticket}"
    before = await get(operator, path)
    await post(operator, f"{path}/move", UP)
    province = await levels.person(Role.OPERATOR, jurisdiction="510000", subject="p")
    after = await get(province, path)
    assert (after["policy"], after["deadlines"]) == (before["policy"], before["deadlines"])
    assert after["number"] == before["number"]


async def test_only_a_place_above_or_below_on_this_platform_takes_it(levels: Desk) -> None:
    ticket = await levels.file(category="99")
    operator, path = await levels.person(Role.OPERATOR), f"/v1/tickets/{ticket}"
    for place, code in (("512000", "same_place"), ("511000", "not_in_line")):
        body = {"to_jurisdiction": place, "reason": "x"}
        problem = await post(operator, f"{path}/move", body, status=422)
        assert (problem["errors"][0]["field"], problem["errors"][0]["code"]) == (
            "to_jurisdiction",
            code,
        )
    for place in ("620000", "512022"):
        body = {"to_jurisdiction": place, "reason": "x"}
        problem = await post(operator, f"{path}/move", body, status=409)
        assert problem["code"] == "other_platform"
        assert place in problem["detail"]
    for body in ({"to_jurisdiction": "51", "reason": "x"}, {"to_jurisdiction": "510000"}):
        await post(operator, f"{path}/move", body, status=422)
    assert await levels.said_types(ticket) == []
    province = await levels.person(Role.OPERATOR, jurisdiction="510000", subject="p")
    across = {"to_jurisdiction": "511000", "reason": "属内江"}
    assert (await post(province, f"{path}/move", across))["state"] == "accepted"


async def test_only_an_accepted_ticket_is_handed_on_and_only_by_the_office(
    levels: Desk,
) -> None:
    ticket = await levels.file(category="99")
    operator, path = await levels.person(Role.OPERATOR), f"/v1/tickets/{ticket}"
    for role in (Role.FOLLOW_UP, Role.LEADER):
        await post(await levels.person(role), f"{path}/move", DOWN, status=403)
    await post(operator, f"{path}/dispatch", {"unit": HOUSING, "reason": "x"})
    refused = await post(operator, f"{path}/move", DOWN, status=409)
    assert refused["detail"] == "工单已派单，不能转交其他层级。"
