"""A matter of the province is filed in the city, goes up, and comes down to a county (B12)."""

from shared.events.words import Role
from tests.journeys.town import REPLY, ZIYANG, Town

PROVINCE, COUNTY = "510000", "512021"
HIGHWAYS, COUNTY_OFFICE = "510000-highways", "512021-roads"


async def test_a_ticket_goes_up_to_the_province_and_down_to_the_county_that_repairs(
    town: Town,
) -> None:
    for code, name, place in (
        (HIGHWAYS, "省公路局", PROVINCE),
        (COUNTY_OFFICE, "安岳县交通局", COUNTY),
    ):
        facts = {"name": name, "jurisdiction": place}
        assert (await town.administrator.put(f"/v1/units/{code}", json=facts)).is_success
    await town.settle()
    province = await town.city.person(Role.OPERATOR, jurisdiction=PROVINCE)
    county = await town.city.person(Role.SUPERVISOR, jurisdiction=COUNTY)

    # No rule of the city fits: the operator hands it to the province, whose clocks do not begin.
    path = await town.file(category=None, type="inquiry")
    before = await town.get(town.operator, path)
    assert before["state"] == "accepted"
    await town.post(town.operator, f"{path}/move", to_jurisdiction=PROVINCE, reason="国道属省里")
    moved = await town.get(province, path)
    assert (moved["state"], moved["handled_in"]) == ("accepted", PROVINCE)
    assert moved["policy"] == before["policy"]
    assert moved["deadlines"] == before["deadlines"]

    # People of the city still see it, and no longer dispatch it; the county does not see it yet.
    assert "dispatch" not in (await town.get(town.operator, path))["allowed"]
    assert (await county.get(path)).status_code == 404

    # The province looks, and hands it to the county, which dispatches it by its own people.
    await town.post(province, f"{path}/move", to_jurisdiction=COUNTY, reason="该路段由县里管养")
    assert "dispatch" in (await town.get(county, path))["allowed"]
    await town.post(county, f"{path}/dispatch", unit=COUNTY_OFFICE, reason="属县交通局")
    office = await town.city.person(Role.UNIT, unit=COUNTY_OFFICE)
    await town.post(office, f"{path}/sign")
    assert (await town.post(office, f"{path}/reply", **REPLY))["state"] == "replied"

    # The caller's side and the timeline are where they were: in the city that accepted it.
    events = [
        line["event"] for line in (await town.get(town.operator, f"{path}/timeline"))["items"]
    ]
    assert events.count("ticket.moved") == 2
    assert (await town.get(town.operator, path))["jurisdiction"] == ZIYANG


async def test_the_county_reads_the_clock_of_what_it_was_handed_and_the_city_decides(
    town: Town,
) -> None:
    facts = {"name": "安岳县交通局", "jurisdiction": COUNTY}
    assert (await town.administrator.put(f"/v1/units/{COUNTY_OFFICE}", json=facts)).is_success
    await town.settle()
    county = await town.city.person(Role.SUPERVISOR, jurisdiction=COUNTY)
    path = await town.file(category=None)
    await town.post(town.operator, f"{path}/move", to_jurisdiction=COUNTY, reason="该路段属安岳县")
    await town.post(county, f"{path}/dispatch", unit=COUNTY_OFFICE, reason="属县交通局")
    office = await town.city.person(Role.UNIT, unit=COUNTY_OFFICE)
    await town.post(office, f"{path}/sign")
    await town.post(office, f"{path}/extend", working_days=2, reason="需更换整段路面")

    # Both places read the same; who accepted the ticket decides (C4).
    shown = await town.get(county, f"{path}/deadlines")
    assert shown["items"] == (await town.get(town.supervisor, f"{path}/deadlines"))["items"]
    for who in (county, town.supervisor):
        (asked,) = (await town.get(who, "/v1/extensions"))["items"]
        assert path.endswith(asked["ticket_id"])
    decision = {"decision": "refused", "reason": "可按期办结"}
    assert (await county.post(f"{path}/decide-extension", json=decision)).status_code == 404
    await town.post(town.supervisor, f"{path}/decide-extension", **decision)


async def test_a_ticket_of_another_platform_is_dispatched_to_the_unit_that_stands_for_it(
    town: Town,
) -> None:
    path = await town.file(category=None, type="inquiry")
    body = {"to_jurisdiction": "620100", "reason": "属甘肃"}
    refused = await town.refuse(town.operator, f"{path}/move", **body)
    assert (refused["code"], refused["status"]) == ("other_platform", 409)
    assert "请先登记" in refused["detail"]
    facts = {"name": "甘肃省平台", "jurisdiction": "620000", "platform": "620000"}
    put = await town.administrator.put("/v1/units/620000-platform", json=facts)
    assert put.is_success
    named = await town.refuse(town.operator, f"{path}/move", **body)
    assert "620000-platform" in named["detail"]
    own = facts | {"platform": town.city.settings.platform}
    refused = (await town.administrator.put("/v1/units/own", json=own)).json()
    assert refused["errors"][0]["code"] == "own_platform"
    assert (await town.get(town.operator, path))["state"] == "accepted"
