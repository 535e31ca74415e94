"""In scope or not: a unit is asked first, and no ticket's clock runs meanwhile (A4, ZY 9)."""

from tests.journeys.town import FIRST, REQUEST, Town

UNSURE = REQUEST | {"verify": {"unit": FIRST, "question": "该路段是否属市政道路？"}}


async def ask(town: Town) -> str:
    filed = await town.post(town.operator, "/v1/tickets", **UNSURE)
    assert (filed["state"], filed["accepted_at"]) == ("verifying", None)
    (question,) = filed["deadlines"]
    assert (question["step"], question["due_at"]) == ("verify", "2026-03-03T17:30:00+08:00")
    return f"/v1/tickets/{filed['id']}"


async def test_in_scope_and_accepted_from_then_on(town: Town) -> None:
    path = await ask(town)
    asked = (await town.get(town.unit, "/v1/verifications"))["items"]
    assert [one["question"] for one in asked] == ["该路段是否属市政道路？"]
    assert "caller" not in asked[0]
    assert (await town.operator.get(path)).status_code == 404  # dispatch knows of nothing yet
    assert await town.steps(path) == {"verify": ["running"]}

    await town.until("2026-03-03 15:00")
    answer = await town.post(town.unit, f"{path}/verify", is_in_scope=True, opinion="属市政道路")
    assert (answer["state"], answer["accepted_at"]) == ("accepted", "2026-03-03T15:00:00+08:00")
    assert await town.running(path) == {
        "sign": ("2026-03-04 11:30", "ZY 13.2"),
        "handle": ("2026-03-12 17:30", "ZY 13.2"),
    }
    first = (await town.get(town.unit, f"{path}/timeline"))["items"][0]
    asked_first = first["detail"]["asked_first"]
    assert (first["event"], asked_first["unit"]) == ("ticket.created", FIRST)
    assert (asked_first["opinion"], asked_first["is_in_scope"]) == ("属市政道路", True)
    await town.until("2026-03-04 09:00")
    steps = await town.steps(path)
    assert (steps["verify"], steps["dispatch"]) == (["met"], ["met"])


async def test_out_of_scope_and_told_where_to_turn(town: Town) -> None:
    path = await ask(town)
    await town.until("2026-03-03 09:00")
    answer = await town.post(
        town.unit,
        f"{path}/verify",
        is_in_scope=False,
        opinion="该纠纷法院已立案。",
        ground="litigation",
        competent="雁江区人民法院",
    )
    assert answer["state"] == "refused"
    refusal = answer["refusal"]
    assert (refusal["ground"], refusal["source"]) == ("litigation", "ZY 9.1")
    assert refusal["competent"] == "雁江区人民法院"
    assert "12368" in refusal["channel"]

    shown = await town.get(town.operator, path)
    assert (shown["state"], shown["ground"]) == ("refused", "litigation")
    assert "雁江区人民法院" in shown["explanation"]
    await town.until("2026-03-10 09:00")
    assert await town.steps(path) == {"verify": ["met"]}
    assert await town.overdue(path) == []


async def test_answered_late_and_still_accepted(town: Town) -> None:
    path = await ask(town)
    await town.until("2026-03-04 09:00")
    assert await town.steps(path) == {"verify": ["overdue"]}
    assert await town.overdue(path) == ["verify"]
    (reminder,) = (await town.get(town.unit, "/v1/orders"))["items"]
    assert (reminder["kind"], reminder["state"]) == ("reminder", "issued")

    await town.post(town.unit, f"{path}/verify", is_in_scope=True, opinion="属市政道路")
    (reminder,) = (await town.get(town.unit, "/v1/orders"))["items"]
    assert (reminder["state"], reminder["is_late"]) == ("accepted", False)
    assert (await town.get(town.operator, path))["state"] == "dispatched"
    assert await town.running(path) == {
        "sign": ("2026-03-04 15:30", "ZY 13.2"),
        "handle": ("2026-03-13 17:30", "ZY 13.2"),
    }
    assert await town.overdue(path) == ["verify"]
