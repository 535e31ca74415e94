"""A return that is granted since the matter is out of scope: the ticket is refused (B5, A3)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from shared.events.intake import Origin, TicketWithdrawalRequested
from shared.events.loop import TicketDeclined
from shared.events.sla import DeadlineReached
from shared.events.words import Role, Step, Verdict
from tests.services.dispatch_desk import (
    HOUSING,
    RETURN,
    WATER,
    Desk,
    Json,
    desk,
    get,
    post,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

MONDAY = datetime(2026, 9, 14, 2, tzinfo=UTC)
OUT_OF_SCOPE = RETURN | {"ground": "out_of_scope", "reason": "双方合同纠纷，法院已立案"}
DECLINE: Json = {"decision": "granted", "ground": "litigation", "reason": "已查看立案通知书"}
WISH = TicketWithdrawalRequested(reason="不要了")


async def returned(desk: Desk, **fields: object) -> tuple[str, str]:
    """A ticket that the water bureau gave back as out of scope; its id and its path."""
    desk.harness.clock.stepped = MONDAY
    ticket = await desk.file(time=MONDAY, **fields)
    path = f"/v1/tickets/{ticket}"
    await post(await desk.unit(WATER), f"{path}/return", OUT_OF_SCOPE)
    return ticket, path


async def test_it_ends_refused_with_its_ground_and_where_the_caller_may_turn(
    ruled_desk: Desk,
) -> None:
    ticket, path = await returned(ruled_desk)
    supervisor, water = await ruled_desk.person(Role.SUPERVISOR), await ruled_desk.unit(WATER)
    member = await ruled_desk.file(time=MONDAY, caller_id=UUID(int=8))
    await post(supervisor, f"/v1/tickets/{member}/link", {"main": ticket, "reason": "同一纠纷"})
    answer = await post(supervisor, f"{path}/decide-return", DECLINE)
    assert (answer["state"], answer["unit"], answer["deadlines"]) == ("refused", None, [])
    assert (await ruled_desk.said_types(ticket))[-2:] == [
        *("ticket.return_decided", "ticket.declined"),
    ]
    said = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(said, TicketDeclined)
    assert (said.unit, said.ground, said.source_article) == (WATER, "litigation", "ZY 9.1")
    assert "人民法院" in said.explanation
    shown = await get(supervisor, path)
    assert (shown["ground"], shown["source_article"]) == ("litigation", "ZY 9.1")
    assert (shown["explanation"], shown["allowed"]) == (said.explanation, [])
    last = (await ruled_desk.timeline(ticket))[-1]
    assert (last["event_name"], last["text"]) == ("不予受理", said.explanation)
    assert last["detail"]["reason"] == DECLINE["reason"]
    assert (await water.get(path)).status_code == 404
    returns = await get(supervisor, f"/v1/units/{WATER}/returns")
    assert (returns["granted"], returns["rejected"]) == (1, 0)
    alone = await get(supervisor, f"/v1/tickets/{member}")
    assert (alone["state"], alone["unit"]) == ("dispatched", WATER), "it goes its own way"


async def test_no_step_is_missed_by_what_was_refused_before(ruled_desk: Desk) -> None:
    ticket, path = await returned(ruled_desk)
    await post(await ruled_desk.person(Role.OPERATOR), f"{path}/decide-return", DECLINE)
    due_at = MONDAY + timedelta(days=9)
    ruled_desk.harness.clock.step_to(due_at)
    await ruled_desk.tell(ticket, DeadlineReached(step=Step.HANDLE, version=1, due_at=due_at))
    assert [one.verdict for one in await ruled_desk.judgements(ticket)] == [Verdict.MET]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"decision": "rejected"}, "not_needed"),
        ({"unit": HOUSING}, "not_needed"),
        ({"ground": "ugly"}, "unknown_ground"),
    ],
    ids=["a rejected return", "another unit", "no ground of the pack"],
)
async def test_a_refusal_that_cannot_be_is_named(
    ruled_desk: Desk, changed: Json, code: str
) -> None:
    _, path = await returned(ruled_desk)
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    told = await post(supervisor, f"{path}/decide-return", DECLINE | changed, status=422)
    (error,) = told["errors"]
    assert (error["field"], error["code"]) == ("ground", code)
    assert (await get(supervisor, path))["state"] == "return_requested"


async def test_what_another_platform_forwarded_is_its_own_to_refuse(ruled_desk: Desk) -> None:
    origin = Origin(platform="510100", ticket_id=UUID(int=5), number="510100-260914-0000005")
    _, path = await returned(ruled_desk, origin=origin)
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    told = await post(supervisor, f"{path}/decide-return", DECLINE, status=422)
    assert told["errors"][0]["code"] == "other_platform"


async def test_a_refusal_and_a_withdrawal_meet_in_both_orders(ruled_desk: Desk) -> None:
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    first, path = await returned(ruled_desk)
    await post(supervisor, f"{path}/decide-return", DECLINE)
    await ruled_desk.tell(first, WISH)
    assert (await get(supervisor, path))["state"] == "refused"
    assert (await ruled_desk.said_types(first))[-1] == "ticket.withdrawal_declined"
    second, path = await returned(ruled_desk)
    await ruled_desk.tell(second, WISH)
    refused = await post(supervisor, f"{path}/decide-return", DECLINE, status=409)
    assert (refused["code"], refused["allowed"]) == ("act_refused", [])
    assert (await get(supervisor, path))["state"] == "withdrawn"
