"""New law: a pack's next version, and the notice of the next year (C1, C6)."""

from datetime import date
from pathlib import Path
from typing import Any

from shared import policy
from tests.journeys.city import BOTH_BUSES
from tests.journeys.town import REPLY, ZIYANG, Town
from tests.unit.notices import NOTICE_2027

pytestmark = BOTH_BUSES

ZIYANG_PACK = (Path(policy.__file__).parent / "ziyang.toml").read_text("utf-8")
IN_EFFECT = date(2026, 3, 10)


def second_version() -> dict[str, str]:
    """Ziyang's pack with ten working days for a complaint."""
    text = ZIYANG_PACK
    for before, after in (
        ('version = "1"', 'version = "2"'),
        ("value = 2022-11-25", f"value = {IN_EFFECT}"),
        ("complaint = { amount = 7,", "complaint = { amount = 10,"),
    ):
        assert text.count(before) == 1
        text = text.replace(before, after)
    return {"file": "ziyang-2.toml", "text": text}


async def test_a_ticket_keeps_the_version_it_was_accepted_under(town: Town) -> None:
    published = await town.post(town.administrator, "/v1/policies", **second_version())
    assert (published["code"], published["version"]) == (ZIYANG, "2")

    await town.until("2026-03-09 10:00")
    earlier = await town.file()
    await town.until("2026-03-10 10:00")
    later = await town.file()
    packs = {}
    for path, due in ((earlier, "2026-03-18 17:30"), (later, "2026-03-24 17:30")):
        await town.post(town.unit, f"{path}/sign")
        assert await town.running(path) == {"handle": (due, "ZY 13.2")}
        packs[path] = (await town.get(town.supervisor, path))["policy"]
    assert packs[later] == published["hash"] != packs[earlier]

    in_force = await town.get(town.administrator, f"/v1/policies/{ZIYANG}", at="2026-03-09")
    assert (in_force["version"], in_force["hash"]) == ("1", packs[earlier])


async def test_the_notice_of_the_next_year_moves_what_was_provisional(town: Town) -> None:
    await town.until("2026-12-29 10:00")
    plain, extended, done = [await town.file() for _ in range(3)]
    for path in (plain, extended, done):
        await town.post(town.unit, f"{path}/sign")
    granted = {"decision": "granted", "reason": "情况属实"}
    await town.post(town.unit, f"{extended}/extend", working_days=2, reason="情况复杂")
    await town.post(town.unit, f"{extended}/explain-extension", extension=1, contact="电话说明")
    await town.post(town.supervisor, f"{extended}/decide-extension", **granted)
    await town.post(town.unit, f"{done}/reply", **REPLY)
    assert await town.running(plain) == {"handle": ("2027-01-07 17:30", "ZY 13.2")}
    assert await town.running(extended) == {"handle": ("2027-01-11 17:30", "ZY 13.2")}
    assert await provisional(town, plain) == [True, True]

    loaded = await town.post(
        town.administrator, "/v1/calendars", file="2027.toml", text=NOTICE_2027
    )
    assert loaded["moved"] == 3, "the time to rate the reply too"
    assert loaded["recomputed_at"] is not None
    assert await provisional(town, plain) == [False, False]
    assert (await town.steps(done))["handle"] == ["met"]
    assert await town.running(plain) == {"handle": ("2027-01-08 17:30", "ZY 13.2")}
    assert await town.running(extended) == {"handle": ("2027-01-12 17:30", "ZY 13.2")}

    listed: list[dict[str, Any]] = (await town.get(town.supervisor, "/v1/calendars"))["items"]
    assert [(one["years"], one["moved"]) for one in listed] == [([2027], 3)]


async def provisional(town: Town, path: str) -> list[bool]:
    """Whether the handling time is provisional, as sla and as dispatch say."""
    counted = (await town.get(town.supervisor, f"{path}/deadlines"))["items"]
    shown = (await town.get(town.supervisor, path))["deadlines"]
    return [
        one["provisional"]
        for one in counted + shown
        if one["step"] == "handle" and one.get("state", "running") == "running"
    ]
