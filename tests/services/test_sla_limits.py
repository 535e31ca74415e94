"""Limits set by law: entered by the unit, confirmed by the office, longer or shorter (C8)."""

from typing import Any

import pytest

from shared.events.dispatch import TicketInterimClosed
from shared.events.sla import TicketLimitDecided, TicketLimitRequested
from shared.events.words import RequestType, Role
from tests.harness import Harness
from tests.services.sla_extensions import (
    beijing,
    clock_time,
    nothing_changed,
    open_desk,
    person,
    refused,
    said_of,
)
from tests.services.sla_tickets import Sla, dispatched, judged, open_sla, replied, signed

# A complaint in Ziyang, dispatched on Monday 2 March: 7 working days end on Wednesday 11 March.
DUE = "2026-03-11T17:30"


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness)


async def test_a_confirmed_limit_takes_the_place_of_the_handling_time(sla: Sla) -> None:
    desk = await open_desk(sla)
    entered = await desk.set_limit(at="2026-03-03T10:00")
    assert entered.status_code == 200, entered.text
    body = entered.json()
    assert (body["limit"], body["state_name"], body["length"]) == (1, "待确认", "90 个自然日")
    assert await desk.handle() == ("running", DUE), "it holds only once it is confirmed"
    answer = await desk.decide_limit(at="2026-03-04T10:00")
    assert (answer.status_code, answer.json()["state"]) == (200, "confirmed")
    # 90 days after Monday 2 March is Sunday 31 May: it rolls to the next working day.
    assert await desk.handle(1) == ("moved", DUE)
    assert await desk.handle(2) == ("running", "2026-06-01T17:30")
    (asked,) = await said_of(sla, TicketLimitRequested)
    assert (asked.law, asked.article, asked.amount) == ("中华人民共和国行政处罚法", "第六十条", 90)
    (said,) = await said_of(sla, TicketLimitDecided)
    assert (said.is_confirmed, said.version, clock_time(said.due_at)) == (
        True,
        2,
        "2026-06-01T17:30",
    )
    assert said.source_article == "中华人民共和国行政处罚法 第六十条"


async def test_a_limit_is_shown_in_every_deadline_answer(sla: Sla) -> None:
    desk = await open_desk(sla)
    await desk.set_limit()
    decided = (await desk.decide_limit()).json()
    assert decided["deadlines"][-1]["source"] == "中华人民共和国行政处罚法 第六十条"
    body = (await desk.office.get(f"/v1/tickets/{sla.ticket}/deadlines")).json()
    assert body["law_limit"]["law"] == "中华人民共和国行政处罚法"
    assert body["law_limit"]["article"] == "第六十条"
    assert body["items"][-1]["source"] == "中华人民共和国行政处罚法 第六十条"


async def test_a_limit_may_be_shorter_and_is_then_over_at_once(sla: Sla) -> None:
    desk = await open_desk(sla)
    await desk.set_limit(amount=24, unit="hours", at="2026-03-04T10:00")
    await desk.decide_limit()
    assert await desk.handle(2) == ("running", "2026-03-03T09:00")
    question = await sla.ask(beijing("2026-03-04T10:01"))
    assert question.version == 2


async def test_a_limit_that_is_over_at_once_is_no_second_miss_of_one_handling(sla: Sla) -> None:
    desk = await open_desk(sla)
    await desk.extend(5, at="2026-03-09T10:00")
    question = await sla.ask(beijing("2026-03-11T17:31"))
    await sla.hear(judged(question, act_at=None), beijing("2026-03-11T17:32"))
    await desk.decide("granted", at="2026-03-12T09:00")
    await desk.set_limit(amount=24, unit="hours")
    await desk.decide_limit()
    assert await desk.handle(3) == ("overdue", "2026-03-03T09:00")
    assert await sla.look(beijing("2026-03-20T09:00")) == []
    assert [one.version for one in await sla.overdue()] == [1]


