"""Out of scope after all: returned, refused with its article, and the caller is told (B5, A3)."""

from shared.events.words import Role
from tests.journeys.phone import call
from tests.journeys.town import RETURN, ZIYANG, Town


async def test_a_caller_learns_why_it_was_refused_and_where_to_turn(town: Town) -> None:
    analyst = await town.city.person(Role.ANALYST, jurisdiction=ZIYANG)
    async with call(town) as phone:
        await town.post(town.unit, f"{phone.path}/return", **(RETURN | {"ground": "out_of_scope"}))
        body = {"decision": "granted", "ground": "litigation", "reason": "法院已立案"}
        await town.post(town.supervisor, f"{phone.path}/decide-return", **body)
        seen = await phone.look()
        assert (seen["state_name"], seen["deadlines"], seen["allowed"]) == ("不予受理", [], [])
        assert seen["steps"][0]["text"] == "您的诉求已受理。"
        assert seen["steps"][-1]["text"].startswith("经核实，不予受理：须通过诉讼程序解决的事项")
        assert "12368" in seen["steps"][-1]["text"]
        assert (await phone.refused("withdraw", reason="不要了"))["code"] == "act_refused"
    await town.until("2026-04-01 10:00")
    assert await town.overdue(phone.path) == []
    assert await town.running(phone.path) == {}
    figures = (await town.get(analyst, "/v1/analytics/counts", by="state"))["items"]
    assert {one["state"]: one["count"] for one in figures} == {"refused": 1}
