"""`hotline peers`: two platforms joined in five commands."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.peers import peers
from services.gateway.peers.queries import read_signing_key
from shared.settings import Settings
from tests.harness import Harness
from tests.services.gateway_peers import TICKET, code_of, open_gate

CODE = "510000"


async def run(*words: str, code: int = 0) -> str:
    """What `hotline peers …` prints."""
    result = await asyncio.to_thread(CliRunner().invoke, peers, list(words))
    assert result.exit_code == code, result.output
    return result.stdout


async def test_two_platforms_are_joined_and_change_their_keys(
    harness: Harness, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One database plays both: what it signs with is registered as a peer's.
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("TOKEN_SECRET", settings.token_secret)
    monkeypatch.setenv("PLATFORM", CODE)
    monkeypatch.setenv("COLUMNS", "200")
    gate = await open_gate(harness)
    card = tmp_path / "province.json"
    card.write_text(await run("own-key"), "utf-8")
    assert await run("own-key") == card.read_text("utf-8"), "made once"
    (first,) = json.loads(card.read_text("utf-8"))["keys"]
    words = ("--name", "四川省12345平台", "--kind", "parent", "--url", "https://sc.example")
    assert first["key_id"] in await run("add", CODE, *words, "--card", str(card))
    shown = await run("list")
    for word in (CODE, "四川省12345平台", "上级平台", first["key_id"], "有效"):
        assert word in shown
    published = (await gate.client.get("/v1/exchange/keys")).json()
    assert published["keys"] == [first]

    async with gate.runtime.database.pool.acquire() as connection:
        key = await read_signing_key(connection, settings)
    assert code_of(await gate.send(key, f"{TICKET}/sign")) == "200"

    card.write_text(await run("rotate"), "utf-8")
    second = json.loads(card.read_text("utf-8"))["keys"][0]["key_id"]
    added = await run("key", "add", CODE, "--card", str(card))
    assert second in added
    assert first["key_id"] not in added, "it is registered already"
    await run("key", "revoke", CODE, first["key_id"])
    assert code_of(await gate.send(key, f"{TICKET}/sign")) == "key_revoked"


async def test_the_card_of_another_platform_is_refused(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("TOKEN_SECRET", settings.token_secret)
    card = tmp_path / "card.json"
    card.write_text('{"platform": "512000", "keys": []}', "utf-8")
    words = ("--name", "四川省", "--kind", "parent", "--card", str(card))
    await run("add", CODE, *words, code=2)
    card.write_text("{", "utf-8")
    await run("add", CODE, *words, code=2)
    await run("add", "sc1", "--name", "分中心", "--kind", "subcenter", code=1)
    await run("key", "revoke", CODE, "none", code=1)
