"""How tickets come to the coordination group, and leave it undecided (B5, B6, ZY 13.5)."""

import pytest

from shared.events.dispatch import TicketDispatched
from shared.events.intake import TicketWithdrawalRequested
from shared.events.loop import TicketCoordinationDropped
from shared.events.words import Role
from tests.services.dispatch_cases import DECISION, HEAD, SIGNED, Group, open_group
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


@pytest.fixture
async def group(ruled_desk: Desk) -> Group:
    return await open_group(ruled_desk)


async def to_water(group: Group) -> str:
    """A ticket that a rule sent to the water bureau."""
    return await group.desk.file(category="0102")


async def test_a_dropped_case_leaves_the_ticket_to_wait(group: Group) -> None:
    ticket = await to_water(group)
    case = await group.coordinate(ticket, "undetermined")
    dropped = await group.act(case, "drop", group.supervisor, {"reason": "三方已协商一致"})
    assert (dropped["state"], dropped["dropped_because"]) == ("dropped", "三方已协商一致")
    said = (await group.desk.said(ticket))[-1].data
    assert isinstance(said, TicketCoordinationDropped)
    path = f"/v1/tickets/{ticket}"
    shown = await get(group.supervisor, path)
    assert (shown["state"], shown["unit"]) == ("accepted", None)
    assert [one["step"] for one in shown["deadlines"]] == ["handle"]
    for act, body in (("drop", {"reason": "再次"}), ("sign", SIGNED), ("decide", DECISION)):
        who = group.people[HEAD] if act == "sign" else group.supervisor
        refused = await group.act(case, act, who, body, status=409)
        assert "已撤销" in refused["detail"]
    await post(group.supervisor, f"{path}/dispatch", {"unit": HOUSING, "reason": "协商一致"})
    lines = [line["event_name"] for line in await group.desk.timeline(ticket)]
    assert lines == ["受理", "派单", "提交会商", "撤销会商", "派单"]


async def test_a_return_in_dispute_goes_to_the_group(group: Group) -> None:
    ticket = await to_water(group)
    water, path = await group.desk.unit(WATER), f"/v1/tickets/{ticket}"
    await post(water, f"{path}/return", RETURN)
    decision: Json = {"decision": "coordination", "reason": "两家均称非本单位职责"}
    for more, field in (
        ({"unit": HOUSING}, "unit"),
        ({"kind": "major"}, "kind"),
        ({"decision": "rejected", "kind": "no_lead"}, "kind"),
    ):
        refused = await post(group.supervisor, f"{path}/decide-return", decision | more, status=422)
        assert refused["errors"][0]["field"] == field
    answer = await post(group.supervisor, f"{path}/decide-return", decision)
    assert (answer["state"], answer["unit"]) == ("coordinating", None)
    assert [one["step"] for one in answer["deadlines"]] == ["handle"]
    types = await group.desk.said_types(ticket)
    assert types[-2:] == ["ticket.return_decided", "ticket.coordinated"]
    (case,) = (await get(group.supervisor, f"/v1/cases?ticket_id={ticket}"))["items"]
    assert case["kind"] == "undetermined"
    await group.name(case)
    await group.sign(case)
    await group.decide(case, category="0102")
    dispatched = (await group.desk.said(ticket))[-1].data
    assert isinstance(dispatched, TicketDispatched)
    assert (dispatched.unit, dispatched.round) == (WATER, 2)
    # Who was designated for the kind may not return it (ZY 13.5(5)).
    refused = await post(water, f"{path}/return", RETURN, status=409)
    assert refused["code"] == "precedent_binds"


async def test_a_caller_who_withdraws_closes_the_case(group: Group) -> None:
    ticket = await group.desk.file(category="0102")
    case = await group.coordinate(ticket, "no_lead")
    await group.name(case)
    await group.desk.tell(ticket, TicketWithdrawalRequested(reason="已自行解决"))
    path = f"/v1/cases/{case['id']}"
    shown = await get(group.supervisor, path)
    assert (shown["state"], shown["dropped_because"], shown["closed_by"]) == (
        *("dropped", "诉求人撤回诉求"),
        "system",
    )
    refused = await group.vote(case, HEAD, WATER, status=409)
    assert refused["code"] == "act_refused"
    assert (await get(group.supervisor, f"/v1/tickets/{ticket}"))["state"] == "withdrawn"
    types = await group.desk.said_types(ticket)
    assert types[-2:] == ["ticket.coordinated", "ticket.withdrawn"]


async def test_a_ticket_may_come_to_the_group_a_second_time(group: Group) -> None:
    case = await group.ready("undetermined")
    await group.decide(case, is_precedent=False)
    ticket, water = case["ticket_id"], await group.desk.unit(WATER)
    await post(water, f"/v1/tickets/{ticket}/sign", {})
    again = await group.coordinate(ticket, "no_lead")
    shown = await get(await group.desk.person(Role.OPERATOR), f"/v1/tickets/{ticket}")
    assert (shown["case_id"], shown["needs_letter"]) == (again["id"], True)
    listed = (await get(group.supervisor, f"/v1/cases?ticket_id={ticket}"))["items"]
    assert [one["state"] for one in listed] == ["open", "decided"]
