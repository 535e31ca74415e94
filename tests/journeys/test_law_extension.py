"""More time: asked in time, told to the caller, granted (C4, ZY 13.3)."""

from tests.journeys.town import REPLY, Town


async def test_more_time_is_asked_told_and_granted(town: Town) -> None:
    path = await town.file()
    await town.post(town.unit, f"{path}/sign")
    assert await town.running(path) == {"handle": ("2026-03-11 17:30", "ZY 13.2")}

    await town.until("2026-03-09 09:00")
    await town.post(town.unit, f"{path}/extend", working_days=5, reason="需更换整段电缆")
    granted = {"decision": "granted", "reason": "属实"}
    untold = await town.refuse(town.supervisor, f"{path}/decide-extension", **granted)
    assert (untold["code"], "ZY 13.3" in untold["detail"]) == ("extension_not_explained", True)
    told = await town.post(
        town.unit, f"{path}/explain-extension", extension=1, contact="3月9日电话说明"
    )
    assert told["contact"] == "3月9日电话说明"
    await town.post(town.supervisor, f"{path}/decide-extension", **granted)
    assert await town.running(path) == {"handle": ("2026-03-18 17:30", "ZY 13.2")}
    shown = (await town.get(town.unit, f"{path}/deadlines"))["items"]
    assert [one["adjustments"] for one in shown if one["step"] == "handle"][-1] == [
        {"kind": "extend", "text": "延期 5 个工作日", "source": "ZY 13.3"}
    ]

    again = await town.refuse(town.unit, f"{path}/extend", working_days=1, reason="仍未完工")
    assert again["code"] == "extension_too_often"
    assert "ZY 13.3" in again["detail"]

    await town.until("2026-03-12 09:00")  # the old time is over
    assert await town.overdue(path) == []
    await town.until("2026-03-18 17:00")
    await town.post(town.unit, f"{path}/reply", **REPLY)
    await town.until("2026-03-20 09:00")
    assert (await town.steps(path))["handle"] == ["moved", "met"]
    assert await town.overdue(path) == []


async def test_asked_too_late(town: Town) -> None:
    path = await town.file()
    await town.post(town.unit, f"{path}/sign")

    await town.until("2026-03-10 17:31")
    late = await town.refuse(town.unit, f"{path}/extend", working_days=5, reason="需更换整段电缆")
    assert late["code"] == "extension_too_late"
    assert late["allowed"] == ["2026-03-10T17:30:00+08:00"]
    assert "ZY 13.3" in late["detail"]
    assert await town.running(path) == {"handle": ("2026-03-11 17:30", "ZY 13.2")}
