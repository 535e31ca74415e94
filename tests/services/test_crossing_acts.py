"""What people do in dispatch and what intake says cross: whichever comes first, nothing is lost."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from shared.events.callers import TicketScreened
from shared.events.envelope import Payload
from shared.events.intake import (
    TicketAmended,
    TicketFollowedUp,
    TicketRated,
    TicketWithdrawalRequested,
)
from shared.events.kinds import Cause
from shared.events.words import CloseReason, RequestType, Role, Satisfaction
from tests.services.dispatch_desk import (
    HOUSING,
    REPLY,
    RETURN,
    WATER,
    Desk,
    Json,
    desk,
    get,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

WISH = TicketWithdrawalRequested(reason="已自行解决")
CLOSING = TicketRated(result=Satisfaction.SATISFIED, is_solved=True, closes=CloseReason.SATISFIED)
SCREENED = TicketScreened(
    unit=WATER,
    cause=Cause.POLICY_LIMITS,
    is_granted=True,
    reason="属政策限制",
    decided_by="DB0001",
)
FOLLOWED = TicketFollowedUp(is_reached=True, is_solved=False)
REDO: Json = {"reason": "结果不实"}
Case = tuple[list[str], str, Json, Payload, str, tuple[int, str], str]

CASES: dict[str, Case] = {
    # What was done before, the act and its body, the event; the state where the act goes first,
    # the answer and the state where the event goes first.
    "withdraw and sign": ([], "sign", {}, WISH, "withdrawn", (409, "withdrawn"), WATER),
    "withdraw and return": ([], "return", RETURN, WISH, "withdrawn", (409, "withdrawn"), WATER),
    "withdraw and reply": (["sign"], "reply", REPLY, WISH, "replied", (409, "withdrawn"), WATER),
    "rate and redo": (["sign", "reply"], "redo", REDO, CLOSING, "signed", (409, "closed"), ""),
    "screen and redo": (["sign", "reply"], "redo", REDO, SCREENED, "signed", (409, "closed"), ""),
    "follow-up and redo": (
        ["sign", "reply"],
        "redo",
        REDO,
        FOLLOWED,
        "signed",
        (200, "signed"),
        "",
    ),
    "rate and reply": (["sign"], "reply", REPLY, CLOSING, "closed", (200, "replied"), WATER),
    "screen and reply": (["sign"], "reply", REPLY, SCREENED, "closed", (200, "replied"), WATER),
}
BODIES: dict[str, Json] = {"sign": {}, "reply": REPLY}
TICKETS = tuple(str(UUID(int=number)) for number in (5, 6))
ORIGIN: Json = {"platform": "510100", "number": "510100-260914-0000005"}
INTERIM: Json = {
    "progress": "已立案",
    "next_step": "取证",
    "promised_at": "2026-12-31T17:30:00+08:00",
}


@pytest.mark.parametrize("name", CASES)
async def test_an_act_and_news_of_the_caller_meet_in_both_orders(
    ruled_desk: Desk, name: str
) -> None:
    before, act, body, news, act_first, (status, news_first), unit = CASES[name]
    water, supervisor = await ruled_desk.unit(WATER), await ruled_desk.person(Role.SUPERVISOR)
    doer = water if unit else supervisor
    tickets = [await ruled_desk.file() for _ in range(2)]
    for ticket in tickets:
        for one in before:
            done = await water.post(f"/v1/tickets/{ticket}/{one}", json=BODIES[one])
            assert done.status_code == 200, done.text
    first, second = (f"/v1/tickets/{ticket}" for ticket in tickets)
    assert (await doer.post(f"{first}/{act}", json=body)).status_code == 200
    await ruled_desk.tell(tickets[0], news)
    assert (await get(supervisor, first))["state"] == act_first
    await ruled_desk.tell(tickets[1], news)
    answer = await doer.post(f"{second}/{act}", json=body)
    assert answer.status_code == status, answer.text
    assert (await get(supervisor, second))["state"] == news_first
    for ticket in tickets:
        await ruled_desk.said_types(ticket)
        lines = [line["event"] for line in await ruled_desk.timeline(ticket)]
        assert news.type in lines, "what the caller's side said is kept in either order"


Step = Callable[[Desk, str], Awaitable[int]]


async def correct_type(desk: Desk, ticket: str) -> int:
    await desk.tell(ticket, TicketAmended(request_type=RequestType.INQUIRY, reason="实为咨询"))
    return 200


async def dispatch(desk: Desk, ticket: str) -> int:
    operator = await desk.person(Role.OPERATOR)
    body = {"unit": HOUSING, "reason": "属其职责"}
    return (await operator.post(f"/v1/tickets/{ticket}/dispatch", json=body)).status_code


async def withdraw(desk: Desk, ticket: str) -> int:
    await desk.tell(ticket, WISH)
    return 200


async def link(desk: Desk, ticket: str) -> int:
    operator, main = await desk.person(Role.OPERATOR), await desk.file()
    body = {"main": main, "reason": "同一停水"}
    return (await operator.post(f"/v1/tickets/{ticket}/link", json=body)).status_code


async def both(desk: Desk, one: Step, other: Step) -> tuple[list[int], Json]:
    """The answers of two steps on a ticket of its own, and what became of it."""
    ticket = await desk.file()
    answers = [await one(desk, ticket), await other(desk, ticket)]
    await desk.said_types(ticket)
    return answers, await get(await desk.person(Role.SUPERVISOR), f"/v1/tickets/{ticket}")


async def test_a_correction_and_a_dispatch_give_the_same_ticket_in_both_orders(
    desk: Desk,
) -> None:
    desk.harness.clock.stepped = None
    results = [
        await both(desk, correct_type, dispatch),
        await both(desk, dispatch, correct_type),
    ]
    for answers, shown in results:
        assert answers == [200, 200]
        assert (shown["request_type"], shown["unit"]) == ("inquiry", HOUSING)
    rules = [{one["step"]: one["rule"] for one in shown["deadlines"]} for _, shown in results]
    assert rules[0] == rules[1]


async def test_a_withdrawal_and_a_dispatch_meet_in_both_orders(desk: Desk) -> None:
    answers, shown = await both(desk, withdraw, dispatch)
    assert (answers, shown["state"], shown["unit"]) == ([200, 409], "withdrawn", None)
    answers, shown = await both(desk, dispatch, withdraw)
    assert (answers, shown["state"], shown["unit"]) == ([200, 200], "withdrawn", HOUSING)


async def test_a_withdrawal_and_a_link_meet_in_both_orders(desk: Desk) -> None:
    answers, shown = await both(desk, withdraw, link)
    assert (answers, shown["state"]) == ([200, 409], "withdrawn")
    answers, shown = await both(desk, link, withdraw)
    assert (answers, shown["state"]) == ([200, 200], "withdrawn")


async def test_what_is_linked_to_a_withdrawn_ticket_goes_its_own_way(desk: Desk) -> None:
    main, member = await desk.file(), await desk.file()
    supervisor = await desk.person(Role.SUPERVISOR)
    body = {"main": main, "reason": "同一停水"}
    linked = await supervisor.post(f"/v1/tickets/{member}/link", json=body)
    assert linked.status_code == 200, linked.text
    await desk.tell(main, WISH)
    assert (await get(supervisor, f"/v1/tickets/{main}"))["state"] == "withdrawn"
    assert (await get(supervisor, f"/v1/tickets/{member}"))["state"] == "accepted"
    assert (await desk.said_types(member))[-1] == "ticket.split"


async def test_a_homes_redo_of_what_was_sent_back_or_closed_changes_nothing(
    ruled_desk: Desk,
) -> None:
    home = await ruled_desk.person(Role.PLATFORM, subject="platform:510100", jurisdiction="000000")
    office, water = await ruled_desk.person(Role.SUPERVISOR), await ruled_desk.unit(WATER)
    back, closed = [await ruled_desk.file(origin=ORIGIN | {"ticket_id": n}) for n in TICKETS]
    given = await office.post(f"/v1/tickets/{back}/send-back", json=RETURN)
    assert given.status_code == 200, given.text
    for act, doer in (("sign", water), ("reply", water), ("settle", home)):
        body: Json = BODIES.get(act, {})
        assert (await doer.post(f"/v1/tickets/{closed}/{act}", json=body)).status_code == 200
    for ticket, state in ((back, "withdrawn"), (closed, "closed")):
        said = await ruled_desk.said_types(ticket)
        answer = await home.post(f"/v1/tickets/{ticket}/redo", json=REDO)
        assert (answer.status_code, answer.json()["state"]) == (200, state), answer.text
        assert await ruled_desk.said_types(ticket) == said
        refused = await office.post(f"/v1/tickets/{ticket}/redo", json=REDO)
        assert refused.status_code == 409


async def test_an_interim_close_of_a_forwarded_matter_is_sent_back_where_it_was_made(
    ruled_desk: Desk,
) -> None:
    ticket = await ruled_desk.file(origin=ORIGIN | {"ticket_id": TICKETS[0]})
    water, office = await ruled_desk.unit(WATER), await ruled_desk.person(Role.SUPERVISOR)
    for act, body in (("sign", {}), ("interim-close", INTERIM)):
        done = await water.post(f"/v1/tickets/{ticket}/{act}", json=body)
        assert done.status_code == 200, done.text
    answer = await office.post(f"/v1/tickets/{ticket}/redo", json=REDO)
    assert (answer.status_code, answer.json()["state"]) == (200, "signed"), answer.text
