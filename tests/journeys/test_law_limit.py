"""A limit set by law takes the place of the handling time (C8, YN 六(三)4(4), ZY 13.3)."""

from tests.journeys.town import REPLY, Town

LIMIT = {
    "ground": "law",
    "law": "中华人民共和国行政处罚法",
    "article": "第六十条",
    "amount": 90,
    "unit": "calendar_days",
}


async def test_a_limit_of_law_replaces_the_handling_time(town: Town) -> None:
    path = await town.file(is_enforcement=True)
    await town.post(town.unit, f"{path}/sign")
    asked = await town.post(town.unit, f"{path}/set-limit", **LIMIT)
    assert asked["state"] == "requested"
    assert await town.running(path) == {"handle": ("2026-03-11 17:30", "ZY 13.2")}

    await town.post(town.supervisor, f"{path}/decide-limit", is_confirmed=True, reason="属实")
    # The ninetieth day, 31 May, is a Sunday.
    by_law = {"handle": ("2026-06-01 17:30", "中华人民共和国行政处罚法 第六十条")}
    assert await town.running(path) == by_law
    shown = await town.get(town.unit, path)
    counted = await town.get(town.unit, f"{path}/deadlines")
    for limit in (shown["law_limit"], counted["law_limit"]):
        assert (limit["law"], limit["article"]) == (LIMIT["law"], LIMIT["article"])
    refused = await town.refuse(town.unit, f"{path}/extend", working_days=5, reason="情况复杂")
    assert refused["code"] == "extension_set_by_law"

    await town.until("2026-05-29 10:00")
    assert await town.overdue(path) == []
    await town.post(town.unit, f"{path}/reply", **REPLY)
    await town.until("2026-06-02 10:00")
    assert (await town.steps(path))["handle"] == ["moved", "met"]
    assert await town.overdue(path) == []
