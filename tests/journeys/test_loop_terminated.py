"""A terminated matter is raised again: answered at once, overridden, and by another caller."""

from tests.journeys.town import REPLY, Town

CALLER = {"phone": "13800000001"}
FILING = {
    "opinion": "三次现场核查，路面符合设计，已依法办理完毕。",
    "script": "经核查，该路面坡度符合设计，不再改造。",
    "explanation": "3月2日当面解释，已送达书面答复。",
}


async def test_a_terminated_matter_binds_its_caller_and_this_matter_alone(town: Town) -> None:
    first = await town.file(caller=CALLER)
    await town.post(town.unit, f"{first}/sign")
    await town.post(town.unit, f"{first}/reply", **REPLY)
    await town.post(town.asker, f"{first}/rate", result="satisfied", is_solved=True)

    second = await town.file(caller=CALLER, repeats=first.rpartition("/")[2])
    shown = await town.get(town.unit, second)
    assert shown["links"]["repeats"]["result"] == REPLY["result"]
    await town.post(town.unit, f"{second}/sign")
    earlier = [first.rpartition("/")[2]]
    done = await town.post(town.unit, f"{second}/terminate", **FILING, earlier=earlier)
    assert done["state"] == "terminated"
    register = await town.get(town.supervisor, "/v1/terminations", jurisdiction="512000")
    assert [one["script"] for one in register["items"]] == [FILING["script"]]

    await town.until("2026-03-05 10:00")
    again = {"caller": CALLER, "repeats": second.rpartition("/")[2]}
    third = await town.file(**again)
    shown = await town.get(town.supervisor, third)
    assert (shown["state"], shown["unit"]) == ("answered", None)
    assert shown["links"]["repeats"]["state"] == "terminated"
    [line] = (await town.get(town.supervisor, f"{third}/timeline"))["items"]
    assert line["text"] == FILING["script"]

    fourth = await town.file(**again, override="出现新的塌陷，与此前不同")
    assert (await town.get(town.supervisor, fourth))["state"] == "dispatched"
    [created, *_] = (await town.get(town.supervisor, f"{fourth}/timeline"))["items"]
    assert created["detail"]["override"] == "出现新的塌陷，与此前不同"

    other = await town.file(caller={"phone": "13800000002"})
    assert (await town.get(town.supervisor, other))["state"] == "dispatched"

    await town.until("2026-03-20 10:00")
    assert (await town.steps(second))["handle"] == ["met"]
    assert await town.overdue(second) == await town.overdue(third) == []
    counted = await town.get(town.supervisor, "/v1/analytics/counts", by="state")
    by_state = {one["state"]: one["count"] for one in counted["items"]}
    assert (by_state["terminated"], by_state["answered"]) == (1, 1)


async def test_a_repeat_while_the_first_is_open_is_told_to_its_unit(town: Town) -> None:
    first = await town.file(caller=CALLER)
    await town.post(town.unit, f"{first}/sign")
    again = await town.file(caller=CALLER, repeats=first.rpartition("/")[2])
    assert (await town.get(town.supervisor, again))["state"] == "linked"
    assert await town.running(again) == {}
    lines = (await town.get(town.unit, f"{first}/timeline"))["items"]
    assert lines[-1]["event"] == "ticket.asked_again"
    await town.post(town.unit, f"{first}/reply", **REPLY)
    await town.post(town.asker, f"{first}/rate", result="satisfied", is_solved=True)
    assert (await town.get(town.supervisor, again))["state"] == "closed"
