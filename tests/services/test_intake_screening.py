"""Redo or screening: the unit's doing, or an objective cause that two have found (A11, ZY 14.2)."""

import asyncio
import hashlib

import pytest

from shared.events.callers import TicketScreened, TicketScreeningRequested
from shared.events.intake import TicketRated
from shared.events.words import CloseReason, Role
from tests.services.intake_callers import (
    UNIT,
    Desk,
    Filed,
    Json,
    closed,
    desk,
    get,
    intake,
    operator,
    post,
    reopened,
    replied,
)

__all__ = ["desk", "intake", "operator"]
BAD: Json = {"result": "dissatisfied", "is_solved": False, "cause": "policy_limits"}
GRANTED: Json = {"is_granted": True, "reason": "补偿标准确由省级文件规定"}
REJECTED: Json = {"is_granted": False, "reason": "并未向诉求人解释"}
ATTACH = """WITH file AS (
    INSERT INTO attachments (id, sha256, bytes, media_type, uploaded_by, uploaded_at)
    VALUES (gen_random_uuid(), $1, 1, 'application/pdf', $1, now()) RETURNING id)
INSERT INTO ticket_attachments (ticket_id, attachment_id, kind, attached_by, attached_at)
SELECT $2, id, 'evidence', $1, now() FROM file RETURNING attachment_id::text"""


async def attach(desk: Desk, ticket: Filed) -> str:
    """A file on a ticket; its id."""
    name = hashlib.sha256(ticket.id.encode()).hexdigest()
    evidence: str = await desk.runtime.database.pool.fetchval(ATTACH, name, ticket.id)
    return evidence


async def dissatisfied(desk: Desk) -> Filed:
    """A reply with a bad rating."""
    ticket = await desk.replied()
    await post(desk.people["seat"], f"{ticket.path}/rate", **BAD)
    return ticket


async def screened(desk: Desk, ticket: Filed) -> Json:
    """The unit asks for a screening."""
    plea: Json = {
        "cause": "policy_limits",
        "explanation": "已当面解释政策",
        "evidence": [await attach(desk, ticket)],
    }
    await post(desk.people["unit"], f"{ticket.path}/screen", **plea)
    return plea


async def test_a_screening_is_asked_for_by_the_unit_and_granted_by_a_second_person(
    desk: Desk,
) -> None:
    ticket = await dissatisfied(desk)
    plea = await screened(desk, ticket)
    supervisor = desk.people["supervisor"]
    (shown,) = (await get(supervisor, "/v1/screenings", is_open=True))["items"]
    assert (shown["unit"], shown["cause_name"]) == (UNIT, "受相关政策等客观条件限制")
    assert shown["evidence"] == plea["evidence"]
    await post(supervisor, f"{ticket.path}/decide-screening", **GRANTED)
    (asked,) = await desk.said(ticket, TicketScreeningRequested)
    (decided,) = await desk.said(ticket, TicketScreened)
    assert asked.requested_by != decided.decided_by
    assert (decided.is_granted, decided.cause, decided.reply) == (True, "policy_limits", 1)
    (own,) = (await get(desk.people["unit"], "/v1/screenings"))["items"]
    assert own["is_granted"] is True
    rows = await desk.runtime.database.pool.fetch(
        "SELECT standing, count FROM rating_figures WHERE count > 0"
    )
    assert [tuple(row) for row in rows] == [("screened", 1)]
    await desk.hear(ticket, closed(CloseReason.SCREENED))
    seen = (await desk.caller(ticket, "")).json()
    assert seen["steps"][-1]["text"] == "您的诉求已办结：甄别为客观原因。"


async def test_a_rejected_screening_leaves_the_ticket_to_a_redo_and_comes_once(desk: Desk) -> None:
    ticket = await dissatisfied(desk)
    plea = await screened(desk, ticket)
    again = await desk.people["unit"].post(f"{ticket.path}/screen", json=plea)
    assert (again.status_code, again.json()["detail"]) == (409, "甄别申请正在审核。")
    await post(desk.people["supervisor"], f"{ticket.path}/decide-screening", **REJECTED)
    bad = await get(desk.people["seat"], "/v1/follow-ups", state="unsatisfied")
    assert [one["ticket_id"] for one in bad["items"]] == [ticket.id]
    again = await desk.people["unit"].post(f"{ticket.path}/screen", json=plea)
    assert again.status_code == 409
    twice = await desk.people["supervisor"].post(f"{ticket.path}/decide-screening", json=GRANTED)
    assert twice.status_code == 409