@pytest.mark.parametrize(
    ("amount", "unit", "due_at"),
    [
        (15, "working_days", "2026-03-23T17:30"),
        (2, "months", "2026-05-06T17:30"),  # 2 May is within the holiday: 6 May
        (30, "calendar_days", "2026-04-01T17:30"),
        (72, "hours", "2026-03-05T09:00"),
    ],
)
async def test_days_and_months_that_end_on_a_day_off_end_on_the_next_working_day(
    sla: Sla, amount: int, unit: str, due_at: str
) -> None:
    desk = await open_desk(sla)
    await desk.set_limit(amount=amount, unit=unit)
    await desk.decide_limit()
    assert await desk.handle(2) == ("running", due_at)


async def test_not_confirmed_nothing_moves(sla: Sla) -> None:
    desk = await open_desk(sla)
    await desk.set_limit()
    answer = await desk.decide_limit(is_confirmed=False)
    assert (answer.status_code, answer.json()["state_name"]) == (200, "未予确认")
    assert await desk.handle() == ("running", DUE)
    (said,) = await said_of(sla, TicketLimitDecided)
    assert (said.is_confirmed, said.due_at, said.version) == (False, None, None)
    refused(await desk.decide_limit(), "act_refused", ["set-limit"])
    assert (await desk.set_limit()).status_code == 200, "it may be entered again"


async def test_a_ground_that_the_pack_does_not_know_is_refused_with_those_that_it_does(
    sla: Sla,
) -> None:
    desk = await open_desk(sla, jurisdiction="530000")
    answer = await desk.set_limit(ground="custom")
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["code"]) == (422, "ground", "unknown_ground")
    assert "law：" in error["message"]
    assert "YN 六(三)4(4)" in error["message"]
    await nothing_changed(desk)


async def test_in_xishuangbanna_the_prefecture_may_set_a_limit_too(sla: Sla) -> None:
    desk = await open_desk(sla, jurisdiction="532800")
    grounds = [one.code for one in (await _pack(sla, "532800")).law_limits if one.code != "law"]
    assert grounds
    answer = await desk.set_limit(
        ground=grounds[0],
        law="州政府会议纪要〔2026〕2号",
        article="第三条",
        amount=5,
        unit="working_days",
    )
    assert answer.status_code == 200, answer.text
    await desk.decide_limit()
    assert await desk.handle(2) == ("running", "2026-03-09T17:30")
    ziyang = await open_desk(Sla(sla.harness, sla.runtime))
    assert (await ziyang.set_limit(ground=grounds[0])).status_code == 422


async def test_a_limit_replaces_extensions_and_is_not_extended_itself(sla: Sla) -> None:
    desk = await open_desk(sla, jurisdiction="530000")
    await desk.extend(10)
    await desk.decide("granted")
    await desk.extend(10)
    await desk.set_limit(amount=20, unit="working_days")
    await desk.decide_limit()
    assert await desk.handle(3) == ("running", "2026-03-30T17:30")
    refused(await desk.decide("granted"), "extension_set_by_law", ["set-limit", "refused"])
    await desk.decide("refused")
    refused(await desk.extend(1), "extension_set_by_law", ["set-limit"])


async def test_a_limit_confirmed_before_signing_holds_from_signing(sla: Sla) -> None:
    # In Yunnan handling runs from signing.
    at = beijing("2026-03-02T09:00")
    desk = await open_desk(sla, jurisdiction="530000")
    await sla.hear(dispatched(desk.unit, nth=2), at)
    await desk.set_limit(amount=3, unit="working_days")
    answer = await desk.decide_limit()
    assert answer.status_code == 200
    await desk.sla.hear(signed(desk.unit), beijing("2026-03-03T09:00"))
    assert await desk.handle(2) == ("running", "2026-03-06T17:30")


@pytest.mark.parametrize(
    ("amount", "unit", "at", "message"),
    [
        (121, "months", "2026-03-02T09:00", "最长 120 个月"),
        (120, "months", "2090-03-02T09:00", "2099-12-31"),
        (3650, "calendar_days", "2090-03-02T09:00", "2099-12-31"),
    ],
)
async def test_a_limit_that_nobody_can_count_is_not_entered(
    sla: Sla, amount: int, unit: str, at: str, message: str
) -> None:
    desk = await open_desk(sla, at=at)
    answer = await desk.set_limit(amount=amount, unit=unit, at=at)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == "amount"
    assert message in error["message"]
    assert "核对" in error["message"]
    await nothing_changed(desk)


