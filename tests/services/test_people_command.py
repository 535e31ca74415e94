"""`hotline people`: the first steps on an empty platform, and the way back in (F9)."""

import asyncio
from functools import partial

from typer.testing import CliRunner, Result

from deploy.cli import app as command_line
from deploy.people import first_steps
from shared.events.words import Role
from tests.harness import Harness
from tests.services.people_desk import PASSWORD, Desk

FIRST = ("add", "HW0901", "--name", "管理员", "--jurisdiction", "512000")


async def hotline(harness: Harness, *words: str, **environment: str) -> Result:
    """What the command did on the test's database."""
    given = {
        "DATABASE_URL": harness.settings.database_url,
        "TOKEN_SECRET": harness.settings.token_secret,
        "COLUMNS": "300",
    } | environment
    invoke = partial(CliRunner().invoke, command_line, ["people", *words], env=given)
    return await asyncio.to_thread(invoke)


async def test_an_empty_platform_says_the_first_steps_and_they_work(harness: Harness) -> None:
    steps = await asyncio.to_thread(first_steps, harness.settings)
    assert steps is not None
    assert "hotline people add HW0002 --name 姓名 --role security" in steps
    added = await hotline(harness, *FIRST, "--role", "security")
    assert added.exit_code == 0, added.output
    assert await asyncio.to_thread(first_steps, harness.settings) is None
    desk = await Desk.open(harness)
    browser = await desk.browser()
    temporary = added.stdout.strip().splitlines()[-1]
    await browser.log_in("HW0901", temporary)
    assert (await browser.send(password=PASSWORD, again=PASSWORD)).status_code == 200
    assert (await browser.send(code=browser.authenticator().now())).status_code == 200
    await browser.send()
    await browser.arrive()
    assert (await browser.me()).json()["role"] == "security"
    assert await desk.audited("person.added") == [("HW0901", "console")]


async def test_no_account_is_there_before_somebody_makes_one(harness: Harness) -> None:
    desk = await Desk.open(harness)
    for table in ("people", "credentials", "assignments"):
        assert await desk.runtime.database.pool.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_roles_are_granted_kept_apart_and_revoked(harness: Harness) -> None:
    await hotline(harness, *FIRST)
    where = ("--jurisdiction", "512000")
    granted = await hotline(harness, "grant", "HW0901", "--role", "auditor", *where)
    assert granted.exit_code == 0, granted.output
    refused = await hotline(harness, "grant", "HW0901", "--role", "security", *where)
    assert (refused.exit_code, "不得由同一人兼任" in refused.output) == (2, True)
    listed = await hotline(harness, "list")
    assert "审计管理（512000）" in listed.output
    revoked = await hotline(harness, "revoke", "HW0901", "--role", "auditor")
    assert "已撤销 1 个岗位" in revoked.output
    assert "审计管理" not in (await hotline(harness, "list")).output


async def test_a_lock_a_new_password_and_the_way_back_in(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser = await desk.member("HW0107", Role.OPERATOR)
    reason = ("--reason", "测试")
    assert (await hotline(harness, "lock", "HW0107", *reason)).exit_code == 0
    assert (await browser.me()).status_code == 401
    assert "已锁定" in (await hotline(harness, "list")).output
    assert (await hotline(harness, "unlock", "HW0107", *reason)).exit_code == 0
    assert (await browser.log_in("HW0107")).status_code == 303
    reset = await hotline(harness, "reset-password", "HW0107", "--second-factor", *reason)
    assert (await browser.log_in("HW0107")).status_code == 401
    temporary = reset.stdout.strip().splitlines()[-1]
    assert (await browser.log_in("HW0107", temporary)).status_code == 200


async def test_what_cannot_be_is_said_in_chinese(harness: Harness) -> None:
    wrong = await hotline(harness, "add", "hw", "--name", "甲", "--jurisdiction", "512000")
    assert (wrong.exit_code, "work_number" in wrong.output) == (2, True)
    assert (await hotline(harness, "lock", "HW9", "--reason", "测试")).exit_code == 2
    await hotline(harness, *FIRST)
    assert "已有人使用" in (await hotline(harness, *FIRST)).output
    foreign = await hotline(
        *(harness, "reset-password", "HW0901", "--reason", "测试"),
        OIDC_ISSUER="https://login.example",
    )
    assert (foreign.exit_code, "外部身份服务" in foreign.output) == (2, True)
