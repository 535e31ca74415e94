"""A caller who says nothing: basically satisfied after five working days (A10, ZY 14.1)."""

from tests.journeys.city import BOTH_BUSES
from tests.journeys.phone import call
from tests.journeys.town import REPLY, Town

pytestmark = BOTH_BUSES


async def test_silence_closes_after_five_working_days_across_a_holiday(town: Town) -> None:
    await town.until("2026-03-30 09:00")
    async with call(town) as silent, call(town, title="路灯不亮") as bad:
        for one in (silent, bad):
            await town.post(town.unit, f"{one.path}/sign")
        await town.until("2026-03-30 10:00")
        for one in (silent, bad):
            await town.post(town.unit, f"{one.path}/reply", **REPLY)
        # 清明 from Saturday the 4th to Monday the 6th.
        lapse = "请于2026年4月7日17:30前评价，期满未评价的视为基本满意"
        assert (await silent.look())["deadlines"][0]["text"] == lapse
        await bad.act("rate", result="dissatisfied", is_solved=False)

        await town.until("2026-04-07 17:30")
        assert (await silent.look())["state_name"] == "已答复"
        await town.until("2026-04-07 17:35")
        assert (await silent.look())["state_name"] == "已办结"
        assert await silent.last() == "您的诉求已办结：期满未作评价。"
        assert (await bad.look())["state_name"] == "已答复", "a person must decide"
        assert (await town.steps(silent.path))["follow-up"] == ["lapsed"]
        assert (await town.steps(bad.path))["follow-up"] == ["met"]

        await town.until("2026-05-11 10:00")
        for one in (silent, bad):
            assert await town.overdue(one.path) == []
        orders = await town.get(town.supervisor, "/v1/orders")
        assert orders["items"] == []
