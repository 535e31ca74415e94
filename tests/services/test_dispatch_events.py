"""What dispatch does with what it hears."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from shared.events.dispatch import TicketClosed, TicketDispatched
from shared.events.intake import (
    TicketAnswered,
    TicketCreated,
    TicketFollowedUp,
    TicketRated,
    TicketRefused,
)
from shared.events.sla import DeadlineReached, TicketDueSoon
from shared.events.words import Channel, CloseReason, RequestType, Role, Satisfaction, Step
from shared.inbox import Heard
from shared.parked import list_parked
from tests.services.dispatch_desk import (
    COUNTY,
    HOUSING,
    REPLY,
    WATER,
    Desk,
    created,
    desk,
    get,
    post,
    put,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

MONDAY = datetime(2026, 9, 14, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLOSING = TicketRated(result=Satisfaction.SATISFIED, is_solved=True, closes=CloseReason.SATISFIED)


def reached(step: Step, due_at: datetime, *, version: int = 1) -> DeadlineReached:
    return DeadlineReached(step=step, version=version, due_at=due_at)


async def reply_as(desk: Desk, ticket: str, unit: str) -> None:
    client = await desk.unit(unit)
    await post(client, f"/v1/tickets/{ticket}/sign", {})
    await post(client, f"/v1/tickets/{ticket}/reply", REPLY)


async def test_a_refused_and_an_answered_request_rest_in_their_last_state(desk: Desk) -> None:
    filed = created().model_dump(exclude={"policy"})
    refused, answered = str(uuid7()), str(uuid7())
    litigation = {
        "ground": "litigation",
        "source_article": "ZY 9",
        "explanation": "已进入诉讼程序，请向法院反映。",
    }
    await desk.tell(refused, TicketRefused(**filed, **litigation))
    await desk.tell(answered, TicketAnswered(**filed, article_id=UUID(int=3)))
    supervisor = await desk.person(Role.SUPERVISOR)
    shown = await get(supervisor, f"/v1/tickets/{refused}")
    assert (shown["state_name"], shown["accepted_at"]) == ("不予受理", None)
    assert litigation.items() <= shown.items()
    shown = await get(supervisor, f"/v1/tickets/{answered}")
    assert (shown["state_name"], shown["article_id"]) == ("接诉即答", str(UUID(int=3)))
    for ticket in (refused, answered):
        body = {"unit": WATER, "reason": "x"}
        problem = await post(supervisor, f"/v1/tickets/{ticket}/dispatch", body, status=409)
        assert problem["allowed"] == []
        assert len(await desk.timeline(ticket)) == 1
        assert await desk.said(ticket) == []


async def test_a_rating_that_closes_archives_a_replied_ticket(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    await reply_as(ruled_desk, ticket, WATER)
    await ruled_desk.tell(
        ticket, TicketFollowedUp(is_reached=True, is_solved=True, note="诉求人表示满意")
    )
    await ruled_desk.tell(ticket, CLOSING)
    closed = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(closed, TicketClosed)
    assert (closed.unit, closed.reason) == (WATER, CloseReason.SATISFIED)
    assert [item["event"] for item in await ruled_desk.timeline(ticket)] == [
        "ticket.created",
        "ticket.dispatched",
        "ticket.signed",
        "ticket.replied",
        "ticket.followed_up",
        "ticket.rated",
        "ticket.closed",
    ]
    timeline = await ruled_desk.timeline(ticket)
    assert [item["position"] for item in timeline] == list(range(1, 8))
    assert timeline[4]["text"] == "诉求人表示满意"
    assert timeline[5]["detail"]["result"] == "satisfied"
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    shown = await get(supervisor, f"/v1/tickets/{ticket}")
    assert (shown["state"], shown["allowed"], shown["sequence"]) == ("closed", [], 4)
    assert shown["closed_at"] == timeline[6]["at"]


async def test_a_rating_without_a_reason_to_close_leaves_the_ticket_open(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    await reply_as(ruled_desk, ticket, WATER)
    await ruled_desk.tell(ticket, TicketRated(result=Satisfaction.DISSATISFIED, is_solved=False))
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    assert (await get(supervisor, f"/v1/tickets/{ticket}"))["state"] == "replied"
    assert (await ruled_desk.timeline(ticket))[-1]["event"] == "ticket.rated"


async def test_a_rating_before_the_reply_never_closes(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    await ruled_desk.tell(ticket, CLOSING)
    await reply_as(ruled_desk, ticket, WATER)
    assert "ticket.closed" not in await ruled_desk.said_types(ticket)
    await ruled_desk.tell(ticket, CLOSING)
    await ruled_desk.tell(ticket, CLOSING)
    assert Counter(await ruled_desk.said_types(ticket))["ticket.closed"] == 1


async def test_an_event_of_an_unknown_ticket_waits(desk: Desk) -> None:
    payloads = (
        reached(Step.SIGN, MONDAY),
        TicketDueSoon(step=Step.SIGN, version=1, due_at=MONDAY),
        TicketFollowedUp(is_reached=False),
        CLOSING,
    )
    tickets = [str(uuid7()) for _ in payloads]
    await desk.hear(
        *(desk.harness.event(one, ticket) for one, ticket in zip(payloads, tickets, strict=True))
    )
    async with desk.runtime.database.pool.acquire() as connection:
        parked = await list_parked(connection, 10)
    assert {(row["key"], row["reason"]) for row in parked} == {(one, "waiting") for one in tickets}


async def test_a_reminder_is_a_line_in_the_timeline(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    await ruled_desk.tell(ticket, TicketDueSoon(step=Step.SIGN, version=1, due_at=MONDAY))
    last = (await ruled_desk.timeline(ticket))[-1]
    assert (last["event_name"], last["unit"], last["round"]) == ("临期提醒", WATER, 1)
    assert last["detail"] == {"step": "sign", "version": 1, "due_at": "2026-09-14T02:00:00Z"}


async def test_five_hundred_tickets_are_taken_in_with_a_handful_of_statements(
    ruled_desk: Desk,
) -> None:
    harness, runtime = ruled_desk.harness, ruled_desk.runtime
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    inquiry = {"jurisdiction": "512021", "request_type": "inquiry", "unit": COUNTY}
    await put(administrator, "/v1/duty-rules/512021-0001", inquiry)
    kinds: list[dict[str, Any]] = [
        {"category": "0102"},
        {"category": "02", "channel": Channel.WEB},
        {"jurisdiction": "512021", "category": None, "request_type": RequestType.INQUIRY},
        {"jurisdiction": "530000"},
    ]
    tickets = [str(uuid7()) for _ in range(500)]
    filed = [
        harness.event(created(**kinds[number % 4]), ticket) for number, ticket in enumerate(tickets)
    ]
    statements: list[asyncpg.connection.LoggedQuery] = []
    hear = ruled_desk.handlers
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        heard = Heard(connection, None)
        with connection.query_logger(statements.append):
            await hear[TicketCreated](heard, filed)
    # Six of them read the law and the duties for the first time, two the columns of a copy.
    assert len(statements) <= 16
    said = await ruled_desk.said()
    units = Counter(event.data.unit for event in said if isinstance(event.data, TicketDispatched))
    assert units == {WATER: 125, HOUSING: 125, COUNTY: 125}
    rows = await runtime.database.pool.fetch(
        "SELECT state, count(*) FROM tickets GROUP BY 1 ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [("accepted", 125), ("dispatched", 375)]
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        heard = Heard(connection, None)
        with connection.query_logger(statements.append):
            due = [harness.event(reached(Step.SIGN, MONDAY), ticket) for ticket in tickets]
            await hear[DeadlineReached](heard, due)
            rated = [harness.event(CLOSING, ticket) for ticket in tickets]
            await hear[TicketRated](heard, rated)
    assert len(statements) <= 30
    types = Counter(event.data.type for event in await ruled_desk.said())
    assert types == {"ticket.dispatched": 375, "deadline.judged": 500, "unit.changed": 3}


async def test_a_repeated_event_changes_nothing(ruled_desk: Desk) -> None:
    harness, ticket = ruled_desk.harness, str(uuid7())
    event = harness.event(created(), ticket)
    await ruled_desk.hear(event)
    await ruled_desk.hear(event)
    assert await ruled_desk.said_types(ticket) == ["ticket.dispatched"]
    assert len(await ruled_desk.timeline(ticket)) == 2
