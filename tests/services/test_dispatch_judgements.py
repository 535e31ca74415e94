"""How dispatch answers the clock."""

import asyncio
from datetime import UTC, datetime, timedelta

from shared.events.intake import (
    TicketRated,
)
from shared.events.sla import DeadlineReached
from shared.events.words import CloseReason, Role, Satisfaction, Step, Verdict
from shared.worker import make_inbox
from tests.harness import eventually
from tests.services.dispatch_desk import (
    HOUSING,
    REPLY,
    RETURN,
    WATER,
    Desk,
    desk,
    post,
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


async def test_a_step_done_in_time_is_met_and_leaves_no_line(ruled_desk: Desk) -> None:
    clock = ruled_desk.harness.clock
    clock.stepped = MONDAY
    ticket = await ruled_desk.file(time=MONDAY)
    clock.step_to(MONDAY + HOUR)
    await reply_as(ruled_desk, ticket, WATER)
    before = await ruled_desk.timeline(ticket)
    clock.step_to(MONDAY + 9 * HOUR)
    for step in (Step.DISPATCH, Step.SIGN, Step.HANDLE, Step.RESPOND, Step.RESULT):
        await ruled_desk.tell(ticket, reached(step, MONDAY + HOUR, version=2))
    judged = await ruled_desk.judgements(ticket)
    assert [one.verdict for one in judged] == [Verdict.MET] * 5
    assert [one.act_at for one in judged] == [MONDAY, *[MONDAY + HOUR] * 4]
    assert {(one.version, one.due_at) for one in judged} == {(2, MONDAY + HOUR)}
    assert await ruled_desk.timeline(ticket) == before
    assert (await ruled_desk.said_types(ticket))[3:] == ["deadline.judged"] * 5
    assert (await ruled_desk.said(ticket))[-1].time == clock.stepped


async def test_a_step_not_done_is_missed_and_a_late_one_says_when(desk: Desk) -> None:
    clock = desk.harness.clock
    clock.stepped = MONDAY
    ticket = await desk.file(time=MONDAY)
    due_at = MONDAY + 2 * HOUR
    clock.step_to(due_at)
    await desk.tell(ticket, reached(Step.DISPATCH, due_at))
    clock.step_to(MONDAY + 3 * HOUR)
    operator = await desk.person(Role.OPERATOR)
    body = {"unit": WATER, "reason": "属其职责"}
    await post(operator, f"/v1/tickets/{ticket}/dispatch", body)
    await desk.tell(ticket, reached(Step.DISPATCH, due_at))
    judged = await desk.judgements(ticket)
    assert [one.verdict for one in judged] == [Verdict.MISSED, Verdict.MISSED]
    assert [one.act_at for one in judged] == [None, MONDAY + 3 * HOUR]


async def test_a_second_round_is_judged_by_its_own_acts(ruled_desk: Desk) -> None:
    clock = ruled_desk.harness.clock
    clock.stepped = MONDAY
    ticket = await ruled_desk.file(time=MONDAY)
    water, housing = await ruled_desk.unit(WATER), await ruled_desk.unit(HOUSING)
    operator = await ruled_desk.person(Role.OPERATOR)
    clock.step_to(MONDAY + 2 * HOUR)
    await post(water, f"/v1/tickets/{ticket}/return", RETURN)
    clock.step_to(MONDAY + 4 * HOUR)
    granted = {"decision": "granted", "reason": "经核实"}
    await post(operator, f"/v1/tickets/{ticket}/decide-return", granted)
    clock.step_to(MONDAY + 8 * HOUR)
    await post(housing, f"/v1/tickets/{ticket}/sign", {})
    for hours in (2, 3, 6, 8):
        await ruled_desk.tell(ticket, reached(Step.SIGN, MONDAY + hours * HOUR))
    await ruled_desk.tell(ticket, reached(Step.HANDLE, MONDAY + 3 * HOUR))
    assert [(one.verdict.value, one.act_at) for one in await ruled_desk.judgements(ticket)] == [
        ("met", MONDAY + 2 * HOUR),
        ("met", MONDAY + 2 * HOUR),
        ("missed", MONDAY + 8 * HOUR),
        ("met", MONDAY + 8 * HOUR),
        ("missed", None),
    ]


async def test_a_question_asked_before_its_time_waits_while_nothing_is_done(
    ruled_desk: Desk,
) -> None:
    clock = ruled_desk.harness.clock
    clock.stepped = MONDAY
    ticket = await ruled_desk.file(time=MONDAY)
    await ruled_desk.tell(ticket, reached(Step.SIGN, MONDAY + HOUR))
    assert await ruled_desk.judgements(ticket) == []
    water = await ruled_desk.unit(WATER)
    await post(water, f"/v1/tickets/{ticket}/sign", {})
    inbox = make_inbox(ruled_desk.runtime, ruled_desk.handlers)
    await inbox.replay(ticket, now=clock.stepped, accept_gap=False)
    assert [one.verdict for one in await ruled_desk.judgements(ticket)] == [Verdict.MET]


async def test_an_act_and_its_judgement_never_pass_each_other(ruled_desk: Desk) -> None:
    tickets = [await ruled_desk.file() for _ in range(40)]
    water = await ruled_desk.unit(WATER)
    due_at = datetime.now(UTC) + timedelta(seconds=0.3)
    asked = [ruled_desk.harness.event(reached(Step.SIGN, due_at), one) for one in tickets]

    async def sign_about_then() -> None:
        for ticket in tickets:
            await post(water, f"/v1/tickets/{ticket}/sign", {})

    async def ask_when_due() -> None:
        async def is_due() -> bool:
            return datetime.now(UTC) > due_at

        await eventually(is_due)
        await ruled_desk.hear(*asked)

    await asyncio.gather(sign_about_then(), ask_when_due())
    for ticket in tickets:
        said = await ruled_desk.said(ticket)
        signed = next(event for event in said if event.data.type == "ticket.signed")
        judged = (await ruled_desk.judgements(ticket))[0]
        assert (judged.verdict is Verdict.MET) == (signed.time <= due_at)


async def test_the_return_window_fires_nothing(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    await ruled_desk.tell(ticket, reached(Step.RETURN, MONDAY))
    assert await ruled_desk.said_types(ticket) == ["ticket.dispatched"]
