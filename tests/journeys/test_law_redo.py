"""Done again: the handling time anew, the first round's overdue as it was (ZY 14.2)."""

from tests.journeys.town import REPLY, Town


async def test_a_second_round_is_judged_on_its_own(town: Town) -> None:
    path = await town.file()
    await town.post(town.unit, f"{path}/sign")
    await town.until("2026-03-12 10:00")  # due on the 11th
    await town.post(town.unit, f"{path}/reply", **REPLY)
    assert await town.overdue(path) == ["handle"]

    await town.until("2026-03-16 10:00")
    await town.post(town.asker, f"{path}/follow-up", is_reached=True, is_solved=False)
    await town.post(town.asker, f"{path}/rate", result="dissatisfied", is_solved=False)
    redone = await town.post(town.asker, f"{path}/redo", reason="诉求合理，未实际解决")
    assert redone["state"] == "signed"
    assert await town.running(path) == {"handle": ("2026-03-25 17:30", "ZY 13.2")}

    await town.until("2026-03-25 17:00")
    await town.post(town.unit, f"{path}/reply", **REPLY)
    await town.post(town.asker, f"{path}/follow-up", is_reached=True, is_solved=True)
    await town.post(town.asker, f"{path}/rate", result="satisfied", is_solved=True)

    await town.until("2026-04-30 10:00")
    shown = await town.get(town.supervisor, path)
    assert (shown["state"], len(shown["replies"])) == ("closed", 2)
    assert (await town.steps(path))["handle"] == ["overdue", "met"]
    assert await town.overdue(path) == ["handle"]
