"""Linking tickets to a main one: one reply answers all, and each goes on alone (A8)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.events.dispatch import TicketForwarded, TicketReplied
from shared.events.intake import TicketRated
from shared.events.kinds import Link
from shared.events.loop import TicketAskedAgain, TicketLinked, TicketSplit
from shared.events.sla import DeadlineReached
from shared.events.words import CloseReason, RequestType, Role, Satisfaction, Step, Verdict
from tests.services.dispatch_desk import (
    HOUSING,
    REPLY,
    UNITS,
    WATER,
    Desk,
    Json,
    desk,
    get,
    post,
    put,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

WHY = {"reason": "同一片区同一次停水"}
CALLERS = (UUID(int=number) for number in range(100, 10_000))


async def file_other(desk: Desk, number: int = 1, **fields: Any) -> str:
    """Another caller's ticket of the water bureau; its id."""
    values: Json = {"caller_id": next(CALLERS), "number": f"512000-260914-{number:07d}"}
    return await desk.file(**(values | fields))


async def link(operator: httpx.AsyncClient, ticket: str, main: str, *, status: int = 200) -> Json:
    return await post(operator, f"/v1/tickets/{ticket}/link", {"main": main} | WHY, status=status)


async def reply(desk: Desk, ticket: str) -> None:
    unit = await desk.unit(WATER)
    await post(unit, f"/v1/tickets/{ticket}/sign", {})
    await post(unit, f"/v1/tickets/{ticket}/reply", REPLY)


@pytest.fixture
async def operator(ruled_desk: Desk) -> httpx.AsyncClient:
    return await ruled_desk.person(Role.OPERATOR)


