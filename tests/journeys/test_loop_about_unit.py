"""A caller complains about a bureau: its superior handles, and the bureau never knows (B2)."""

from shared.events.words import Role
from tests.journeys.town import FIRST, REPLY, SECOND, THIRD, ZIYANG, Town

GOVERNMENT = "512000-government"
FACTS = {"name": "资阳市人民政府", "jurisdiction": ZIYANG}


async def test_a_complaint_about_a_bureau_is_handled_by_its_superior_behind_its_back(
    town: Town,
) -> None:
    # The government is above the bureau that has all matters of roads, and its office below that.
    for code, facts in (
        (GOVERNMENT, FACTS),
        (FIRST, {"name": "资阳市某局", "jurisdiction": ZIYANG, "superior": GOVERNMENT}),
        (SECOND, {"name": "某局下属单位", "jurisdiction": ZIYANG, "superior": FIRST}),
    ):
        saved = await town.administrator.put(f"/v1/units/{code}", json=facts)
        assert saved.is_success, saved.text
    await town.settle()
    government = await town.city.person(Role.UNIT, unit=GOVERNMENT)
    below = await town.city.person(Role.UNIT, unit=SECOND)

    path = await town.file(title="投诉某局推诿", about_unit=FIRST)
    await town.settle()
    shown = await town.get(town.supervisor, path)
    assert (shown["state"], shown["unit"]) == ("dispatched", GOVERNMENT)
    assert shown["rule"] == f"superior:{FIRST}"

    # The bureau and its office see nothing of it, anywhere.
    for person in (town.unit, below):
        for place in (path, f"{path}/timeline", f"{path}/deadlines"):
            assert (await person.get(place)).status_code == 404
        assert (await town.get(person, "/v1/tickets"))["items"] == []
        assert (await person.post(f"{path}/sign", json={})).status_code == 404

    # The superior handles, and is not told who complained (ZY 22).
    assert (await town.get(government, path))["caller_id"] is None
    await town.post(government, f"{path}/sign")

    # It gives the ticket back; nobody can hand it to those whom it is about.
    await town.post(
        government,
        f"{path}/return",
        ground="not_our_duty",
        reason="请第三方核查",
        legal_basis="三定方案",
        proposed_unit=THIRD,
    )
    for code in (FIRST, SECOND):
        refused = await town.refuse(
            town.supervisor, f"{path}/decide-return", decision="granted", reason="属实", unit=code
        )
        assert refused["errors"][0]["code"] == "about_unit"
    await town.post(
        town.supervisor, f"{path}/decide-return", decision="granted", reason="属实", unit=THIRD
    )
    third = await town.city.person(Role.UNIT, unit=THIRD)
    await town.post(third, f"{path}/sign")
    assert (await town.post(third, f"{path}/reply", **REPLY))["state"] == "replied"
    assert (await town.unit.get(path)).status_code == 404

    explained = await town.post(
        town.supervisor, "/v1/duty-rules/explain", ticket_id=path.rpartition("/")[2]
    )
    assert explained["ticket"]["about_unit"] == FIRST
    reasons = {one["rule"]["unit"]: one["left_out"] for one in explained["candidates"]}
    assert "不得办理（XS 三(四)）" in reasons[FIRST]


async def test_a_caller_takes_a_request_back_and_no_clock_runs_on(town: Town) -> None:
    path = await town.file()
    await town.post(town.operator, f"{path}/withdraw", reason="已自行解决")
    shown = await town.get(town.supervisor, path)
    assert (shown["state"], shown["allowed"], shown["deadlines"]) == ("withdrawn", [], [])
    assert await town.running(path) == {}
    await town.until("2026-03-20 10:00")
    assert await town.overdue(path) == []
    replied = await town.file()
    await town.post(town.unit, f"{replied}/sign")
    await town.post(town.unit, f"{replied}/reply", **REPLY)
    refused = await town.refuse(town.operator, f"{replied}/withdraw", reason="不要了")
    assert refused["code"] == "act_refused"
