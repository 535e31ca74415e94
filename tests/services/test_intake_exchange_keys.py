"""A caller's identity on its way to another platform: sealed for it alone, with its purpose."""

import base64
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.intake.exchange_keys import operations
from services.intake.exchange_keys.opening import open_caller
from services.intake.identity import Vault
from services.intake.schemas import CallerIn, SealedCaller
from shared.crossing import GATEWAY
from shared.crypto.provider import Suite
from shared.crypto.suites import PROVIDERS
from shared.events.words import Role
from shared.problems import Malformed
from shared.runtime import Runtime
from tests.harness import Harness
from tests.services.vault_desk import CALLER, Desk, file

PURPOSE = "转办供水问题"
FROM, TO = "512000", "530000"


@pytest.fixture
def desk(harness: Harness) -> Desk:
    return Desk(harness)


class Crossing:
    """A ticket of one platform, sealed for the key of another."""

    def __init__(self, receiver: Runtime, ticket: UUID, answer: dict[str, Any]) -> None:
        self.receiver, self.ticket, self.answer = receiver, ticket, answer

    async def open(self, **changes: Any) -> CallerIn:
        """As the receiver opens it."""
        fields = self.answer | {k: v for k, v in changes.items() if k in self.answer}
        return await open_caller(
            changes.get("receiver", self.receiver),
            Vault(self.receiver),
            SealedCaller.model_validate(fields),
            sender=changes.get("sender", FROM),
            ticket_id=changes.get("ticket", self.ticket),
        )

    async def refused(self, **changes: Any) -> list[tuple[str, str]]:
        """Which field is wrong, and how."""
        with pytest.raises(Malformed) as caught:
            await self.open(**changes)
        return [(error.field, error.code) for error in caught.value.errors]


async def cross(desk: Desk, suite: Suite) -> Crossing:
    """A ticket is filed here and sealed for there."""
    receiver = await desk.runtime(platform=TO, crypto_suite=suite)
    there = await desk.client(receiver, Role.PLATFORM)
    key = (await there.get("/v1/exchange-keys")).json()["items"][0]
    sender = await desk.runtime(platform=FROM)
    ticket = await file(await desk.client(sender, Role.OPERATOR))
    answer = await seal(await desk.client(sender, Role.PLATFORM), ticket, key)
    assert answer.status_code == 200, answer.text
    return Crossing(receiver, ticket, answer.json())


async def seal(
    client: httpx.AsyncClient, ticket: UUID, key: dict[str, Any], **changes: Any
) -> httpx.Response:
    """Ask for a caller, sealed for a key."""
    wanted = {
        "recipient_platform": TO,
        "recipient_key": key["public_key"],
        "key_id": key["key_id"],
        "suite": key["suite"],
        "purpose": PURPOSE,
    }
    return await client.post(f"/v1/tickets/{ticket}/seal-caller", json=wanted | changes)


@pytest.mark.parametrize("suite", list(Suite))
async def test_a_sealed_caller_opens_there_and_nowhere_else(desk: Desk, suite: Suite) -> None:
    crossing = await cross(desk, suite)
    assert (await crossing.open()).model_dump(exclude_none=True) == CALLER
    sealed = base64.b64decode(crossing.answer["sealed"])
    changed = base64.b64encode(sealed[:-1] + bytes((sealed[-1] ^ 1,))).decode()
    cannot_open = [("sealed_caller.sealed", "cannot_open")]
    assert await crossing.refused(sealed=changed) == cannot_open
    assert await crossing.refused(purpose="另一用途") == cannot_open
    assert await crossing.refused(sender="513400") == cannot_open
    assert await crossing.refused(ticket=uuid4()) == cannot_open
    elsewhere = await desk.runtime(platform="532800")
    assert await crossing.refused(receiver=elsewhere) == cannot_open
    unknown = [("sealed_caller.key_id", "unknown_key")]
    assert await crossing.refused(key_id=str(uuid4())) == unknown


async def test_a_key_that_was_changed_opens_what_is_on_its_way_and_then_no_more(
    desk: Desk,
) -> None:
    crossing = await cross(desk, Suite.INTERNATIONAL)
    vault = Vault(crossing.receiver)
    await vault.ready()
    database = crossing.receiver.database
    async with database.sessions() as session, session.begin():
        new = await operations.rotate(session, vault, suite=Suite.INTERNATIONAL)
    assert str(new.id) != crossing.answer["key_id"]
    there = await desk.client(crossing.receiver, Role.PLATFORM)
    shown = (await there.get("/v1/exchange-keys")).json()
    assert [one["key_id"] for one in shown["items"]] == [str(new.id)]
    assert shown["platform"] == TO
    assert (await crossing.open()).name == CALLER["name"]
    late = "UPDATE exchange_keys SET retired_at = retired_at - interval '31 days'"
    await database.pool.execute(late)
    assert await crossing.refused() == [("sealed_caller.key_id", "unknown_key")]
    async with database.sessions() as session, session.begin():
        await operations.rotate(session, vault, suite=Suite.INTERNATIONAL)
    gone = "SELECT private FROM exchange_keys WHERE id = $1"
    key_id = UUID(crossing.answer["key_id"])
    assert await database.pool.fetchval(gone, key_id) is None


async def test_platforms_alone_get_a_sealed_caller_and_it_is_written_down(desk: Desk) -> None:
    runtime = await desk.runtime(platform=FROM)
    key = _key()
    ticket = await file(await desk.client(runtime, Role.OPERATOR))
    for role in (Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.SECURITY):
        assert (await seal(await desk.client(runtime, role), ticket, key)).status_code == 403
    audit = "SELECT by, purpose FROM audit WHERE subject = $1"
    assert await runtime.database.pool.fetch(audit, str(ticket)) == []
    platform = await desk.client(runtime, Role.PLATFORM)
    assert (await seal(platform, uuid4(), key)).status_code == 404
    assert (await seal(platform, ticket, key)).status_code == 200
    [look] = await runtime.database.pool.fetch(audit, str(ticket))
    assert look["by"] == GATEWAY
    assert look["purpose"] == f"{PURPOSE}（转 {TO}）"
    for wrong, code in (("AAAA", "no_key"), ("not base64", "base64_decode")):
        answer = await seal(platform, ticket, key, recipient_key=wrong)
        assert answer.status_code == 422
        [error] = answer.json()["errors"]
        assert (error["field"], error["code"]) == ("recipient_key", code)
    nobody = await file(await desk.client(runtime, Role.OPERATOR), caller=None)
    assert (await seal(platform, nobody, key)).json()["sealed"] is None


async def test_a_platform_cannot_write_masked_values_into_ours(desk: Desk) -> None:
    crossing = await cross(desk, Suite.INTERNATIONAL)
    key_id = UUID(crossing.answer["key_id"])
    row = await crossing.receiver.database.pool.fetchrow(
        "SELECT public FROM exchange_keys WHERE id = $1", key_id
    )
    assert row is not None
    recipient = operations.Recipient(TO, key_id, Suite.INTERNATIONAL, row["public"])
    masked = operations.seal_for(
        {"name": "测**"}, recipient, sender=FROM, ticket_id=crossing.ticket, purpose=PURPOSE
    )
    blob = base64.b64encode(masked).decode()
    assert await crossing.refused(sealed=blob) == [("sealed_caller.sealed", "malformed_caller")]


def _key() -> dict[str, str]:
    pair = PROVIDERS[Suite.INTERNATIONAL].new_exchange_pair()
    public = base64.b64encode(pair.public).decode()
    return {"key_id": str(uuid4()), "suite": "international", "public_key": public}
