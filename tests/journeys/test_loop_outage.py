"""200 callers on one outage: a master ticket, one reply, and each goes on alone (A8)."""

import json
from typing import Any

from tests.journeys.town import REPLY, REQUEST, Town

CALLERS = 200
WHY = {"reason": "同一片区同一次停水"}


async def file_all(town: Town) -> list[str]:
    """Each caller's ticket, as the desks file them in one storm; their ids."""
    lines = [
        REQUEST | {"title": "停水", "caller": {"phone": f"139{number:08d}"}}
        for number in range(CALLERS)
    ]
    body = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    answer = await town.operator.post("/v1/tickets/bulk", content=body.encode())
    assert answer.is_success, answer.text
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert [one["status"] for one in told] == [201] * CALLERS
    await town.settle()
    return [one["id"] for one in told]


async def count(town: Town, main: str) -> dict[str, int]:
    """How many go with a main ticket, by state."""
    shown = await town.get(town.supervisor, f"/v1/masters/{main}")
    return {one["state"]: one["tickets"] for one in shown["counts"]}


async def rate(town: Town, ticket: str, result: str) -> None:
    """The caller is asked, and answers; heard later."""
    path, is_solved = f"/v1/tickets/{ticket}", result == "satisfied"
    for act, body in (
        ("follow-up", {"is_reached": True, "is_solved": is_solved}),
        ("rate", {"result": result, "is_solved": is_solved}),
    ):
        answer = await town.asker.post(f"{path}/{act}", json=body)
        assert answer.is_success, answer.text


async def test_one_reply_answers_two_hundred_callers_and_each_closes_alone(town: Town) -> None:
    main, *members = await file_all(town)
    linked = await town.post(town.operator, f"/v1/masters/{main}/link", tickets=members, **WHY)
    assert linked["linked"] == CALLERS - 1
    assert await count(town, main) == {"linked": CALLERS - 1}

    alone, angry, *others = members
    split = await town.post(
        town.operator, f"/v1/tickets/{alone}/split", reason="户内水管破裂，与停水无关"
    )
    assert split["state"] == "dispatched"
    assert (await town.running(f"/v1/tickets/{alone}")).keys() == {"sign", "handle"}
    assert await town.running(f"/v1/tickets/{angry}") == {}

    await town.post(town.unit, f"/v1/tickets/{main}/sign")
    await town.post(town.unit, f"/v1/tickets/{main}/reply", **REPLY)
    assert await count(town, main) == {"replied": CALLERS - 2}
    late: dict[str, Any] = {"main": main} | WHY
    problem = await town.refuse(town.operator, f"/v1/tickets/{alone}/link", **late)
    assert problem["code"] == "main_not_open"

    for ticket in (main, *others):
        await rate(town, ticket, "satisfied")
    await rate(town, angry, "dissatisfied")
    await town.settle()
    redone = await town.post(town.asker, f"/v1/tickets/{angry}/redo", reason="该户仍未恢复")
    assert redone["state"] == "signed"
    assert (await town.running(f"/v1/tickets/{angry}")).keys() == {"handle"}
    assert await count(town, main) == {"closed": CALLERS - 3}

    await town.post(town.unit, f"/v1/tickets/{angry}/reply", **REPLY)
    await rate(town, angry, "satisfied")
    await town.post(town.unit, f"/v1/tickets/{alone}/sign")
    await town.post(town.unit, f"/v1/tickets/{alone}/reply", **REPLY)
    await rate(town, alone, "satisfied")
    await town.until("2026-03-30 10:00")
    counted = await town.get(town.supervisor, "/v1/analytics/counts", by="state")
    assert [(one["state"], one["count"]) for one in counted["items"]] == [("closed", CALLERS)]
    for ticket in (main, alone, angry, others[0]):
        assert await town.overdue(f"/v1/tickets/{ticket}") == []