@pytest.mark.parametrize("cause", ["unsolved", "doubtful", "untrue", "incomplete"])
async def test_what_is_the_units_own_doing_is_not_screened(desk: Desk, cause: str) -> None:
    ticket = await dissatisfied(desk)
    plea: Json = {"cause": cause, "explanation": "解释", "evidence": [await attach(desk, ticket)]}
    answer = await desk.people["unit"].post(f"{ticket.path}/screen", json=plea)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "not_objective"


async def test_a_screening_needs_evidence_that_is_on_this_ticket(desk: Desk) -> None:
    ticket, other = await dissatisfied(desk), await dissatisfied(desk)
    plea: Json = {"cause": "expectation", "explanation": "解释"}
    for evidence in ([], [await attach(desk, other)]):
        body: Json = {**plea, "evidence": evidence}
        answer = await desk.people["unit"].post(f"{ticket.path}/screen", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "evidence"


async def test_only_the_unit_asks_and_only_a_supervisor_decides(desk: Desk) -> None:
    ticket = await dissatisfied(desk)
    plea: Json = {
        "cause": "expectation",
        "explanation": "解释",
        "evidence": [await attach(desk, ticket)],
    }
    stranger = await desk.person(Role.UNIT, unit="512000-housing")
    assert (await stranger.post(f"{ticket.path}/screen", json=plea)).status_code == 404
    assert (await desk.people["seat"].post(f"{ticket.path}/screen", json=plea)).status_code == 403
    await post(desk.people["unit"], f"{ticket.path}/screen", **plea)
    for person in ("unit", "seat"):
        answer = await desk.people[person].post(f"{ticket.path}/decide-screening", json=GRANTED)
        assert answer.status_code == 403
    same = await desk.person(Role.SUPERVISOR, subject=f"test-{Role.UNIT}-{UNIT}")
    refused = await same.post(f"{ticket.path}/decide-screening", json=GRANTED)
    assert refused.json()["detail"] == "甄别申请须由申请人以外的人审核。"


async def test_what_nobody_rated_badly_is_not_screened(desk: Desk) -> None:
    ticket = await desk.replied()
    plea: Json = {
        "cause": "expectation",
        "explanation": "解释",
        "evidence": [await attach(desk, ticket)],
    }
    refused = await desk.people["unit"].post(f"{ticket.path}/screen", json=plea)
    assert refused.json()["detail"] == "本次答复没有不满意的评价，无须甄别。"
    fresh = await desk.file()
    missing = await desk.people["supervisor"].post(f"{fresh.path}/decide-screening", json=GRANTED)
    assert missing.status_code == 409


async def test_a_redo_overtakes_a_screening(desk: Desk) -> None:
    ticket = await dissatisfied(desk)
    plea = await screened(desk, ticket)
    await desk.hear(ticket, reopened())
    late = await desk.people["supervisor"].post(f"{ticket.path}/decide-screening", json=GRANTED)
    assert late.status_code == 409
    await desk.hear(ticket, replied(2))
    assert (
        await desk.people["supervisor"].post(f"{ticket.path}/decide-screening", json=GRANTED)
    ).status_code == 409
    assert (await get(desk.people["unit"], "/v1/screenings", is_open=True))["items"] == []
    refused = await desk.people["unit"].post(f"{ticket.path}/screen", json=plea)
    assert refused.status_code == 409, "the second reply was not rated"
    assert (await desk.caller(ticket, "rate", result="satisfied", is_solved=True)).is_success
    *_, last = await desk.said(ticket, TicketRated)
    assert last.reply == 2


async def disputed(desk: Desk, ticket: Filed) -> str:
    """The unit complains about the rating too; where that is answered."""
    await post(desk.people["unit"], f"{ticket.path}/disputes", text="评价的是另一件事")
    (shown,) = (await get(desk.people["supervisor"], "/v1/disputes", is_open=True))["items"]
    return f"/v1/disputes/{shown['id']}/answer"


async def figures(desk: Desk) -> dict[str, int]:
    """The public figures by standing."""
    rows = await desk.runtime.database.pool.fetch(
        "SELECT standing, count FROM rating_figures WHERE count <> 0"
    )
    return {row["standing"]: row["count"] for row in rows}


async def test_a_rating_made_void_is_not_screened_any_more(desk: Desk) -> None:
    ticket = await dissatisfied(desk)
    await screened(desk, ticket)
    supervisor = desk.people["supervisor"]
    await post(supervisor, await disputed(desk, ticket), is_upheld=True, answer="作废")
    assert (await get(supervisor, "/v1/screenings", is_open=True))["items"] == []
    late = await supervisor.post(f"{ticket.path}/decide-screening", json=GRANTED)
    assert (late.status_code, late.json()["detail"]) == (409, "没有待审核的甄别申请。")
    assert await figures(desk) == {}
    assert await desk.said(ticket, TicketScreened) == []
    assert (await desk.caller(ticket, "rate", result="satisfied", is_solved=True)).is_success
    assert await figures(desk) == {"counted": 1}


async def test_a_complaint_about_an_earlier_rating_leaves_the_screening_of_the_last(
    desk: Desk,
) -> None:
    ticket = await dissatisfied(desk)
    supervisor, path = desk.people["supervisor"], await disputed(desk, ticket)
    await desk.hear(ticket, reopened(), replied(2))
    await post(desk.people["seat"], f"{ticket.path}/rate", **BAD)
    await screened(desk, ticket)
    await post(supervisor, path, is_upheld=True, answer="作废")
    await post(supervisor, f"{ticket.path}/decide-screening", **GRANTED)
    assert await figures(desk) == {"screened": 1}


async def test_a_screening_granted_as_its_rating_is_made_void_counts_nowhere(desk: Desk) -> None:
    ticket = await dissatisfied(desk)
    await screened(desk, ticket)
    supervisor, path = desk.people["supervisor"], await disputed(desk, ticket)
    granted, upheld = await asyncio.gather(
        supervisor.post(f"{ticket.path}/decide-screening", json=GRANTED),
        supervisor.post(path, json={"is_upheld": True, "answer": "作废"}),
    )
    assert (upheld.status_code, granted.status_code in (200, 409)) == (200, True)
    assert await figures(desk) == {}
    said = await desk.said(ticket, TicketScreened)
    asked = (await get(desk.people["seat"], "/v1/follow-ups"))["items"]
    assert len(said) + len(asked) == 1, "it closes as screened, or its caller is asked again"


async def test_while_a_screening_waits_nothing_else_closes_the_ticket(desk: Desk) -> None:
    ticket = await dissatisfied(desk)
    await screened(desk, ticket)
    conforming: Json = {"result": "dissatisfied", "is_solved": False, "conforms": True}
    answer = await desk.people["supervisor"].post(f"{ticket.path}/rate", json=conforming)
    assert answer.status_code == 409
    await post(desk.people["supervisor"], f"{ticket.path}/decide-screening", **REJECTED)
    await post(desk.people["supervisor"], f"{ticket.path}/rate", **conforming)


async def test_a_doubt_keeps_the_ticket_open_whatever_the_rating(desk: Desk) -> None:
    ticket = await desk.replied()
    body: Json = {"result": "very_satisfied", "is_solved": True, "doubt": "诉求人称无人联系"}
    await post(desk.people["seat"], f"{ticket.path}/rate", **body)
    (rated,) = await desk.said(ticket, TicketRated)
    assert (rated.closes, rated.doubt) == (None, "诉求人称无人联系")
    bad = await get(desk.people["seat"], "/v1/follow-ups", state="unsatisfied")
    assert [one["ticket_id"] for one in bad["items"]] == [ticket.id]


@pytest.mark.parametrize(
    "body",
    [
        {"result": "satisfied", "is_solved": True, "cause": "unsolved"},
        {"result": "satisfied", "is_solved": True, "doubt": "疑", "conforms": True},
    ],
)
async def test_a_rating_that_contradicts_itself_is_refused(desk: Desk, body: Json) -> None:
    ticket = await desk.replied()
    answer = await desk.people["supervisor"].post(f"{ticket.path}/rate", json=body)
    assert answer.status_code == 422


@pytest.mark.parametrize("mark", ["is_enforcement", "is_mediation"])
async def test_mediation_and_enforcement_count_in_no_score(desk: Desk, mark: str) -> None:
    await counts_in_no_score(desk, await desk.replied(**{mark: True}))


@pytest.mark.parametrize("mark", ["is_enforcement", "is_mediation"])
async def test_what_is_marked_later_counts_in_no_score_either(desk: Desk, mark: str) -> None:
    ticket = await desk.replied(channel="web")
    await post(desk.operator, f"{ticket.path}/amend", **{mark: True}, reason="属行政调解或者执法")
    await counts_in_no_score(desk, ticket)


async def counts_in_no_score(desk: Desk, ticket: Filed) -> None:
    """A rating of it is taken, shown apart, and counts nowhere."""
    await post(desk.people["seat"], f"{ticket.path}/rate", **BAD)
    (rated,) = await desk.said(ticket, TicketRated)
    assert rated.counts is False
    rows = await desk.runtime.database.pool.fetch("SELECT standing, count FROM rating_figures")
    assert [tuple(row) for row in rows] == [("apart", 1)]
