"""Callers' identities under data keys: rotation, suites, what is changed or moved (F6, F9)."""

import asyncio
from uuid import UUID

import pytest

from services.intake.identity import Vault
from services.intake.keys import operations
from services.intake.keys.refusals import KeyUnavailable
from shared.crypto.provider import Suite
from shared.events.words import Role
from shared.runtime import Runtime
from tests.harness import Harness
from tests.services.vault_desk import (
    AFTER,
    BEFORE,
    CALLER,
    REVEAL,
    ROLLING,
    SECOND,
    Desk,
    file,
    forget_keys,
    reveal,
    sealed,
)

HISTORY = {"phone": "13800001234", "purpose": "核对此前诉求"}
KEYS = "SELECT purpose, master_version FROM data_keys ORDER BY id"


@pytest.fixture
def desk(harness: Harness) -> Desk:
    return Desk(harness)


async def test_the_master_key_is_changed_while_filing_goes_on(desk: Desk) -> None:
    before, runtime = await desk.start(**BEFORE), await desk.runtime(**ROLLING)
    first = await file(before)
    kept = await sealed(runtime, first)

    async def file_some() -> list[UUID]:
        return [await file(before) for _ in range(20)]

    filed, done = await asyncio.gather(file_some(), operations.rotate(runtime, by="test"))
    assert (done.version, done.rewrapped) == (2, 3)
    assert await sealed(runtime, first) == kept, "no ticket is touched"
    after = await desk.start(**AFTER)
    filed.append(await file(after))
    for ticket in (first, *filed):
        assert (await reveal(after, ticket))["name"] == CALLER["name"]
    history = (await after.post("/v1/callers/history", json=HISTORY)).json()
    assert len(history["items"]) == 22, "they are one caller still"
    made = await runtime.database.pool.fetch(KEYS)
    assert {row["master_version"] for row in made} == {2}
    purposes = [row["purpose"] for row in made]
    assert sorted(purposes) == ["index", "query_code", "seal", "seal"]


async def test_a_master_key_that_went_too_early_is_named_and_nothing_is_lost(desk: Desk) -> None:
    ticket = await file(await desk.start(**BEFORE))
    early = await desk.start(**AFTER)
    answer = await early.post("/v1/tickets", json={**_request(), "caller": CALLER})
    assert (answer.status_code, answer.json()["code"]) == (503, "key_unavailable")
    shut = await early.post(f"/v1/tickets/{ticket}/reveal-caller", json=REVEAL)
    assert (shut.status_code, shut.json()["code"]) == (503, "key_unavailable")
    assert "第 1 版主密钥" in shut.json()["detail"]
    runtime = await desk.runtime(**AFTER)
    with pytest.raises(KeyUnavailable, match="第 1 版"):
        await operations.rotate(runtime, by="test")
    other = await desk.start(identity_key=SECOND)
    wrong = await other.post(f"/v1/tickets/{ticket}/reveal-caller", json=REVEAL)
    assert "版本号未变" in wrong.json()["detail"]
    assert (await reveal(await desk.start(**ROLLING), ticket))["name"] == CALLER["name"]


async def test_processes_of_two_versions_open_what_each_other_seals(desk: Desk) -> None:
    old = await desk.start(**BEFORE, identity_keys_other=f"2:{SECOND}")
    new = await desk.start(**ROLLING)
    filed = [await file(client) for client in (old, new) * 3]
    for client in (old, new, await desk.start(**BEFORE, identity_keys_other=f"2:{SECOND}")):
        for ticket in filed:
            assert (await reveal(client, ticket))["name"] == CALLER["name"]
    runtime = await desk.runtime(**ROLLING)
    made = [row["purpose"] for row in await runtime.database.pool.fetch(KEYS)]
    assert made.count("seal") == 2, "neither takes the other's key for too old"


async def test_an_identity_that_was_changed_or_moved_is_not_shown(desk: Desk) -> None:
    runtime = await desk.runtime(**BEFORE)
    client = await desk.client(runtime, Role.OPERATOR)
    first, second = await file(client), await file(client)
    kept = await sealed(runtime, first)
    for place in (0, 4, 10, -1):
        changed = bytearray(kept)
        changed[place] ^= 1
        await _put(runtime, first, bytes(changed))
        answer = await client.get(f"/v1/tickets/{first}/caller")
        assert answer.json()["code"] in ("bad_seal", "key_unavailable")
    await _put(runtime, second, kept)
    moved = await client.post(f"/v1/tickets/{second}/reveal-caller", json=REVEAL)
    assert (moved.status_code, moved.json()["code"]) == (500, "bad_seal")
    await _put(runtime, first, kept)
    assert (await reveal(client, first))["phone"] == CALLER["phone"]


