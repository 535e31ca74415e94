"""Orders of supervision: found by rules that are data, signed by people, answered by units (C5)."""

from typing import Any

import pytest

from shared.events.sla import DeadlineReached, OrderAnswered, OrderIssued
from shared.events.words import Role
from tests.harness import Harness
from tests.services.sla_extensions import Desk, beijing, open_desk
from tests.services.sla_orders import (
    GANSU,
    SIGN_OVER,
    YUNNAN,
    ZIYANG,
    Oversight,
    open_oversight,
)
from tests.services.sla_tickets import DAY, HOUR, MONDAY, UNIT, judged

OF_UNIT: dict[str, Any] = {"unit": UNIT}
OTHER_UNIT: dict[str, Any] = {"unit": "512000-002"}


@pytest.fixture
async def oversight(harness: Harness) -> Oversight:
    return await open_oversight(harness)


async def test_a_step_that_is_overdue_and_undone_brings_a_reminder_by_itself(
    oversight: Oversight,
) -> None:
    ticket = await oversight.dispatch()
    await oversight.miss_signing(ticket)
    (reminder,) = await oversight.orders(Role.UNIT, **OF_UNIT)
    assert reminder["kind"] == "reminder"
    assert reminder["state"] == "issued"
    assert reminder["number"] == "资热催〔2026〕1号"
    assert reminder["ticket_id"] == str(ticket)
    assert reminder["due_at"] == "2026-03-03T17:30:00+08:00", "one working day"
    (issued,) = await oversight.said()
    assert isinstance(issued, OrderIssued)
    assert (issued.kind, issued.unit, issued.number) == ("reminder", UNIT, reminder["number"])
    shown = await oversight.get(f"/{reminder['id']}", Role.UNIT, **OF_UNIT)
    (evidence,) = shown["evidence"]["incidents"]
    assert evidence["step"] == "sign"
    assert "签收应于 2026年3月2日 16:30前完成，到期未完成" in shown["grounds"]


async def test_what_was_done_late_but_done_needs_no_reminder(oversight: Oversight) -> None:
    await oversight.sign_late(await oversight.dispatch())
    assert await oversight.orders() == []


async def test_the_same_judgement_again_brings_no_second_reminder(oversight: Oversight) -> None:
    ticket = await oversight.dispatch()
    await oversight.miss_signing(ticket)
    await oversight.judge_again(ticket)
    assert len(await oversight.orders()) == 1


async def test_a_reminder_is_settled_by_the_act_itself(oversight: Oversight) -> None:
    ticket = await oversight.dispatch()
    await oversight.miss_signing(ticket)
    await oversight.sign(ticket, SIGN_OVER + HOUR)
    (reminder,) = await oversight.orders()
    assert (reminder["state"], reminder["is_late"]) == ("accepted", False)
    assert [said.type for said in await oversight.said()] == ["order.issued", "order.answered"]
    assert await oversight.look(SIGN_OVER + 3 * DAY) == 0


async def test_a_reminder_without_effect_leads_to_an_interview_in_ziyang(
    oversight: Oversight,
) -> None:
    ticket = await oversight.dispatch()
    await oversight.miss_signing(ticket)
    assert await oversight.look(MONDAY + DAY) == 0, "not before its time is over"
    assert await oversight.look(MONDAY + 2 * DAY) == 1
    assert await oversight.look(MONDAY + 3 * DAY) == 0, "once"
    reminder, draft = await oversight.orders()
    assert reminder["is_overdue"] is True
    assert (draft["kind"], draft["kind_name"], draft["state"]) == (
        "interview",
        "督促约谈",
        "draft",
    )
    assert draft["source"] == "ZY 25.3"
    assert draft["number"] is None
    shown = await oversight.get(f"/{draft['id']}")
    assert shown["parent_id"] == reminder["id"]
    assert shown["evidence"]["order"]["number"] == "资热催〔2026〕1号"
    assert shown["signer"] == "coordination"


