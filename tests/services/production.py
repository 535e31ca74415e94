"""The production shape without containers: each process started as `compose.yaml` starts it."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.trial import trial_token
from shared.events.words import Role, Service
from shared.settings import Settings
from tests.faults.cluster import Process
from tests.harness import eventually
from tests.ports import free_ports

DOORS = (Service.GATEWAY, Service.INTAKE, Service.DISPATCH)
WORKERS = (Service.INTAKE, Service.DISPATCH)
READY_SECONDS_MAX = 120
COMMAND_SECONDS_MAX = 60
UNIT = "512000-01"


@dataclass
class Production:
    """The processes of one platform, and where each of them answers."""

    settings: Settings
    environment: dict[str, str]
    processes: dict[str, Process] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def url(self, name: str) -> str:
        """Where a process answers: `intake`, or `intake-worker`."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def person(self, role: Role, *, unit: str | None = None) -> httpx.AsyncClient:
        """Somebody at the gateway."""
        place = None if unit else "512000"
        bearer = trial_token(self.settings, role, jurisdiction=place, unit=unit)
        return httpx.AsyncClient(
            base_url=self.url("gateway"),
            headers={"Authorization": f"Bearer {bearer}"},
            timeout=20,
            trust_env=False,
        )

    def start(self, folder: Path) -> None:
        """Start what a ticket meets on its way from filing to signing."""
        names = [*DOORS, *(f"{service}-worker" for service in WORKERS)]
        self.ports.update(zip(names, free_ports(len(names)), strict=True))
        urls = {f"GATEWAY_{service.upper()}_URL": self.url(service) for service in DOORS}
        for name, port in self.ports.items():
            service, _, worker = name.partition("-")
            arguments = [service, *(["--worker"] if worker else []), "--port", str(port)]
            process = Process(name, arguments, self.environment | urls, folder / f"{name}.log")
            self.processes[name] = process
            process.start()

    async def ready(self) -> None:
        """Wait until every process says that it is ready."""
        async with httpx.AsyncClient(trust_env=False) as client:

            async def is_ready() -> bool:
                with suppress(httpx.HTTPError):
                    answers = [await client.get(f"{self.url(name)}/readyz") for name in self.ports]
                    return all(answer.is_success for answer in answers)
                return False

            await eventually(is_ready, seconds=READY_SECONDS_MAX, what="readiness of all processes")

    def tell_to_stop(self, name: str) -> subprocess.Popen[bytes]:
        """Send SIGTERM, as a container's engine does; return the process."""
        running = self.processes[name].running
        assert running is not None
        running.send_signal(signal.SIGTERM)
        return running


def hotline(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run one command of `hotline` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "deploy", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        check=False,
    )


def invoke(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], *arguments: str) -> Result:
    """Run a command in this process, on an environment of its own."""
    for name in set(os.environ) - set(environment):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(app, arguments)


@contextmanager
def open_production(settings: Settings, folder: Path) -> Iterator[Production]:
    """A platform whose processes end with the block; none is started yet."""
    production = Production(settings, environment_of(settings))
    try:
        yield production
    finally:
        for process in production.processes.values():
            process.kill()


def production_settings(database_url: str, bootstrap_servers: str) -> Settings:
    """What one platform of a test shares with no other."""
    return Settings(
        database_url=database_url,
        kafka_bootstrap_servers=bootstrap_servers,
        kafka_partitions=3,
        topic_prefix=f"{secrets.token_hex(4)}.",
        token_secret=secrets.token_hex(32),
        identity_key=secrets.token_hex(32),
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """This process's environment, with those settings that were given and no others."""
    names = {name.upper() for name in Settings.model_fields}
    ours = {prefix + name for name in names for prefix in ("", *(f"{s}_".upper() for s in Service))}
    given = settings.model_dump(include=settings.model_fields_set)
    return {name: value for name, value in os.environ.items() if name not in ours} | {
        name.upper(): str(value) for name, value in given.items()
    }
