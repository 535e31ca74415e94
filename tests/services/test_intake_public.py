"""The caller's own view: number and query code open one request, and no other (A9, ZY 5)."""

from datetime import timedelta
from typing import Any

import pytest

from services.intake.worker import tasks
from shared.events.dispatch import TicketInterimClosed, TicketWithdrawn
from shared.events.intake import TicketAmended, TicketRated, TicketWithdrawalRequested
from shared.events.kinds import Link
from shared.events.loop import TicketLinked, TicketWithdrawalDeclined
from shared.events.sla import TicketExtensionDecided, TicketExtensionExplained
from shared.events.words import CloseReason
from tests.services.intake_callers import (
    MONDAY,
    UNIT,
    Desk,
    closed,
    desk,
    dispatched,
    intake,
    operator,
    post,
    replied,
)

__all__ = ["desk", "intake", "operator"]
SATISFIED: dict[str, Any] = {"result": "satisfied", "is_solved": True}


async def test_a_caller_follows_a_request_in_words_and_sees_nobody_else(desk: Desk) -> None:
    ticket = await desk.file()
    seen = (await desk.caller(ticket, "")).json()
    assert (seen["state_name"], seen["title"]) == ("已受理", "小区停水")
    assert seen["allowed"] == ["amend", "withdraw"]
    assert seen["deadlines"][0]["text"] == "将于2026年3月2日12:00前派给承办单位"

    await desk.hear(ticket, dispatched())
    seen = (await desk.caller(ticket, "")).json()
    assert seen["deadlines"][0]["text"] == "承办单位应于2026年3月9日17:30前办结答复"
    granted = TicketExtensionDecided(
        is_granted=True, due_at=MONDAY + timedelta(days=30), reason="属实，HW0002 审", unit=UNIT
    )
    explained = TicketExtensionExplained(
        unit=UNIT, extension=1, contact="3月3日电话说明管材待购", explained_by="SW0101"
    )
    await desk.hear(ticket, granted, explained)
    seen = (await desk.caller(ticket, "")).json()
    assert seen["deadlines"][0]["text"] == "承办单位应于2026年4月1日10:00前办结答复"
    interim = TicketInterimClosed(
        unit=UNIT,
        progress="已采购",
        next_step="安装",
        promised_at=MONDAY + timedelta(days=40),
        closed_by="SW0101",
    )
    await desk.hear(ticket, interim)
    seen = (await desk.caller(ticket, "")).json()
    assert seen["deadlines"][0]["text"] == "承办单位承诺于2026年4月11日10:00前办结"
    await desk.hear(ticket, replied(), closed())
    answer = await desk.caller(ticket, "")
    assert [step["text"] for step in answer.json()["steps"]] == [
        "您的诉求已受理。",
        "已派给资阳市水务局办理。",
        "经批准延期，应于2026年4月1日10:00前办结。",
        "资阳市水务局已就延期向您说明：3月3日电话说明管材待购",
        "资阳市水务局已临时办结：已采购。下步打算：安装。承诺于2026年4月11日10:00前办结。",
        "资阳市水务局已答复。核查情况：管网破损属实。办理依据：《城市供水条例》第二十二条。"
        "办理结果：已更换管段，恢复供水",
        "您的诉求已办结：诉求人满意。",
    ]
    for secret in ("SW0", "HW0", "HF0", ticket.id, "测试人", "1380000"):
        assert secret not in answer.text


async def test_a_request_that_goes_with_another_callers_does_not_show_it(desk: Desk) -> None:
    ticket, main = await desk.file(), await desk.file()
    linked = TicketLinked(
        main=main.id, kind=Link.MEMBER, unit=UNIT, reason="同一停水", linked_by="HW0001"
    )
    await desk.hear(ticket, linked)
    answer = await desk.caller(ticket, "")
    assert answer.json()["state_name"] == "已并单"
    assert main.id not in answer.text
    assert main.number not in answer.text


