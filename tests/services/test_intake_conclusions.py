"""Callers who are not on the telephone any more are told how their request ended (A3 to A6)."""

from typing import Any
from uuid import uuid4

import pytest

from shared.events.kinds import EmergencyLine, HandOver
from shared.events.loop import TicketConcluded, TicketDeclined
from shared.events.words import Role, State
from tests.services.intake_callers import UNIT, Desk, Filed, desk, dispatched, intake, operator

__all__ = ["desk", "intake", "operator"]
TOLD = "SELECT template, text FROM notices WHERE kind = 'caller' AND ticket_id = $1::uuid"
WHY = "须通过诉讼程序解决的事项：请向有管辖权的人民法院提起诉讼"
ENDS: dict[str, tuple[Any, str, str, str]] = {
    "refused": (
        TicketDeclined(
            ground="litigation",
            source_article="ZY 9.1",
            explanation=WHY,
            reason="x",
            declined_by="HW01",
        ),
        "不予受理",
        f"经核实，不予受理：{WHY}",
        f"不予受理。{WHY}。",
    ),
    "answered": (
        TicketConcluded(
            state=State.ANSWERED, text="凭身份证办理", article_id=uuid4(), concluded_by="HW01"
        ),
        "接诉即答",
        "热线答复：凭身份证办理。",
        "已经答复，请凭工单编号和查询码在线查看。",
    ),
    "handed over": (
        TicketConcluded(
            state=State.HANDED_OVER,
            unit=UNIT,
            text="已转 110 处理",
            line=EmergencyLine.POLICE,
            way=HandOver.TRANSFER,
            note="已核对",
            concluded_by="HW01",
        ),
        "已转紧急热线",
        "热线答复：已转 110 处理。",
        "：已转 110 处理。",
    ),
}


async def told(desk: Desk, ticket: Filed) -> list[Any]:
    """What callers are told of a ticket."""
    rows = await desk.runtime.database.pool.fetch(TOLD, ticket.id)
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("end", ENDS)
async def test_a_caller_is_told_by_message_and_sees_it(desk: Desk, end: str) -> None:
    payload, state, step, message = ENDS[end]
    ticket = await desk.file(channel="web")
    await desk.hear(ticket, dispatched(), payload)
    [(template, text)] = await told(desk, ticket)
    assert template == payload.type
    assert (ticket.number in text, text.endswith(message)) == (True, True), text
    seen = (await desk.caller(ticket, "")).json()
    assert (seen["state_name"], seen["deadlines"], seen["allowed"]) == (state, [], [])
    steps = [one["text"] for one in seen["steps"]]
    assert (steps[0], steps[-1]) == ("您的诉求已受理。", step)


@pytest.mark.parametrize("is_in_scope", [True, False])
async def test_a_caller_is_told_what_the_unit_found_that_was_asked(
    desk: Desk, *, is_in_scope: bool
) -> None:
    ticket = await desk.file(verify={"unit": UNIT, "question": "是否属于你单位职责？"})
    found = {"is_in_scope": is_in_scope, "opinion": "已核实"}
    if not is_in_scope:
        found |= {"ground": "litigation", "competent": "雁江区人民法院"}
    unit = await desk.person(Role.UNIT, unit=UNIT)
    answer = await unit.post(f"{ticket.path}/verify", json=found)
    assert answer.status_code == 200, answer.text
    [(_, text)] = await told(desk, ticket)
    steps = (await desk.caller(ticket, "")).json()["steps"]
    if is_in_scope:
        assert text.endswith("经核实属于受理范围，已经受理。")
        assert [one["text"] for one in steps] == ["您的诉求已受理。"]
        return
    assert steps[0]["text"] == "已登记，正在核实是否属于受理范围。"
    for words in (text, steps[1]["text"]):
        assert words.endswith("请向雁江区人民法院反映。")


async def test_a_hand_over_that_dispatch_said_is_kept_beside_those_at_filing(desk: Desk) -> None:
    ticket = await desk.file(channel="web")
    await desk.hear(ticket, ENDS["handed over"][0])
    row = await desk.runtime.database.pool.fetchrow(
        "SELECT line, way, note, handed_by FROM hand_overs WHERE ticket_id = $1::uuid", ticket.id
    )
    assert row is not None
    assert tuple(row) == ("110", "transfer", "已核对", "HW01")


async def test_what_was_handed_over_at_filing_was_never_accepted(desk: Desk) -> None:
    hand = {"line": "119", "way": "transfer"}
    ticket = await desk.file(handed_over=hand, urgency="critical")
    steps = (await desk.caller(ticket, "")).json()["steps"]
    assert [one["text"] for one in steps] == [
        "属于紧急事项，已转紧急热线；情况紧急的，请直接拨打 110、119、120、122。"
    ]