async def test_the_pack_of_the_ticket_decides_the_ladder(oversight: Oversight) -> None:
    await oversight.know("620000-001", GANSU)
    ticket = await oversight.dispatch(jurisdiction=GANSU, unit="620000-001")
    await oversight.miss_signing(ticket)
    await oversight.look(MONDAY + 2 * DAY)
    reminder, draft = await oversight.orders(jurisdiction=GANSU)
    assert reminder["number"] == "甘热催〔2026〕1号"
    assert (draft["kind"], draft["rule"], draft["source"]) == (
        "order",
        "reminder_unanswered",
        "default",
    )
    assert await oversight.orders(jurisdiction=ZIYANG) == [], "another place's office"
    signed = await oversight.act(draft, "sign", Role.SUPERVISOR, jurisdiction=GANSU)
    assert signed["number"] == "甘热督〔2026〕1号"


async def test_news_of_an_act_in_time_takes_a_draft_back(oversight: Oversight) -> None:
    ticket = await oversight.dispatch()
    await oversight.miss_signing(ticket)
    await oversight.look(MONDAY + 2 * DAY)
    await oversight.sign(ticket, SIGN_OVER + HOUR)
    reminder, draft = await oversight.orders()
    assert (reminder["state"], reminder["is_overdue"]) == ("accepted", False)
    assert draft["state"] == "dropped", "the unit was in time; only the news was late"


async def test_more_time_that_is_not_over_yet_settles_the_reminder(oversight: Oversight) -> None:
    desk = await _miss_handling(oversight)
    await desk.decide("granted", at="2026-03-12T09:00")
    (reminder,) = await oversight.orders()
    assert (reminder["kind"], reminder["state"]) == ("reminder", "accepted")
    shown = await oversight.get(f"/{reminder['id']}")
    assert (shown["answer"], shown["is_late"]) == ("办理时限已变更，尚未到期", False)
    assert [said.type for said in await oversight.said()] == ["order.issued", "order.answered"]
    assert await oversight.look(beijing("2026-03-13T09:00")) == 0
    assert len(await oversight.orders()) == 1, "no interview: handling is due on 18 March"


async def test_more_time_that_is_over_too_when_it_is_given_counts_no_second_miss(
    oversight: Oversight,
) -> None:
    desk = await _miss_handling(oversight)
    await desk.decide("granted", at="2026-03-25T09:00")
    for said in await oversight.sla.look(beijing("2026-03-25T09:01")):
        if isinstance(said, DeadlineReached):
            await oversight.sla.hear(judged(said, act_at=None), beijing("2026-03-25T09:02"))
    assert [one.version for one in await oversight.sla.overdue()] == [1]
    (reminder,) = await oversight.orders()
    assert reminder["state"] == "issued", "it is still to be done"


async def test_only_the_role_that_the_pack_names_signs(oversight: Oversight) -> None:
    await oversight.find("connection_rate")
    (draft,) = await oversight.orders()
    assert draft["source"] == "ZY 25.1"
    for role in (Role.SUPERVISOR, Role.LEADER, Role.DISCIPLINE):
        refused = await oversight.post(f"/{draft['id']}/sign", role)
        assert refused.status_code == 403
        assert refused.json()["allowed"] == ["coordination"]
        assert "会商协调小组签发（ZY 25）" in refused.json()["detail"]
    signed = await oversight.act(draft, "sign", Role.COORDINATION)
    assert (signed["state"], signed["number"]) == ("issued", "资热约〔2026〕1号")
    assert signed["due_at"] == "2026-03-09T17:30:00+08:00", "five working days"
    again = await oversight.post(f"/{draft['id']}/sign", Role.COORDINATION)
    assert again.status_code == 409
    assert again.json()["allowed"] == ["answer"]


async def test_a_unit_sees_only_what_was_issued_to_it(oversight: Oversight) -> None:
    await oversight.find("connection_rate")
    (draft,) = await oversight.orders()
    assert await oversight.orders(Role.UNIT, **OF_UNIT) == [], "a draft is the office's"
    assert (await oversight.post(f"/{draft['id']}/sign", Role.UNIT, **OF_UNIT)).status_code == 404
    await oversight.act(draft, "sign", Role.COORDINATION)
    assert len(await oversight.orders(Role.UNIT, **OF_UNIT)) == 1
    assert await oversight.orders(Role.UNIT, **OTHER_UNIT) == []
    path = f"/{draft['id']}/answer"
    foreign = await oversight.post(path, Role.UNIT, {"answer": "已整改"}, **OTHER_UNIT)
    assert foreign.status_code == 404
    assert (await (await oversight.client(Role.OPERATOR)).get("/v1/orders")).status_code == 403


