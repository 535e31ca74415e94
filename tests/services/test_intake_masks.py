"""What was shown masked is never taken for the thing itself, whatever door it comes by (F6)."""

import json
from typing import Any

import httpx
import pytest

from shared.events.words import Role
from tests.harness import Harness
from tests.services.channel_desk import push, source
from tests.services.vault_desk import REQUEST, Desk, file

DUTY = {"name": "市政府总值班室", "phone": "028-26110000"}


@pytest.fixture
def desk(harness: Harness) -> Desk:
    return Desk(harness)


def masked(answer: httpx.Response) -> list[str]:
    """The fields that were refused as masked; nothing else was."""
    assert answer.status_code == 422, answer.text
    assert {error["code"] for error in answer.json()["errors"]} == {"masked"}
    return [error["field"] for error in answer.json()["errors"]]


async def test_what_the_platform_shows_masked_cannot_be_filed_again(desk: Desk) -> None:
    client = await desk.start()
    ticket = await file(client, caller=REQUEST["caller"] | {"contact": "a@example.org"})
    shown = (await client.get(f"/v1/tickets/{ticket}/caller")).json()
    answer = await client.post("/v1/tickets", json=REQUEST | {"caller": shown})
    fields = ["caller.name", "caller.phone", "caller.address", "caller.contact"]
    assert masked(answer) == fields
    lines = "\n".join(json.dumps(line) for line in (REQUEST, REQUEST | {"caller": shown}))
    bulk = await client.post("/v1/tickets/bulk", content=lines.encode())
    good, bad = (json.loads(line) for line in bulk.text.splitlines())
    assert good["status"] == 201
    assert [error["code"] for error in bad["problem"]["errors"]] == ["masked"] * 4


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/callers/history", {"phone": "138****1234", "purpose": "核对"}, "phone"),
        (
            "/v1/public/tickets",
            {"jurisdiction": "512000", "content": "路灯不亮", "phone": "138****1234"},
            "phone",
        ),
        (
            "/v1/public/tickets",
            {
                "jurisdiction": "512000",
                "content": "路灯不亮",
                "phone": "13800001234",
                "name": "测**",
            },
            "name",
        ),
        ("/v1/public/query-codes", {"number": "512000-1", "phone": "138****1234"}, "phone"),
    ],
)
async def test_each_door_names_the_masked_field(
    desk: Desk, path: str, body: dict[str, Any], field: str
) -> None:
    assert masked(await (await desk.start()).post(path, json=body)) == [field]


async def test_duty_numbers_are_not_overwritten_by_their_masks(desk: Desk) -> None:
    admin = await desk.start(Role.ADMINISTRATOR)
    path = "/v1/jurisdictions/512000/contacts"
    assert (await admin.put(path, json={"contacts": [DUTY]})).is_success
    shown = (await admin.get(path)).json()["contacts"]
    answer = await admin.put(path, json={"contacts": shown})
    assert "contacts.0.phone" in masked(answer)
    assert (await admin.get(path)).json()["contacts"] == shown


async def test_a_mail_whose_senders_name_looks_masked_is_filed_without_it(desk: Desk) -> None:
    admin = await desk.start(Role.ADMINISTRATOR)
    assert (await admin.put("/v1/inbound-sources/box", json=source("email"))).is_success
    raw = "From: 王** <wang@example.org>\r\nSubject: 路灯不亮\r\n\r\n路灯不亮。".encode()
    filed = await push(admin, "email/box", raw)
    assert filed.status_code == 201, filed.text
    shown = (await (await desk.start()).get(f"/v1/tickets/{filed.json()['id']}/caller")).json()
    assert (shown["name"], shown["contact"]) == (None, "w***************")