async def test_a_wrong_code_and_an_unknown_number_are_answered_alike(desk: Desk) -> None:
    ticket = await desk.file()
    other = await desk.file()
    unknown = ticket.public[:-7] + "9999999"
    headers = {"Query-Code": ticket.code}
    wrong = await desk.caller(ticket, "", code=other.code)
    absent = await desk.people["guest"].get(unknown, headers=headers)
    assert (wrong.status_code, wrong.content) == (absent.status_code, absent.content)
    assert wrong.status_code == 404
    assert (await desk.caller(ticket, "")).status_code == 200
    for path, more in ((ticket.public, {}), ("/v1/public/tickets/%00", headers)):
        assert (await desk.people["guest"].get(path, headers=more)).status_code == 422


@pytest.mark.parametrize("act", ["", "add", "withdraw", "rate", "disputes"])
async def test_no_act_is_done_with_a_wrong_code(desk: Desk, act: str) -> None:
    ticket = await desk.replied()
    bodies: dict[str, dict[str, Any]] = {
        "": {},
        "add": {"text": "补充"},
        "withdraw": {"reason": "已解决"},
        "rate": SATISFIED,
        "disputes": {"text": "没有人问过我"},
    }
    answer = await desk.caller(ticket, act, code="00000000", **bodies[act])
    assert answer.status_code == 404
    assert len(await desk.said(ticket)) == 1


async def test_a_caller_adds_words_that_the_unit_will_read(desk: Desk) -> None:
    ticket = await desk.file()
    done = await desk.caller(ticket, "add", text="整条街都停水了 𠮷")
    assert done.json() == {"number": ticket.number, "state_name": "已受理"}
    (amended,) = await desk.said(ticket, TicketAmended)
    assert (amended.addition, amended.amended_by) == ("整条街都停水了 𠮷", None)
    steps = (await desk.caller(ticket, "")).json()["steps"]
    assert steps[-1]["text"] == "您补充：整条街都停水了 𠮷"
    await desk.hear(ticket, dispatched(), replied(), closed())
    assert (await desk.caller(ticket, "add", text="再说")).status_code == 409
    assert (await desk.caller(ticket, "add", text="")).status_code == 422
    assert (await desk.caller(ticket, "add", text="字" * 100_000)).status_code == 422


async def test_an_act_that_comes_again_is_done_once(desk: Desk) -> None:
    ticket = await desk.file()
    headers = {"Query-Code": ticket.code, "Idempotency-Key": "a"}
    guest, path = desk.people["guest"], f"{ticket.public}/add"
    for _ in range(2):
        assert (await guest.post(path, json={"text": "补充"}, headers=headers)).is_success
    assert len(await desk.said(ticket, TicketAmended)) == 1
    other = await desk.file()
    assert (
        await guest.post(
            f"{other.public}/add",
            json={"text": "另一件"},
            headers={"Query-Code": other.code, "Idempotency-Key": "a"},
        )
    ).is_success


async def test_a_wish_to_withdraw_is_said_once_until_it_is_decided(desk: Desk) -> None:
    ticket = await desk.file()
    assert (await desk.caller(ticket, "withdraw", reason="已自行解决")).is_success
    again = await desk.caller(ticket, "withdraw", reason="再说一次")
    assert (again.status_code, again.json()["detail"]) == (409, "已经申请撤回，正在处理。")
    await desk.hear(ticket, TicketWithdrawalDeclined(reason="事关他人安全"))
    seen = (await desk.caller(ticket, "")).json()
    assert seen["steps"][-1]["text"] == "未能撤回：事关他人安全"
    body = {"reason": "诉求人来电要求撤回"}
    assert (await desk.operator.post(f"{ticket.path}/withdraw", json=body)).is_success
    first, second = await desk.said(ticket, TicketWithdrawalRequested)
    assert (first.requested_by, second.reason) == (None, "诉求人来电要求撤回")
    assert second.requested_by is not None
    await desk.hear(ticket, TicketWithdrawn(unit=UNIT))
    assert (await desk.caller(ticket, "")).json()["state_name"] == "已撤回"
    for person in (desk.people["unit"], desk.people["seat"]):
        assert (await person.post(f"{ticket.path}/withdraw", json=body)).status_code == 403


