"""Files: streamed in, looked at, kept once, seen by those whose ticket it is (A1, F6)."""

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from services.intake.app import make_app
from services.intake.consumer import handlers
from shared.events.callers import TicketAttached
from shared.events.dispatch import TicketDispatched
from shared.events.loop import TicketCoUnitsChosen
from shared.events.words import Role, Service
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.test_intake_filing import REQUEST

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
PDF = b"%PDF-1.7\n" + b"0" * 900_000
UNIT = "512000-01"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def office(*members: str) -> bytes:
    """A zip file with these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("[Content_Types].xml", *members):
            archive.writestr(name, "<x/>")
    return file.getvalue()


@pytest.fixture
async def intake(harness: Harness) -> Runtime:
    return await harness.runtime(Service.INTAKE)


@pytest.fixture
async def people(harness: Harness, intake: Runtime) -> dict[str, httpx.AsyncClient]:
    app = make_app(intake)
    admin = await harness.client(
        app, token(harness.settings, Role.ADMINISTRATOR, jurisdiction="000000")
    )
    assert (await admin.put("/v1/jurisdictions/512000", json={"name": "资阳市"})).is_success
    assert (await admin.put("/v1/categories/01", json={"name": "城乡建设"})).is_success
    tokens = {
        "operator": token(harness.settings, Role.OPERATOR),
        "elsewhere": token(harness.settings, Role.OPERATOR, jurisdiction="532800", subject="x"),
        "unit": token(harness.settings, Role.UNIT, unit=UNIT),
        "other": token(harness.settings, Role.UNIT, unit="512000-02"),
    }
    return {name: await harness.client(app, bearer) for name, bearer in tokens.items()}


async def upload(
    client: httpx.AsyncClient,
    content: bytes,
    media_type: str,
    path: str = "/v1/attachments",
    **h: str,
) -> httpx.Response:
    headers = {"Content-Type": media_type} | {k.replace("_", "-"): v for k, v in h.items()}
    return await client.post(path, content=content, headers=headers)


async def file_ticket(client: httpx.AsyncClient, **fields: Any) -> str:
    answer = await client.post("/v1/tickets", json=REQUEST | fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_file_is_kept_once_however_often_it_is_sent(
    people: dict[str, httpx.AsyncClient], intake: Runtime
) -> None:
    operator = people["operator"]
    first = await upload(operator, PNG, "image/png", X_Filename="%E7%8E%B0%E5%9C%BA.png")
    again = await upload(operator, PNG, "image/png")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["filename"] == "现场.png"
    theirs = await upload(people["other"], PNG, "image/png")
    assert theirs.json()["id"] != first.json()["id"]
    assert await intake.database.pool.fetchval("SELECT count(*) FROM attachments") == 2
    folder = Path(intake.settings.attachment_store)
    kept = [path for path in folder.rglob("*") if path.is_file()]
    assert [path.name for path in kept] == [first.json()["sha256"]], "nothing is left half-done"
    assert kept[0].read_bytes() == PNG


async def test_an_upload_with_one_key_is_one_answer(people: dict[str, httpx.AsyncClient]) -> None:
    operator = people["operator"]
    first = await upload(operator, PNG, "image/png", Idempotency_Key="u-1")
    again = await upload(operator, PNG, "image/png", Idempotency_Key="u-1")
    other = await upload(operator, PDF, "application/pdf", Idempotency_Key="u-1")
    assert first.content == again.content
    assert again.status_code == 201
    assert other.json()["code"] == "idempotency_key_reused"


async def test_a_form_brings_a_file_as_well(people: dict[str, httpx.AsyncClient]) -> None:
    files = {"file": ("照片.png", PNG, "image/png")}
    answer = await people["operator"].post("/v1/attachments", files=files)
    assert answer.status_code == 201, answer.text
    assert answer.json()["filename"] == "照片.png"
    empty = await people["operator"].post("/v1/attachments", files={"x": (None, b"words")})
    assert empty.json()["errors"][0]["code"] == "missing"


@pytest.mark.parametrize(
    ("content", "media_type", "filename", "code"),
    [
        (PNG, "application/pdf", "", "lies_about_type"),
        (PNG, "image/png", "letter.pdf", "lies_about_type"),
        (b"MZ\x90\x00" + b"\x00" * 99, "image/png", "", "type_not_allowed"),
        (b"\x7fELF\x02\x01\x01\x00", "application/octet-stream", "", "type_not_allowed"),
        (office("word/document.xml"), "image/png", "", "lies_about_type"),
        (office("word/document.xml", "word/vbaProject.bin"), DOCX, "", "type_not_allowed"),
        (office("readme.txt"), DOCX, "", "type_not_allowed"),
        (b"PK\x03\x04 broken", DOCX, "", "type_not_allowed"),
        (b"plain \x00 text", "text/plain", "", "type_not_allowed"),
        ("纯文本".encode(), "image/png", "", "lies_about_type"),
        (b"", "image/png", "", "empty_file"),
    ],
)
async def test_a_file_that_lies_about_its_type_is_refused_and_not_kept(
    people: dict[str, httpx.AsyncClient],
    intake: Runtime,
    content: bytes,
    media_type: str,
    filename: str,
    code: str,
) -> None:
    answer = await upload(people["operator"], content, media_type, X_Filename=filename)
    assert answer.status_code == 422
    assert [error["code"] for error in answer.json()["errors"]] == [code]
    assert await intake.database.pool.fetchval("SELECT count(*) FROM attachments") == 0
    folder = Path(intake.settings.attachment_store)
    assert [path for path in folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (b"\xff\xd8\xff\xe0 jpeg", "image/jpeg"),
        (b"GIF89a....", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (office("word/document.xml"), DOCX),
        (
            office("xl/workbook.xml"),
            DOCX.replace("wordprocessingml.document", "spreadsheetml.sheet"),
        ),
        (b"ID3\x04\x00\x00", "audio/mpeg"),
        (b"\xff\xfb\x90\x64" + b"\x00" * 50, "audio/mpeg"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"#!AMR\n\x3c", "audio/amr"),
        (b"\x00\x00\x00\x20ftypM4A \x00", "audio/mp4"),
        (b"\x00\x00\x00\x20ftypisom\x00", "video/mp4"),
        ("𠮷田先生，生僻字\n".encode(), "text/plain"),
        ("国标编码的文字".encode("gb18030"), "text/plain"),
    ],
)
async def test_each_known_type_is_read_from_its_content(
    people: dict[str, httpx.AsyncClient], content: bytes, media_type: str
) -> None:
    undeclared = await upload(people["operator"], content, "application/octet-stream")
    assert undeclared.json()["media_type"] == media_type
    assert (await upload(people["operator"], content, media_type)).status_code == 200


async def test_a_file_above_the_limit_is_refused_before_it_is_read(
    harness: Harness, intake: Runtime
) -> None:
    settings = intake.settings.model_copy(update={"attachment_bytes_max": 100_000})
    runtime = Runtime(intake.service, settings, intake.clock, intake.database, intake.law_book)
    client = await harness.client(make_app(runtime), token(settings, Role.OPERATOR))
    assert (await upload(client, PDF, "application/pdf")).status_code == 413

    async def pieces() -> AsyncIterator[bytes]:
        yield PDF[:1000]

    endless = await client.post("/v1/attachments", content=pieces())
    assert endless.status_code == 411
    assert endless.json()["code"] == "length_required"


async def test_a_unit_adds_to_its_own_ticket_and_every_neighbour_is_told(
    people: dict[str, httpx.AsyncClient], intake: Runtime, harness: Harness
) -> None:
    ticket = await file_ticket(people["operator"])
    path = f"/v1/tickets/{ticket}/attachments"
    letter = (await upload(people["unit"], PDF, "application/pdf")).json()["id"]
    body = {"attachments": [letter], "kind": "letter"}
    assert (await people["unit"].post(path, json=body)).status_code == 404, "not theirs yet"
    sent = TicketDispatched(unit=UNIT, unit_name="住建局", round=1, rule=None, dispatched_by="rule")
    await harness.hear(intake, handlers(intake), harness.event(sent, ticket))
    answer = await people["unit"].post(path, json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["items"][0]["kind_name"] == "签字盖章函件"
    assert (await people["unit"].post(path, json=body)).status_code == 201, "twice is harmless"
    assert (await people["other"].post(path, json=body)).status_code == 404
    *_, said = await harness.said(intake)
    assert isinstance(said.data, TicketAttached)
    assert (said.sequence, said.data.unit, str(said.data.attachment)) == (2, UNIT, letter)
    stolen = {"attachments": [letter], "kind": "evidence"}
    refused = await people["operator"].post(path, json=stolen)
    assert refused.json()["errors"][0]["code"] == "unknown_attachment"


async def test_who_handles_with_the_lead_adds_files_while_it_does(
    people: dict[str, httpx.AsyncClient], intake: Runtime, harness: Harness
) -> None:
    ticket = await file_ticket(people["operator"])
    path = f"/v1/tickets/{ticket}/attachments"
    lead = "512000-09"
    sent = TicketDispatched(
        unit=lead, unit_name="住建局", round=1, dispatched_by="1", co_units=(UNIT,)
    )
    await harness.hear(intake, handlers(intake), harness.event(sent, ticket))
    assert (await upload(people["unit"], PDF, "application/pdf", path)).status_code == 201
    chosen = TicketCoUnitsChosen(lead=lead, co_units=("512000-02",), reason="改派", chosen_by="1")
    await harness.hear(intake, handlers(intake), harness.event(chosen, ticket))
    assert (await upload(people["unit"], PNG, "image/png", path)).status_code == 404
    assert (await upload(people["other"], PNG, "image/png", path)).status_code == 201
    await harness.hear(intake, handlers(intake), harness.event(sent, ticket))
    assert (await upload(people["other"], PNG, "image/png", path)).status_code == 404


async def test_a_file_is_added_in_one_call(
    people: dict[str, httpx.AsyncClient], intake: Runtime, harness: Harness
) -> None:
    ticket = await file_ticket(people["operator"])
    path = f"/v1/tickets/{ticket}/attachments?kind=scan"
    first = await upload(people["operator"], PDF, "application/pdf", path)
    again = await upload(people["operator"], PDF, "application/pdf", path)
    assert first.json() == again.json()
    assert first.json()["items"][0]["kind"] == "scan"
    assert len(await harness.said(intake)) == 2
    listed = await people["operator"].get(f"/v1/tickets/{ticket}/attachments")
    assert listed.json() == first.json()
    assert (await upload(people["elsewhere"], PNG, "image/png", path)).status_code == 404


async def test_a_file_is_seen_by_its_ticket_s_people_and_a_unit_s_look_is_written_down(
    people: dict[str, httpx.AsyncClient], intake: Runtime, harness: Harness
) -> None:
    ticket = await file_ticket(people["operator"])
    path = f"/v1/tickets/{ticket}/attachments"
    headers = {"X_Filename": quote("照片.png")}
    added = await upload(people["operator"], PNG, "image/png", path, **headers)
    file = f"/v1/attachments/{added.json()['items'][0]['id']}"
    for name in ("elsewhere", "unit", "other"):
        assert (await people[name].get(file)).status_code == 404
    sent = TicketDispatched(unit=UNIT, unit_name="住建局", round=1, rule=None, dispatched_by="rule")
    await harness.hear(intake, handlers(intake), harness.event(sent, ticket))
    seen = await people["unit"].get(file)
    assert seen.content == PNG
    assert seen.headers["Content-Type"] == "image/png"
    assert seen.headers["X-Content-Type-Options"] == "nosniff"
    assert seen.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E7")
    assert (await people["operator"].get(file)).content == PNG
    looks = await intake.database.pool.fetch(
        "SELECT by, purpose FROM audit WHERE action = 'caller.revealed'"
    )
    assert [look["by"] for look in looks] == [f"test-unit-{UNIT}"]
    assert file.rpartition("/")[2] in looks[0]["purpose"]
