"""A unit is asked before a request is accepted, and answers in time or not (A4, ZY 9)."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.intake.app import make_app
from services.intake.consumer import handlers
from shared.events.dispatch import UnitChanged
from shared.events.intake import (
    TicketCreated,
    TicketRefused,
    TicketVerified,
    VerificationRequested,
)
from shared.events.words import Role
from shared.policy.load import builtin_packs
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.test_intake_filing import intake, operator, request

__all__ = ["intake", "operator"]
UNIT = "512000-01"
ASKED_AT = datetime(2026, 9, 29, 2, 20, tzinfo=UTC)
DUE_AT = datetime(2026, 9, 30, 9, 30, tzinfo=UTC)
"""1 working day after Tuesday 10:20 in Beijing: Wednesday 17:30, by the reading of a day."""
QUESTION = {"unit": UNIT, "question": "是否属于你单位职责？"}
YES = {"is_in_scope": True, "opinion": "属城市供水。"}
NO = {
    "is_in_scope": False,
    "opinion": "法院已立案。",
    "ground": "litigation",
    "competent": "雁江区人民法院",
}


@pytest.fixture
async def unit(harness: Harness, intake: Runtime) -> httpx.AsyncClient:
    """The unit that is asked; another one works too."""
    harness.clock.stepped = ASKED_AT
    for code in (UNIT, "512000-02"):
        changed = UnitChanged(code=code, name="住建局", jurisdiction="512000")
        await harness.hear(intake, handlers(intake), harness.event(changed, code))
    bearer = token(harness.settings, Role.UNIT, unit=UNIT)
    return await harness.client(make_app(intake), bearer)


async def ask(operator: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await operator.post("/v1/tickets", json=request(verify=QUESTION, **changes))
    assert answer.status_code == 201, answer.text
    ticket: dict[str, Any] = answer.json()
    return ticket


async def test_a_question_to_a_unit_starts_no_clock_but_its_own(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    ticket = await ask(operator)
    assert (ticket["state"], ticket["state_name"]) == ("verifying", "核实中")
    assert ticket["accepted_at"] is None
    [deadline] = ticket["deadlines"]
    assert (deadline["step"], deadline["source"]) == ("verify", "default")
    assert datetime.fromisoformat(deadline["due_at"]) == DUE_AT
    assert deadline["rule"] == "1 working day after the question, to close of business"
    [event] = await harness.said(intake)
    assert isinstance(event.data, VerificationRequested)
    assert (event.sequence, event.time) == (1, ASKED_AT)
    assert (event.data.unit, event.data.question) == (UNIT, QUESTION["question"])
    assert event.data.policy == builtin_packs()["512000"].content_hash
    assert "测试人" not in event.data.model_dump_json()


async def test_the_unit_sees_the_question_and_never_the_caller(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    place = {"address": "幸福小区", "division": "512002"}
    ticket = await ask(operator, place=place)
    answer = await unit.get("/v1/verifications")
    [item] = answer.json()["items"]
    assert item["id"] == ticket["id"]
    assert (item["question"], item["state"]) == (QUESTION["question"], "asked")
    assert (item["title"], item["place"]) == ("小区停水", place)
    assert datetime.fromisoformat(item["deadline"]["due_at"]) == DUE_AT
    assert not any(word in answer.text for word in ("测试人", "1380000", "caller", "三栋"))
    assert (await unit.get(f"/v1/tickets/{ticket['id']}/caller")).status_code == 403
    other = await harness.client(
        make_app(intake), token(harness.settings, Role.UNIT, unit="512000-02")
    )
    assert (await other.get("/v1/verifications")).json()["items"] == []
    assert (await other.get(f"/v1/verifications?unit={UNIT}")).json()["items"] == []
    assert (await other.post(f"/v1/tickets/{ticket['id']}/verify", json=YES)).status_code == 404


async def test_what_is_in_scope_is_accepted_now(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    ticket = await ask(operator, secrecy="sensitive")
    answered_at = ASKED_AT + timedelta(hours=3)
    harness.clock.step_to(answered_at)
    answer = await unit.post(f"/v1/tickets/{ticket['id']}/verify", json=YES)
    assert answer.status_code == 200, answer.text
    accepted = answer.json()
    assert (accepted["state"], accepted["sequence"]) == ("accepted", 3)
    assert datetime.fromisoformat(accepted["accepted_at"]) == answered_at
    [dispatch] = accepted["deadlines"]
    assert (dispatch["step"], dispatch["source"]) == ("dispatch", "ZY 13.1")
    assert datetime.fromisoformat(dispatch["due_at"]) == answered_at + timedelta(hours=2)
    assert answer.headers["Ticket-Seen"] == f"{ticket['id']} intake=3"
    asked, verified, created = await harness.said(intake)
    assert [event.sequence for event in (asked, verified, created)] == [1, 2, 3]
    assert isinstance(verified.data, TicketVerified)
    assert (verified.data.unit, verified.data.is_in_scope) == (UNIT, True)
    assert isinstance(created.data, TicketCreated)
    assert created.time == answered_at
    assert isinstance(asked.data, VerificationRequested)
    same = TicketCreated.model_fields.keys() - {"policy", "asked_first"}
    assert all(getattr(created.data, name) == getattr(asked.data, name) for name in same)
    row = await intake.database.pool.fetchrow("SELECT * FROM tickets")
    assert row is not None
    assert (row["state"], row["accepted_at"], row["sequence"]) == ("accepted", answered_at, 3)


async def test_what_is_out_of_scope_is_refused_and_its_caller_led_to_the_competent_department(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    ticket = await ask(operator, secrecy="sensitive")
    answer = await unit.post(f"/v1/tickets/{ticket['id']}/verify", json=NO)
    refused = answer.json()
    assert (refused["state"], refused["deadlines"]) == ("refused", [])
    ground = next(g for g in builtin_packs()["512000"].scope if g.code == "litigation")
    assert refused["refusal"] == {
        "ground": "litigation",
        "explanation": ground.text,
        "channel": ground.channel,
        "source": ground.source,
        "competent": "雁江区人民法院",
    }
    *_, verified, event = await harness.said(intake)
    assert isinstance(verified.data, TicketVerified)
    assert isinstance(event.data, TicketRefused)
    assert (event.sequence, event.data.secrecy) == (3, "sensitive")
    assert event.data.ground == "litigation"
    assert "请向雁江区人民法院反映" in event.data.explanation
    [item] = (await operator.get("/v1/verifications?state=out_of_scope")).json()["items"]
    assert (item["opinion"], item["ground"]) == ("法院已立案。", "litigation")
    assert (item["deadline"], item["competent"]) == (None, "雁江区人民法院")


@pytest.mark.parametrize("first", [YES, NO], ids=["in scope", "out of scope"])
async def test_a_second_answer_is_refused_with_what_is_allowed(
    operator: httpx.AsyncClient,
    unit: httpx.AsyncClient,
    intake: Runtime,
    harness: Harness,
    first: dict[str, Any],
) -> None:
    path = f"/v1/tickets/{(await ask(operator))['id']}/verify"
    assert (await unit.post(path, json=first)).is_success
    for body in (YES, NO):
        answer = await unit.post(path, json=body)
        assert answer.status_code == 409
        assert answer.json()["allowed"] == (["amend", "withdraw"] if first is YES else [])
    assert len(await harness.said(intake)) == 3


async def test_two_answers_at_once_make_one_ticket(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    path = f"/v1/tickets/{(await ask(operator))['id']}/verify"
    answers = await asyncio.gather(*(unit.post(path, json=body) for body in (YES, NO) * 4))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert [event.sequence for event in await harness.said(intake)] == [1, 2, 3]


async def test_the_hotline_decides_itself_only_after_the_units_time(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    path = f"/v1/tickets/{(await ask(operator))['id']}/verify"
    harness.clock.step_to(DUE_AT)
    early = await operator.post(path, json=YES)
    assert early.status_code == 409
    assert early.json()["allowed"] == ["amend"]
    assert "2026-09-30 17:30" in early.json()["detail"]
    harness.clock.step_to(DUE_AT + timedelta(seconds=1))
    assert (await operator.post(path, json=YES)).json()["state"] == "accepted"
    _, verified, _ = await harness.said(intake)
    assert isinstance(verified.data, TicketVerified)
    assert (verified.data.unit, verified.data.verified_by) == (UNIT, "test-operator-")


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"verify": {**QUESTION, "unit": "999"}}, "verify.unit", "unknown_unit"),
        ({"verify": {"unit": UNIT}}, "verify.question", "missing"),
        ({"verify": QUESTION, "refusal": "litigation"}, "verify", "conflict"),
        (
            {"verify": QUESTION, "history": {"closed_at": "2020-01-01T00:00Z"}},
            "history",
            "conflict",
        ),
    ],
)
async def test_a_question_that_cannot_be_asked_is_named(
    operator: httpx.AsyncClient,
    unit: httpx.AsyncClient,
    intake: Runtime,
    changes: dict[str, Any],
    field: str,
    code: str,
) -> None:
    answer = await operator.post("/v1/tickets", json=request(**changes))
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == (field, code)
    assert await intake.database.pool.fetchval("SELECT count(*) FROM tickets") == 0


async def test_a_unit_that_no_longer_works_is_not_asked(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    gone = UnitChanged(code=UNIT, name="住建局", jurisdiction="512000", is_active=False)
    await harness.hear(intake, handlers(intake), harness.event(gone, UNIT))
    answer = await operator.post("/v1/tickets", json=request(verify=QUESTION))
    assert answer.json()["errors"][0]["code"] == "unknown_unit"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**NO, "ground": None}, "ground"),
        ({**YES, "ground": "litigation"}, "ground"),
        ({**YES, "competent": "法院"}, "competent"),
        ({**NO, "ground": "weather"}, "ground"),
        ({**YES, "opinion": " "}, "opinion"),
    ],
)
async def test_an_answer_that_does_not_fit_changes_nothing(
    operator: httpx.AsyncClient,
    unit: httpx.AsyncClient,
    intake: Runtime,
    harness: Harness,
    body: dict[str, Any],
    field: str,
) -> None:
    ticket = await ask(operator)
    answer = await unit.post(f"/v1/tickets/{ticket['id']}/verify", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert len(await harness.said(intake)) == 1
    assert (await unit.get("/v1/verifications?state=asked")).json()["items"]


async def test_who_may_neither_ask_nor_answer_is_refused(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    path = f"/v1/tickets/{(await ask(operator))['id']}/verify"
    app = make_app(intake)
    admin = await harness.client(app, token(harness.settings, Role.ADMINISTRATOR))
    assert (await admin.post("/v1/tickets", json=request(verify=QUESTION))).status_code == 403
    assert (await admin.post(path, json=YES)).status_code == 403
    assert (await admin.get("/v1/verifications")).status_code == 403
    stranger = await harness.client(
        app, token(harness.settings, Role.OPERATOR, jurisdiction="532800")
    )
    assert (await stranger.post(path, json=YES)).status_code == 404
    assert (await stranger.get("/v1/verifications")).json()["items"] == []


async def test_a_repeated_delivery_of_what_is_being_verified_finds_it(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime
) -> None:
    body = request(verify=QUESTION, channel_ref="一")
    first = await operator.post("/v1/tickets", json=body)
    again = await operator.post("/v1/tickets", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert (again.json()["state"], again.json()["accepted_at"]) == ("verifying", None)
    assert await intake.database.pool.fetchval("SELECT count(*) FROM verifications") == 1


async def test_questions_are_listed_page_by_page(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient
) -> None:
    lines = [json.dumps(request(verify=QUESTION, title=f"第 {place} 件")) for place in range(5)]
    lines.append(json.dumps(request(title="不须核实")))
    filed = await operator.post("/v1/tickets/bulk", content="\n".join(lines))
    assert [json.loads(line)["status"] for line in filed.text.splitlines()] == [201] * 6
    titles: list[str] = []
    page: dict[str, Any] = {"next": ""}
    while page["next"] is not None:
        params = {"limit": "2"} | ({"after": page["next"]} if page["next"] else {})
        page = (await unit.get("/v1/verifications", params=params)).json()
        titles += [item["title"] for item in page["items"]]
    assert titles == [f"第 {place} 件" for place in (4, 3, 2, 1, 0)]
    wrong = await unit.get("/v1/verifications", params={"after": "?"})
    assert wrong.status_code == 422