async def test_either_suite_opens_what_the_other_sealed(desk: Desk) -> None:
    first = await file(await desk.start(**BEFORE))
    national = await desk.start(**BEFORE, crypto_suite=Suite.NATIONAL)
    second = await file(national)
    runtime = await desk.runtime(**BEFORE)
    assert [(await sealed(runtime, one))[0] for one in (first, second)] == [0x11, 0x12]
    back = await desk.client(runtime, Role.OPERATOR)
    for client in (national, back):
        for ticket in (first, second):
            assert (await reveal(client, ticket))["name"] == CALLER["name"]
    history = (await back.post("/v1/callers/history", json=HISTORY)).json()
    assert len(history["items"]) == 2


async def test_what_an_older_release_sealed_opens_and_is_sealed_anew(desk: Desk) -> None:
    runtime = await desk.runtime(**BEFORE)
    ticket = await file(await desk.client(runtime, Role.OPERATOR))
    await forget_keys(runtime, ticket)
    upgraded = await desk.client(runtime, Role.OPERATOR)
    assert (await reveal(upgraded, ticket))["name"] == CALLER["name"]
    assert len((await upgraded.post("/v1/callers/history", json=HISTORY)).json()["items"]) == 1
    rolling = await desk.runtime(**ROLLING)
    await operations.rotate(rolling, by="test")
    after = await desk.runtime(**AFTER)
    vault = Vault(after)
    for expected in (1, 0):
        done = await operations.reseal_all(after, vault, by="test", everything=False, limit=10)
        assert done == expected
    assert (await sealed(after, ticket))[0] == 0x11
    assert (await reveal(await desk.client(after, Role.OPERATOR), ticket))["name"] == "测试人"
    await operations.rotate(after, by="test")
    vault = Vault(after)
    for expected in (1, 0):
        done = await operations.reseal_all(after, vault, by="test", everything=True, limit=10)
        assert done == expected


async def test_a_platform_of_an_older_release_asks_for_its_first_master_key(desk: Desk) -> None:
    runtime = await desk.runtime(**BEFORE)
    ticket = await file(await desk.client(runtime, Role.OPERATOR))
    await forget_keys(runtime, ticket)
    answer = await (await desk.start(**AFTER)).post("/v1/tickets", json=_request())
    assert answer.json()["code"] == "key_unavailable"
    assert "第 1 版主密钥" in answer.json()["detail"]
    assert await runtime.database.pool.fetchval("SELECT count(*) FROM data_keys") == 0


async def test_processes_that_start_together_make_one_set_of_keys(desk: Desk) -> None:
    runtimes = [await desk.runtime(**BEFORE) for _ in range(4)]
    vaults = [Vault(one) for one in runtimes for _ in range(3)]
    await asyncio.gather(*(vault.ready() for vault in vaults))
    assert len({vault.phone_index("13800001234") for vault in vaults}) == 1
    assert len(await runtimes[0].database.pool.fetch(KEYS)) == 3


async def test_a_data_key_seals_for_its_days_and_opens_for_ever(desk: Desk) -> None:
    runtime = await desk.runtime(**BEFORE)
    ticket = await file(await desk.client(runtime, Role.OPERATOR))
    await runtime.database.pool.execute(
        "UPDATE data_keys SET created_at = created_at - interval '7 days' WHERE purpose = 'seal'"
    )
    later = await desk.client(runtime, Role.OPERATOR)
    next_ticket = await file(later)
    assert (await sealed(runtime, ticket))[:5] != (await sealed(runtime, next_ticket))[:5]
    assert (await reveal(later, ticket))["name"] == CALLER["name"]
    retired = "SELECT count(*) FROM data_keys WHERE retired_at IS NOT NULL AND purpose = 'seal'"
    assert await runtime.database.pool.fetchval(retired) == 1


async def test_the_index_gets_a_new_key_while_intake_stands_still(
    desk: Desk, harness: Harness
) -> None:
    client = await desk.start(**BEFORE)
    first = await file(client)
    await file(client, caller={"name": "无号码"})
    runtime = await desk.runtime(**BEFORE)
    with pytest.raises(operations.StillInUse):
        await operations.rotate_index(runtime, Vault(runtime), by="test")
    await harness.stack.aclose()
    alone = await desk.runtime(**BEFORE)
    index = "SELECT phone_index FROM callers WHERE phone_index IS NOT NULL"
    before = await alone.database.pool.fetchval(index)
    assert await operations.rotate_index(alone, Vault(alone), by="test") == (1, 0)
    assert await alone.database.pool.fetchval(index) != before
    again = await desk.client(alone, Role.OPERATOR)
    second = await file(again, repeats=str(first))
    history = (await again.post("/v1/callers/history", json=HISTORY)).json()
    assert {one["id"] for one in history["items"]} == {str(first), str(second)}


def _request() -> dict[str, object]:
    return {
        "jurisdiction": "512000",
        "type": "help",
        "content": "路灯不亮。",
        "channel": "phone",
    }


async def _put(runtime: Runtime, ticket: UUID, identity: bytes) -> None:
    statement = "UPDATE tickets SET identity = $2 WHERE id = $1"
    await runtime.database.pool.execute(statement, ticket, identity)
