"""`hotline keys`, as an administrator changes keys with it, step by step of docs/privacy.md."""

import asyncio
import os
from functools import partial
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from typer.testing import CliRunner, Result

from deploy.cli import app as command_line
from services.gateway.peers import keys
from services.gateway.peers.keys import make_pair
from services.gateway.peers.rules import Algorithm
from services.gateway.subscriptions.sealing import seal, unseal
from shared.crypto.international import International
from shared.crypto.master import MasterKeyMissing
from shared.crypto.provider import CannotOpen
from shared.events.words import Service
from shared.settings import Settings
from tests.harness import Harness
from tests.services.vault_desk import AFTER, BEFORE, FIRST, SECOND, Desk, file, reveal, sealed

FIRST_ONLY = {"IDENTITY_KEY": FIRST}
BOTH = {
    "IDENTITY_KEY": SECOND,
    "IDENTITY_KEY_VERSION": "2",
    "IDENTITY_KEYS_OTHER": f"1:{FIRST}",
}
SECOND_ONLY = {"IDENTITY_KEY": SECOND, "IDENTITY_KEY_VERSION": "2"}


@pytest.fixture
def desk(harness: Harness) -> Desk:
    return Desk(harness)


async def hotline(harness: Harness, environment: dict[str, str], *words: str) -> Result:
    """What a command did on the test's database."""
    given = {
        "DATABASE_URL": harness.settings.database_url,
        "TOKEN_SECRET": harness.settings.token_secret,
        "COLUMNS": "300",
    } | environment
    invoke = partial(CliRunner().invoke, command_line, ["keys", *words], env=given)
    return await asyncio.to_thread(invoke)


async def test_the_master_key_is_changed_by_the_steps_of_the_page(
    desk: Desk, harness: Harness
) -> None:
    ticket = await file(await desk.start(**BEFORE))
    early = await hotline(harness, SECOND_ONLY, "rotate")
    assert early.exit_code == 1
    assert "缺少第 1 版主密钥" in early.output
    assert "不能" in (await hotline(harness, SECOND_ONLY, "list")).output
    done = await hotline(harness, BOTH, "rotate")
    assert done.exit_code == 0, done.output
    assert "第 2 版主密钥重新包裹 3 个" in done.output
    listed = await hotline(harness, SECOND_ONLY, "list")
    assert "不能" not in listed.output
    assert "当前主密钥：第 2 版" in listed.output
    before = await sealed(await desk.runtime(**AFTER), ticket)
    for words, count in (((), 0), (("--all",), 1), (("--all",), 0)):
        resealed = await hotline(harness, SECOND_ONLY, "reseal", *words)
        assert f"受理服务：已重新加密 {count} 条" in resealed.output
    runtime = await desk.runtime(**AFTER)
    assert await sealed(runtime, ticket) != before
    assert (await reveal(await desk.start(**AFTER), ticket))["name"] == "测试人"
    assert (await hotline(harness, SECOND_ONLY, "rotate-exchange")).exit_code == 0
    actions = await runtime.database.pool.fetch("SELECT action FROM audit ORDER BY id")
    assert [row["action"] for row in actions if row["action"].startswith("keys.")] == [
        *("keys.rotated", *["keys.resealed"] * 3, "keys.exchange_rotated")
    ]


async def test_no_command_takes_the_key_of_the_trial(harness: Harness) -> None:
    missing = await hotline(harness, {}, "list")
    assert missing.exit_code == 2
    assert "IDENTITY_KEY" in missing.output


async def test_the_gateways_secrets_follow_its_newest_key(harness: Harness) -> None:
    runtime = await harness.runtime(Service.GATEWAY)
    subscription, pair = uuid4(), make_pair(Algorithm.ED25519)
    old, name = runtime.settings, "512000.a"
    sealed_pair = keys.seal(pair.private, name, settings=old)
    await runtime.database.pool.execute(
        """INSERT INTO subscriptions (id, unit, url, secret, state, position, attempts, created_by,
            created_at) VALUES ($1, 'water', 'https://a.example.org', $2, 'active', 0, 0, 'x',
            clock_timestamp())""",
        subscription,
        seal(b"secret", subscription, settings=old),
    )
    await runtime.database.pool.execute(
        """INSERT INTO own_keys (key_id, algorithm, private_key, public_key, created_at,
            signs_from) VALUES ($1, $2, $3, $4, clock_timestamp(), clock_timestamp())""",
        *(name, Algorithm.ED25519.value, sealed_pair, pair.public),
    )
    written = f"1:{'k' * 40}"
    done = await hotline(harness, FIRST_ONLY | {"SEALING_KEYS": written}, "reseal")
    assert "网关：已重新加密 2 条" in done.output
    new = Settings(token_secret="t" * 40, sealing_keys=written)
    secret = await runtime.database.pool.fetchval("SELECT secret FROM subscriptions")
    assert unseal(secret, subscription, settings=new) == b"secret"
    private = await runtime.database.pool.fetchval("SELECT private_key FROM own_keys")
    opened = keys.unseal(private, name, Algorithm.ED25519, settings=new)
    assert opened.private == pair.private
    missing = await hotline(harness, FIRST_ONLY | {"SEALING_KEYS": f"2:{'k' * 40}"}, "reseal")
    assert missing.exit_code == 1
    assert "缺少第 1 版密钥" in missing.output


async def test_the_index_is_not_changed_while_intake_runs(desk: Desk, harness: Harness) -> None:
    await file(await desk.start(**BEFORE))
    refused = await hotline(harness, FIRST_ONLY, "rotate-index")
    assert refused.exit_code == 1
    assert "仍在运行" in refused.output
    await harness.stack.aclose()
    done = await hotline(harness, FIRST_ONLY, "rotate-index")
    assert done.exit_code == 0, done.output
    assert "已重新计算 1 个" in done.output


def test_a_subscriptions_secret_of_the_first_release_still_opens() -> None:
    now = Settings()
    for _ in range(300):  # it begins with anything, by chance with what a header begins with
        owner, nonce = uuid4(), os.urandom(12)
        key = International().derive_key(now.token_secret, b"subscriptions")
        old = nonce + AESGCM(key).encrypt(nonce, b"secret", owner.bytes)
        assert unseal(old, owner, settings=now) == b"secret"
    new = Settings(sealing_keys=f"1:{'k' * 40}")
    anew = seal(b"secret", owner, settings=new)
    assert unseal(anew, owner, settings=new) == b"secret"
    with pytest.raises(CannotOpen):
        unseal(anew, uuid4(), settings=new)
    with pytest.raises(MasterKeyMissing):
        unseal(anew, owner, settings=now)
