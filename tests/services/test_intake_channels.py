"""Every way in is one message, signed, filed once (A1)."""

import asyncio
import base64
import time
from typing import Any

import httpx
import pytest

from services.intake.app import make_app
from services.intake.attachments.models import Attachment
from services.intake.consumer import handlers
from shared.events.callers import TicketAttached, TicketReported
from shared.events.dispatch import UnitChanged
from shared.events.intake import TicketCreated
from shared.events.kinds import AttachmentKind
from shared.events.words import Role, Service
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.channel_desk import (
    SECRET,
    mail,
    platform_query,
    push,
    signed,
    source,
    wechat,
)

RARE = "𠮷田村的㙍字路口🚧，门牌“龘𪚥”被撞坏。"
TICKETS = "SELECT * FROM tickets ORDER BY id"
assert Attachment.__tablename__ == "attachments"


@pytest.fixture
async def intake(harness: Harness) -> Runtime:
    return await harness.runtime(Service.INTAKE)


@pytest.fixture
async def admin(harness: Harness, intake: Runtime) -> httpx.AsyncClient:
    rights = token(harness.settings, Role.ADMINISTRATOR, jurisdiction="000000")
    client = await harness.client(make_app(intake), rights)
    assert (await client.put("/v1/jurisdictions/512000", json={"name": "资阳市"})).is_success
    for channel in ("sms", "email", "wechat", "weibo", "partner", "voicemail", "mayor_mailbox"):
        put = await client.put(f"/v1/inbound-sources/s-{channel}", json=source(channel))
        assert put.status_code == 200, put.text
    return client


@pytest.fixture
async def sender(admin: httpx.AsyncClient) -> httpx.AsyncClient:
    """Somebody without a token."""
    del admin.headers["Authorization"]
    return admin


async def tickets(intake: Runtime) -> list[Any]:
    return list(await intake.database.pool.fetch(TICKETS))


async def test_a_signed_message_becomes_a_ticket_and_comes_again_harmlessly(
    sender: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    body = {"ref": "77", "text": "建设路路灯不亮。", "sender": {"phone": "13800001234"}}
    first = await push(sender, "sms/s-sms", body)
    assert first.status_code == 201, first.text
    again = await push(sender, "sms/s-sms", body, at=int(time.time()) - 9)
    assert again.status_code == 200
    assert again.json()["number"] == first.json()["number"]
    [row] = await tickets(intake)
    assert (row["channel"], row["channel_ref"]) == ("sms", "s-sms:77")
    assert (row["request_type"], row["filed_by"]) == ("help", "source:s-sms")
    [event] = await harness.said(intake)
    assert isinstance(event.data, TicketCreated)
    assert "1380000" not in event.data.model_dump_json()


async def test_many_deliveries_at_once_are_one_ticket(
    sender: httpx.AsyncClient, intake: Runtime
) -> None:
    now = int(time.time())
    calls = [push(sender, "sms/s-sms", {"ref": "1", "text": "停水"}, at=now - n) for n in range(9)]
    answers = await asyncio.gather(*calls)
    assert sorted(answer.status_code for answer in answers) == [200] * 8 + [201]
    assert len(await tickets(intake)) == 1


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("sms/s-sms", {"secret": "another-secret-altogether"}),
        ("sms/s-sms", {"at": 1_000_000}),
        ("sms/s-sms", {"at": 99_999_999_999}),
        ("sms/unknown", {}),
        ("weibo/s-sms", {}),
    ],
)
async def test_a_bad_signature_stores_nothing(
    sender: httpx.AsyncClient, intake: Runtime, path: str, options: dict[str, Any]
) -> None:
    answer = await push(sender, path, {"text": "停水"}, **options)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
    assert await tickets(intake) == []
    assert await intake.database.pool.fetchval("SELECT count(*) FROM inbound_signatures") == 0


