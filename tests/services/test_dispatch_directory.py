"""Units and duty rules, over REST."""

from shared.events.dispatch import UnitChanged
from shared.events.words import DutyHours, Role
from tests.services.dispatch_desk import (
    COUNTY,
    HOUSING,
    WATER,
    Desk,
    desk,
    get,
    post,
    put,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

WATER_UNIT = {"name": "资阳市水务局", "jurisdiction": "512000"}


async def test_a_changed_unit_is_told_once_and_the_same_content_says_nothing(desk: Desk) -> None:
    administrator = await desk.person(Role.ADMINISTRATOR)
    again = await put(administrator, f"/v1/units/{WATER}", WATER_UNIT)
    assert (again["sequence"], again["is_active"]) == (1, True)
    renamed = WATER_UNIT | {"name": "资阳市水利局", "superior": HOUSING, "is_active": False}
    changed = await put(administrator, f"/v1/units/{WATER}", renamed)
    assert (changed["sequence"], changed["superior"]) == (2, HOUSING)
    events = await desk.said(WATER)
    assert [event.sequence for event in events] == [1, 2]
    last = events[-1].data
    assert isinstance(last, UnitChanged)
    assert last.topic == "directory"
    assert (last.code, last.name, last.is_active) == (WATER, "资阳市水利局", False)
    assert (last.superior, last.duty_hours) == (HOUSING, DutyHours.WORKING)
    await put(administrator, f"/v1/units/{WATER}", renamed | {"duty_hours": "always"})
    last = (await desk.said(WATER))[-1].data
    assert isinstance(last, UnitChanged)
    assert last.duty_hours is DutyHours.ALWAYS


async def test_a_sign_that_no_database_keeps_is_refused_and_changes_nothing(desk: Desk) -> None:
    administrator = await desk.person(Role.ADMINISTRATOR)
    wrong = WATER_UNIT | {"name": "水\x00务局"}
    told = await put(administrator, f"/v1/units/{WATER}", wrong, status=422)
    assert [(error["field"], error["code"]) for error in told["errors"]] == [("body", "unsayable")]
    assert [event.sequence for event in await desk.said(WATER)] == [1]


async def test_the_directory_is_written_by_administrators_of_the_place(desk: Desk) -> None:
    operator = await desk.person(Role.OPERATOR)
    await put(operator, f"/v1/units/{WATER}", WATER_UNIT, status=403)
    rule = {"jurisdiction": "512000", "unit": WATER}
    await put(operator, "/v1/duty-rules/512000-0001", rule, status=403)
    gansu = await desk.person(Role.ADMINISTRATOR, jurisdiction="620000")
    await put(gansu, f"/v1/units/{WATER}", WATER_UNIT, status=404)
    seized = WATER_UNIT | {"jurisdiction": "620000"}
    await put(gansu, f"/v1/units/{WATER}", seized, status=404)
    await put(gansu, "/v1/duty-rules/512000-0001", rule, status=404)
    assert (await get(operator, "/v1/units"))["items"][1] == {
        "code": WATER,
        **WATER_UNIT,
        "superior": None,
        "is_active": True,
        "duty_hours": "working",
        "has_system": False,
        "platform": None,
        "sequence": 1,
    }


async def test_a_wrong_field_of_the_directory_is_named(desk: Desk) -> None:
    administrator = await desk.person(Role.ADMINISTRATOR)
    for path, body, field in (
        ("units/x", WATER_UNIT | {"jurisdiction": "51200"}, "jurisdiction"),
        ("units/x", WATER_UNIT | {"name": " "}, "name"),
        ("units/x", WATER_UNIT | {"superior": "nobody"}, "superior"),
        (f"units/{WATER}", WATER_UNIT | {"superior": WATER}, "superior"),
        ("units/x", WATER_UNIT | {"duty_hours": "sometimes"}, "duty_hours"),
        ("duty-rules/x", {"jurisdiction": "512000", "unit": "nobody"}, "unit"),
        ("duty-rules/x", {"jurisdiction": "512022", "unit": COUNTY}, "unit"),
        ("duty-rules/x", {"jurisdiction": "512000", "unit": WATER, "priority": -1}, "priority"),
    ):
        problem = await put(administrator, f"/v1/{path}", body, status=422)
        assert [error["field"] for error in problem["errors"]] == [field]


async def test_units_and_rules_are_listed_by_place_and_page(ruled_desk: Desk) -> None:
    unit = await ruled_desk.unit(WATER)
    page = await get(unit, "/v1/units?limit=2")
    rest = await get(unit, f"/v1/units?limit=2&after={page['next']}")
    assert [item["code"] for item in page["items"] + rest["items"]] == [HOUSING, WATER, COUNTY]
    assert rest["next"] is None
    county = await get(unit, "/v1/units?jurisdiction=512021")
    assert [item["code"] for item in county["items"]] == [COUNTY]
    rules = await get(unit, "/v1/duty-rules?jurisdiction=512000")
    assert [item["id"] for item in rules["items"]] == ["512000-0000", "512000-0100"]
    rules = await get(unit, "/v1/duty-rules?limit=1")
    assert (len(rules["items"]), rules["next"] is None) == (1, False)


async def test_a_rule_is_explained_with_those_that_come_after(ruled_desk: Desk) -> None:
    operator = await ruled_desk.person(Role.OPERATOR)
    question = {"jurisdiction": "512021", "category": "010203", "request_type": "help"}
    explained = await post(operator, "/v1/duty-rules/explain", question)
    assert (explained["unit"], explained["unit_name"]) == (WATER, "资阳市水务局")
    assert explained["rule"]["id"] == "512000-0100"
    assert explained["why"] == "规则 512000-0100：上级类别 01，上级地区 512000，优先级 100"
    candidates = [candidate["rule"]["id"] for candidate in explained["candidates"]]
    assert candidates == ["512000-0100", "512000-0000"]
    elsewhere = question | {"jurisdiction": "620000"}
    explained = await post(operator, "/v1/duty-rules/explain", elsewhere)
    assert (explained["rule"], explained["why"]) == (None, "没有相符的规则")


async def test_a_rule_of_a_unit_that_is_not_active_does_not_count(ruled_desk: Desk) -> None:
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    units = []
    for is_active in (True, False, True):
        await put(administrator, f"/v1/units/{WATER}", WATER_UNIT | {"is_active": is_active})
        ticket = await ruled_desk.file()
        units.append((await get(supervisor, f"/v1/tickets/{ticket}"))["unit"])
    assert units == [WATER, HOUSING, WATER]


async def test_a_changed_rule_holds_for_the_next_ticket(ruled_desk: Desk) -> None:
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    before = await ruled_desk.file()
    rule = {"jurisdiction": "512000", "category": "01", "unit": HOUSING}
    await put(administrator, "/v1/duty-rules/512000-0100", rule)
    after = await ruled_desk.file()
    tickets = [await get(supervisor, f"/v1/tickets/{ticket}") for ticket in (before, after)]
    assert [ticket["unit"] for ticket in tickets] == [WATER, HOUSING]
