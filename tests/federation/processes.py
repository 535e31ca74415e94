"""Platforms as processes of their own: `hotline up`, and the foreign one; both may be killed."""

import asyncio
import json
import os
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import httpx
import psutil
from typer.testing import CliRunner

from deploy.cli import app as command_line
from deploy.trial import trial_token
from shared.events.words import Role
from shared.settings import Settings
from tests.faults import held
from tests.harness import eventually

EVERYWHERE = "000000"
READY_SECONDS_MAX = 240.0
STOP_SECONDS_MAX = 30.0
OF_OTHERS = ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "HOTLINE_DATA_DIR", "TOKEN_SECRET")
DOWN = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a query raises whose PostgreSQL is down, or was killed meanwhile."""
LOOK_SECONDS = 0.2
CONTEXT = ssl.create_default_context()
"""Made once: each client would read all authorities anew."""
LINES_OF_READY = 8
"""So long is the file in which a PostgreSQL that is up says where it is."""
_COMMANDS = asyncio.Lock()
"""The environment is this process's: one command at a time."""


@dataclass
class Process:
    """A process that listens on a port, with a folder of its own."""

    code: str
    folder: Path
    port: int
    kills: int = 0
    running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its own door."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.folder / "log"

    def kill(self) -> None:
        """SIGKILL, by its own id."""
        if self.running is not None:
            self.running.kill()
            self.running.wait()


class Platform(Protocol):
    """What is known of a platform's process, and what each kind of them does in its own way."""

    code: str
    folder: Path
    port: int
    kills: int
    running: subprocess.Popen[bytes] | None

    @property
    def log(self) -> Path: ...

    def kill(self) -> None: ...

    def arguments(self) -> list[str]:
        """What Python runs."""

    def environment(self) -> dict[str, str]:
        """What it is told besides."""

    async def answers(self) -> bool:
        """Whether it can be used."""


def start(one: Platform) -> None:
    """Start it; it must not run."""
    one.folder.mkdir(parents=True, exist_ok=True)
    with one.log.open("ab") as log:
        one.running = subprocess.Popen(
            [sys.executable, *one.arguments()], env=one.environment(), stdout=log, stderr=log
        )


async def ready(one: Platform) -> None:
    """Wait until it answers; one that ended by itself is started again, as by its keeper."""

    async def is_ready() -> bool:
        await asyncio.sleep(LOOK_SECONDS)
        assert one.running is not None
        if one.running.poll() is not None:
            start(one)
        return await _listens(one.port) and await one.answers()

    await eventually(is_ready, seconds=READY_SECONDS_MAX, what=f"{one.code} ({one.log})")


async def _listens(port: int) -> bool:
    with suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False


def _inherited() -> dict[str, str]:
    """The environment, without what belongs to others."""
    return {name: value for name, value in os.environ.items() if not name.endswith(OF_OTHERS)}


@dataclass
class Ours(Process):
    """`hotline up`: six services, its own embedded PostgreSQL and the bus within it."""

    settings_given: Mapping[str, str] = field(default_factory=dict)

    def arguments(self) -> list[str]:
        """`hotline up`."""
        return ["-m", "deploy", "up", "--port", str(self.port)]

    def environment(self) -> dict[str, str]:
        """Its place and its folder."""
        own = {"HOTLINE_DATA_DIR": str(self.folder), "PLATFORM": self.code}
        return _inherited() | own | dict(self.settings_given)

    async def answers(self) -> bool:
        """Whether it is ready and its directory is loaded."""
        with suppress(httpx.HTTPError, OSError):
            async with self.client(Role.ADMINISTRATOR, place=EVERYWHERE) as client:
                ready = await client.get("/readyz")
                known = await client.get("/v1/jurisdictions")
                return ready.is_success and known.is_success and bool(known.json())
        return False

    @property
    def settings(self) -> Settings:
        """Its settings, as commands beside it need them. Raises OSError while it is down."""
        secrets = json.loads((self.folder / "secrets.json").read_text())
        lines = (self.folder / "postgres" / "postmaster.pid").read_text().splitlines()
        if len(lines) < LINES_OF_READY:
            raise ConnectionError("PostgreSQL is not up yet")
        url = f"postgresql://postgres:@/postgres?host={lines[4]}"
        return Settings(platform=self.code, database_url=url, **secrets)

    def client(
        self, role: Role, *, unit: str | None = None, place: str | None = None
    ) -> httpx.AsyncClient:
        """Somebody at its gateway."""
        bearer = trial_token(self.settings, role, jurisdiction=place or self.code, unit=unit)
        headers = {"Authorization": f"Bearer {bearer}"}
        return httpx.AsyncClient(
            base_url=self.url, headers=headers, timeout=30, trust_env=False, verify=CONTEXT
        )

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Rows of its database, past all services."""
        return await held.fetch(self.settings, query, *arguments)

    async def command(self, *words: str) -> tuple[int, str]:
        """A `hotline` command on its database: the exit code, and what it printed."""
        settings = self.settings
        environment = {
            "PLATFORM": self.code,
            "DATABASE_URL": settings.database_url,
            "TOKEN_SECRET": settings.token_secret,
            "IDENTITY_KEY": settings.identity_key,
            "COLUMNS": "200",
        }
        async with _COMMANDS:
            run = CliRunner(env=environment).invoke
            result = await asyncio.to_thread(run, command_line, list(words))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    def cut_power(self) -> None:
        """SIGKILL the process and its PostgreSQL."""
        family = self._postgres()
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self.kill()
        psutil.wait_procs(family, timeout=STOP_SECONDS_MAX)

    def stop(self) -> None:
        """End both, whatever state they are in."""
        if self.running is not None and self.running.poll() is None:
            self.running.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.running.wait(STOP_SECONDS_MAX)
        self.cut_power()

    def _postgres(self) -> list[psutil.Process]:
        with suppress(FileNotFoundError, IndexError, psutil.NoSuchProcess):
            lines = (self.folder / "postgres" / "postmaster.pid").read_text().splitlines()
            postmaster = psutil.Process(int(lines[0]))
            if "postgres" in postmaster.name():
                return [postmaster, *postmaster.children(recursive=True)]
        return []


@dataclass
class Foreign(Process):
    """The platform that was written from the specification alone."""

    def arguments(self) -> list[str]:
        """Its own program."""
        whom = ["--code", self.code, "--data", str(self.folder), "--office"]
        return ["-m", "tests.foreign", "--port", str(self.port), *whom]

    def environment(self) -> dict[str, str]:
        """Nothing of its own."""
        return _inherited()

    async def answers(self) -> bool:
        """Whether its door is open."""
        with suppress(httpx.HTTPError):
            await self.ask("GET", "/v1/exchange/keys")
            return True
        return False

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What its small door answers."""
        async with httpx.AsyncClient(
            base_url=self.url, timeout=60, trust_env=False, verify=CONTEXT
        ) as client:
            answer = await client.request(method, path, json=body)
            answer.raise_for_status()
            return answer.json()

    async def fetch(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of its file."""
        return await asyncio.to_thread(self._fetch, statement)

    def _fetch(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.folder / 'foreign.db'}?mode=ro", uri=True)) as db:
            return db.execute(statement).fetchall()
