"""Filing a request, one and many (A1, A2, A3, A5)."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.intake.app import make_app
from services.intake.consumer import handlers
from shared.events.intake import TicketAnswered, TicketCreated, TicketRefused
from shared.events.knowledge import ArticlePublished
from shared.events.words import Role, Service
from shared.runtime import Runtime
from tests.harness import Harness, token

REQUEST = {
    "jurisdiction": "512000",
    "type": "help",
    "title": "小区停水",
    "content": "幸福小区从昨晚起停水，至今没有恢复。",
    "channel": "phone",
    "category": "01",
    "caller": {"name": "测试人", "phone": "138 0000 1234", "address": "幸福小区三栋一单元"},
}


def request(**changes: Any) -> dict[str, Any]:
    return {**REQUEST, **changes}


@pytest.fixture
async def intake(harness: Harness) -> Runtime:
    return await harness.runtime(Service.INTAKE)


@pytest.fixture
async def operator(harness: Harness, intake: Runtime) -> httpx.AsyncClient:
    app = make_app(intake)
    admin = await harness.client(
        app, token(harness.settings, Role.ADMINISTRATOR, jurisdiction="000000")
    )
    for code, name in (("512000", "资阳市"), ("532800", "西双版纳州")):
        assert (await admin.put(f"/v1/jurisdictions/{code}", json={"name": name})).is_success
    assert (await admin.put("/v1/categories/01", json={"name": "城乡建设"})).is_success
    return await harness.client(app, token(harness.settings, Role.OPERATOR))


async def test_a_request_becomes_a_ticket_that_is_said_without_its_caller(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    answer = await operator.post("/v1/tickets", json=REQUEST)
    assert answer.status_code == 201, answer.text
    ticket = answer.json()
    assert ticket["state"] == "accepted"
    assert ticket["state_name"] == "已受理"
    assert ticket["deadlines"][0]["step"] == "dispatch"
    assert ticket["deadlines"][0]["source"] == "ZY 13.1"
    assert answer.headers["Ticket-Seen"] == f"{ticket['id']} intake=1"
    [event] = await harness.said(intake)
    assert isinstance(event.data, TicketCreated)
    assert event.subject == ticket["id"]
    assert event.data.number == ticket["number"]
    words = event.data.model_dump_json()
    assert not any(secret in words for secret in ("测试人", "1380000", "三栋一单元"))


async def test_an_identity_is_encrypted_masked_and_each_look_is_written_down(
    operator: httpx.AsyncClient, intake: Runtime
) -> None:
    ticket = (await operator.post("/v1/tickets", json=REQUEST)).json()
    row = await intake.database.pool.fetchrow("SELECT * FROM tickets")
    assert row is not None
    assert "测试人".encode() not in row["identity"]
    masked = (await operator.get(f"/v1/tickets/{ticket['id']}/caller")).json()
    assert masked == {
        "name": "测**",
        "phone": "138******1234",
        "address": "幸福小区三栋****",
        "contact": None,
    }
    looks = "SELECT by, purpose FROM audit WHERE action = 'caller.revealed' AND subject = $1"
    assert await intake.database.pool.fetch(looks, ticket["id"]) == []
    shown = await operator.post(
        f"/v1/tickets/{ticket['id']}/reveal-caller", json={"purpose": "回访核实"}
    )
    assert shown.json()["phone"] == "138 0000 1234"
    [look] = await intake.database.pool.fetch(looks, ticket["id"])
    assert look["purpose"] == "回访核实"


async def test_callers_with_one_number_are_one_caller(
    operator: httpx.AsyncClient, intake: Runtime
) -> None:
    for phone in ("13800001234", "+86 138 0000 1234", "138-0000-1234"):
        caller = {"phone": phone}
        assert (await operator.post("/v1/tickets", json=request(caller=caller))).is_success
    rows = await intake.database.pool.fetch("SELECT DISTINCT caller_id FROM tickets")
    assert len(rows) == 1


@pytest.mark.parametrize("reference", ["channel_ref", "external_id"])
async def test_a_repeated_delivery_answers_200_with_the_first_ticket(
    operator: httpx.AsyncClient, intake: Runtime, reference: str
) -> None:
    body = request(**{reference: "外部-1"})
    first = await operator.post("/v1/tickets", json=body)
    again = await operator.post("/v1/tickets", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["query_code"] == first.json()["query_code"]
    assert await intake.database.pool.fetchval("SELECT count(*) FROM outbox") == 1


async def test_many_at_once_with_one_reference_make_one_ticket(
    operator: httpx.AsyncClient, intake: Runtime
) -> None:
    body = request(channel_ref="同一条")
    answers = await asyncio.gather(*(operator.post("/v1/tickets", json=body) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await intake.database.pool.fetchval("SELECT count(*) FROM tickets") == 1


async def test_two_processes_that_file_the_same_make_one_ticket(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    other = await harness.client(make_app(intake), token(harness.settings, Role.OPERATOR))
    bodies = [request(channel_ref=f"r{place % 7}") for place in range(70)]
    answers = await asyncio.gather(
        *(client.post("/v1/tickets", json=body) for body in bodies for client in (operator, other))
    )
    assert {answer.status_code for answer in answers} == {200, 201}
    assert await intake.database.pool.fetchval("SELECT count(*) FROM tickets") == 7


async def test_one_idempotency_key_makes_one_ticket(
    operator: httpx.AsyncClient, intake: Runtime
) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first = await operator.post("/v1/tickets", json=REQUEST, headers=headers)
    again = await operator.post("/v1/tickets", json=REQUEST, headers=headers)
    other = await operator.post("/v1/tickets", json=request(title="另一件"), headers=headers)
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.content == again.content
    assert first.headers["Ticket-Seen"] == again.headers["Ticket-Seen"]
    assert other.json()["code"] == "idempotency_key_reused"
    assert await intake.database.pool.fetchval("SELECT count(*) FROM tickets") == 1


async def test_a_key_on_its_way_is_answered_409(
    operator: httpx.AsyncClient, intake: Runtime
) -> None:
    headers = {"Idempotency-Key": "k-2"}
    answers = await asyncio.gather(
        *(operator.post("/v1/tickets", json=REQUEST, headers=headers) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert all(a.headers["Retry-After"] == "1" for a in answers if a.status_code == 409)
    assert await intake.database.pool.fetchval("SELECT count(*) FROM tickets") == 1


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"jurisdiction": "990000"}, "jurisdiction", "unknown_jurisdiction"),
        ({"jurisdiction": "51"}, "jurisdiction", "string_pattern_mismatch"),
        ({"jurisdiction": "532800"}, "jurisdiction", "not_yours"),
        ({"type": "wish"}, "type", "enum"),
        ({"category": "99"}, "category", "unknown_category"),
        ({"content": " "}, "content", "string_too_short"),
        ({"content": "a\x00b"}, "content", "string_pattern_mismatch"),
        ({"colour": "red"}, "colour", "extra_forbidden"),
        ({"filed_at": "2026-09-30T16:20"}, "filed_at", "timezone_aware"),
        ({"filed_at": "0001-01-01T00:00:00+08:00"}, "filed_at", "out_of_range"),
        ({"filed_at": "9999-12-31T23:59:59-08:00"}, "filed_at", "out_of_range"),
        ({"caller": {"phone": 5}}, "caller.phone", "string_type"),
        ({"refusal": "weather"}, "refusal", "unknown_ground"),
        ({"answered_by": str(uuid4())}, "answered_by", "unknown_article"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_filed(
    operator: httpx.AsyncClient, intake: Runtime, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = await operator.post("/v1/tickets", json=request(**changes))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == (field, code)
    assert await intake.database.pool.fetchval("SELECT count(*) FROM tickets") == 0


async def test_a_refusal_records_its_ground_and_tells_the_caller_where_to_turn(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    wrong = await operator.post("/v1/tickets", json=request(refusal="?"))
    allowed = wrong.json()["errors"][0]["message"].partition("可用：")[2].split("、")
    answer = await operator.post("/v1/tickets", json=request(refusal=allowed[0]))
    assert answer.status_code == 201
    assert answer.json()["state"] == "refused"
    assert answer.json()["refusal"]["channel"]
    assert answer.json()["refusal"]["source"].startswith("ZY 9")
    [event] = await harness.said(intake)
    assert isinstance(event.data, TicketRefused)
    assert event.data.ground == allowed[0]


async def test_an_article_that_was_heard_answers_at_once(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    article = str(uuid4())
    published = ArticlePublished(
        jurisdiction="512000", unit="512000-01", title="停水", body="怎么办", version=1
    )
    await harness.hear(intake, handlers(intake), harness.event(published, article))
    answer = await operator.post("/v1/tickets", json=request(type="inquiry", answered_by=article))
    assert answer.json()["state"] == "answered"
    [event] = await harness.said(intake)
    assert isinstance(event.data, TicketAnswered)


async def test_a_bulk_answers_each_line_and_goes_on_after_a_bad_one(
    operator: httpx.AsyncClient, intake: Runtime
) -> None:
    lines = [
        json.dumps(request(external_id="e1")),
        "{not json",
        json.dumps(request(type="wish")),
        "",
        json.dumps(request(external_id="e1")),
        json.dumps(request(external_id="e2", title=None)),
        json.dumps(request(filed_at="0001-01-01T00:00:00+08:00")),
    ]
    headers = {"Idempotency-Key": "bulk"}
    answer = await operator.post("/v1/tickets/bulk", content="\n".join(lines), headers=headers)
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert [(one["line"], one["status"]) for one in found] == [
        (1, 201),
        (2, 422),
        (3, 422),
        (5, 200),
        (6, 201),
        (7, 422),
    ]
    assert found[0]["id"] == found[3]["id"]
    assert found[2]["problem"]["errors"][0]["field"] == "type"
    again = await operator.post("/v1/tickets/bulk", content="\n".join(lines), headers=headers)
    assert again.content == answer.content
    assert await intake.database.pool.fetchval("SELECT count(*) FROM tickets") == 2
    title = await intake.database.pool.fetchval("SELECT title FROM tickets WHERE external_id='e2'")
    assert title == "幸福小区从昨晚起停水，至今没有恢复"


async def test_filing_is_counted_by_its_route(operator: httpx.AsyncClient) -> None:
    await operator.post("/v1/tickets", json=REQUEST)
    metrics = (await operator.get("/metrics")).text
    assert 'method="POST",route="/v1/tickets",service="intake",status="201"' in metrics


async def test_who_may_not_file_is_refused(harness: Harness, intake: Runtime) -> None:
    app = make_app(intake)
    unit = await harness.client(app, token(harness.settings, Role.UNIT, unit="512000-01"))
    assert (await unit.post("/v1/tickets", json=REQUEST)).status_code == 403
    nobody = await harness.client(app, "no-token")
    assert (await nobody.post("/v1/tickets", json=REQUEST)).status_code == 401