async def test_what_was_replied_can_no_more_be_withdrawn(desk: Desk) -> None:
    ticket = await desk.replied()
    assert (await desk.caller(ticket, "withdraw", reason="不要了")).status_code == 409


async def test_a_caller_rates_once_and_their_words_stay_here(desk: Desk) -> None:
    ticket = await desk.replied()
    seen = (await desk.caller(ticket, "")).json()
    assert "rate" in seen["allowed"]
    assert seen["deadlines"][0]["text"] == ("请于2026年3月9日17:30前评价，期满未评价的视为基本满意")
    levels: dict[str, Any] = {"hotline": "very_satisfied", "contact": "dissatisfied"}
    rated = await desk.caller(ticket, "rate", **SATISFIED, **levels, comment="我叫李某，满意")
    assert rated.is_success, rated.text
    again = await desk.caller(ticket, "rate", **SATISFIED)
    assert (again.status_code, again.json()["code"]) == (409, "already_rated")
    assert again.json()["detail"] == "本次答复已经评价为“满意”，不能重复评价。"
    by_seat = await desk.people["seat"].post(f"{ticket.path}/rate", json=SATISFIED)
    assert by_seat.json()["code"] == "already_rated"
    (said,) = await desk.said(ticket, TicketRated)
    assert (said.closes, said.reply, said.counts) == (CloseReason.SATISFIED, 1, True)
    assert "李某" not in said.model_dump_json()
    seen = (await desk.caller(ticket, "")).json()
    assert "rate" not in seen["allowed"]
    assert seen["deadlines"] == []


@pytest.mark.parametrize("field", ["conforms", "doubt", "cause"])
async def test_a_caller_may_not_say_what_is_a_reviewers_to_say(desk: Desk, field: str) -> None:
    ticket = await desk.replied()
    body = {**SATISFIED, field: True if field == "conforms" else "unsolved"}
    assert (await desk.caller(ticket, "rate", **body)).status_code == 422


async def test_a_forgotten_code_goes_to_the_number_on_file_alone(desk: Desk) -> None:
    ticket = await desk.file()
    guest = desk.people["guest"]
    answers = []
    for number, phone in (
        (ticket.number, "+86 138-0000-1234"),
        (ticket.number, "13900000000"),
        ("512000-260302-9999999", "13800001234"),
    ):
        body = {"number": number, "phone": phone}
        answers.append(await guest.post("/v1/public/query-codes", json=body))
    assert {(one.status_code, one.content) for one in answers} == {(202, answers[0].content)}
    rows = await desk.runtime.database.pool.fetch("SELECT * FROM notices")
    assert [(row["recipient"], row["template"]) for row in rows] == [(ticket.id, "query_code")]
    assert ticket.code not in rows[0]["text"], "the code is stored nowhere"
    assert "notices" in tasks(desk.runtime)


async def test_the_desk_sees_what_the_same_number_asked_for_and_the_look_is_kept(
    desk: Desk,
) -> None:
    first, second = await desk.file(), await desk.file(title="又停水")
    await desk.file(caller={"phone": "13911112222"})
    wanted: dict[str, Any] = {"phone": "138-0000-1234", "purpose": "来电核对"}
    page = await post(desk.operator, "/v1/callers/history", **wanted, limit=1)
    assert [one["id"] for one in page["items"]] == [second.id]
    rest = await post(desk.operator, "/v1/callers/history", **wanted, after=page["next"])
    assert [one["id"] for one in rest["items"]] == [first.id]
    assert rest["caller_id"] == page["caller_id"] is not None
    looks = await desk.runtime.database.pool.fetch(
        "SELECT purpose, subject FROM audit WHERE action = 'caller.looked_up' ORDER BY id"
    )
    assert [tuple(row) for row in looks] == [("来电核对", page["caller_id"])] * 2
    nobody = await post(desk.operator, "/v1/callers/history", phone="13700000000", purpose="核对")
    assert nobody == {"caller_id": None, "items": [], "next": None}
    refused = await desk.people["unit"].post("/v1/callers/history", json=wanted)
    assert refused.status_code == 403
