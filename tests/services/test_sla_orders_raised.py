"""Orders that people raise, their text, their numbers, and many workers at once."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from services.sla.orders.worker import mark_batch, tasks
from shared.events.dispatch import TicketWithdrawn
from shared.events.intake import TicketErased
from shared.events.words import ReturnDecision, Role
from tests.harness import Harness, eventually
from tests.services.sla_orders import GANSU, SIGN_OVER, ZIYANG, Oversight, open_oversight
from tests.services.sla_tickets import DAY, HOUR, MONDAY, UNIT, decided, dispatched

PERFUNCTORY = {"unit": UNIT, "ground": "perfunctory", "evidence": "三次电话联系均推诿。"}
ANOTHER = "512000-002"


@pytest.fixture
async def oversight(harness: Harness) -> Oversight:
    return await open_oversight(harness)


async def test_a_person_raises_what_only_a_person_can_see(oversight: Oversight) -> None:
    order = await _raise(oversight, PERFUNCTORY)
    assert (order["state"], order["source"], order["signer"]) == (
        "draft",
        "ZY 25.2",
        "coordination",
    )
    assert order["grounds"].endswith("三次电话联系均推诿。")
    assert order["history"][0]["by"] == "test-supervisor-"
    again = await oversight.post("", Role.SUPERVISOR, PERFUNCTORY)
    assert (again.status_code, again.json()["code"]) == (409, "order_open")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"ground": "connection_rate"}, "ground"),
        ({"ground": "overdue"}, "ground"),
        ({"unit": "no-such-unit"}, "unit"),
        ({"evidence": ""}, "evidence"),
        ({"rung": "interview"}, "rung"),
    ],
)
async def test_what_is_wrong_is_named(
    oversight: Oversight, wrong: dict[str, str], field: str
) -> None:
    refused = await oversight.post("", Role.SUPERVISOR, PERFUNCTORY | wrong)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["field"] == field
    if field == "ground":
        assert "perfunctory" in error["message"]
        assert "资府办函〔2022〕69号" in error["message"]
    assert await oversight.orders() == []


async def test_another_places_unit_and_ticket_are_not_found(oversight: Oversight) -> None:
    ticket = await oversight.dispatch(jurisdiction=GANSU)
    foreign = await oversight.post("", Role.SUPERVISOR, PERFUNCTORY, jurisdiction=GANSU)
    assert foreign.status_code == 404
    for ticket_id in (ticket, uuid4()):
        body = PERFUNCTORY | {"ticket_id": str(ticket_id)}
        assert (await oversight.post("", Role.SUPERVISOR, body)).status_code == 404
    assert (await oversight.post("", Role.UNIT, PERFUNCTORY, unit=UNIT)).status_code == 403


async def test_the_supervision_order_of_ziyang_is_a_leaders(oversight: Oversight) -> None:
    ticket = await oversight.dispatch()
    body = PERFUNCTORY | {"ground": "strong_reaction", "ticket_id": str(ticket)}
    order = await _raise(oversight, body)
    refused = await oversight.post(f"/{order['id']}/sign", Role.SUPERVISOR)
    assert "政府领导签发（ZY 13.5(3)）" in refused.json()["detail"]
    signed = await oversight.act(order, "sign", Role.LEADER)
    assert signed["number"] == "资热督〔2026〕1号"


async def test_for_one_matter_the_ladder_is_only_climbed(oversight: Oversight) -> None:
    ticket = await oversight.dispatch()
    grave = await _raise(oversight, PERFUNCTORY | {"ground": "negligent", "ticket_id": str(ticket)})
    assert grave["kind"] == "government"
    lower = await oversight.post("", Role.SUPERVISOR, PERFUNCTORY | {"ticket_id": str(ticket)})
    assert (lower.status_code, lower.json()["code"]) == (409, "order_open")
    await oversight.act(grave, "sign", Role.LEADER)
    await oversight.act(grave, "answer", Role.UNIT, {"answer": "已整改。"}, unit=UNIT)
    await oversight.act(grave, "accept", Role.LEADER)
    raised = await _raise(oversight, PERFUNCTORY | {"ticket_id": str(ticket)})
    assert raised["kind"] == "government", "raised to the rung that was reached"
    other = await _raise(oversight, PERFUNCTORY)
    assert other["kind"] == "interview", "another matter stands for itself"


async def test_the_document_says_all_that_an_office_needs(oversight: Oversight) -> None:
    order = await _raise(oversight, PERFUNCTORY)
    draft = await _document(oversight, order)
    assert "编号：（草稿，签发后编号）" in draft
    assert "签发后 5 个工作日" in draft
    await oversight.act(order, "sign", Role.COORDINATION)
    text = await _document(oversight, order)
    for words in (
        "# 督促约谈",
        "编号：资热约〔2026〕1号",
        f"城管局（{UNIT}）：",
        "办理工作敷衍塞责、推诿扯皮、态度粗暴等，导致群众不满意。",
        "三次电话联系均推诿。",
        "资府办函〔2022〕69号（ZY 25.2）。",
        "于 2026年3月9日 17:30 前书面反馈",
        "会商协调小组签发：test-coordination-　2026年3月2日 09:00",
    ):
        assert words in text
    await oversight.act(order, "answer", Role.UNIT, {"answer": "已批评教育。"}, unit=UNIT)
    assert "已批评教育。" in await _document(oversight, order, Role.UNIT, unit=UNIT)


async def test_numbers_have_no_gap_however_many_sign_at_once(oversight: Oversight) -> None:
    orders = []
    for nth in range(12):
        await oversight.know(f"512000-{nth}")
        orders.append(await _raise(oversight, PERFUNCTORY | {"unit": f"512000-{nth}"}))
    for order in orders[::4]:
        await oversight.act(order, "drop", Role.SUPERVISOR, {"reason": "证据不足"})
    answers = await asyncio.gather(
        *(oversight.post(f"/{order['id']}/sign", Role.COORDINATION) for order in orders)
    )
    assert sorted(one.status_code for one in answers) == [200] * 9 + [409] * 3
    numbers = {one.json()["number"] for one in answers if one.status_code == 200}
    assert numbers == {f"资热约〔2026〕{serial}号" for serial in range(1, 10)}


async def test_each_office_each_rung_and_each_year_counts_for_itself(
    oversight: Oversight,
) -> None:
    await oversight.know("512022-001", "512022")
    await oversight.know("620000-001", GANSU)
    for unit, ground, role, place in (
        (UNIT, "perfunctory", Role.COORDINATION, ZIYANG),
        ("512022-001", "perfunctory", Role.COORDINATION, ZIYANG),
        (UNIT, "negligent", Role.LEADER, ZIYANG),
        ("620000-001", "other_interview", Role.SUPERVISOR, GANSU),
    ):
        body = {"unit": unit, "ground": ground, "evidence": "见附件。"}
        order = await _raise(oversight, body, jurisdiction=place)
        await oversight.act(order, "sign", role, jurisdiction=place)
    oversight.harness.clock.step_to(MONDAY.replace(year=2027))
    order = await _raise(oversight, PERFUNCTORY | {"ground": "other_interview"})
    await oversight.act(order, "sign", Role.COORDINATION)
    found = [one["number"] for place in (ZIYANG, GANSU) for one in await _of(oversight, place)]
    assert found == [
        "资热约〔2026〕1号",
        "资热约〔2026〕2号",
        "资热报〔2026〕1号",
        "资热约〔2027〕1号",
        "甘热约〔2026〕1号",
    ]


async def test_workers_side_by_side_mark_an_order_late_once(oversight: Oversight) -> None:
    for nth in range(20):
        await oversight.know(f"512000-{nth}")
        order = await _raise(oversight, PERFUNCTORY | {"unit": f"512000-{nth}"})
        await oversight.act(order, "sign", Role.COORDINATION)
    oversight.harness.clock.step_to(MONDAY + 30 * DAY)
    runtime = oversight.sla.runtime
    marked = await asyncio.gather(*(mark_batch(runtime, limit=7) for _ in range(6)))
    assert sum(marked) == 20
    orders = await oversight.orders()
    assert [one["kind"] for one in orders].count("government") == 20
    assert {one["rule"] for one in orders[20:]} == {"interview_unanswered"}


async def test_the_worker_looks_by_itself(oversight: Oversight) -> None:
    order = await _raise(oversight, PERFUNCTORY)
    await oversight.act(order, "sign", Role.COORDINATION)
    watching = asyncio.ensure_future(tasks(oversight.sla.runtime)["orders"]())
    try:
        oversight.harness.clock.step_to(MONDAY + 30 * DAY)

        async def is_late() -> bool:
            return bool((await oversight.get(f"/{order['id']}"))["is_overdue"])

        await eventually(is_late, what="the mark")
    finally:
        watching.cancel()


async def test_the_unit_that_had_the_ticket_answers_for_it(oversight: Oversight) -> None:
    ticket = await oversight.dispatch()
    await oversight.sla.hear(decided(ReturnDecision.GRANTED), MONDAY + 3 * HOUR, ticket=ticket)
    await oversight.miss_signing(ticket)
    assert await oversight.orders() == [], "at that time the ticket was nobody's"
    late = await oversight.dispatch()
    oversight.harness.clock.step_to(SIGN_OVER)
    await oversight.sla.look(SIGN_OVER)
    await oversight.sla.hear(dispatched(ANOTHER, nth=2), SIGN_OVER, ticket=late)
    await oversight.judge_again(late)
    assert await oversight.orders() == [], "whoever has it now is not reminded for another"


async def test_a_ticket_that_ends_settles_its_reminders(oversight: Oversight) -> None:
    ticket = await oversight.dispatch()
    await oversight.miss_signing(ticket)
    await oversight.sla.hear(TicketWithdrawn(), SIGN_OVER + HOUR, ticket=ticket)
    (reminder,) = await oversight.orders()
    assert reminder["state"] == "accepted"
    assert (await oversight.get(f"/{reminder['id']}"))["answer"] == "诉求人已撤回诉求"


async def test_the_words_about_an_erased_ticket_are_removed(oversight: Oversight) -> None:
    ticket = await oversight.dispatch()
    body = PERFUNCTORY | {"ticket_id": str(ticket), "evidence": "张三的路灯。"}
    order = await _raise(oversight, body)
    await oversight.act(order, "sign", Role.COORDINATION)
    await oversight.act(order, "answer", Role.UNIT, {"answer": "张三家已修好。"}, unit=UNIT)
    refusal = {"reason": "张三说没有修好", "climbs": True}
    rejected = await oversight.act(order, "reject-answer", Role.SUPERVISOR, refusal)
    await oversight.sla.hear(TicketErased(source_article="ZY 22"), MONDAY + DAY, ticket=ticket)
    for one in (order["id"], *rejected["drafted"]):
        shown = await (await oversight.client(Role.SUPERVISOR)).get(f"/v1/orders/{one}")
        assert "张三" not in shown.text
        assert "资热约〔2026〕1号" in shown.text


async def test_pages_of_orders_follow_each_other_and_filters_hold(oversight: Oversight) -> None:
    for nth in range(5):
        await oversight.know(f"512000-{nth}")
        await _raise(oversight, PERFUNCTORY | {"unit": f"512000-{nth}"})
    found, path = [], "?limit=2"
    while path:
        page = await oversight.get(path)
        found += [one["unit"] for one in page["items"]]
        path = f"?limit=2&after={page['next']}" if page["next"] else ""
    assert found == [f"512000-{nth}" for nth in reversed(range(5))]
    assert len((await oversight.get("?unit=512000-3"))["items"]) == 1
    assert len((await oversight.get("?state=draft&kind=interview"))["items"]) == 5
    assert (await oversight.get("?state=issued"))["items"] == []
    wrong = await (await oversight.client(Role.SUPERVISOR)).get("/v1/orders?after=x")
    assert wrong.status_code == 422


async def test_an_order_raised_twice_with_one_key_is_raised_once(oversight: Oversight) -> None:
    client = await oversight.client(Role.SUPERVISOR)
    headers = {"Idempotency-Key": "once"}
    first = await client.post("/v1/orders", json=PERFUNCTORY, headers=headers)
    again = await client.post("/v1/orders", json=PERFUNCTORY, headers=headers)
    assert (first.status_code, first.json()["id"]) == (again.status_code, again.json()["id"])


async def _raise(oversight: Oversight, body: dict[str, Any], **who: Any) -> dict[str, Any]:
    answer = await oversight.post("", Role.SUPERVISOR, body, **who)
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()
    return order


async def _of(oversight: Oversight, place: str) -> list[dict[str, Any]]:
    return await oversight.orders(jurisdiction=place)


async def _document(
    oversight: Oversight, order: dict[str, Any], role: Role = Role.SUPERVISOR, **who: Any
) -> str:
    answer = await (await oversight.client(role, **who)).get(f"/v1/orders/{order['id']}/document")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/markdown")
    return answer.text
