"""A matter that cannot end soon, as its caller sees it: set down, two reports, a reply (B8)."""

from tests.journeys.phone import call
from tests.journeys.town import REPLY, Town


async def test_a_caller_sees_the_promise_and_the_reply_after_two_reports(town: Town) -> None:
    async with call(town) as road:
        await town.post(town.unit, f"{road.path}/sign")
        await town.until("2026-03-09 10:00")
        promise = {"next_step": "取证后作出处罚决定", "promised_at": "2026-04-30T17:30:00+08:00"}
        await town.post(
            town.unit,
            f"{road.path}/interim-close",
            progress="已立案",
            ground="case_filed",
            **promise,
        )
        seen = await road.look()
        assert seen["state_name"] == "临时办结"
        assert seen["deadlines"][0]["text"] == "承办单位承诺于2026年4月30日17:30前办结"
        assert "rate" not in seen["allowed"]
        for day in ("2026-03-27 10:00", "2026-04-16 10:00"):
            await town.until(day)
            await town.post(town.unit, f"{road.path}/progress", text="证据已取得")

        await town.until("2026-04-28 10:00")
        await town.post(town.unit, f"{road.path}/reply", **REPLY)
        assert (await town.steps(road.path))["progress"] == ["met", "met", "met"]
        await road.act("rate", result="satisfied", is_solved=True)
        assert (await road.look())["state_name"] == "已办结"
        assert await town.overdue(road.path) == []
