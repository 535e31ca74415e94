"""Terminated matters: filed by the unit, kept in a register, sent back where not whole (ZY 15)."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.events.dispatch import TicketReopened, TicketTerminated
from shared.events.intake import Origin
from shared.events.words import Role
from tests.services.dispatch_desk import (
    HOUSING,
    REPLY,
    WATER,
    Desk,
    Json,
    desk,
    get,
    post,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

FILING = {
    "opinion": "已三次依法处理，事实清楚",
    "script": "经核查，水表计量准确，不予退费",
    "explanation": "9月30日当面解释并送达书面答复",
}


async def answered(desk: Desk, **fields: Any) -> str:
    """A ticket of the usual caller that the water bureau replied to."""
    ticket = await desk.file(**fields)
    unit = await desk.unit(WATER)
    await post(unit, f"/v1/tickets/{ticket}/sign", {})
    await post(unit, f"/v1/tickets/{ticket}/reply", REPLY)
    return ticket


async def signed(desk: Desk, **fields: Any) -> str:
    ticket = await desk.file(**fields)
    await post(await desk.unit(WATER), f"/v1/tickets/{ticket}/sign", {})
    return ticket


async def terminate(desk: Desk, ticket: str, *, status: int = 200, **changes: Any) -> Json:
    unit = await desk.unit(WATER)
    return await post(unit, f"/v1/tickets/{ticket}/terminate", FILING | changes, status=status)


async def test_a_unit_files_a_terminated_matter_with_the_hotline(ruled_desk: Desk) -> None:
    earlier, ticket = await answered(ruled_desk), await signed(ruled_desk)
    told = await terminate(ruled_desk, ticket, earlier=[earlier])
    assert (told["state"], told["deadlines"]) == ("terminated", [])
    said = (await ruled_desk.said(ticket))[-1].data
    assert isinstance(said, TicketTerminated)
    assert (said.unit, said.script, said.earlier) == (WATER, FILING["script"], (UUID(earlier),))
    line = (await ruled_desk.timeline(ticket))[-1]
    assert (line["text"], line["detail"]["script"]) == (FILING["opinion"], FILING["script"])
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    [filed] = (await get(supervisor, f"/v1/terminations?unit={WATER}&jurisdiction=512000"))["items"]
    assert (filed["ticket_id"], filed["earlier"]) == (ticket, [earlier])
    assert filed["sent_back_at"] is None


async def test_the_hotline_sends_back_a_filing_that_is_not_whole(ruled_desk: Desk) -> None:
    earlier, ticket = await answered(ruled_desk), await signed(ruled_desk)
    await terminate(ruled_desk, ticket, earlier=[earlier])
    path = f"/v1/tickets/{ticket}/redo"
    asker = await ruled_desk.person(Role.FOLLOW_UP)
    assert (await post(asker, path, {"reason": "不同意"}, status=409))["code"] == "act_refused"
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    told = await post(supervisor, path, {"reason": "缺送达回证"})
    assert (told["state"], [one["step"] for one in told["deadlines"]]) == ("signed", ["handle"])
    assert isinstance((await ruled_desk.said(ticket))[-1].data, TicketReopened)
    [filed] = (await get(supervisor, "/v1/terminations"))["items"]
    assert filed["sent_back_because"] == "缺送达回证"
    await terminate(ruled_desk, ticket, earlier=[earlier])
    assert len((await get(supervisor, "/v1/terminations"))["items"]) == 2


async def test_a_forwarded_matter_that_was_terminated_is_redone_by_its_home_alone(
    ruled_desk: Desk,
) -> None:
    earlier = await answered(ruled_desk)
    origin = Origin(platform="510100", ticket_id=UUID(int=5), number="510100-260914-0000005")
    ticket = await signed(ruled_desk, origin=origin)
    await terminate(ruled_desk, ticket, earlier=[earlier])
    path, redo = f"/v1/tickets/{ticket}/redo", {"reason": "诉求人不满意"}
    # At home it is a reply already: its caller is asked there.
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    assert "510100" in (await post(supervisor, path, redo, status=409))["detail"]
    home = await ruled_desk.person(Role.PLATFORM, subject="platform:510100", jurisdiction="000000")
    told = await post(home, path, redo)
    assert (told["state"], [one["step"] for one in told["deadlines"]]) == ("signed", ["handle"])
    [filed] = (await get(supervisor, "/v1/terminations"))["items"]
    assert filed["sent_back_because"] == redo["reason"]


async def test_a_unit_sees_its_own_filings_alone(ruled_desk: Desk) -> None:
    earlier, ticket = await answered(ruled_desk), await signed(ruled_desk)
    await terminate(ruled_desk, ticket, earlier=[earlier])
    own = await get(await ruled_desk.unit(WATER), "/v1/terminations")
    assert [one["ticket_id"] for one in own["items"]] == [ticket]
    assert (await get(await ruled_desk.unit(HOUSING), "/v1/terminations"))["items"] == []
    elsewhere = await ruled_desk.person(Role.SUPERVISOR, jurisdiction="532800")
    assert (await get(elsewhere, "/v1/terminations"))["items"] == []


async def test_the_earlier_tickets_are_this_callers_and_answered(ruled_desk: Desk) -> None:
    ticket, open_one = await signed(ruled_desk), await signed(ruled_desk)
    other = await answered(ruled_desk, caller_id=UUID(int=8))
    for earlier, code in (
        ([str(uuid4())], "other_caller"),
        ([other], "other_caller"),
        ([open_one], "not_answered"),
        ([ticket], "itself"),
    ):
        problem = await terminate(ruled_desk, ticket, status=422, earlier=earlier)
        assert [(one["field"], one["code"]) for one in problem["errors"]] == [("earlier.0", code)]


@pytest.mark.parametrize("missing", ["opinion", "script", "explanation", "earlier"])
async def test_a_filing_without_one_of_its_parts_is_refused(ruled_desk: Desk, missing: str) -> None:
    earlier, ticket = await answered(ruled_desk), await signed(ruled_desk)
    body: Json = FILING | {"earlier": [earlier]}
    empty: Json = {missing: [] if missing == "earlier" else "  "}
    unit, path = await ruled_desk.unit(WATER), f"/v1/tickets/{ticket}/terminate"
    problem = await post(unit, path, body | empty, status=422)
    assert problem["errors"][0]["field"] == missing


async def test_nobody_but_a_known_caller_can_be_bound(ruled_desk: Desk) -> None:
    earlier = await answered(ruled_desk)
    ticket = await signed(ruled_desk, caller_id=None)
    problem = await terminate(ruled_desk, ticket, status=409, earlier=[earlier])
    assert problem["code"] == "no_caller"


async def test_what_is_not_signed_cannot_be_terminated(ruled_desk: Desk) -> None:
    earlier, ticket = await answered(ruled_desk), await ruled_desk.file()
    problem = await terminate(ruled_desk, ticket, status=409, earlier=[earlier])
    assert "sign" in problem["allowed"]
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    path = f"/v1/tickets/{ticket}/terminate"
    await post(supervisor, path, FILING | {"earlier": [earlier]}, status=403)


async def test_a_terminated_main_ticket_takes_its_own_callers_repeats_alone(
    ruled_desk: Desk,
) -> None:
    earlier, main = await answered(ruled_desk), await signed(ruled_desk)
    repeat = await ruled_desk.file(repeats=main)
    member = await ruled_desk.file(caller_id=UUID(int=8))
    operator = await ruled_desk.person(Role.OPERATOR)
    await post(operator, f"/v1/tickets/{member}/link", {"main": main, "reason": "同一事项"})
    await terminate(ruled_desk, main, earlier=[earlier])
    assert (await get(operator, f"/v1/tickets/{repeat}"))["state"] == "closed"
    assert (await ruled_desk.timeline(repeat))[-1]["detail"]["reason"] == "with_main"
    shown = await get(operator, f"/v1/tickets/{member}")
    assert (shown["state"], shown["unit"]) == ("dispatched", WATER)
    assert "只对其诉求人有效" in (await ruled_desk.timeline(member))[-2]["text"]
