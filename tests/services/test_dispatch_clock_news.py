"""What sla says of a ticket's clock, and the documents of supervision."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from shared.events.intake import TicketAmended
from shared.events.sla import (
    DeadlineReached,
    OrderAnswered,
    OrderIssued,
    TicketClockPaused,
    TicketClockResumed,
    TicketDeadlineMoved,
    TicketExtensionDecided,
    TicketExtensionExplained,
    TicketExtensionRequested,
    TicketLimitDecided,
    TicketLimitRequested,
    TicketOverdue,
)
from shared.events.words import RequestType, Role, Step
from shared.parked import list_parked
from tests.services.dispatch_desk import REPLY, WATER, Desk, desk, get, post, ruled_desk

__all__ = ["desk", "ruled_desk"]

MONDAY = datetime(2026, 9, 14, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EXTENDED_TO = datetime(2026, 9, 29, 9, 30, tzinfo=UTC)


async def handle_due(desk: Desk, ticket: str) -> tuple[str, str, str] | None:
    supervisor = await desk.person(Role.SUPERVISOR)
    for one in (await get(supervisor, f"/v1/tickets/{ticket}"))["deadlines"]:
        if one["step"] == "handle":
            return one["due_at"][5:16], one["rule"], one["source"]
    return None


async def signed(desk: Desk, **fields: Any) -> str:
    """A complaint that the water bureau has signed on Monday at ten."""
    desk.harness.clock.stepped = MONDAY
    ticket = await desk.file(time=MONDAY, **fields)
    await post(await desk.unit(WATER), f"/v1/tickets/{ticket}/sign", {})
    desk.harness.clock.step_to(MONDAY + HOUR)
    return ticket


def extended(**changed: Any) -> TicketExtensionDecided:
    values: dict[str, Any] = {
        "is_granted": True,
        "due_at": EXTENDED_TO,
        "reason": "情况复杂",
        "unit": WATER,
        "extension": 1,
        "working_days": 5,
        "version": 2,
        "rule": "7 working days after dispatch, extended by 5 working days",
        "source_article": "ZY 13.3",
        "decided_by": "supervisor-1",
    }
    return TicketExtensionDecided.model_validate(values | changed)


async def test_an_extension_is_noted_and_shown_until_the_unit_must_do_it_again(
    ruled_desk: Desk,
) -> None:
    ticket = await signed(ruled_desk)
    asked = TicketExtensionRequested(
        unit=WATER, working_days=5, ground="complex", extension=1, requested_by="water-1"
    )
    await ruled_desk.tell(ticket, asked)
    refused = extended(is_granted=False, due_at=MONDAY + 8 * DAY, reason="理由不足")
    await ruled_desk.tell(ticket, refused)
    due = await handle_due(ruled_desk, ticket)
    assert due is not None
    assert due[0] == "09-22T17:30"
    await ruled_desk.tell(ticket, extended(), time=MONDAY + 2 * HOUR)
    assert await handle_due(ruled_desk, ticket) == (
        *("09-29T17:30", "7 working days after dispatch, extended by 5 working days"),
        "ZY 13.3",
    )
    told = TicketExtensionExplained(
        unit=WATER, extension=1, contact="9月15日电话告知", explained_by="water-1"
    )
    await ruled_desk.tell(ticket, told)
    lines = (await ruled_desk.timeline(ticket))[-4:]
    assert [(line["event_name"], line["by"]) for line in lines] == [
        ("申请延期", "water-1"),
        ("延期审核", "supervisor-1"),
        ("延期审核", "supervisor-1"),
        ("向诉求人说明延期", "water-1"),
    ]
    assert (lines[1]["text"], lines[2]["text"]) == ("理由不足", "情况复杂")
    assert lines[2]["detail"]["source_article"] == "ZY 13.3"
    await ruled_desk.tell(ticket, TicketAmended(request_type=RequestType.HELP, reason="更正"))
    due = await handle_due(ruled_desk, ticket)
    assert due is not None
    assert (due[0], due[1].endswith("extended by 5 working days")) == ("09-28T17:30", True)
    clock, water = ruled_desk.harness.clock, await ruled_desk.unit(WATER)
    clock.step_to(MONDAY + DAY)
    await post(water, f"/v1/tickets/{ticket}/reply", REPLY)
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    await post(supervisor, f"/v1/tickets/{ticket}/redo", {"reason": "要素不齐"})
    due = await handle_due(ruled_desk, ticket)
    assert due is not None
    assert due[0] == "09-21T17:30"
    # An extension that was decided before the redo comes too late to move the new time.
    await ruled_desk.tell(ticket, extended(), time=MONDAY + 3 * HOUR)
    assert await handle_due(ruled_desk, ticket) == due


async def test_a_limit_set_by_law_holds_for_later_rounds_too(ruled_desk: Desk) -> None:
    ticket = await signed(ruled_desk)
    limit: dict[str, Any] = {
        "unit": WATER,
        "law": "《行政处罚法》",
        "article": "第六十条",
        "amount": 90,
        "length_unit": "calendar_days",
    }
    asked = TicketLimitRequested(ground="law", requested_by="water-1", **limit)
    await ruled_desk.tell(ticket, asked)
    assert (await ruled_desk.timeline(ticket))[-1]["event_name"] == "申报法定时限"
    decided = TicketLimitDecided(
        is_confirmed=True,
        reason="属实",
        decided_by="supervisor-1",
        due_at=datetime(2026, 12, 14, 9, 30, tzinfo=UTC),
        rule="90 calendar days after dispatch, to close of business",
        source_article="《行政处罚法》 第六十条",
        **limit,
    )
    await ruled_desk.tell(ticket, decided, time=MONDAY + 2 * HOUR)
    in_law = (
        *("12-14T17:30", "90 calendar days after dispatch, to close of business"),
        "《行政处罚法》 第六十条",
    )
    assert await handle_due(ruled_desk, ticket) == in_law
    water, supervisor = await ruled_desk.unit(WATER), await ruled_desk.person(Role.SUPERVISOR)
    shown = await get(water, f"/v1/tickets/{ticket}")
    assert shown["law_limit"] == {
        "law": "《行政处罚法》",
        "article": "第六十条",
        "amount": 90,
        "unit": "calendar_days",
    }
    await post(water, f"/v1/tickets/{ticket}/reply", REPLY)
    await post(supervisor, f"/v1/tickets/{ticket}/redo", {"reason": "要素不齐"})
    assert await handle_due(ruled_desk, ticket) == in_law
    interim = {
        "progress": "已立案",
        "next_step": "调查",
        "promised_at": "2026-12-01T17:30:00+08:00",
    }
    answer = await post(water, f"/v1/tickets/{ticket}/interim-close", interim)
    assert answer["deadlines"] == []


async def test_the_timeline_shows_every_stop_of_the_clock(ruled_desk: Desk) -> None:
    ticket = await signed(ruled_desk)
    paused = TicketClockPaused(
        ground="evidence", reason="等待鉴定", source_article="default", paused_by="supervisor-1"
    )
    await ruled_desk.tell(ticket, paused, time=MONDAY + 2 * HOUR)
    assert await handle_due(ruled_desk, ticket) is None
    resumed = TicketClockResumed(
        reason="鉴定完成",
        due_at=EXTENDED_TO,
        version=3,
        rule="paused for 5 working days",
        source_article="ZY 13.2",
        resumed_by="supervisor-1",
    )
    await ruled_desk.tell(ticket, resumed, time=MONDAY + 3 * HOUR)
    due = await handle_due(ruled_desk, ticket)
    assert due == ("09-29T17:30", "paused for 5 working days", "ZY 13.2")
    moved = TicketDeadlineMoved(
        step=Step.HANDLE,
        version=4,
        due_at=EXTENDED_TO + DAY,
        rule="moved",
        source_article="ZY 13.2",
        reason="放假安排公布",
    )
    await ruled_desk.tell(ticket, moved, time=MONDAY + 4 * HOUR)
    assert await handle_due(ruled_desk, ticket) == ("09-30T17:30", "moved", "ZY 13.2")
    lines = (await ruled_desk.timeline(ticket))[-3:]
    assert [(line["event_name"], line["by"], line["text"]) for line in lines] == [
        ("中止计时", "supervisor-1", "等待鉴定"),
        ("恢复计时", "supervisor-1", "鉴定完成"),
        ("时限调整", None, "放假安排公布"),
    ]
    assert lines[2]["rule"] == "moved"


def order(ticket: str | None, number: str) -> OrderIssued:
    return OrderIssued.model_validate(
        {
            "number": number,
            "kind": "order",
            "unit": WATER,
            "due_at": EXTENDED_TO,
            "ticket_id": ticket,
            "rule": "overdue",
            "grounds": "超期未办理",
            "source_article": "ZY 25.3",
            "signed_by": "leader-1",
        }
    )


async def test_orders_are_noted_at_the_ticket_that_they_are_about(ruled_desk: Desk) -> None:
    ticket, harness = await ruled_desk.file(), ruled_desk.harness
    keys = [str(uuid7()) for _ in range(4)]
    await ruled_desk.hear(
        harness.event(order(ticket, "督〔2026〕1号"), keys[0]),
        harness.event(order(None, "督〔2026〕2号"), keys[1]),
        harness.event(order(ticket, "督〔2026〕3号"), keys[2]),
    )
    lines = (await ruled_desk.timeline(ticket))[-2:]
    assert [line["detail"]["number"] for line in lines] == ["督〔2026〕1号", "督〔2026〕3号"]
    assert {(line["event_name"], line["by"], line["rule"], line["text"]) for line in lines} == {
        ("督办文书", "leader-1", "overdue", "超期未办理")
    }
    await ruled_desk.hear(harness.event(order(str(uuid7()), "督〔2026〕4号"), keys[3]))
    async with ruled_desk.runtime.database.pool.acquire() as connection:
        parked = await list_parked(connection, 10)
    assert [(row["key"], row["reason"]) for row in parked] == [(keys[3], "waiting")]


async def test_what_was_overdue_and_what_was_answered_to_it_stand_in_the_timeline(
    ruled_desk: Desk,
) -> None:
    ticket, harness = await ruled_desk.file(), ruled_desk.harness
    late = TicketOverdue(
        step=Step.HANDLE,
        version=1,
        due_at=MONDAY + DAY,
        rule="7 working days",
        source_article="ZY 13.2",
    )
    await ruled_desk.tell(ticket, late, time=MONDAY + 2 * DAY)
    answered = OrderAnswered(
        number="督〔2026〕1号",
        text="本周办结",
        unit=WATER,
        answered_by="YJ01",
        ticket_id=UUID(ticket),
    )
    elsewhere = OrderAnswered(number="督〔2026〕2号", text="已整改")
    await ruled_desk.hear(
        harness.event(answered, str(uuid7())), harness.event(elsewhere, str(uuid7()))
    )
    first, second = (await ruled_desk.timeline(ticket))[-2:]
    assert (first["event_name"], first["rule"]) == ("超期", "7 working days")
    assert (first["detail"]["step"], first["detail"]["source_article"]) == ("handle", "ZY 13.2")
    told = (second["event_name"], second["by"], second["text"], second["detail"]["number"])
    assert told == ("反馈督办文书", "YJ01", "本周办结", "督〔2026〕1号")
    verifying = late.model_copy(update={"step": Step.VERIFY})
    await ruled_desk.tell(str(uuid7()), verifying)
    async with ruled_desk.runtime.database.pool.acquire() as connection:
        assert await list_parked(connection, 10) == []


async def test_a_verification_is_intakes_to_answer(ruled_desk: Desk) -> None:
    await ruled_desk.tell(str(uuid7()), DeadlineReached(step=Step.VERIFY, version=1, due_at=MONDAY))
    async with ruled_desk.runtime.database.pool.acquire() as connection:
        assert await list_parked(connection, 10) == []