async def test_an_answer_is_tracked_and_accepted(oversight: Oversight) -> None:
    await oversight.find("connection_rate")
    (draft,) = await oversight.orders()
    await oversight.act(draft, "sign", Role.COORDINATION)
    answered = await oversight.act(
        draft, "answer", Role.UNIT, {"answer": "已增加座席。"}, **OF_UNIT
    )
    assert (answered["state"], answered["is_late"]) == ("answered", False)
    accepted = await oversight.act(draft, "accept", Role.SUPERVISOR)
    assert accepted["state"] == "accepted"
    assert [entry["act"] for entry in accepted["history"]] == ["draft", "sign", "answer", "accept"]
    issued, said = await oversight.said()
    assert isinstance(said, OrderAnswered)
    assert (said.number, said.text, said.is_late) == (issued.number, "已增加座席。", False)
    events = await oversight.harness.said(oversight.sla.runtime)
    assert [one.sequence for one in events if one.subject == draft["id"]] == [1, 2]


async def test_an_order_without_an_answer_climbs_and_its_late_answer_is_marked(
    oversight: Oversight,
) -> None:
    await oversight.find("connection_rate")
    (draft,) = await oversight.orders()
    await oversight.act(draft, "sign", Role.COORDINATION)
    assert await oversight.look(MONDAY + 8 * DAY) == 1
    interview, report = await oversight.orders()
    assert interview["is_overdue"] is True
    assert (report["kind"], report["source"]) == ("government", "ZY 26.4")
    late = await oversight.act(draft, "answer", Role.UNIT, {"answer": "已整改。"}, **OF_UNIT)
    assert late["is_late"] is True
    refused = await oversight.post(f"/{report['id']}/sign", Role.COORDINATION)
    assert "政府领导签发（ZY 26）" in refused.json()["detail"]
    signed = await oversight.act(report, "sign", Role.LEADER)
    assert signed["number"] == "资热报〔2026〕1号"


async def test_a_refused_answer_gives_the_time_anew_and_may_climb(oversight: Oversight) -> None:
    await oversight.find("connection_rate")
    (draft,) = await oversight.orders()
    await oversight.act(draft, "sign", Role.COORDINATION)
    await oversight.act(draft, "answer", Role.UNIT, {"answer": "知道了。"}, **OF_UNIT)
    oversight.harness.clock.step_to(MONDAY + DAY)
    body = {"reason": "没有整改措施", "climbs": True}
    again = await oversight.act(draft, "reject-answer", Role.SUPERVISOR, body)
    assert (again["state"], again["answer"]) == ("issued", None)
    assert again["due_at"] == "2026-03-10T17:30:00+08:00"
    assert again["history"][2]["text"] == "知道了。"
    (report,) = again["drafted"]
    shown = await oversight.get(f"/{report}")
    assert (shown["kind"], shown["rule"]) == ("government", "interview_unanswered")
    assert "没有整改措施" in shown["grounds"]


async def test_the_national_default_ladder_holds_where_a_document_has_none(
    oversight: Oversight,
) -> None:
    await oversight.know("530100-001", "530100")
    await oversight.find("satisfaction_last", unit="530100-001")
    (draft,) = await oversight.orders(jurisdiction=YUNNAN)
    assert (draft["kind"], draft["source"]) == ("interview", "default")
    signed = await oversight.act(draft, "sign", Role.SUPERVISOR, jurisdiction="530100")
    assert signed["number"] == "热约〔2026〕1号"


async def _miss_handling(oversight: Oversight) -> Desk:
    """The unit asked for more time, and was not answered before the time was over."""
    desk = await open_desk(oversight.sla)
    await desk.extend(5, at="2026-03-09T10:00")
    question = await oversight.sla.ask(beijing("2026-03-11T17:31"))
    await oversight.sla.hear(judged(question, act_at=None), beijing("2026-03-11T17:32"))
    return desk
