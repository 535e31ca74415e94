"""Emergencies: dispatched at once, answered within hours, reported within days (ZY 13.4)."""

from tests.journeys.city import BOTH_BUSES
from tests.journeys.town import FIRST, REPLY, REQUEST, Town

pytestmark = BOTH_BUSES


async def test_a_critical_matter_is_met_at_every_step(town: Town) -> None:
    burst = REQUEST | {"type": "help", "urgency": "critical", "category": None}
    filed = await town.post(town.operator, "/v1/tickets", **burst)
    path = f"/v1/tickets/{filed['id']}"
    (dispatch,) = filed["deadlines"]
    assert dispatch["due_at"] == "2026-03-02T10:15:00+08:00"
    assert dispatch["rule"] == "15 clock minutes after acceptance"
    assert dispatch["source"] == "default"

    await town.until("2026-03-02 10:05")
    await town.post(town.operator, f"{path}/dispatch", unit=FIRST, reason="涉及供水")
    assert await town.running(path) == {
        "sign": ("2026-03-02 11:05", "ZY 13.4"),
        "respond": ("2026-03-02 11:05", "ZY 13.4"),
        "result": ("2026-03-03 17:30", "ZY 13.4"),
        "handle": ("2026-03-09 17:30", "ZY 13.2"),
    }

    await town.until("2026-03-02 11:00")
    answered = await town.post(town.unit, f"{path}/respond", text="抢修人员已到场")
    assert answered["state"] == "signed"
    await town.until("2026-03-03 17:00")
    await town.post(town.unit, f"{path}/progress", text="主管已更换，正在冲洗消毒")
    await town.until("2026-03-04 10:00")
    await town.post(town.unit, f"{path}/reply", **REPLY)

    await town.until("2026-03-10 10:00")
    assert await town.running(path) == {}
    steps = await town.steps(path)
    assert steps.pop("follow-up") == ["running"]
    assert steps.keys() == {"dispatch", "sign", "respond", "result", "handle"}
    assert all(states == ["met"] for states in steps.values())
    assert await town.overdue(path) == []


async def test_a_late_first_response_is_overdue_once(town: Town) -> None:
    path = await town.file(type="help", urgency="special")
    running = await town.running(path)
    assert running["respond"] == running["sign"] == ("2026-03-02 12:00", "ZY 13.4")

    await town.until("2026-03-02 12:30")
    await town.post(town.unit, f"{path}/respond", text="抢修人员已到场")
    await town.until("2026-03-03 09:00")
    steps = await town.steps(path)
    assert (steps["sign"], steps["respond"]) == (["overdue"], ["overdue"])
    assert await town.overdue(path) == ["respond", "sign"]
    assert (await town.running(path)).keys() == {"result", "handle"}

    overview = await town.get(town.supervisor, "/v1/analytics/overview")
    assert overview["overdue"] == 1
