"""Whom units' reminders reach, and when: by day, at night, before a deadline (B13, B15)."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from services.dispatch.reminders.rules import call_at, is_open
from services.dispatch.reminders.worker import resolve
from shared.calendars import BEIJING, national_calendar
from shared.events.callers import TicketReported
from shared.events.sla import OrderIssued, TicketDueSoon
from shared.events.words import DutyHours, OrderKind, Role, Step, Urgency
from shared.notices import Claimed, NoticeKind
from shared.policy.load import pack_for
from tests.services.dispatch_desk import (
    HOUSING,
    REPLY,
    UNITS,
    WATER,
    Desk,
    desk,
    post,
    put,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC)
)


def beijing(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=BEIJING)


MONDAY, NIGHT = beijing("2026-09-14 10:00"), beijing("2026-09-18 22:00")
"""The night is a Friday's; Sunday the 20th works, for the National Day holiday."""
OPENING = beijing("2026-09-20 09:00")


async def rows(desk: Desk, template: str) -> list[dict[str, Any]]:
    """The notices of one kind, oldest first."""
    found = await desk.runtime.database.pool.fetch(
        "SELECT recipient, ticket_id, text, next_at, created_at FROM notices WHERE template = $1"
        " ORDER BY id",
        template,
    )
    return [dict(row) for row in found]


@pytest.mark.parametrize(
    ("urgency", "duty_hours", "waits"),
    [
        (Urgency.NORMAL, DutyHours.WORKING, True),
        (Urgency.NORMAL, DutyHours.ALWAYS, False),
        (Urgency.CRITICAL, DutyHours.WORKING, False),
        (Urgency.SPECIAL, DutyHours.WORKING, False),
    ],
)
async def test_at_night_only_emergencies_and_units_on_duty_are_called(
    ruled_desk: Desk, urgency: Urgency, duty_hours: DutyHours, waits: bool
) -> None:
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    facts = UNITS[WATER] | {"duty_hours": duty_hours}
    await put(administrator, f"/v1/units/{WATER}", facts)
    ruled_desk.harness.clock.stepped = NIGHT
    ticket = await ruled_desk.file(time=NIGHT, urgency=urgency)
    (row,) = await rows(ruled_desk, "ticket.dispatched")
    assert (row["recipient"], row["ticket_id"]) == (WATER, UUID(ticket))
    assert row["next_at"] == (OPENING if waits else NIGHT)


async def test_a_unit_is_reminded_before_its_own_deadlines_alone(ruled_desk: Desk) -> None:
    ruled_desk.harness.clock.stepped = MONDAY
    ticket = await ruled_desk.file(time=MONDAY)
    due_at = beijing("2026-09-23 17:30")
    for step in (Step.HANDLE, Step.FOLLOW_UP):
        await ruled_desk.tell(ticket, TicketDueSoon(step=step, version=1, due_at=due_at))
    (row,) = await rows(ruled_desk, "ticket.due_soon")
    assert row["recipient"] == WATER
    assert "办理时限将于9月23日 17:30到期" in row["text"]
    assert "停水三天" not in row["text"]


async def test_a_disposing_unit_is_told_of_an_emergency_before_it_is_dispatched(desk: Desk) -> None:
    desk.harness.clock.stepped = NIGHT
    ticket = await desk.file(time=NIGHT, urgency=Urgency.CRITICAL, category=None)
    for offices in (("512000",), ("512000", HOUSING)):
        report = TicketReported(offices=offices, text="燃气泄漏", reported_by="HW01")
        await desk.tell(ticket, report)
    (row,) = await rows(desk, "ticket.reported")
    assert (row["recipient"], row["next_at"]) == (HOUSING, NIGHT), "at any hour (ZY 13.4)"
    assert "燃气" not in row["text"]
    assert [one["event"] for one in await desk.timeline(ticket)][1:] == ["ticket.reported"] * 2


async def test_a_unit_is_told_of_orders_with_a_ticket_and_without(ruled_desk: Desk) -> None:
    ruled_desk.harness.clock.stepped = MONDAY
    ticket = await ruled_desk.file(time=MONDAY)
    order = OrderIssued(
        number="资热线督〔2026〕3号",
        kind=OrderKind.ORDER,
        unit=HOUSING,
        due_at=MONDAY + timedelta(days=5),
        ticket_id=UUID(ticket),
    )
    await ruled_desk.tell(str(uuid7()), order)
    await ruled_desk.tell(str(uuid7()), order.model_copy(update={"ticket_id": None}))
    found = await rows(ruled_desk, "order.issued")
    assert [(row["recipient"], row["ticket_id"]) for row in found] == [
        (HOUSING, UUID(ticket)),
        (HOUSING, None),
    ]
    assert "督办单（资热线督〔2026〕3号）" in found[0]["text"]


async def test_a_redo_is_told_by_telephone_too(ruled_desk: Desk) -> None:
    ruled_desk.harness.clock.stepped = MONDAY
    ticket = await ruled_desk.file(time=MONDAY)
    path, water = f"/v1/tickets/{ticket}", await ruled_desk.unit(WATER)
    await post(water, f"{path}/sign", {})
    await post(water, f"{path}/reply", REPLY)
    asker = await ruled_desk.person(Role.FOLLOW_UP)
    await post(asker, f"{path}/redo", {"reason": "未解决"})
    (row,) = await rows(ruled_desk, "ticket.reopened")
    assert (row["recipient"], "退回重新办理" in row["text"]) == (WATER, True)


async def test_at_night_the_duty_telephone_rings_and_by_day_all_of_them(desk: Desk) -> None:
    contacts = {
        "items": [
            {"kind": "phone", "address": "0832-6112345"},
            {"kind": "phone", "address": "13900000001", "duty_hours": "always"},
        ]
    }
    await put(await desk.unit(WATER), f"/v1/units/{WATER}/contacts", contacts)
    day_only = {"items": contacts["items"][:1]}
    await put(await desk.unit(HOUSING), f"/v1/units/{HOUSING}/contacts", day_only)
    runtime, clock = desk.runtime, desk.harness.clock
    notices = [
        Claimed(uuid7(), NoticeKind.UNIT, unit, None, "x", "x", 0) for unit in (WATER, HOUSING)
    ]
    found = {}
    for moment in (MONDAY, NIGHT):
        clock.stepped = moment
        async with runtime.database.pool.acquire() as connection:
            resolved = await partial(resolve, runtime)(connection, notices)
        found[moment] = [[one.value for one in resolved[notice.id]] for notice in notices]
    assert found[MONDAY] == [["08326112345", "13900000001"], ["08326112345"]]
    assert found[NIGHT] == [["13900000001"], ["08326112345"]]


@given(at=MOMENTS, urgency=st.sampled_from(Urgency), hours=st.sampled_from(DutyHours))
def test_whoever_is_not_called_at_once_is_called_when_they_open(
    at: datetime, urgency: Urgency, hours: DutyHours
) -> None:
    pack, calendar = pack_for("512000"), national_calendar()
    called = call_at(at, urgency=urgency, duty_hours=hours, pack=pack, calendar=calendar)
    open_now = is_open(at, pack=pack, calendar=calendar)
    at_once = open_now or urgency is not Urgency.NORMAL or hours is DutyHours.ALWAYS
    assert (called is None) == at_once
    if called is not None:
        assert called > at
        assert is_open(called, pack=pack, calendar=calendar)
        just_before = called - timedelta(microseconds=1)
        assert not is_open(just_before, pack=pack, calendar=calendar)
