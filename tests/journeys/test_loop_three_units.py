"""Three units and one lead: each does its part, one answers the caller (B4, ZY 13.5(5))."""

from shared.events.words import Role, Service
from tests.journeys.town import FIRST, REPLY, SECOND, THIRD, Town

PART = {"findings": "管线属我单位管养", "basis": "城市道路管理条例", "result": "管线已迁改"}
TOLD = """SELECT recipient, template FROM notices WHERE ticket_id = $1::uuid
ORDER BY recipient, template"""


async def test_three_units_do_their_parts_and_the_lead_answers_the_caller(town: Town) -> None:
    second, third = (
        await town.city.person(Role.UNIT, unit=SECOND),
        await town.city.person(Role.UNIT, unit=THIRD),
    )
    # A road that was dug up by two others comes to the first unit by rule.
    path = await town.file(title="路面开挖后长期未恢复")
    await town.post(
        town.operator,
        f"{path}/co-units",
        co_units=[SECOND, THIRD],
        reason="路面由供水、供电单位分别开挖",
    )
    await town.post(town.unit, f"{path}/sign")
    await town.post(second, f"{path}/co-sign")
    await town.post(second, f"{path}/co-reply", **PART)

    # The lead wants to answer: one part is missing, and is named.
    await town.until("2026-03-10 10:00")
    early = await town.refuse(town.unit, f"{path}/reply", **REPLY)
    assert THIRD in early["detail"]
    assert SECOND not in early["detail"]
    refused = await town.refuse(third, f"{path}/reply", **REPLY)
    assert refused["allowed"] == ["co-sign", "co-reply"]
    await town.post(third, f"{path}/co-reply", **(PART | {"result": "电缆已入地"}))

    # It reads both, writes one answer, and a colleague reads that before it leaves.
    parts = (await town.get(town.unit, path))["parts"]
    assert [(one["unit"], one["result"]) for one in parts] == [
        (SECOND, "管线已迁改"),
        (THIRD, "电缆已入地"),
    ]
    draft = {name: words for name, words in REPLY.items() if name != "checked_by"}
    assert (await town.post(town.unit, f"{path}/reply", **draft))["state"] == "checking"
    assert await town.running(path) == {"handle": ("2026-03-11 17:30", "ZY 13.2")}
    colleague = await town.city.person(Role.UNIT, unit=FIRST, person="second")
    await town.post(colleague, f"{path}/check-reply", passed=True)

    await town.post(town.asker, f"{path}/follow-up", is_reached=True, is_solved=True)
    await town.post(town.asker, f"{path}/rate", result="satisfied", is_solved=True)
    shown = await town.get(town.supervisor, path)
    assert (shown["state"], [one["checked_by"] for one in shown["replies"]]) == (
        "closed",
        [f"trial-unit-{FIRST}-second"],
    )
    assert await town.overdue(path) == []

    # All three were told by telephone, and the story can be read from beginning to end.
    dispatch = town.city.platform.runtimes[Service.DISPATCH]
    told = await dispatch.database.pool.fetch(TOLD, path.rpartition("/")[2])
    assert {(row["recipient"], row["template"]) for row in told} >= {
        (FIRST, "ticket.dispatched"),
        (SECOND, "ticket.co_units_chosen"),
        (THIRD, "ticket.co_units_chosen"),
    }
    names = [one["event_name"] for one in (await town.get(second, f"{path}/timeline"))["items"]]
    assert names[2:7] == ["确定协办单位", "签收", "协办签收", "协办答复", "临期提醒"]
    assert names[-3:] == ["答复", "回访", "评价"] or names[-4:-1] == ["答复", "回访", "评价"]


async def test_another_unit_takes_over_and_the_old_parts_end(town: Town) -> None:
    second = await town.city.person(Role.UNIT, unit=SECOND)
    path = await town.file()
    choice = {"co_units": [SECOND], "reason": "管线"}
    await town.post(town.operator, f"{path}/co-units", **choice)
    assert (await town.get(second, path))["unit"] == FIRST
    await town.post(
        town.unit,
        f"{path}/return",
        ground="not_our_duty",
        reason="该路段由交通部门养护",
        legal_basis="公路法",
        proposed_unit=THIRD,
    )
    await town.post(
        town.supervisor,
        f"{path}/decide-return",
        decision="granted",
        reason="属实",
        unit=THIRD,
    )
    await town.refuse(second, f"{path}/co-reply", **PART)
    third = await town.city.person(Role.UNIT, unit=THIRD)
    assert (await town.get(third, path))["co_units"] == []
    await town.post(third, f"{path}/sign")
    assert (await town.post(third, f"{path}/reply", **REPLY))["state"] == "replied"
