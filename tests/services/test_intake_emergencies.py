"""Emergencies: the government is told the moment one is filed, and again by a person (A6)."""

from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from services.intake.app import make_app
from services.intake.consumer import handlers
from services.intake.directory import Directory
from services.intake.filing.batch import file_batch
from services.intake.filing.statements import ADD, LOOK
from services.intake.forms import filing_of, parse_request
from services.intake.identity import Vault
from services.intake.notices.worker import resolve
from shared.events.callers import TicketReported
from shared.events.dispatch import UnitChanged
from shared.events.intake import TicketCreated
from shared.events.words import Role, Service
from shared.notices import Address, Claimed, NoticeKind
from shared.runtime import Runtime
from shared.security import Principal
from tests.harness import Harness, token
from tests.services.test_intake_filing import REQUEST

COUNTY = {"address": "雁江区某路", "division": "512002"}
FIRE = REQUEST | {"type": "help", "urgency": "critical", "place": COUNTY, "category": None}
NUMBERS = {"contacts": [{"name": "市政府总值班室", "phone": "028-26110000"}]}
NOTICES = "SELECT * FROM notices ORDER BY id"


@pytest.fixture
async def intake(harness: Harness) -> Runtime:
    return await harness.runtime(Service.INTAKE)


@pytest.fixture
async def admin(harness: Harness, intake: Runtime) -> httpx.AsyncClient:
    rights = token(harness.settings, Role.ADMINISTRATOR, jurisdiction="000000")
    client = await harness.client(make_app(intake), rights)
    assert (await client.put("/v1/jurisdictions/512000", json={"name": "资阳市"})).is_success
    assert (await client.put("/v1/categories/01", json={"name": "城乡建设"})).is_success
    return client


@pytest.fixture
async def operator(
    harness: Harness, intake: Runtime, admin: httpx.AsyncClient
) -> httpx.AsyncClient:
    assert admin is not None
    return await harness.client(make_app(intake), token(harness.settings, Role.OPERATOR))


async def reported(intake: Runtime, harness: Harness) -> list[tuple[int, TicketReported]]:
    said = await harness.said(intake)
    return [(e.sequence, e.data) for e in said if isinstance(e.data, TicketReported)]


