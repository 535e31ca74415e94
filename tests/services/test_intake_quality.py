"""Calls and tickets are drawn and scored by somebody else than their agent (A18, ZY 23)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.app import make_app
from services.intake.consumer import handlers
from services.intake.quality.rules import Line, grade, is_drawn, wrong_form, wrong_marks
from shared.events.callers import QualityChecked
from shared.events.dispatch import TicketReopened
from shared.events.words import Role
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.test_intake_filing import REQUEST, intake, operator

__all__ = ["intake", "operator"]
LINES = [
    {"code": "greeting", "text": "规范用语", "full_marks": 40},
    {"code": "record", "text": "记录完整", "full_marks": 60},
]
GOOD, POOR = {"greeting": 38, "record": 55}, {"greeting": 10, "record": 30}
AGENT = "test-operator-"
"""Who filed by the fixture's operator."""


class Office:
    """An agent, a seat of quality, two of the hotline office."""

    def __init__(self, people: dict[str, httpx.AsyncClient]) -> None:
        self.people = people
        self.day = {
            "begin": (datetime.now(UTC) - timedelta(hours=12)).isoformat(),
            "end": (datetime.now(UTC) + timedelta(hours=12)).isoformat(),
        }

    async def draw(self) -> dict[str, Any]:
        body = {"jurisdiction": "512000"} | self.day
        answer = await self.people["office"].post("/v1/quality-checks/sample", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def checks(self, by: str = "office", **query: Any) -> list[dict[str, Any]]:
        answer = await self.people[by].get("/v1/quality-checks", params=query)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def score(
        self, check: str, by: str = "quality", *, marks: dict[str, int] = GOOD, form: str = "ticket"
    ) -> httpx.Response:
        body = {"form": form, "marks": marks}
        return await self.people[by].post(f"/v1/quality-checks/{check}/score", json=body)

    async def object_to(self, check: str, by: str = "agent") -> httpx.Response:
        body = {"text": "录音中已告知查询码"}
        return await self.people[by].post(f"/v1/quality-checks/{check}/object", json=body)

    async def grades(self) -> dict[str, Any]:
        answer = await self.people["office"].get("/v1/quality-checks/grades", params=self.day)
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def office(harness: Harness, intake: Runtime, operator: httpx.AsyncClient) -> Office:
    app = make_app(intake)
    people = {"agent": operator}
    for name, role in (
        *(("office", Role.SUPERVISOR), ("other", Role.SUPERVISOR)),
        *(("quality", Role.OPERATOR), ("caller", Role.OPERATOR)),
    ):
        people[name] = await harness.client(app, token(harness.settings, role, subject=name))
    seat = {"jurisdiction": "512000", "kind": "quality"}
    assert (await people["office"].put("/v1/seats/quality", json=seat)).is_success
    for subject in ("ticket", "call"):
        form = {"jurisdiction": "512000", "subject": subject, "lines": LINES}
        answer = await people["office"].put(f"/v1/quality-forms/{subject}", json=form)
        assert answer.is_success, answer.text
    return Office(people)


async def redone(harness: Harness, intake: Runtime, operator: httpx.AsyncClient) -> str:
    ticket = str((await operator.post("/v1/tickets", json=REQUEST)).json()["id"])
    again = harness.event(TicketReopened(unit="512000-01", reason="未解决"), ticket)
    await harness.hear(intake, handlers(intake), again)
    return ticket


async def test_every_ticket_with_a_risk_is_drawn_and_a_share_at_random(
    office: Office, harness: Harness, intake: Runtime, operator: httpx.AsyncClient
) -> None:
    again = await redone(harness, intake, operator)
    abused = (await operator.post("/v1/tickets", json=REQUEST)).json()["id"]
    flag = {"category": "harassment", "text": "辱骂"}
    assert (await operator.post(f"/v1/tickets/{abused}/abuse", json=flag)).is_success
    lines = b"\n".join(orjson.dumps(REQUEST) for _ in range(400))
    filers = [operator]
    for nobody in ("source:sms", "public"):
        bearer = token(harness.settings, Role.OPERATOR, subject=nobody)
        filers.append(await harness.client(make_app(intake), bearer))
    for filer in filers:
        assert (await filer.post("/v1/tickets/bulk", content=lines)).is_success
    drawn = await office.draw()
    assert (drawn["share"], drawn["source"]) == (0.03, "default")
    assert (drawn["redone"], drawn["abused"]) == (1, 1)
    assert 2 <= drawn["random"] <= 30, "three in a hundred of four hundred"
    checks = await office.checks(limit=200)
    reasons = {check["subject_id"]: check["reason"] for check in checks}
    assert (reasons[again], reasons[abused]) == ("redone", "abused")
    assert {check["agent"] for check in checks} == {AGENT}
    again_drawn = await office.draw()
    assert [again_drawn[name] for name in ("random", "redone", "abused")] == [0, 0, 0]
    assert len(await office.checks(limit=200)) == len(checks)


async def test_calls_are_drawn_too_and_scored_on_a_form_of_calls(office: Office) -> None:
    now = datetime.now(UTC)
    calls = [
        {
            "jurisdiction": "512000",
            "ref": str(number),
            "queued_at": now.isoformat(),
            "answered_at": now.isoformat(),
            "ended_at": (now + timedelta(seconds=60)).isoformat(),
            "agent": AGENT,
        }
        for number in range(300)
    ]
    body = b"\n".join(orjson.dumps(call) for call in calls)
    await office.people["office"].post("/v1/calls/bulk", content=body)
    assert (await office.draw())["random"] >= 1
    (check, *_) = await office.checks()
    assert (check["subject"], check["subject_name"]) == ("call", "来电")
    wrong = await office.score(check["id"], form="ticket")
    assert wrong.json()["errors"][0]["code"] == "other_subject"
    assert (await office.score(check["id"], form="call")).json()["score"] == 93


async def test_an_agent_objects_and_somebody_else_scores_again(
    office: Office, harness: Harness, intake: Runtime, operator: httpx.AsyncClient
) -> None:
    await redone(harness, intake, operator)
    await office.draw()
    (check,) = await office.checks()
    path = check["id"]
    assert (await office.object_to(path)).status_code == 409, "nothing is scored yet"
    assert (await office.score(path, by="agent")).status_code == 403, "not one's own"
    assert (await office.score(path, by="caller")).status_code == 403, "no seat of quality"
    scored = (await office.score(path, marks=POOR)).json()
    assert (scored["state"], scored["score"], scored["form_version"]) == ("scored", 40, 1)
    assert (await office.score(path, by="office")).status_code == 409, "without an objection"
    grades = await office.grades()
    assert grades["items"] == [
        {"agent": AGENT, "checks": 1, "average": 40.0, "is_training_due": True}
    ]
    assert (await office.object_to(path, by="caller")).status_code == 403
    assert (await office.object_to(path)).json()["state"] == "objected"
    assert (await office.object_to(path)).status_code == 409
    assert (await office.score(path)).status_code == 403, "not by who scored first"
    final = (await office.score(path, by="other")).json()
    assert (final["state"], final["score"], final["second_score"]) == ("final", 40, 93)
    grades = await office.grades()
    assert (grades["items"][0]["average"], grades["items"][0]["is_training_due"]) == (93.0, False)
    said = [e.data for e in await harness.said(intake) if isinstance(e.data, QualityChecked)]
    assert [(one.score, one.is_second) for one in said] == [(40, False), (93, True)]


async def test_a_form_has_versions_and_a_check_keeps_its_own(
    office: Office, harness: Harness, intake: Runtime, operator: httpx.AsyncClient
) -> None:
    await redone(harness, intake, operator)
    await office.draw()
    (check,) = await office.checks()
    await office.score(check["id"])
    more = {"jurisdiction": "512000", "subject": "ticket"}
    whole = [{"code": "all", "text": "总评", "full_marks": 100}]
    put = office.people["office"].put
    second = await put("/v1/quality-forms/ticket", json=more | {"lines": whole})
    assert second.json()["version"] == 2
    (check,) = await office.checks()
    assert check["form_version"] == 1
    forms = (await office.people["quality"].get("/v1/quality-forms")).json()["items"]
    assert [(one["code"], one["version"]) for one in forms] == [
        *(("call", 1), ("ticket", 2), ("ticket", 1)),
    ]
    for lines in (LINES[:1], [*LINES, LINES[0]]):
        wrong = await put("/v1/quality-forms/ticket", json=more | {"lines": lines})
        assert wrong.json()["errors"][0]["field"] == "lines"


@pytest.mark.parametrize(
    ("marks", "field"),
    [
        ({"greeting": 41, "record": 60}, "marks.greeting"),
        ({"greeting": -1, "record": 60}, "marks.greeting"),
        ({"greeting": 40}, "marks.record"),
        ({"greeting": 40, "record": 60, "smile": 1}, "marks.smile"),
    ],
)
async def test_marks_that_cannot_be_are_refused_with_their_line(
    office: Office,
    harness: Harness,
    intake: Runtime,
    operator: httpx.AsyncClient,
    marks: dict[str, int],
    field: str,
) -> None:
    await redone(harness, intake, operator)
    await office.draw()
    (check,) = await office.checks()
    answer = await office.score(check["id"], marks=marks)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert (await office.checks())[0]["state"] == "open"


async def test_agents_see_their_own_alone_and_other_places_nothing(
    office: Office, harness: Harness, intake: Runtime, operator: httpx.AsyncClient
) -> None:
    await redone(harness, intake, operator)
    await office.draw()
    assert len(await office.checks(by="agent")) == 1
    assert await office.checks(by="caller") == []
    assert await office.checks(by="caller", state="open", agent=AGENT) == []
    assert len(await office.checks(by="quality", state="open")) == 1
    elsewhere = await harness.client(
        make_app(intake), token(harness.settings, Role.SUPERVISOR, jurisdiction="532800")
    )
    assert (await elsewhere.get("/v1/quality-checks")).json()["items"] == []
    (check,) = await office.checks()
    body = {"form": "ticket", "marks": GOOD}
    for path in (check["id"], str(uuid4())):
        answer = await elsewhere.post(f"/v1/quality-checks/{path}/score", json=body)
        assert answer.status_code == 404
    sample = {"jurisdiction": "512000"} | office.day
    assert (await elsewhere.post("/v1/quality-checks/sample", json=sample)).status_code == 404


@given(st.uuids(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_draws_all_that_a_smaller_one_draws(
    subject: UUID, one: float, other: float
) -> None:
    small, large = sorted((one, other))
    assert is_drawn(subject, large) or not is_drawn(subject, small)
    assert not is_drawn(subject, 0)


@given(st.lists(st.integers(1, 100), min_size=1, max_size=8))
def test_full_marks_are_a_hundred_and_marks_lie_within(marks: list[int]) -> None:
    lines = [Line(str(place), "x", full) for place, full in enumerate(marks)]
    assert (wrong_form(lines) is None) == (sum(marks) == 100)
    assert wrong_marks(lines, {line.code: line.full_marks for line in lines}) is None
    assert wrong_marks(lines, {}) is not None


@given(st.lists(st.integers(0, 100), max_size=20), st.integers(1, 100))
def test_who_is_below_the_mark_is_trained(scores: list[int], below: int) -> None:
    found = grade(scores, training_below=below)
    assert found.checks == len(scores)
    assert found.is_training_due == (bool(scores) and found.average < below)
