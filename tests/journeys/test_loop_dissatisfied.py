"""A dissatisfied caller: asked by a seat, done again by the unit, satisfied (A10, A11, ZY 14)."""

from tests.journeys.phone import call
from tests.journeys.town import REPLY, Town


async def test_a_dissatisfied_caller_is_satisfied_after_a_redo(town: Town) -> None:
    async with call(town) as road:
        await town.post(town.unit, f"{road.path}/sign")
        await town.post(town.unit, f"{road.path}/reply", **REPLY)
        (task,) = (await town.get(town.asker, "/v1/follow-ups"))["items"]
        await town.post(town.asker, f"/v1/follow-ups/{task['id']}/claim")
        await town.post(town.asker, f"{road.path}/follow-up", is_reached=False, way="phone")
        unsolved = {"is_reached": True, "is_solved": False, "way": "phone", "cause": "unsolved"}
        await town.post(town.asker, f"{road.path}/follow-up", **unsolved)
        bad = {"result": "dissatisfied", "is_solved": False, "cause": "unsolved"}
        await town.post(town.asker, f"{road.path}/rate", **bad)
        waiting = await town.get(town.asker, "/v1/follow-ups", state="unsatisfied")
        assert [one["number"] for one in waiting["items"]] == [road.number]

        await town.post(town.asker, f"{road.path}/redo", reason="合理诉求未解决")
        assert "重新办理" in await road.last()
        assert (await town.steps(road.path))["follow-up"] == ["moved"]
        refused = await town.refuse(town.asker, f"{road.path}/rate", **bad)
        assert refused["code"] == "act_refused"

        await town.post(town.unit, f"{road.path}/reply", **REPLY)
        await road.act("rate", result="very_satisfied", is_solved=True)
        shown = await town.get(town.supervisor, road.path)
        assert (shown["state"], len(shown["replies"])) == ("closed", 2)
        done = await town.get(town.asker, "/v1/follow-ups", state="done")
        assert [one["outcome"] for one in done["items"]] == ["redone", "rated"]
        figures = await town.get(
            road.client, "/v1/public/ratings", jurisdiction="512000", month="2026-03"
        )
        levels = {one["level"]: one["count"] for one in figures["whole"]["levels"]}
        assert (levels["dissatisfied"], levels["very_satisfied"]) == (1, 1)
        assert [one["is_hidden"] for one in figures["units"]] == [True]
