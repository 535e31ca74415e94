"""A complaint about a unit goes to its superior, and the unit never sees it (B2, ZY 22, 27.2)."""

import pytest

from shared.events.dispatch import TicketDispatched
from shared.events.intake import TicketAmended
from shared.events.words import RequestType, Role
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

BUREAU, STATION, GOVERNMENT = "512000-plant", "512000-station", "512000-government"


@pytest.fixture
async def line(ruled_desk: Desk) -> Desk:
    """The desk with a line of units: the government, the water bureau, its plant, its station."""
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    for code, superior in (
        (GOVERNMENT, None),
        (WATER, GOVERNMENT),
        (BUREAU, WATER),
        (STATION, BUREAU),
    ):
        facts = {"name": code, "jurisdiction": "512000", "superior": superior}
        await put(administrator, f"/v1/units/{code}", facts)
    return ruled_desk


async def close_unit(desk: Desk, code: str, superior: str | None) -> None:
    administrator = await desk.person(Role.ADMINISTRATOR)
    facts = {"name": code, "jurisdiction": "512000", "superior": superior, "is_active": False}
    await put(administrator, f"/v1/units/{code}", facts)


async def test_it_goes_to_the_superior_and_not_by_the_duty_rules(line: Desk) -> None:
    ticket = await line.file(about_unit=BUREAU)
    supervisor, water = await line.person(Role.SUPERVISOR), await line.unit(WATER)
    shown = await get(supervisor, f"/v1/tickets/{ticket}")
    assert (shown["state"], shown["unit"]) == ("dispatched", WATER)
    assert (shown["rule"], shown["about_unit"]) == (f"superior:{BUREAU}", BUREAU)
    said = (await line.said(ticket))[0].data
    assert isinstance(said, TicketDispatched)
    assert (said.rule, said.dispatched_by) == (f"superior:{BUREAU}", "system")
    theirs = await get(water, f"/v1/tickets/{ticket}")
    assert (theirs["caller_id"], theirs["about_unit"]) == (None, BUREAU)


async def test_the_nearest_active_superior_has_it_and_without_one_a_person_decides(
    line: Desk,
) -> None:
    await close_unit(line, WATER, GOVERNMENT)
    supervisor = await line.person(Role.SUPERVISOR)
    higher = await line.file(about_unit=BUREAU)
    assert (await get(supervisor, f"/v1/tickets/{higher}"))["unit"] == GOVERNMENT
    for about_unit in (GOVERNMENT, HOUSING, "not-in-the-directory"):
        ticket = await line.file(about_unit=about_unit)
        shown = await get(supervisor, f"/v1/tickets/{ticket}")
        assert (shown["state"], shown["unit"]) == ("accepted", None)


async def test_the_unit_complained_of_never_sees_it(line: Desk) -> None:
    ticket = await line.file(about_unit=BUREAU)
    for code in (BUREAU, STATION):
        person = await line.unit(code)
        for path in ("", "/timeline"):
            assert (await person.get(f"/v1/tickets/{ticket}{path}")).status_code == 404
        assert (await get(person, "/v1/tickets"))["items"] == []
        await post(person, f"/v1/tickets/{ticket}/sign", {}, status=404)
        assert (await get(person, f"/v1/units/{code}/returns"))["asked"] == 0


async def test_nobody_can_give_it_to_the_unit_complained_of_nor_below(line: Desk) -> None:
    ticket = await line.file(about_unit=WATER)
    operator = await line.person(Role.OPERATOR)
    government, path = await line.unit(GOVERNMENT), f"/v1/tickets/{ticket}"
    await post(government, f"{path}/return", RETURN)
    for code in (WATER, BUREAU, STATION):
        decision = {"decision": "granted", "reason": "同意", "unit": code}
        problem = await post(operator, f"{path}/decide-return", decision, status=422)
        assert problem["errors"][0]["code"] == "about_unit"
        assert "XS 三(四)" in problem["errors"][0]["message"]
    await post(operator, f"{path}/decide-return", {"decision": "granted", "reason": "同意"})
    shown = await get(operator, path)
    assert (shown["state"], shown["unit"]) == ("accepted", None)
    for code in (WATER, BUREAU, STATION):
        problem = await post(
            operator, f"{path}/dispatch", {"unit": code, "reason": "x"}, status=422
        )
        assert problem["errors"][0]["field"] == "unit"
    body = {"unit": HOUSING, "reason": "由无关单位核查"}
    assert (await post(operator, f"{path}/dispatch", body))["unit"] == HOUSING


async def test_a_correction_of_the_category_does_not_bring_it_to_the_unit(line: Desk) -> None:
    ticket = await line.file(about_unit=GOVERNMENT, category="99")
    supervisor = await line.person(Role.SUPERVISOR)
    await line.tell(ticket, TicketAmended(category="0102", request_type=RequestType.REPORT))
    shown = await get(supervisor, f"/v1/tickets/{ticket}")
    assert (shown["state"], shown["unit"], shown["category"]) == ("accepted", None, "0102")


async def test_a_superior_that_found_out_later_gets_it_when_the_type_is_corrected(
    line: Desk,
) -> None:
    administrator = await line.person(Role.ADMINISTRATOR)
    ticket = await line.file(about_unit=HOUSING)
    facts = {"name": "住建局", "jurisdiction": "512000", "superior": GOVERNMENT}
    await put(administrator, f"/v1/units/{HOUSING}", facts)
    await line.tell(ticket, TicketAmended(request_type=RequestType.REPORT))
    shown = await get(await line.person(Role.SUPERVISOR), f"/v1/tickets/{ticket}")
    assert (shown["unit"], shown["rule"]) == (GOVERNMENT, f"superior:{HOUSING}")


async def test_a_circle_of_superiors_ends(line: Desk) -> None:
    administrator = await line.person(Role.ADMINISTRATOR)
    facts = {"name": "市政府", "jurisdiction": "512000", "superior": STATION}
    await put(administrator, f"/v1/units/{GOVERNMENT}", facts)
    ticket = await line.file(about_unit=BUREAU)
    operator = await line.person(Role.OPERATOR)
    assert (await get(operator, f"/v1/tickets/{ticket}"))["unit"] == WATER


async def test_a_superior_of_another_place_is_passed_over(line: Desk) -> None:
    administrator = await line.person(Role.ADMINISTRATOR)
    far = {"name": "乐至县某局", "jurisdiction": "512022"}
    await put(administrator, "/v1/units/512022-office", far)
    below = {"name": "安岳县某所", "jurisdiction": "512021", "superior": "512022-office"}
    await put(administrator, f"/v1/units/{COUNTY}", below)
    ticket = await line.file(about_unit=COUNTY, jurisdiction="512021")
    operator = await line.person(Role.OPERATOR)
    assert (await get(operator, f"/v1/tickets/{ticket}"))["unit"] is None
