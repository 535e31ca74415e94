"""Letters, faxes, files at filing, and the web form (A1)."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest

from services.intake.app import make_app
from services.intake.channels.limits import WINDOW_SECONDS, HourlyLimit
from shared.events.callers import TicketAttached
from shared.events.intake import TicketCreated
from shared.events.kinds import AttachmentKind
from shared.events.words import Role, Service
from shared.problems import TooManyTries
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.test_intake_attachments import PDF, PNG, upload
from tests.services.test_intake_filing import REQUEST

LETTER = REQUEST | {"channel": "letter", "category": None}
FORM: dict[str, Any] = {
    "jurisdiction": "512000",
    "content": "建设路路灯不亮。",
    "phone": "138 0000 1234",
    "name": "测试人",
}


@pytest.fixture
async def intake(harness: Harness) -> Runtime:
    settings = harness.settings.model_copy(
        update={"public_tickets_per_phone": 2, "public_files_per_address": 2}
    )
    harness.settings = settings
    return await harness.runtime(Service.INTAKE)


@pytest.fixture
async def operator(harness: Harness, intake: Runtime) -> httpx.AsyncClient:
    app = make_app(intake)
    admin = token(harness.settings, Role.ADMINISTRATOR, jurisdiction="000000")
    client = await harness.client(app, admin)
    assert (await client.put("/v1/jurisdictions/512000", json={"name": "资阳市"})).is_success
    return await harness.client(app, token(harness.settings, Role.OPERATOR))


async def test_a_letter_may_be_a_scan_alone_and_an_empty_one_is_refused(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    for channel in ("letter", "fax"):
        for content in ("", None):
            empty = await operator.post(
                "/v1/tickets", json=LETTER | {"channel": channel, "content": content}
            )
            assert empty.json()["errors"][0]["code"] == "empty_letter"
    scan = (await upload(operator, PDF, "application/pdf")).json()["id"]
    body = LETTER | {"content": "", "attachments": [scan]}
    filed = await operator.post("/v1/tickets", json=body, headers={"Idempotency-Key": "k"})
    again = await operator.post("/v1/tickets", json=body, headers={"Idempotency-Key": "k"})
    assert filed.status_code == 201, filed.text
    assert filed.content == again.content
    created, attached = await harness.said(intake)
    assert isinstance(created.data, TicketCreated)
    assert "扫描件" in created.data.content
    assert isinstance(attached.data, TicketAttached)
    assert (attached.sequence, attached.data.kind) == (2, AttachmentKind.SCAN)
    sequence = await intake.database.pool.fetchval("SELECT sequence FROM tickets")
    assert sequence == 2
    telephone = await operator.post(
        "/v1/tickets", json=REQUEST | {"content": "", "attachments": [scan], "category": None}
    )
    assert telephone.json()["errors"][0]["code"] == "string_too_short"


async def test_a_request_names_only_files_of_its_own(
    operator: httpx.AsyncClient, harness: Harness, intake: Runtime
) -> None:
    unit = token(harness.settings, Role.UNIT, unit="512000-01")
    other = await harness.client(make_app(intake), unit)
    theirs = (await upload(other, PNG, "image/png")).json()["id"]
    body = REQUEST | {"attachments": [theirs], "category": None}
    answer = await operator.post("/v1/tickets", json=body)
    assert answer.json()["errors"][0]["code"] == "unknown_attachment"
    assert await intake.database.pool.fetchval("SELECT count(*) FROM tickets") == 0


async def test_the_files_of_what_is_verified_first_are_said_when_it_is_accepted(
    operator: httpx.AsyncClient, harness: Harness, intake: Runtime
) -> None:
    pool = intake.database.pool
    await pool.execute("INSERT INTO units VALUES ('U1', '水务局', '512000', true)")
    photo = (await upload(operator, PNG, "image/png")).json()["id"]
    ask = {"verify": {"unit": "U1", "question": "是否属实？"}, "category": None}
    body = REQUEST | ask | {"attachments": [photo]}
    ticket = (await operator.post("/v1/tickets", json=body)).json()["id"]
    await upload(operator, PDF, "application/pdf", f"/v1/tickets/{ticket}/attachments")
    assert len(await harness.said(intake)) == 1
    unit = await harness.client(make_app(intake), token(harness.settings, Role.UNIT, unit="U1"))
    verdict = {"is_in_scope": True, "opinion": "属实"}
    assert (await unit.post(f"/v1/tickets/{ticket}/verify", json=verdict)).is_success
    said = await harness.said(intake)
    assert [event.data.type for event in said[-3:]] == ["ticket.created"] + ["ticket.attached"] * 2
    assert [event.sequence for event in said] == [1, 2, 3, 4, 5]


async def test_the_web_form_takes_a_request_with_a_photo_and_no_token(
    operator: httpx.AsyncClient, intake: Runtime
) -> None:
    del operator.headers["Authorization"]
    name = {"X_Filename": quote("现场.png")}
    photo = await upload(operator, PNG, "image/png", "/v1/public/attachments", **name)
    assert photo.status_code == 201, photo.text
    body = FORM | {"attachments": [photo.json()["id"]]}
    headers = {"Idempotency-Key": "form-1"}
    first = await operator.post("/v1/public/tickets", json=body, headers=headers)
    again = await operator.post("/v1/public/tickets", json=body, headers=headers)
    assert first.status_code == 201, first.text
    assert first.json() == again.json()
    assert first.json()["query_code"]
    row = await intake.database.pool.fetchrow("SELECT * FROM tickets")
    assert row is not None
    assert (row["channel"], row["filed_by"], row["request_type"]) == ("web", "public", "help")
    assert await intake.database.pool.fetchval("SELECT count(*) FROM ticket_attachments") == 1
    limited = await operator.post("/v1/public/tickets", json=FORM)
    assert limited.status_code == 429
    assert int(limited.headers["Retry-After"]) > 3000
    other = await operator.post("/v1/public/tickets", json=FORM | {"phone": "028-26110000"})
    assert other.status_code == 201
    assert (await upload(operator, PDF, "application/pdf", "/v1/public/attachments")).is_success
    over = await upload(operator, PDF, "application/pdf", "/v1/public/attachments")
    assert over.status_code == 429


async def test_a_caller_adds_a_photo_to_their_request_later(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    del operator.headers["Authorization"]
    filed = (await operator.post("/v1/public/tickets", json=FORM)).json()
    photo = (await upload(operator, PNG, "image/png", "/v1/public/attachments")).json()["id"]
    path = f"/v1/public/tickets/{filed['number']}/add"
    opened = {"Query-Code": filed["query_code"]}
    unknown = {"text": "附照片", "attachments": [str(UUID(int=9))]}
    wrong = await operator.post(path, json=unknown, headers=opened)
    assert wrong.json()["errors"][0]["code"] == "unknown_attachment"
    added = {"text": "附照片", "attachments": [photo]}
    done = await operator.post(path, json=added, headers=opened)
    assert done.status_code == 200, done.text
    said = await harness.said(intake)
    assert [event.data.type for event in said][1:] == ["ticket.amended", "ticket.attached"]
    assert [event.sequence for event in said] == [1, 2, 3]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"content": ""}, "string_too_short"),
        ({"content": "长" * 100_000}, "string_too_long"),
        ({"phone": "no"}, "string_pattern_mismatch"),
        ({"channel": "phone"}, "not_public"),
        ({"jurisdiction": "990000"}, "unknown_jurisdiction"),
        ({"refusal": "litigation"}, "extra_forbidden"),
        ({"attachments": ["0198a1b2-0000-7000-8000-000000000001"]}, "unknown_attachment"),
    ],
)
async def test_the_web_form_takes_nothing_else(
    operator: httpx.AsyncClient, intake: Runtime, changes: dict[str, Any], code: str
) -> None:
    del operator.headers["Authorization"]
    answer = await operator.post("/v1/public/tickets", json=FORM | changes)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == code
    assert await intake.database.pool.fetchval("SELECT count(*) FROM tickets") == 0


def test_a_limit_opens_again_when_its_hour_is_over() -> None:
    now = [0.0]
    limit = HourlyLimit(2, lambda: now[0])
    limit.take("one")
    now[0] = 100.0
    limit.take("one")
    with pytest.raises(TooManyTries):
        limit.take("one")
    limit.take("another")
    now[0] = WINDOW_SECONDS
    limit.take("one")
    with pytest.raises(TooManyTries):
        limit.take("one")
