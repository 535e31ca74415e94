"""Abuse is flagged, its evidence kept, and handed over by numbered documents (A13, ZY 29)."""

import asyncio
import io
from typing import Any
from uuid import uuid4

import docx
import httpx
import pytest

from services.dispatch.consumer import handlers as dispatch_handlers
from services.intake.app import make_app
from services.intake.consumer import handlers
from shared.events.callers import TicketAbused
from shared.events.dispatch import UnitChanged
from shared.events.envelope import Event, Payload
from shared.events.kinds import Abuse
from shared.events.words import Role, Service
from shared.runtime import Runtime
from tests.harness import Harness, make_inbox, token
from tests.services.test_intake_attachments import PNG, upload
from tests.services.test_intake_filing import REQUEST, intake, operator

__all__ = ["intake", "operator"]
FLAG = {"category": "threats", "text": "扬言上门伤害话务员"}
UNIT = "512000-01"
IN_SCOPE = {"is_in_scope": True, "opinion": "属实"}
OUT_OF_SCOPE = {"is_in_scope": False, "opinion": "法院已立案。", "ground": "litigation"}
TIMELINE = "SELECT event FROM timeline ORDER BY position"
NOTICE = {"kind": "judicial", "addressee": "资阳市公安局", "grounds": "多次威胁工作人员。"}


