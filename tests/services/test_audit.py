"""The audit of one service: written with the act, sealed, read, taken out and checked."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from deploy.cli import app
from services.knowledge.app import make_app
from shared.audit import Entry, note, note_many
from shared.audit_sealer import keep_checkpoint, seal_audit, seal_batch
from shared.database import plain_url
from shared.events.words import Role, Service
from shared.runtime import Runtime
from shared.settings import Settings
from tests.harness import Harness, eventually, token

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)


def looked(subject: str = "ticket-1") -> Entry:
    """An entry."""
    return Entry("caller.revealed", subject, "HW0107", "回电 13800001234 核实", {"rows": 1})


async def write(runtime: Runtime, *entries: Entry) -> None:
    """Write and commit."""
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        await note_many(connection, entries, at=AT)


async def seal(runtime: Runtime) -> int:
    """One look of the sealer."""
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        sealed = await seal_batch(connection, runtime)
        await keep_checkpoint(connection, runtime, is_due=True)
    return sealed


async def numbered(runtime: Runtime) -> list[tuple[int, str]]:
    """The chain: numbers and subjects."""
    rows = await runtime.database.pool.fetch(
        "SELECT number, subject FROM audit WHERE number IS NOT NULL ORDER BY number"
    )
    return [(row["number"], row["subject"]) for row in rows]


async def hotline(settings: Settings, *words: str, **more: str | None) -> tuple[int, str]:
    """`hotline audit …` on the test's database: how it ended, and what it printed."""
    invoke = CliRunner().invoke
    secret = {"TOKEN_SECRET": settings.token_secret}
    environment = {"DATABASE_URL": settings.database_url, **secret, **more}
    done = await asyncio.to_thread(invoke, app, ["audit", *words], env=environment)
    return done.exit_code, done.output


@pytest.fixture
async def knowledge(harness: Harness) -> Runtime:
    """A service without neighbours; which one it is does not matter."""
    return await harness.runtime(Service.KNOWLEDGE)


async def test_an_entry_is_there_when_its_act_is_and_not_otherwise(knowledge: Runtime) -> None:
    async with knowledge.database.sessions() as session, session.begin() as transaction:
        await note(session, looked("undone"), at=AT)
        await transaction.rollback()
    async with knowledge.database.sessions() as session, session.begin():
        await note(session, looked("done"), at=AT)
    rows = await knowledge.database.pool.fetch("SELECT subject, purpose, detail, at FROM audit")
    assert [tuple(row) for row in rows] == [("done", "回电 〔手机号〕 核实", '{"rows": 1}', AT)]


async def test_who_commits_later_is_numbered_later_and_nobody_is_passed_over(
    knowledge: Runtime,
) -> None:
    async with knowledge.database.pool.acquire() as slow:
        transaction = slow.transaction()
        await transaction.start()
        await note_many(slow, [looked("slow")], at=AT)
        await write(knowledge, looked("quick"), looked("quicker"))
        assert await seal(knowledge) == 2
        await transaction.commit()
    assert await seal(knowledge) == 1
    assert await seal(knowledge) == 0
    assert await numbered(knowledge) == [(1, "quick"), (2, "quicker"), (3, "slow")]


async def test_of_two_sealers_one_waits_its_turn(knowledge: Runtime) -> None:
    await write(knowledge, looked())
    async with knowledge.database.pool.acquire() as other, other.transaction():
        assert await seal_batch(other, knowledge) == 1
        assert await seal(knowledge) == 0
    assert await numbered(knowledge) == [(1, "ticket-1")]


async def test_the_worker_seals_by_itself(knowledge: Runtime) -> None:
    async def is_sealed() -> bool:
        return len(await numbered(knowledge)) == 2

    sealer = asyncio.create_task(seal_audit(knowledge))
    await write(knowledge, looked(), looked())
    await eventually(is_sealed)
    sealer.cancel()
    await asyncio.wait([sealer])
    assert await knowledge.database.pool.fetchval("SELECT number FROM audit_checkpoints") == 2


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE audit SET by = 'somebody else' WHERE number IS NULL",
        "UPDATE audit SET by = 'somebody else' WHERE number IS NOT NULL",
        "UPDATE audit SET hash = '\\x00' WHERE number IS NOT NULL",
        "UPDATE audit SET number = 9, algorithm = 'sha256', previous = '', hash = '', by = 'x'",
        "DELETE FROM audit WHERE number IS NULL",
        "DELETE FROM audit WHERE number IS NOT NULL",
        "TRUNCATE audit",
        "UPDATE audit_checkpoints SET number = 7",
        "DELETE FROM audit_checkpoints",
        "TRUNCATE audit_checkpoints",
        """INSERT INTO audit (at, action, subject, by, detail, number, algorithm, previous, hash)
        VALUES (now(), 'a', 'b', 'c', '{}', 9, 'sha256', '', '')""",
    ],
)
async def test_the_database_refuses_to_change_the_audit(knowledge: Runtime, attempt: str) -> None:
    await write(knowledge, looked())
    await seal(knowledge)
    await write(knowledge, looked())
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await knowledge.database.pool.execute(attempt)


