"""A request is added to and corrected (ZY 5)."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.intake.app import make_app
from services.intake.consumer import handlers
from shared.events.callers import TicketReported
from shared.events.dispatch import (
    TicketClosed,
    TicketDispatched,
    TicketInterimClosed,
    TicketResponded,
    TicketSigned,
    UnitChanged,
)
from shared.events.envelope import Payload
from shared.events.intake import TicketAmended, TicketCreated
from shared.events.knowledge import ArticlePublished
from shared.events.words import CloseReason, RequestType, Role, Urgency
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.test_intake_acts import REPLIED
from tests.services.test_intake_filing import intake, operator, request

__all__ = ["intake", "operator"]
UNIT = "512000-01"
SIGNED = TicketSigned(unit=UNIT, signed_by="u")
MOVES: dict[str, Payload] = {
    "dispatched": TicketDispatched(unit=UNIT, unit_name="住建局", round=1, dispatched_by="system"),
    "signed": SIGNED,
    "responded": TicketResponded(unit=UNIT, text="已到现场"),
    "interim_closed": TicketInterimClosed(
        unit=UNIT, progress="已立案", next_step="执行", promised_at="2026-12-31T00:00:00+08:00"
    ),
    "replied": REPLIED,
}


@pytest.fixture
async def ticket(operator: httpx.AsyncClient) -> str:
    return str((await operator.post("/v1/tickets", json=request())).json()["id"])


async def test_words_are_added_to_a_request(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness, ticket: str
) -> None:
    answer = await operator.post(f"/v1/tickets/{ticket}/amend", json={"addition": "整条街都停了"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["sequence"]) == ("accepted", 2)
    assert answer.headers["Ticket-Seen"] == f"{ticket} intake=2"
    [_, event] = await harness.said(intake)
    assert event.sequence == 2
    assert event.data == TicketAmended(addition="整条街都停了", amended_by="test-operator-")
    row = await intake.database.pool.fetchrow("SELECT * FROM amendments")
    assert row is not None
    assert (row["addition"], row["by"]) == ("整条街都停了", "test-operator-")


async def test_a_correction_says_what_changed_and_nothing_else(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness, ticket: str
) -> None:
    body = {
        "request_type": "complaint",
        "urgency": "critical",
        "is_enforcement": False,
        "category": "01",
        "reason": "投诉物业，大面积停水",
    }
    answer = await operator.post(f"/v1/tickets/{ticket}/amend", json=body)
    assert answer.status_code == 200, answer.text
    [_, event, reported] = await harness.said(intake)
    assert isinstance(reported.data, TicketReported), "it became an emergency"
    assert event.data == TicketAmended(
        request_type=RequestType.COMPLAINT,
        urgency=Urgency.CRITICAL,
        reason="投诉物业，大面积停水",
        amended_by="test-operator-",
    )
    row = await intake.database.pool.fetchrow("SELECT * FROM tickets")
    assert row is not None
    assert (row["request_type"], row["urgency"]) == ("complaint", "critical")
    again = await operator.post(f"/v1/tickets/{ticket}/amend", json=body)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "nothing_to_change")
    assert len(await harness.said(intake)) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"request_type": "complaint"},
        {"urgency": "special"},
        {"is_enforcement": True},
        {"addition": "另", "is_enforcement": True},
    ],
)
async def test_a_correction_without_a_reason_is_refused(
    operator: httpx.AsyncClient,
    intake: Runtime,
    harness: Harness,
    ticket: str,
    change: dict[str, Any],
) -> None:
    answer = await operator.post(f"/v1/tickets/{ticket}/amend", json=change)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "reason"
    assert len(await harness.said(intake)) == 1
    row = await intake.database.pool.fetchrow("SELECT * FROM tickets")
    assert row is not None
    assert (row["request_type"], row["urgency"]) == ("help", "normal")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "body", "nothing_to_change"),
        ({"request_type": "help", "reason": "同"}, "body", "nothing_to_change"),
        ({"category": "99", "reason": "改"}, "category", "unknown_category"),
        ({"request_type": "wish", "reason": "改"}, "request_type", "enum"),
        ({"addition": ""}, "addition", "string_too_short"),
        ({"content": "改"}, "content", "extra_forbidden"),
    ],
)
async def test_a_wrong_amendment_names_its_field(
    operator: httpx.AsyncClient, ticket: str, body: dict[str, Any], field: str, code: str
) -> None:
    answer = await operator.post(f"/v1/tickets/{ticket}/amend", json=body)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == (field, code)


@pytest.mark.parametrize("moves", [list(MOVES)[:length] for length in range(len(MOVES) + 1)])
async def test_what_is_not_over_can_be_amended(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness, ticket: str, moves: list[str]
) -> None:
    for move in moves:
        await harness.hear(intake, handlers(intake), harness.event(MOVES[move], ticket))
    answer = await operator.post(f"/v1/tickets/{ticket}/amend", json={"addition": "补充"})
    assert answer.status_code == 200, answer.text
    last = moves[-1] if moves else "accepted"
    assert answer.json()["state"] == {"responded": "signed"}.get(last, last)


@pytest.mark.parametrize("state", ["refused", "answered", "closed"])
async def test_what_is_over_cannot_be_amended(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness, ticket: str, state: str
) -> None:
    over = ticket
    if state == "refused":
        filed = await operator.post("/v1/tickets", json=request(refusal="litigation"))
        over = filed.json()["id"]
    elif state == "closed":
        closed = TicketClosed(unit=UNIT, reason=CloseReason.SATISFIED)
        await harness.hear(intake, handlers(intake), harness.event(closed, ticket))
    else:
        article = str(uuid4())
        published = ArticlePublished(
            jurisdiction="512000", unit=UNIT, title="停水", body="怎么办", version=1
        )
        await harness.hear(intake, handlers(intake), harness.event(published, article))
        filed = await operator.post("/v1/tickets", json=request(answered_by=article))
        over = filed.json()["id"]
    said = len(await harness.said(intake))
    answer = await operator.post(f"/v1/tickets/{over}/amend", json={"addition": "补充"})
    assert answer.status_code == 409
    assert answer.json()["allowed"] == []
    assert len(await harness.said(intake)) == said


async def test_what_is_amended_while_a_unit_is_asked_is_in_the_tickets_first_event(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    changed = UnitChanged(code=UNIT, name="住建局", jurisdiction="512000")
    await harness.hear(intake, handlers(intake), harness.event(changed, UNIT))
    body = request(verify={"unit": UNIT, "question": "是否属于？"})
    asked = (await operator.post("/v1/tickets", json=body)).json()["id"]
    amended = {"addition": "整条街", "request_type": "complaint", "reason": "投诉物业"}
    answer = await operator.post(f"/v1/tickets/{asked}/amend", json=amended)
    assert (answer.json()["state"], answer.json()["sequence"]) == ("verifying", 1)
    unit = await harness.client(make_app(intake), token(harness.settings, Role.UNIT, unit=UNIT))
    [item] = (await unit.get("/v1/verifications")).json()["items"]
    assert item["content"].endswith("补充：整条街")
    verified = await unit.post(
        f"/v1/tickets/{asked}/verify", json={"is_in_scope": True, "opinion": "属于"}
    )
    assert verified.is_success
    *_, created = await harness.said(intake)
    assert isinstance(created.data, TicketCreated)
    assert created.sequence == 3
    assert created.data.request_type is RequestType.COMPLAINT
    assert created.data.content.endswith("补充：整条街")


async def test_what_is_not_yours_is_not_amended(
    intake: Runtime, harness: Harness, ticket: str
) -> None:
    app = make_app(intake)
    path, body = f"/v1/tickets/{ticket}/amend", {"addition": "补充"}
    unit = await harness.client(app, token(harness.settings, Role.UNIT, unit=UNIT))
    assert (await unit.post(path, json=body)).status_code == 403
    stranger = await harness.client(
        app, token(harness.settings, Role.OPERATOR, jurisdiction="532800")
    )
    assert (await stranger.post(path, json=body)).status_code == 404


async def test_one_key_amends_once(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness, ticket: str
) -> None:
    headers = {"Idempotency-Key": "once"}
    body = {"addition": "补充"}
    first = await operator.post(f"/v1/tickets/{ticket}/amend", json=body, headers=headers)
    again = await operator.post(f"/v1/tickets/{ticket}/amend", json=body, headers=headers)
    assert first.content == again.content
    assert len(await harness.said(intake)) == 2