class Office:
    """The hotline office: an operator, two supervisors and a leader."""

    def __init__(self, operator: httpx.AsyncClient, people: dict[str, httpx.AsyncClient]) -> None:
        self.operator, self.people = operator, people

    async def file(self, **more: Any) -> str:
        answer = await self.operator.post("/v1/tickets", json=REQUEST | more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def flag(self, ticket: str, *, with_evidence: bool = True, **more: Any) -> str:
        evidence = []
        if with_evidence:
            path = f"/v1/tickets/{ticket}/attachments"
            answer = await upload(self.operator, PNG, "image/png", path)
            assert answer.status_code == 201, answer.text
            evidence = [one["id"] for one in answer.json()["items"]]
        body = FLAG | {"evidence": evidence} | more
        answer = await self.operator.post(f"/v1/tickets/{ticket}/abuse", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def draft(self, *abuses: str, **more: Any) -> httpx.Response:
        body = NOTICE | {"abuses": list(abuses)} | more
        return await self.people["first"].post("/v1/abuses/notices", json=body)

    async def sign(self, notice: str, by: str = "second") -> httpx.Response:
        return await self.people[by].post(f"/v1/abuses/notices/{notice}/sign", json={})


@pytest.fixture
async def office(harness: Harness, intake: Runtime, operator: httpx.AsyncClient) -> Office:
    app = make_app(intake)
    people = {
        name: await harness.client(app, token(harness.settings, role, subject=name))
        for name, role in (
            *(("first", Role.SUPERVISOR), ("second", Role.SUPERVISOR)),
            *(("leader", Role.LEADER), ("editor", Role.EDITOR)),
        )
    }
    return Office(operator, people)


@pytest.mark.parametrize("category", Abuse)
async def test_each_category_of_the_article_is_flagged_and_the_ticket_goes_on(
    office: Office, harness: Harness, intake: Runtime, category: Abuse
) -> None:
    ticket = await office.file()
    abuse = await office.flag(ticket, category=category)
    (said,) = [e.data for e in await harness.said(intake) if isinstance(e.data, TicketAbused)]
    assert (str(said.abuse), said.category) == (abuse, category)
    (shown,) = (await office.people["first"].get("/v1/abuses")).json()["items"]
    assert (shown["ticket_id"], shown["category"]) == (ticket, category)
    assert len(shown["evidence"]) == 1
    state = await intake.database.pool.fetchval("SELECT state FROM tickets")
    assert state == "accepted", "never silently dropped"


async def test_a_hand_over_is_numbered_when_somebody_else_signs_and_each_look_is_kept(
    office: Office, intake: Runtime
) -> None:
    ticket = await office.file()
    abuse = await office.flag(ticket)
    drafted = (await office.draft(abuse)).json()
    assert drafted["number"] is None
    path = f"/v1/abuses/notices/{drafted['id']}"
    early = await office.people["second"].get(f"{path}/document")
    assert (early.status_code, early.json()["code"]) == (409, "not_numbered")
    own = await office.sign(drafted["id"], by="first")
    assert own.status_code == 409
    listed, waiting = "/v1/abuses/notices", {"is_signed": False}
    shown = (await office.people["leader"].get(listed, params=waiting)).json()["items"]
    assert [one["id"] for one in shown] == [drafted["id"]], "who signs finds what waits"
    signed = (await office.sign(drafted["id"])).json()
    assert signed["number"].startswith("12345移字512000〔")
    assert signed["number"].endswith("〕1号")
    assert (await office.people["leader"].get(listed, params=waiting)).json()["items"] == []
    assert len((await office.people["leader"].get(listed)).json()["items"]) == 1
    assert (await office.sign(drafted["id"], by="leader")).status_code == 409
    assert "138" not in str((await office.people["leader"].get(path)).json())
    file = await office.people["leader"].get(f"{path}/document", params={"format": "docx"})
    assert file.status_code == 200
    words = _words(file.content)
    for told in (
        "涉嫌违法行为线索移交函",
        "资阳市公安局",
        "138 0000 1234",
        "扬言上门",
        "证据 1 件",
    ):
        assert told in words
    looks = await intake.database.pool.fetch(
        "SELECT by, purpose FROM audit WHERE action = 'caller.revealed'"
    )
    assert [row["by"] for row in looks] == ["leader"]
    assert signed["number"] in looks[0]["purpose"]
    pdf = await office.people["leader"].get(f"{path}/document")
    assert pdf.content.startswith(b"%PDF")


def _words(file: bytes) -> str:
    document = docx.Document(io.BytesIO(file))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


async def test_numbers_have_no_gap_when_many_sign_at_once(office: Office) -> None:
    abuse = await office.flag(await office.file())
    notices = [(await office.draft(abuse)).json()["id"] for _ in range(8)]
    credit = (await office.draft(abuse, kind="credit")).json()["id"]
    signed = await asyncio.gather(*(office.sign(one) for one in (*notices, credit)))
    numbers = [answer.json()["number"] for answer in signed]
    assert numbers[-1].startswith("12345信字")
    serials = sorted(int(number.partition("〕")[2].rstrip("号")) for number in numbers[:-1])
    assert serials == list(range(1, 9))


async def test_a_document_needs_evidence_and_one_caller(office: Office) -> None:
    first = await office.flag(await office.file())
    bare = await office.flag(await office.file(), with_evidence=False)
    other = {"name": "别人", "phone": "13900005678"}
    stranger = await office.flag(await office.file(caller=other))
    nobody = await office.flag(await office.file(caller=None))
    for abuses, code in (
        ([first, bare], "no_evidence"),
        ([first, stranger], "other_caller"),
        ([nobody], "other_caller"),
        ([str(uuid4())], "unknown_abuse"),
    ):
        answer = await office.draft(*abuses)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)


async def test_wrong_flags_and_wrong_people_are_refused(
    office: Office, harness: Harness, intake: Runtime
) -> None:
    ticket = await office.file()
    path = f"/v1/tickets/{ticket}/abuse"
    for wrong, field in (
        ({"category": "rudeness"}, "category"),
        ({"text": ""}, "text"),
        ({"evidence": [str(uuid4())]}, "evidence"),
    ):
        answer = await office.operator.post(path, json=FLAG | wrong)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert (await office.people["editor"].post(path, json=FLAG)).status_code == 403
    assert (await office.people["editor"].get("/v1/abuses")).status_code == 403
    elsewhere = await harness.client(
        make_app(intake), token(harness.settings, Role.SUPERVISOR, jurisdiction="532800")
    )
    assert (await elsewhere.post(path, json=FLAG)).status_code == 404
    assert (await elsewhere.get("/v1/abuses")).json()["items"] == []
    notice = (await office.draft(await office.flag(ticket))).json()["id"]
    assert (await elsewhere.post(f"/v1/abuses/notices/{notice}/sign", json={})).status_code == 404
    assert (await elsewhere.get(f"/v1/abuses/notices/{notice}")).status_code == 404


async def test_records_come_in_pages(office: Office) -> None:
    flagged = [await office.flag(await office.file(), with_evidence=False) for _ in range(3)]
    first = await office.people["first"].get("/v1/abuses", params={"limit": 2})
    rest = await office.people["first"].get("/v1/abuses", params={"after": first.json()["next"]})
    found = [one["id"] for page in (first, rest) for one in page.json()["items"]]
    assert found == flagged[::-1]
    threats = await office.people["first"].get("/v1/abuses", params={"category": "slander"})
    assert threats.json()["items"] == []


async def asked_and_abused(
    office: Office, harness: Harness, intake: Runtime, found: dict[str, Any]
) -> list[Event[Payload]]:
    """All that is said of a request with abuse that a unit was asked about first."""
    changed = UnitChanged(code=UNIT, name="住建局", jurisdiction="512000")
    await harness.hear(intake, handlers(intake), harness.event(changed, UNIT))
    ticket = await office.file(verify={"unit": UNIT, "question": "是否属实？"}, urgency="critical")
    for category in ("threats", "slander"):
        await office.flag(ticket, category=category)
    assert [one.data.type for one in await harness.said(intake)] == [
        "ticket.verification_requested"
    ]
    unit = await harness.client(make_app(intake), token(harness.settings, Role.UNIT, unit=UNIT))
    answer = await unit.post(f"/v1/tickets/{ticket}/verify", json=found)
    assert answer.status_code == 200, answer.text
    said = await harness.said(intake)
    assert [one.sequence for one in said] == list(range(1, len(said) + 1))
    return said


@pytest.mark.parametrize(
    ("found", "filed", "state"),
    [
        (IN_SCOPE, "ticket.created", "accepted"),
        (OUT_OF_SCOPE, "ticket.refused", "refused"),
    ],
)
async def test_abuse_flagged_while_a_unit_is_asked_is_said_after_its_answer(
    office: Office,
    harness: Harness,
    intake: Runtime,
    *,
    found: dict[str, Any],
    filed: str,
    state: str,
) -> None:
    said = await asked_and_abused(office, harness, intake, found)
    later = ["ticket.attached", "ticket.reported", "ticket.abused", "ticket.abused"]
    kinds = [one.data.type for one in said]
    assert kinds == ["ticket.verification_requested", "ticket.verified", filed, *later]
    abused = [one.data.category for one in said if isinstance(one.data, TicketAbused)]
    assert abused == ["threats", "slander"]
    dispatch = await harness.runtime(Service.DISPATCH)
    await harness.hear(dispatch, dispatch_handlers(dispatch), *said)
    pool = dispatch.database.pool
    assert await pool.fetchval("SELECT count(*) FROM parked") == 0
    assert await pool.fetchval("SELECT state FROM tickets") == state
    assert [row["event"] for row in await pool.fetch(TIMELINE)] == [filed, *later]


async def test_a_ticket_that_waits_behind_abuse_said_too_early_arrives(
    office: Office, harness: Harness, intake: Runtime
) -> None:
    """As intake said it once: dispatch had never heard of the ticket, and its creation waited."""
    asked, verified, created, *_ = await asked_and_abused(office, harness, intake, IN_SCOPE)
    early = TicketAbused(abuse=uuid4(), category=Abuse.THREATS, flagged_by="HW0107")
    data = (asked.data, early, verified.data, created.data, early)
    said = [
        Event(asked.source, asked.subject, sequence, asked.time, one)
        for sequence, one in enumerate(data, start=1)
    ]
    dispatch = await harness.runtime(Service.DISPATCH)
    heard = dispatch_handlers(dispatch)
    await harness.hear(dispatch, heard, *said[2:])
    pool = dispatch.database.pool
    assert await pool.fetchval("SELECT reason FROM parked ORDER BY position LIMIT 1") == "gap"
    await harness.hear(dispatch, heard, *said[:2])
    now = harness.clock.stepped
    done = await make_inbox(dispatch, heard).replay(asked.subject, now=now, accept_gap=False)
    assert done == len(said)
    assert await pool.fetchval("SELECT state FROM tickets") == "accepted"
    events = [row["event"] for row in await pool.fetch(TIMELINE)]
    assert events == ["ticket.created", "ticket.abused"]