async def test_the_longest_limits_are_counted(sla: Sla) -> None:
    desk = await open_desk(sla)
    assert (await desk.set_limit(amount=120, unit="months")).status_code == 200
    assert (await desk.decide_limit()).status_code == 200
    assert await desk.handle(2) == ("running", "2036-03-03T17:30")
    assert (await desk.set_limit(amount=3650, unit="working_days")).status_code == 200
    assert (await desk.decide_limit()).status_code == 200


@pytest.mark.parametrize("place", ["512000", "530000"])
async def test_a_limit_that_nobody_can_count_is_not_confirmed(sla: Sla, place: str) -> None:
    # In Yunnan handling runs from signing, and waits for it here.
    desk = await open_desk(sla, jurisdiction=place)
    if place == "530000":
        await sla.hear(dispatched(desk.unit, nth=2), beijing("2026-03-02T09:00"))
    before = await sla.states()
    await desk.set_limit()
    await sla.runtime.database.pool.execute(
        "UPDATE limits SET amount = 3650, length_unit = 'months'"
    )
    answer = await desk.decide_limit()
    refused(answer, "act_refused", ["refused"])
    assert "3650 个月" in answer.json()["detail"]
    assert await sla.states() == before
    assert (await desk.decide_limit(is_confirmed=False)).status_code == 200
    await sla.hear(signed(desk.unit), beijing("2026-03-03T09:00"))
    assert "running" in (await sla.states()).values(), "its clocks run on"


async def test_progress_is_not_reported_where_law_sets_the_limit(sla: Sla) -> None:
    desk = await open_desk(sla)
    closed = TicketInterimClosed(
        unit=desk.unit, progress="已立案", next_step="调查", promised_at=beijing("2026-06-01T17:30")
    )
    await sla.hear(closed, beijing("2026-03-09T10:00"))
    assert (await sla.states())["progress 1"] == "running"
    await desk.set_limit(at="2026-03-10T10:00")
    answer = await desk.decide_limit()
    assert answer.status_code == 200, answer.text
    assert (await sla.states())["progress 1"] == "moved"


async def test_a_second_limit_waits_for_the_first_to_be_decided(sla: Sla) -> None:
    desk = await open_desk(sla)
    await desk.set_limit()
    refused(await desk.set_limit(), "limit_pending", ["decide-limit"])
    await desk.decide_limit()
    await desk.set_limit(amount=120)
    await desk.decide_limit()
    assert await desk.handle(3) == ("running", "2026-06-30T17:30")


async def test_what_was_replied_to_gets_no_limit(sla: Sla) -> None:
    desk = await open_desk(sla)
    await desk.set_limit()
    await sla.hear(replied(), beijing("2026-03-03T10:00"))
    refused(await desk.decide_limit(at="2026-03-03T11:00"), "nothing_running", ["refused"])
    await desk.decide_limit(is_confirmed=False)
    refused(await desk.set_limit(), "nothing_running", [])
    assert await desk.handle() == ("met", DUE)


async def test_each_does_and_sees_only_what_is_its_own(sla: Sla) -> None:
    desk = await open_desk(sla, RequestType.HELP)
    other = await person(sla, Role.UNIT, unit="512000-002")
    away = await person(sla, Role.SUPERVISOR, jurisdiction="530000")
    body = {"ground": "law", "law": "条例", "article": "第一条", "amount": 1, "unit": "months"}
    assert (await desk.act(other, "set-limit", body)).status_code == 404
    assert (await desk.act(desk.office, "set-limit", body)).status_code == 403
    await nothing_changed(desk)
    await desk.set_limit()
    decision = {"is_confirmed": True, "reason": "属实"}
    assert (await desk.act(away, "decide-limit", decision)).status_code == 404
    assert (await desk.act(desk.of_unit, "decide-limit", decision)).status_code == 403
    for who, count in ((desk.of_unit, 1), (desk.office, 1), (other, 0), (away, 0)):
        page = (await who.get("/v1/limits", params={"state": "requested"})).json()
        assert len(page["items"]) == count


async def _pack(sla: Sla, jurisdiction: str) -> Any:
    async with sla.runtime.database.sessions() as session:
        law = await sla.runtime.law_book.read_in(session)
    return law.in_force(jurisdiction, beijing("2026-03-02T09:00"))
