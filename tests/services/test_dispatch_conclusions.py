"""What comes unread is refused, answered or handed over by the hotline itself (A3, A5, A6)."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from shared.events.intake import Origin
from shared.events.kinds import EmergencyLine, HandOver
from shared.events.knowledge import ArticlePublished, ArticleRetired
from shared.events.loop import TicketConcluded, TicketDeclined
from shared.events.sla import DeadlineReached
from shared.events.words import Role, State, Step, Verdict
from tests.services.dispatch_desk import WATER, Desk, Json, desk, get, post

__all__ = ["desk"]
ARTICLE = str(uuid4())
REFUSAL = {"ground": "litigation", "reason": "附件为法院的受理通知书", "competent": "雁江区法院"}
ANSWER = {"article": ARTICLE, "text": "凭身份证到户籍窗口办理，免费。"}
HAND_OVER = {"line": "110", "way": "three_way", "note": "接警员已记下地址"}
GIVEN: dict[str, Json] = {"refuse": REFUSAL, "answer": ANSWER, "hand-over": HAND_OVER}


@pytest.fixture
async def seat(desk: Desk) -> Desk:
    """The desk, after an article was published."""
    facts = {"jurisdiction": "512000", "unit": WATER, "title": "居住证", "body": "免费"}
    await desk.tell(ARTICLE, ArticlePublished(**facts, version=1))
    return desk


async def test_what_is_out_of_scope_is_refused_with_the_words_for_its_caller(seat: Desk) -> None:
    ticket = await seat.file(category=None)
    online = await seat.person(Role.ONLINE)
    answer = await post(online, f"/v1/tickets/{ticket}/refuse", REFUSAL)
    assert (answer["state"], answer["deadlines"]) == ("refused", [])
    [said] = [event.data for event in await seat.said(ticket)]
    assert isinstance(said, TicketDeclined)
    assert (said.ground, said.source_article, said.unit) == ("litigation", "ZY 9.1", None)
    assert said.explanation.startswith("须通过诉讼程序解决的事项：请向有管辖权的人民法院")
    assert said.explanation.endswith("请向雁江区法院反映")
    shown = await get(online, f"/v1/tickets/{ticket}")
    assert (shown["ground"], shown["allowed"]) == ("litigation", [])


async def test_an_inquiry_is_answered_from_a_published_article(seat: Desk) -> None:
    ticket = await seat.file(category=None)
    online = await seat.person(Role.ONLINE)
    path = f"/v1/tickets/{ticket}/answer"
    unknown = await online.post(path, json=ANSWER | {"article": str(uuid4())})
    assert unknown.json()["errors"][0]["code"] == "unknown_article"
    answer = await post(online, path, ANSWER)
    assert answer["state"] == "answered"
    assert [event.data for event in await seat.said(ticket)] == [
        TicketConcluded(
            state=State.ANSWERED,
            text=ANSWER["text"],
            article_id=ARTICLE,
            is_solved=True,
            concluded_by="test-online-",
        )
    ]
    await seat.tell(ARTICLE, ArticleRetired(jurisdiction="512000", reason="已废止"))
    other = await seat.file(category=None)
    retired = await online.post(f"/v1/tickets/{other}/answer", json=ANSWER)
    assert retired.json()["errors"][0]["code"] == "unknown_article"


async def test_a_unit_that_was_given_an_emergency_of_110_need_not_sign(seat: Desk) -> None:
    filed_at = datetime(2026, 9, 14, 8, tzinfo=UTC)
    ticket = await seat.file(category=None, time=filed_at)
    operator = await seat.person(Role.OPERATOR)
    path = f"/v1/tickets/{ticket}"
    await post(operator, f"{path}/dispatch", {"unit": WATER, "reason": "x"})
    assert (await post(operator, f"{path}/hand-over", HAND_OVER))["state"] == "handed_over"
    said = (await seat.said(ticket))[-1].data
    assert isinstance(said, TicketConcluded)
    assert (said.line, said.way, said.unit) == (
        EmergencyLine.POLICE,
        HandOver.THREE_WAY,
        WATER,
    )
    late = DeadlineReached(step=Step.SIGN, version=1, due_at=datetime(2099, 1, 1, tzinfo=UTC))
    await seat.tell(ticket, late)
    assert [one.verdict for one in await seat.judgements(ticket)] == [Verdict.MET]
    line = (await seat.timeline(ticket))[-1]
    assert (line["event_name"], line["text"]) == ("热线直接办结", HAND_OVER["note"])
    unit = await seat.unit(WATER)
    refused = await unit.post(f"{path}/sign", json={})
    assert (refused.status_code, refused.json()["allowed"]) == (409, [])


@pytest.mark.parametrize("act", GIVEN)
async def test_a_unit_that_signed_answers_itself_and_other_people_never_may(
    seat: Desk, act: str
) -> None:
    ticket = await seat.file(category=None)
    path = f"/v1/tickets/{ticket}"
    operator, unit = await seat.person(Role.OPERATOR), await seat.unit(WATER)
    await post(operator, f"{path}/dispatch", {"unit": WATER, "reason": "x"})
    assert (await unit.post(f"{path}/{act}", json=GIVEN[act])).status_code == 403
    await post(unit, f"{path}/sign", {})
    refused = await operator.post(f"{path}/{act}", json=GIVEN[act])
    assert (refused.status_code, refused.json()["code"]) == (409, "act_refused")


@pytest.mark.parametrize(
    ("act", "wrong", "field"),
    [
        ("refuse", {"ground": "discipline"}, "ground"),
        ("refuse", {"reason": "请联系13800001234"}, "reason"),
        ("answer", {"text": "请联系13800001234"}, "text"),
        ("hand-over", {"note": "请联系13800001234"}, "note"),
        ("hand-over", {"line": "114"}, "line"),
    ],
)
async def test_wrong_words_are_refused_with_their_field(
    seat: Desk, act: str, wrong: Json, field: str
) -> None:
    ticket = await seat.file(category=None)
    operator = await seat.person(Role.OPERATOR)
    answer = await operator.post(f"/v1/tickets/{ticket}/{act}", json=GIVEN[act] | wrong)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert await seat.said(ticket) == []


async def test_what_goes_with_it_goes_its_own_way_and_another_platforms_goes_back(
    seat: Desk,
) -> None:
    main, other = await seat.file(category=None), await seat.file(category=None)
    operator = await seat.person(Role.OPERATOR)
    await post(operator, f"/v1/tickets/{other}/link", {"main": main, "reason": "同一事项"})
    await post(operator, f"/v1/tickets/{main}/answer", ANSWER)
    assert (await get(operator, f"/v1/tickets/{other}"))["state"] == "accepted"
    line = (await seat.timeline(other))[-1]
    assert (line["event"], line["text"]) == ("ticket.split", "主工单已由热线直接答复")
    origin = Origin(platform="530000", ticket_id=uuid4(), number="530000-1")
    forwarded = await seat.file(category=None, origin=origin)
    refused = await operator.post(f"/v1/tickets/{forwarded}/refuse", json=REFUSAL)
    assert refused.status_code == 409
    assert "send-back" in refused.json()["allowed"]