async def test_a_member_has_no_unit_and_no_clock_of_its_own(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    main, member = await file_other(ruled_desk), await file_other(ruled_desk)
    answer = await link(operator, member, main)
    assert (answer["state"], answer["unit"], answer["deadlines"]) == ("linked", None, [])
    said = (await ruled_desk.said(member))[-1].data
    assert isinstance(said, TicketLinked)
    assert (str(said.main), said.kind, said.unit) == (main, Link.MEMBER, WATER)
    shown = await get(operator, f"/v1/tickets/{member}")
    assert (shown["links"]["main"]["id"], shown["links"]["kind"]) == (main, "member")
    assert (await get(operator, f"/v1/tickets/{main}"))["links"]["linked"] == 1
    gone = await (await ruled_desk.unit(WATER)).get(f"/v1/tickets/{member}")
    assert gone.status_code == 404


async def test_one_reply_answers_every_member_with_an_event_of_its_own(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    main = await file_other(ruled_desk)
    members = [await file_other(ruled_desk) for _ in range(3)]
    for member in members:
        await link(operator, member, main)
    await reply(ruled_desk, main)
    for member in members:
        said = (await ruled_desk.said(member))[-1].data
        assert isinstance(said, TicketReplied)
        assert (said.unit, said.reply, said.result) == (WATER, 1, REPLY["result"])
        assert said.checked_by == REPLY["checked_by"]
        shown = await get(operator, f"/v1/tickets/{member}")
        assert (shown["state"], shown["unit"]) == ("replied", WATER)
        assert [one["result"] for one in shown["replies"]] == [REPLY["result"]]
        assert await ruled_desk.said_types(member)


async def test_a_member_closes_or_is_redone_alone(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    main = await file_other(ruled_desk)
    satisfied, angry = await file_other(ruled_desk), await file_other(ruled_desk)
    for member in (satisfied, angry):
        await link(operator, member, main)
    await reply(ruled_desk, main)
    rated = TicketRated(result=Satisfaction.SATISFIED, is_solved=True, closes=CloseReason.SATISFIED)
    await ruled_desk.tell(satisfied, rated)
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    redone = await post(supervisor, f"/v1/tickets/{angry}/redo", {"reason": "仍未恢复"})
    assert (redone["state"], redone["unit"]) == ("signed", WATER)
    assert [one["step"] for one in redone["deadlines"]] == ["handle"]
    states = {
        ticket: (await get(operator, f"/v1/tickets/{ticket}"))["state"]
        for ticket in (main, satisfied, angry)
    }
    assert list(states.values()) == ["replied", "closed", "signed"]
    assert (await get(operator, f"/v1/tickets/{angry}"))["links"]["main"] is None
    again = REPLY | {"result": "已单独修复入户管"}
    await post(await ruled_desk.unit(WATER), f"/v1/tickets/{angry}/reply", again)
    assert (await get(operator, f"/v1/tickets/{angry}"))["replies"][-1]["reply"] == 2


async def test_nobody_joins_after_the_reply_and_link_and_reply_cross_in_both_orders(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    main, before, after = [await file_other(ruled_desk) for _ in range(3)]
    await link(operator, before, main)
    await reply(ruled_desk, main)
    problem = await link(operator, after, main, status=409)
    assert problem["code"] == "main_not_open"
    assert (await get(operator, f"/v1/tickets/{before}"))["state"] == "replied"
    assert (await get(operator, f"/v1/tickets/{after}"))["state"] == "dispatched"


async def test_a_split_ticket_is_dispatched_anew(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    main, member = await file_other(ruled_desk), await file_other(ruled_desk)
    await link(operator, member, main)
    split = await post(operator, f"/v1/tickets/{member}/split", {"reason": "户内管破裂"})
    assert (split["state"], split["unit"]) == ("dispatched", WATER)
    types = await ruled_desk.said_types(member)
    assert types[-3:] == ["ticket.linked", "ticket.split", "ticket.dispatched"]
    await reply(ruled_desk, main)
    assert (await get(operator, f"/v1/tickets/{member}"))["state"] == "dispatched"


async def test_a_split_ticket_that_no_rule_matches_waits_with_its_time_anew(desk: Desk) -> None:
    operator = await desk.person(Role.OPERATOR)
    main, member = await file_other(desk), await file_other(desk)
    await link(operator, member, main)
    split = await post(operator, f"/v1/tickets/{member}/split", {"reason": "另有原因"})
    assert split["state"] == "accepted"
    assert [one["step"] for one in split["deadlines"]] == ["dispatch"]
    said = (await desk.said(member))[-1]
    assert isinstance(said.data, TicketSplit)
    first = (await get(operator, f"/v1/tickets/{main}"))["deadlines"][0]
    assert split["deadlines"][0]["due_at"] > first["due_at"]


async def test_the_same_callers_ticket_is_a_repeat_and_closes_with_the_main_one(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    main, repeat = await ruled_desk.file(), await ruled_desk.file()
    await link(operator, repeat, main)
    again = [one.data for one in await ruled_desk.said(main)][-1]
    assert isinstance(again, TicketAskedAgain)
    assert str(again.repeat) == repeat
    await reply(ruled_desk, main)
    assert (await get(operator, f"/v1/tickets/{repeat}"))["state"] == "linked"
    rated = TicketRated(result=Satisfaction.SATISFIED, is_solved=True, closes=CloseReason.SATISFIED)
    await ruled_desk.tell(main, rated)
    shown = await get(operator, f"/v1/tickets/{repeat}")
    assert shown["state"] == "closed"
    assert (await ruled_desk.timeline(repeat))[-1]["detail"]["reason"] == "with_main"


async def test_a_main_ticket_that_is_linked_stands_for_its_own_main_one(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    first, second, third = [await file_other(ruled_desk) for _ in range(3)]
    await link(operator, second, first)
    await link(operator, third, second)
    assert (await get(operator, f"/v1/tickets/{third}"))["links"]["main"]["id"] == first


async def test_what_goes_with_a_ticket_goes_with_it_to_another(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    big, small, member = [await file_other(ruled_desk) for _ in range(3)]
    await link(operator, member, small)
    await link(operator, small, big)
    assert (await get(operator, f"/v1/tickets/{member}"))["links"]["main"]["id"] == big
    await reply(ruled_desk, big)
    for ticket in (small, member):
        assert (await get(operator, f"/v1/tickets/{ticket}"))["state"] == "replied"
        await ruled_desk.said_types(ticket)


async def test_a_ticket_is_named_by_its_number_too(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    main, member = await file_other(ruled_desk, 77), await file_other(ruled_desk)
    await link(operator, member, "512000-260914-0000077")
    assert (await get(operator, f"/v1/tickets/{member}"))["links"]["main"]["id"] == main


async def test_many_are_linked_at_once_and_answered_one_by_one(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    main, answered = await file_other(ruled_desk), await file_other(ruled_desk)
    members = [await file_other(ruled_desk, number) for number in range(10, 13)]
    await reply(ruled_desk, answered)
    named = [members[0], "512000-260914-0000011", "512000-260914-0000012", answered, main]
    body = {"tickets": [*named, "nobody"]} | WHY
    told = await post(operator, f"/v1/masters/{main}/link", body)
    assert (told["main"], told["linked"]) == (main, 3)
    codes = [one["problem"] and one["problem"]["code"] for one in told["items"]]
    assert codes == [None, None, None, "act_refused", "malformed", "not_found"]
    shown = await get(operator, f"/v1/masters/{main}?limit=2")
    assert [(one["kind"], one["state"], one["tickets"]) for one in shown["counts"]] == [
        ("member", "linked", 3)
    ]
    rest = await get(operator, f"/v1/masters/{main}?limit=2&after={shown['next']}")
    ids = [one["id"] for one in (*shown["items"], *rest["items"])]
    assert ids == sorted(members, reverse=True)
    listed = await get(operator, f"/v1/tickets?main={main}")
    assert [one["id"] for one in listed["items"]] == ids
    too_many = {"tickets": [str(number) for number in range(501)]} | WHY
    await post(operator, f"/v1/masters/{main}/link", too_many, status=422)


async def test_a_unit_sees_its_masters_members_and_nobody_elses(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    main, member = await file_other(ruled_desk), await file_other(ruled_desk)
    await link(operator, member, main)
    shown = await get(await ruled_desk.unit(WATER), f"/v1/masters/{main}")
    assert [one["id"] for one in shown["items"]] == [member]
    other = await (await ruled_desk.unit(HOUSING)).get(f"/v1/masters/{main}")
    assert other.status_code == 404


async def test_a_main_ticket_that_is_returned_and_sent_on_keeps_its_members(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    main, member = await file_other(ruled_desk), await file_other(ruled_desk)
    await link(operator, member, main)
    unit = await ruled_desk.unit(WATER)
    back = {
        "ground": "not_our_duty",
        "reason": "属住建部门",
        "legal_basis": "三定方案",
        "proposed_unit": HOUSING,
    }
    await post(unit, f"/v1/tickets/{main}/return", back)
    decision = {"decision": "granted", "reason": "属实", "unit": HOUSING}
    await post(operator, f"/v1/tickets/{main}/decide-return", decision)
    housing = await ruled_desk.unit(HOUSING)
    await post(housing, f"/v1/tickets/{main}/sign", {})
    await post(housing, f"/v1/tickets/{main}/reply", REPLY)
    shown = await get(operator, f"/v1/tickets/{member}")
    assert (shown["state"], shown["unit"]) == ("replied", HOUSING)


async def test_a_member_that_asked_for_help_is_redone_in_its_own_type(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    main = await file_other(ruled_desk)
    member = await file_other(ruled_desk, request_type=RequestType.HELP)
    await link(operator, member, main)
    await reply(ruled_desk, main)
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    redone = await post(supervisor, f"/v1/tickets/{member}/redo", {"reason": "未恢复"})
    assert "5 working days" in redone["deadlines"][0]["rule"]


async def test_a_member_that_is_redone_goes_to_the_platform_that_answered_the_main_one(
    ruled_desk: Desk, operator: httpx.AsyncClient
) -> None:
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    await put(administrator, f"/v1/units/{WATER}", UNITS[WATER] | {"platform": "510000"})
    main, member = await file_other(ruled_desk), await file_other(ruled_desk)
    await link(operator, member, main)
    await reply(ruled_desk, main)
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    for _ in range(2):
        redone = await post(supervisor, f"/v1/tickets/{member}/redo", {"reason": "该户仍停水"})
        assert (redone["state"], redone["unit"]) == ("signed", WATER)
        due_at = datetime.fromisoformat(redone["deadlines"][0]["due_at"])
        await post(await ruled_desk.unit(WATER), f"/v1/tickets/{member}/reply", REPLY)
    # The first redo sent it there anew; it has it since, and hears of the second one.
    types = await ruled_desk.said_types(member)
    again = ["ticket.replied", "ticket.reopened"]
    assert types[2:] == ["ticket.linked", *again, "ticket.forwarded", *again, "ticket.replied"]
    sent = [one.data for one in await ruled_desk.said(member)]
    rounds = [one.round for one in sent if isinstance(one, TicketForwarded)]
    assert rounds == [1, 2]
    await ruled_desk.tell(member, DeadlineReached(step=Step.HANDLE, version=1, due_at=due_at))
    assert [one.verdict for one in await ruled_desk.judgements(member)] == [Verdict.MET]
