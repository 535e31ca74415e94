"""What `hotline serve` asks for before it starts, and what a worker does beside its service."""

import asyncio

import pytest

from deploy.serve import stop, work
from shared.bus.choose import open_bus
from shared.bus.protocol import Message
from shared.clock import Clock
from shared.events.words import Service
from shared.runtime import open_runtime
from shared.settings import Settings
from shared.worker import Health
from tests.conftest import run_sql
from tests.faults.held import fetch
from tests.harness import eventually
from tests.services.production import environment_of, hotline, invoke, production_settings


def nowhere() -> dict[str, str]:
    """An environment that has all that a service must be given, with nothing behind it."""
    return environment_of(
        production_settings("postgresql://nobody@127.0.0.1:1/nothing", "127.0.0.1:1")
    )


def test_a_service_without_a_database_ends_with_advice() -> None:
    environment = nowhere()
    del environment["DATABASE_URL"]
    done = hotline("serve", "intake", environment=environment)
    assert done.returncode == 2
    assert "没有数据库地址。请设置 DATABASE_URL（或 INTAKE_DATABASE_URL）" in done.stderr


@pytest.mark.parametrize(
    ("missing", "command", "advice"),
    [
        ("TOKEN_SECRET", ("serve", "sla"), "没有令牌密钥。请设置 TOKEN_SECRET"),
        ("TOKEN_SECRET", ("serve", "sla", "--worker"), "没有令牌密钥。请设置 TOKEN_SECRET"),
        ("IDENTITY_KEY", ("serve", "intake"), "没有身份信息密钥。请设置 IDENTITY_KEY"),
        ("IDENTITY_KEY", ("up",), "没有身份信息密钥。请设置 IDENTITY_KEY"),
        ("DATABASE_URL", ("migrate",), "没有数据库地址。请设置 DATABASE_URL"),
    ],
)
def test_what_lacks_a_secret_says_so_and_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
    missing: str,
    command: tuple[str, ...],
    advice: str,
) -> None:
    environment = nowhere()
    del environment[missing]
    done = invoke(monkeypatch, environment, *command)
    assert (done.exit_code, advice in done.output) == (2, True), done.output


def test_a_secret_that_is_too_short_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment = nowhere() | {"SLA_TOKEN_SECRET": "sesame"}
    done = invoke(monkeypatch, environment, "serve", "sla")
    assert (done.exit_code, "SLA_TOKEN_SECRET" in done.output) == (2, True), done.output
    assert "sesame" not in done.output


async def test_the_log_of_one_machine_forgets_what_it_has_kept_long_enough(
    settings: Settings,
) -> None:
    bus, kept = open_bus(settings), settings.bus_retention_days
    await bus.create_topics(["calls"])
    publisher = await bus.open_publisher()
    await publisher.publish([Message("calls", key, b"{}") for key in ("old", "young")])
    await publisher.close()
    await run_sql(
        settings.database_url,
        f"UPDATE bus.log SET at = at - interval '{kept} days 1 minute' WHERE key = 'old'",
    )
    async with open_runtime(Service.GATEWAY, settings, Clock()) as runtime:
        working = asyncio.create_task(work(runtime, bus, Health(), {}))

        async def is_forgotten() -> bool:
            rows = await fetch(settings, "SELECT key FROM bus.log")
            return [row["key"] for row in rows] == ["young"]

        try:
            await eventually(is_forgotten, what="an event that is forgotten")
        finally:
            await stop([working])