async def test_a_signature_opens_the_door_for_one_message(
    sender: httpx.AsyncClient, intake: Runtime
) -> None:
    content = '{"text": "停水"}'.encode()
    headers = signed(content)
    first = await sender.post("/v1/inbound/sms/s-sms", content=content, headers=headers)
    replayed = await sender.post("/v1/inbound/sms/s-sms", content=content, headers=headers)
    changed = await sender.post("/v1/inbound/sms/s-sms", content=content + b" ", headers=headers)
    statuses = [answer.status_code for answer in (first, replayed, changed)]
    assert statuses == [201, 401, 401]
    assert len(await tickets(intake)) == 1


async def test_what_was_refused_may_come_again_with_its_signature(
    sender: httpx.AsyncClient,
) -> None:
    content = '{"text": "停水", "category": "99"}'.encode()
    headers = signed(content)
    for _ in range(2):
        answer = await sender.post("/v1/inbound/sms/s-sms", content=content, headers=headers)
        assert answer.json()["errors"][0]["code"] == "unknown_category"


async def test_a_secret_is_sealed_and_never_shown(
    harness: Harness, admin: httpx.AsyncClient, intake: Runtime
) -> None:
    listed = await admin.get("/v1/inbound-sources")
    assert SECRET not in listed.text
    sealed = await intake.database.pool.fetchval("SELECT secret FROM inbound_sources LIMIT 1")
    assert SECRET.encode() not in sealed
    body = source("sms", secret=None, is_active=False)
    assert (await admin.put("/v1/inbound-sources/s-sms", json=body)).status_code == 200
    assert (await push(admin, "sms/s-sms", {"text": "停水"})).status_code == 401, "not active"
    refusals = [
        (source("phone"), "not_inbound"),
        (source("sms", secret=None), "missing"),
        (source("sms", secret="short"), "string_too_short"),
        (source("sms", jurisdiction="990000"), "unknown_jurisdiction"),
    ]
    for wrong, code in refusals:
        answer = await admin.put("/v1/inbound-sources/new", json=wrong)
        assert answer.json()["errors"][0]["code"] == code
    operator = await harness.client(make_app(intake), token(harness.settings, Role.OPERATOR))
    assert (await operator.put("/v1/inbound-sources/x", json=source("sms"))).status_code == 403


async def test_a_system_says_how_urgent_it_is_and_whom_it_complains_of(
    sender: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    changed = UnitChanged(code="512000-01", name="住建局", jurisdiction="512000")
    await harness.hear(intake, handlers(intake), harness.event(changed, changed.code))
    body = {"text": "燃气管道破裂", "urgency": "critical", "about_unit": changed.code}
    answer = await push(sender, "sms/s-sms", body)
    assert answer.status_code == 201, answer.text
    filed, reported = [event.data for event in await harness.said(intake)]
    assert isinstance(filed, TicketCreated)
    assert (filed.urgency, filed.about_unit) == ("critical", changed.code)
    assert isinstance(reported, TicketReported)
    wrong = await push(sender, "sms/s-sms", {"text": "甲", "about_unit": "nobody"})
    assert wrong.json()["errors"][0]["code"] == "unknown_unit"


async def test_a_type_comes_from_the_message_its_source_or_its_channel(
    admin: httpx.AsyncClient, intake: Runtime
) -> None:
    body = source("partner", request_type="complaint")
    assert (await admin.put("/v1/inbound-sources/s-partner", json=body)).is_success
    await push(admin, "partner/s-partner", {"text": "甲", "type": "inquiry"})
    await push(admin, "partner/s-partner", {"text": "乙"})
    await push(admin, "mayor_mailbox/s-mayor_mailbox", {"text": "丙"})
    await push(admin, "sms/s-sms", {"text": "丁"})
    types = {row["content"]: row["request_type"] for row in await tickets(intake)}
    assert types == {"甲": "inquiry", "乙": "complaint", "丙": "suggestion", "丁": "help"}


async def test_a_voice_message_is_a_recording_with_a_note(
    sender: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    recording = {"filename": "a.amr", "content": base64.b64encode(b"#!AMR\n<").decode()}
    body = {"ref": "v1", "sender": {"phone": "13800001234"}, "attachments": [recording]}
    answer = await push(sender, "voicemail/s-voicemail", body)
    assert answer.status_code == 201, answer.text
    created, attached = await harness.said(intake)
    assert isinstance(created.data, TicketCreated)
    assert "录音" in created.data.content
    assert isinstance(attached.data, TicketAttached)
    assert attached.data.kind is AttachmentKind.RECORDING
    silent = await push(sender, "voicemail/s-voicemail", {"ref": "v2"})
    assert silent.json()["errors"][0]["code"] in ("missing", "string_too_short")
    lying = recording | {"filename": "a.png"}
    refused = await push(sender, "voicemail/s-voicemail", body | {"attachments": [lying]})
    assert refused.json()["errors"][0]["code"] == "lies_about_type"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('"' + "长" * 100_000 + '"', "string_too_long"),
        (r'"\u0000"', "string_pattern_mismatch"),
        (r'"\ud842"', "json_invalid"),
        ("[]", "string_type"),
    ],
)
async def test_text_that_cannot_be_kept_is_refused_clearly(
    sender: httpx.AsyncClient, intake: Runtime, text: str, code: str
) -> None:
    answer = await push(sender, "sms/s-sms", f'{{"text": {text}}}'.encode())
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["code"] == code
    assert code != "string_too_long" or "20000" in error["message"]
    assert await tickets(intake) == []