async def test_an_emergency_is_reported_to_the_city_and_the_county_in_the_act_of_filing(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    filed = (await operator.post("/v1/tickets", json=FIRE)).json()
    assert filed["deadlines"][0]["rule"] == "15 clock minutes after acceptance"
    created, told = await harness.said(intake)
    assert isinstance(created.data, TicketCreated)
    assert isinstance(told.data, TicketReported)
    assert (told.sequence, told.data.offices) == (2, ("512000", "512002"))
    assert filed["number"] in told.data.text
    assert "幸福小区" not in told.data.text
    rows = await intake.database.pool.fetch(NOTICES)
    assert [(row["kind"], row["recipient"]) for row in rows] == [
        ("office", "512000"),
        ("office", "512002"),
    ]
    assert {row["template"] for row in rows} == {"ticket.reported"}
    shown = await operator.get(f"/v1/tickets/{filed['id']}/report-emergency")
    assert [one["reported_by"] for one in shown.json()["items"]] == ["platform"]


async def test_an_emergency_in_a_township_or_a_village_is_told_to_its_county(
    operator: httpx.AsyncClient, admin: httpx.AsyncClient, intake: Runtime
) -> None:
    assert (await admin.put("/v1/jurisdictions/512002", json={"name": "雁江区"})).is_success
    assert (await admin.put("/v1/jurisdictions/512002/contacts", json=NUMBERS)).is_success
    both = ["512000", "512002"]
    cases = [
        ("512000", "512002", both),
        ("512000", "512002001", both),
        ("512000", "512002001003", both),
        ("512000", "512000000", ["512000"]),
        ("512002", "512002001", ["512002"]),
    ]
    for jurisdiction, division, told in cases:
        place = {"jurisdiction": jurisdiction, "place": {"division": division}}
        filed = await operator.post("/v1/tickets", json=FIRE | place)
        assert filed.status_code == 201, filed.text
        path = f"/v1/tickets/{filed.json()['id']}/report-emergency"
        again = await operator.post(path, json={"text": "续报"})
        assert again.json()["offices"] == told
        one = UUID(filed.json()["id"])
        rows = [row for row in await intake.database.pool.fetch(NOTICES) if row["ticket_id"] == one]
        assert [row["recipient"] for row in rows if row["kind"] == "office"] == told * 2


async def test_an_ordinary_request_and_one_that_is_over_are_reported_to_nobody(
    operator: httpx.AsyncClient, intake: Runtime
) -> None:
    assert (await operator.post("/v1/tickets", json=REQUEST)).is_success
    over = FIRE | {"refusal": "litigation"}
    assert (await operator.post("/v1/tickets", json=over)).status_code == 201
    assert await intake.database.pool.fetch(NOTICES) == []


async def test_an_ordinary_request_runs_no_statement_more_for_all_this(
    operator: httpx.AsyncClient, intake: Runtime
) -> None:
    directory, vault = Directory(intake), Vault(intake)
    await vault.ready()
    caller = Principal("1", Role.OPERATOR, "512000")
    form = parse_request(orjson.dumps(REQUEST))
    assert (await operator.post("/v1/tickets", json=REQUEST)).is_success, "the law is known"
    filing = await filing_of(directory, caller, form, None)
    heard: list[str] = []
    async with intake.database.pool.acquire() as connection:
        context = {"source": "/512000/intake", "vault": vault, "law_book": intake.law_book}
        await file_batch(connection, [filing], now=None, **context)
        connection.add_query_logger(lambda record: heard.append(record.query))
        await file_batch(connection, [filing] * 3, now=None, **context)
    # Going back to the pool, a connection is put in order.
    assert [query for query in heard if "UNLISTEN" not in query] == [LOOK, ADD]


async def test_what_becomes_an_emergency_is_reported_once(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    ticket = (await operator.post("/v1/tickets", json=REQUEST)).json()["id"]
    for urgency in ("special", "critical"):
        body = {"urgency": urgency, "reason": "停水范围扩大"}
        answer = await operator.post(f"/v1/tickets/{ticket}/amend", json=body)
        assert answer.is_success, answer.text
    assert [sequence for sequence, _ in await reported(intake, harness)] == [3]


async def test_an_emergency_that_is_verified_first_is_told_at_once_and_said_afterwards(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    pool = intake.database.pool
    await pool.execute("INSERT INTO units VALUES ('U1', '应急局', '512000', true)")
    body = FIRE | {"verify": {"unit": "U1", "question": "是否属实？"}}
    ticket = (await operator.post("/v1/tickets", json=body)).json()["id"]
    assert len(await pool.fetch(NOTICES)) == 2
    assert await reported(intake, harness) == []
    unit = await harness.client(make_app(intake), token(harness.settings, Role.UNIT, unit="U1"))
    done = await unit.post(
        f"/v1/tickets/{ticket}/verify", json={"is_in_scope": True, "opinion": "属实"}
    )
    assert done.is_success, done.text
    assert [sequence for sequence, _ in await reported(intake, harness)] == [4]
    offices = [row for row in await pool.fetch(NOTICES) if row["kind"] == "office"]
    assert len(offices) == 2, "told once"


async def test_a_person_reports_again(
    operator: httpx.AsyncClient, admin: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    path = "/v1/tickets/" + (await operator.post("/v1/tickets", json=FIRE)).json()["id"]
    body: dict[str, Any] = {"offices": ["510000"], "text": "火势已控制，联系人 13800001234。"}
    unknown = await operator.post(f"{path}/report-emergency", json=body)
    assert unknown.json()["errors"][0]["code"] == "unknown_office"
    assert (await admin.put("/v1/jurisdictions/510000/contacts", json=NUMBERS)).is_success
    answer = await operator.post(f"{path}/report-emergency", json=body)
    assert answer.status_code == 201, answer.text
    (_, first), (sequence, again) = await reported(intake, harness)
    assert (sequence, again.offices, again.reported_by) == (3, ("510000",), "test-operator-")
    assert first.reported_by == "platform"
    *_, last = await intake.database.pool.fetch(NOTICES)
    assert "13800001234" not in last["text"], "what a person wrote is not sent"
    gone = await operator.post(f"{path}/report-emergency", json=body | {"units": ["512000-119"]})
    assert gone.json()["errors"][0]["code"] == "unknown_unit"
    changed = UnitChanged(code="512000-119", name="消防救援支队", jurisdiction="512000")
    await harness.hear(intake, handlers(intake), harness.event(changed, changed.code))
    answer = await operator.post(f"{path}/report-emergency", json=body | {"units": [changed.code]})
    assert answer.json()["offices"] == ["510000", changed.code]
    assert (await reported(intake, harness))[-1][1].offices == ("510000", changed.code)
    recipients = [row["recipient"] for row in await intake.database.pool.fetch(NOTICES)]
    assert recipients[-1] == "510000", "a unit is told by dispatch, which has its numbers"
    ordinary = "/v1/tickets/" + (await operator.post("/v1/tickets", json=REQUEST)).json()["id"]
    refused = await operator.post(f"{ordinary}/report-emergency", json={"text": "续报"})
    assert (refused.status_code, refused.json()["allowed"]) == (409, ["amend"])
    elsewhere = token(harness.settings, Role.OPERATOR, jurisdiction="532800")
    stranger = await harness.client(make_app(intake), elsewhere)
    hidden = await stranger.post(f"{path}/report-emergency", json={"text": "续报"})
    assert hidden.status_code == 404


async def test_duty_numbers_are_sealed_masked_and_found_when_a_notice_leaves(
    admin: httpx.AsyncClient, operator: httpx.AsyncClient, intake: Runtime
) -> None:
    path = "/v1/jurisdictions/512000/contacts"
    shown = await admin.put(path, json=NUMBERS)
    assert shown.json()["contacts"][0]["phone"] == "028*****0000"
    assert (await operator.get(path)).json() == shown.json()
    sealed = await intake.database.pool.fetchval("SELECT sealed FROM contacts")
    assert b"26110000" not in sealed
    assert (await operator.put(path, json=NUMBERS)).status_code == 403
    nobody = {"contacts": [{"name": "值班室"}]}
    refused = await admin.put(path, json=nobody)
    assert refused.json()["errors"][0]["code"] == "unreachable"
    assert (await operator.post("/v1/tickets", json=FIRE)).status_code == 201
    rows = await intake.database.pool.fetch(NOTICES)
    claimed = [
        Claimed(row["id"], NoticeKind(row["kind"]), row["recipient"], row["ticket_id"], "", "", 0)
        for row in rows
    ]
    vault = Vault(intake)
    async with intake.database.pool.acquire() as connection:
        found = await resolve(vault, connection, claimed)
    assert found == {claimed[0].id: [Address("phone", "028-26110000")]}
