"""A caller complains about a bureau: its superior handles, and the bureau never knows (B2)."""

from shared.events.words import Role
from tests.journeys.town import FIRST, REPLY, SECOND, THIRD, ZIYANG, Town

GOVERNMENT = "512000-government"
FEED = "/v1/feeds/dispatches"
FACTS = {"name": "资阳市人民政府", "jurisdiction": ZIYANG}


async def set_up(town: Town) -> None:
    """The government is above the bureau that has all other matters, its office below that."""
    for path, facts in (
        (f"units/{GOVERNMENT}", FACTS),
        (f"units/{FIRST}", {"name": "资阳市某局", "jurisdiction": ZIYANG, "superior": GOVERNMENT}),
        (f"units/{SECOND}", {"name": "某局下属单位", "jurisdiction": ZIYANG, "superior": FIRST}),
        ("duty-rules/512000-0000", {"jurisdiction": ZIYANG, "unit": FIRST}),
    ):
        saved = await town.administrator.put(f"/v1/{path}", json=facts)
        assert saved.is_success, saved.text
    await town.settle()


async def test_a_complaint_about_a_bureau_is_handled_by_its_superior_behind_its_back(
    town: Town,
) -> None:
    await set_up(town)
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


async def test_what_came_by_the_web_and_went_to_the_very_bureau_is_taken_back(town: Town) -> None:
    await set_up(town)
    guest = await town.city.person(Role.OPERATOR)
    del guest.headers["Authorization"]
    words = "某局窗口的工作人员态度恶劣，拒不受理。"
    form = {"jurisdiction": ZIYANG, "phone": "13800001234", "channel": "web", "content": words}
    filed = await town.post(guest, "/v1/public/tickets", **form)
    path = f"/v1/tickets/{filed['id']}"
    places = (path, f"{path}/timeline", f"{path}/deadlines", f"{path}/attachments")

    # Nobody had read it: the rule sent it to the bureau, which signs it.
    await town.post(town.unit, f"{path}/sign")
    for place in places:
        assert (await town.unit.get(place)).is_success, place
    item, *_ = (await town.get(town.unit, FEED))["items"]
    assert item["ticket"]["content"] == words

    # An operator reads it, and says whom it is about: the bureau finds nothing of it any more.
    mark = {"about_unit": FIRST, "reason": "投诉该局窗口人员"}
    await town.post(town.operator, f"{path}/amend", **mark, addition="窗口人员姓王。")
    for place in places:
        assert (await town.unit.get(place)).status_code == 404, place
    assert (await town.get(town.unit, "/v1/tickets"))["items"] == []
    items = (await town.get(town.unit, FEED))["items"]
    assert items, "its system is told to drop it"
    assert all(one["data"] == {} and not one["is_yours"] for one in items)
    assert all(one["ticket"] is None for one in items)
    assert (await town.unit.post(f"{path}/reply", json=REPLY)).status_code == 404

    # The superior has it, with all its times anew, and answers the caller.
    government = await town.city.person(Role.UNIT, unit=GOVERNMENT)
    shown = await town.get(government, path)
    assert (shown["unit"], shown["rule"]) == (GOVERNMENT, f"superior:{FIRST}")
    assert shown["content"] == f"{words}\n补充：窗口人员姓王。"
    assert set(await town.running(path)) == {"sign", "handle"}
    await town.post(government, f"{path}/sign")
    await town.post(government, f"{path}/reply", **REPLY)
    marked = next(
        line
        for line in (await town.get(town.supervisor, f"{path}/timeline"))["items"]
        if line["event"] == "ticket.amended"
    )
    assert marked["detail"] == mark | {"article": "XS 三(四)"}
    code = {"Query-Code": filed["query_code"]}
    seen = await guest.get(f"/v1/public/tickets/{filed['number']}", headers=code)
    assert seen.json()["state_name"] == "已答复"
    assert REPLY["result"] in seen.json()["steps"][-1]["text"]
    assert (await town.unit.get(path)).status_code == 404


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
