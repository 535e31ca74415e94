"""Dispatch hears the caller's word, screenings and complaints, in any order with a redo (A11)."""

from uuid import UUID

import pytest

from shared.events.callers import (
    RatingDisputeAnswered,
    RatingDisputed,
    TicketScreened,
    TicketScreeningRequested,
)
from shared.events.dispatch import TicketClosed
from shared.events.intake import TicketRated
from shared.events.kinds import Cause
from shared.events.words import CloseReason, Role, Satisfaction
from tests.services.dispatch_desk import REPLY, WATER, Desk, desk, get, post, ruled_desk

__all__ = ["desk", "ruled_desk"]
DISPUTE = UUID(int=5)


def rated(reply: int | None) -> TicketRated:
    """A rating that closes."""
    closes = CloseReason.SATISFIED
    return TicketRated(result=Satisfaction.SATISFIED, is_solved=True, closes=closes, reply=reply)


def screened(reply: int | None, *, is_granted: bool = True) -> TicketScreened:
    """A decision of a screening."""
    return TicketScreened(
        unit=WATER,
        cause=Cause.POLICY_LIMITS,
        is_granted=is_granted,
        reason="政策所限",
        decided_by="DB0001",
        reply=reply,
    )


async def replied(desk: Desk) -> str:
    """A ticket with a reply."""
    ticket = await desk.file()
    unit = await desk.unit(WATER)
    await post(unit, f"/v1/tickets/{ticket}/sign", {})
    await post(unit, f"/v1/tickets/{ticket}/reply", REPLY)
    return ticket


async def redo(desk: Desk, ticket: str) -> None:
    """The unit must do it again."""
    seat = await desk.person(Role.FOLLOW_UP)
    await post(seat, f"/v1/tickets/{ticket}/redo", {"reason": "未实际解决"})


async def closes(desk: Desk, ticket: str) -> list[CloseReason]:
    """Why the ticket was closed, as often as it was."""
    said = await desk.said(ticket)
    return [event.data.reason for event in said if isinstance(event.data, TicketClosed)]


async def test_a_granted_screening_closes_the_ticket_with_its_own_reason(ruled_desk: Desk) -> None:
    ticket = await replied(ruled_desk)
    asked = TicketScreeningRequested(
        unit=WATER, cause=Cause.POLICY_LIMITS, explanation="已当面解释", requested_by="SW0101"
    )
    await ruled_desk.tell(ticket, asked)
    await ruled_desk.tell(ticket, screened(1))
    assert await closes(ruled_desk, ticket) == [CloseReason.SCREENED]
    *_, request, decision, end = await ruled_desk.timeline(ticket)
    assert [one["event_name"] for one in (request, decision, end)] == [
        "申请甄别",
        "甄别审核",
        "办结",
    ]
    assert (request["by"], request["text"]) == ("SW0101", "已当面解释")
    assert (decision["by"], decision["text"]) == ("DB0001", "政策所限")


async def test_a_rejected_screening_closes_nothing(ruled_desk: Desk) -> None:
    ticket = await replied(ruled_desk)
    await ruled_desk.tell(ticket, screened(1, is_granted=False))
    assert await closes(ruled_desk, ticket) == []
    await redo(ruled_desk, ticket)


@pytest.mark.parametrize("word", [rated, screened], ids=["rate", "screen"])
@pytest.mark.parametrize("order", ["word first", "redo first", "after the next reply"])
async def test_a_redo_and_the_callers_word_in_any_order(
    ruled_desk: Desk, word: object, order: str
) -> None:
    assert callable(word)
    ticket = await replied(ruled_desk)
    if order == "word first":
        await ruled_desk.tell(ticket, word(1))
        seat = await ruled_desk.person(Role.FOLLOW_UP)
        body = {"reason": "未实际解决"}
        await post(seat, f"/v1/tickets/{ticket}/redo", body, status=409)
        assert len(await closes(ruled_desk, ticket)) == 1
        return
    await redo(ruled_desk, ticket)
    if order == "after the next reply":
        await post(await ruled_desk.unit(WATER), f"/v1/tickets/{ticket}/reply", REPLY)
    await ruled_desk.tell(ticket, word(1))
    assert await closes(ruled_desk, ticket) == [], "it was about the first reply"
    if order == "after the next reply":
        await ruled_desk.tell(ticket, word(2))
        assert len(await closes(ruled_desk, ticket)) == 1


async def test_what_does_not_say_which_reply_it_is_about_is_about_the_last(
    ruled_desk: Desk,
) -> None:
    ticket = await replied(ruled_desk)
    await ruled_desk.tell(ticket, rated(None))
    assert await closes(ruled_desk, ticket) == [CloseReason.SATISFIED]


async def test_a_unit_never_reads_what_its_caller_complains_of(ruled_desk: Desk) -> None:
    ticket = await replied(ruled_desk)
    complaint = RatingDisputed(dispute=DISPUTE, disputed_by="caller", text="单位来电要求改评价")
    answer = RatingDisputeAnswered(
        dispute=DISPUTE, is_upheld=True, answer="已批评该单位", answered_by="DB0001"
    )
    own = UUID(int=77)
    await ruled_desk.tell(ticket, complaint)
    await ruled_desk.tell(ticket, answer)
    await ruled_desk.tell(ticket, complaint.model_copy(update={"dispute": own, "disputed_by": "1"}))
    office = [line["detail"].get("dispute") for line in await ruled_desk.timeline(ticket)][-3:]
    assert office == [str(DISPUTE), str(DISPUTE), str(own)]
    water = await ruled_desk.unit(WATER)
    lines = (await get(water, f"/v1/tickets/{ticket}/timeline"))["items"]
    assert str(DISPUTE) not in str(lines)
    assert lines[-1]["detail"]["dispute"] == str(own)


async def test_complaints_about_a_rating_stand_in_the_timeline(ruled_desk: Desk) -> None:
    ticket = await replied(ruled_desk)
    await ruled_desk.tell(
        ticket, RatingDisputed(dispute=DISPUTE, disputed_by="SW0101", text="评价的是另一件事")
    )
    await ruled_desk.tell(
        ticket,
        RatingDisputeAnswered(
            dispute=DISPUTE, is_upheld=True, answer="原评价作废", answered_by="DB0001"
        ),
    )
    *_, complaint, answer = await ruled_desk.timeline(ticket)
    assert (complaint["event_name"], complaint["by"], complaint["text"]) == (
        "评价申诉",
        "SW0101",
        "评价的是另一件事",
    )
    assert (answer["event_name"], answer["by"], answer["text"]) == (
        "评价申诉答复",
        "DB0001",
        "原评价作废",
    )