async def test_the_auditor_alone_reads_and_to_read_is_audited(
    knowledge: Runtime, harness: Harness
) -> None:
    await write(knowledge, looked("a"), looked("b"), looked("a"))
    await seal(knowledge)
    service = make_app(knowledge)
    bearer = token(knowledge.settings, Role.AUDITOR, subject="AU01")
    auditor = await harness.client(service, bearer)
    page = (await auditor.get("/v1/audit/knowledge", params={"limit": 2})).json()
    assert [(one["number"], one["subject"]) for one in page["items"]] == [(3, "a"), (2, "b")]
    assert page["items"][1]["hash"] == page["items"][0]["previous"]
    rest = await auditor.get("/v1/audit/knowledge", params={"after": page["next"]})
    assert [one["number"] for one in rest.json()["items"]] == [1]
    found = await auditor.get("/v1/audit/knowledge", params={"by": "AU01"})
    assert [one["action"] for one in found.json()["items"]] == ["audit.read"] * 2
    assert found.json()["items"][0]["number"] is None
    bad = await auditor.get("/v1/audit/knowledge", params={"after": "nonsense"})
    assert bad.status_code == 422
    for role in (Role.ADMINISTRATOR, Role.SECURITY, Role.SUPERVISOR):
        other = await harness.client(service, token(knowledge.settings, role))
        assert (await other.get("/v1/audit/knowledge")).status_code == 403


async def test_an_export_is_whole_and_every_tampering_is_found(
    settings: Settings, tmp_path: Path
) -> None:
    async def run(*words: str | Path) -> tuple[int, str]:
        return await hotline(settings, *map(str, words))

    export, kept = tmp_path / "audit.ndjson", tmp_path / "checkpoint.ndjson"
    for times in range(3):
        assert await run("export", export, "--service", "sla") == (0, f"已导出 {times} 条。\n")
    code, printed = await run("checkpoint", "--service", "sla")
    kept.write_text(printed)
    assert (code, json.loads(printed)["number"]) == (0, 3)
    assert await run("export", export) == (0, "已导出 3 条。\n")
    assert await run("verify", export, "--checkpoint", kept) == (0, "审计链完整。\n")
    assert await run("verify") == (0, "审计链完整。\n")
    lines = export.read_text().splitlines(keepends=True)
    export.write_text("".join(lines[:2]))
    assert await run("verify", export) == (0, "审计链完整。\n")
    code, printed = await run("verify", export, "--checkpoint", kept)
    assert (code, "sla 第 3 条：末尾缺失" in printed) == (1, True)
    export.write_text(lines[0] + lines[1].replace("console", "nobody") + lines[2])
    code, printed = await run("verify", export)
    assert (code, "sla 第 2 条：内容被改动" in printed) == (1, True)


async def test_without_the_platform_s_secret_nothing_is_signed(settings: Settings) -> None:
    for words in (("checkpoint", "--service", "sla"), ("verify", "--service", "sla")):
        code, printed = await hotline(settings, *words, TOKEN_SECRET=None)
        assert (code, "TOKEN_SECRET" in printed) == (2, True)
    assert (await hotline(settings, "verify")) == (0, "审计链完整。\n")


async def test_who_gets_around_the_triggers_is_found(knowledge: Runtime) -> None:
    await write(knowledge, *[looked(f"ticket-{place}") for place in range(5)])
    await seal(knowledge)
    connection = await asyncpg.connect(plain_url(knowledge.settings.database_url))
    await connection.execute("SET session_replication_role = replica; SET search_path = knowledge")
    await connection.execute("UPDATE audit SET subject = 'ticket-9' WHERE number = 2")
    await connection.execute("DELETE FROM audit WHERE number = 5")
    await connection.close()
    code, found = await hotline(knowledge.settings, "verify")
    assert code == 1
    assert "knowledge 第 2 条：内容被改动" in found
    assert "knowledge 第 5 条：末尾缺失" in found


async def test_a_checkpoint_by_an_unknown_key_is_reported_until_the_auditor_shows_one_of_it(
    knowledge: Runtime, tmp_path: Path
) -> None:
    await write(knowledge, looked())
    await seal(knowledge)
    _, kept = await hotline(knowledge.settings, "checkpoint", "--service", "knowledge")
    file = tmp_path / "kept.ndjson"
    file.write_text(kept)
    changed = {"AUDIT_KEY": "another-key-of-thirty-two-characters"}
    code, printed = await hotline(knowledge.settings, "verify", **changed)
    assert (code, "检查点的签名无效" in printed) == (1, True)
    known = await hotline(knowledge.settings, "verify", "--checkpoint", str(file), **changed)
    assert known == (0, "审计链完整。\n")