async def test_rare_signs_come_through_unharmed(
    sender: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    assert (await push(sender, "sms/s-sms", {"ref": "1", "text": RARE})).status_code == 201
    assert (await push(sender, "email/s-email", mail(RARE.encode()))).status_code == 201
    answer = await sender.post(
        "/v1/inbound/wechat/s-wechat", params=platform_query(), content=wechat(RARE)
    )
    assert answer.status_code == 200, answer.text
    assert {row["content"] for row in await tickets(intake)} == {RARE}
    said = {e.data.content for e in await harness.said(intake) if isinstance(e.data, TicketCreated)}
    assert said == {RARE}


async def test_wechat_finds_its_address_and_its_users_get_a_number(
    sender: httpx.AsyncClient, intake: Runtime
) -> None:
    path = "/v1/inbound/wechat/s-wechat"
    shown = await sender.get(path, params=platform_query() | {"echostr": "e123"})
    assert shown.text == "e123"
    wrong = await sender.get(path, params=platform_query("wrong") | {"echostr": "e123"})
    assert wrong.json()["code"] == "bad_signature"
    query = platform_query()
    first = await sender.post(path, params=query, content=wechat("停水"))
    again = await sender.post(path, params=query, content=wechat("停水"))
    [row] = await tickets(intake)
    assert row["number"] in first.text
    assert row["number"] in again.text
    forged = await sender.post(path, params=query, content=wechat("别的话", "9002"))
    assert forged.json()["code"] == "bad_signature", "a query signs no body: it is good for one"
    later = platform_query(nonce="n2")
    picture = await sender.post(path, params=later, content=wechat("", "9003", kind="image"))
    assert "请用文字" in picture.text
    bomb = '<!DOCTYPE x [<!ENTITY a "b">]><xml/>'
    odd = [f'<?xml version="1.0" encoding="{name}"?>\xff<xml/>' for name in ("gbk", "undefined")]
    bad = (bomb.encode(), bomb.encode("utf-16"), b"<xml>", *(one.encode("latin-1") for one in odd))
    for body in bad:
        bad = await sender.post(path, params=platform_query(nonce="n3"), content=body)
        assert bad.json()["errors"][0]["code"] == "xml_invalid"
    assert len(await tickets(intake)) == 1


async def test_weibo_pushes_json(sender: httpx.AsyncClient, intake: Runtime) -> None:
    body = {"type": "text", "sender_id": 12, "created_at": "Mon", "text": "路灯不亮"}
    for _ in range(2):
        answer = await sender.post("/v1/inbound/weibo/s-weibo", params=platform_query(), json=body)
        assert answer.status_code == 200, answer.text
    [row] = await tickets(intake)
    assert (row["channel"], row["content"]) == ("weibo", "路灯不亮")
