"""A caller who follows from a telephone: sees, adds, withdraws another, rates (A9, ZY 5)."""

from tests.journeys.phone import call
from tests.journeys.town import REPLY, Town


async def test_a_caller_follows_adds_withdraws_another_and_rates(town: Town) -> None:
    async with call(town) as road, call(town, title="路灯不亮") as lamp:
        seen = await road.look()
        assert seen["state_name"] == "已派单"
        assert seen["deadlines"][0]["text"] == "承办单位应于2026年3月11日17:30前办结答复"
        await road.act("add", text="井盖也松了")
        shown = await town.get(town.supervisor, f"{road.path}/timeline")
        assert "井盖也松了" in [one["text"] for one in shown["items"]]

        await lamp.act("withdraw", reason="已经修好")
        assert (await lamp.look())["state_name"] == "已撤回"
        assert await lamp.last() == "您的诉求已撤回。"
        assert "已撤回" in (await lamp.refused("add", text="又坏了"))["detail"]

        await town.post(town.unit, f"{road.path}/sign")
        await town.post(town.unit, f"{road.path}/reply", **REPLY)
        assert (await road.last()).startswith("市住房和城乡建设局已答复。")
        assert (await road.refused("withdraw", reason="不要了"))["code"] == "act_refused"
        body = {"result": "satisfied", "contact": "very_satisfied", "is_solved": True}
        await road.act("rate", **body)
        assert (await road.look())["state_name"] == "已办结"
        assert (await road.refused("rate", **body))["code"] == "act_refused"
        assert (await town.steps(road.path))["follow-up"] == ["met"]
        other = {"Query-Code": lamp.client.headers["Query-Code"]}
        path = f"/v1/public/tickets/{road.number}"
        answer = await road.client.get(path, headers=other)
        assert answer.status_code == 404
