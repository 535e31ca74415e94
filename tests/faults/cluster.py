"""A platform as in production: each service in processes of its own, which may be killed."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from deploy.embedded import start_postgres
from deploy.platform import migrate_all
from deploy.trial import load_trial, trial_token
from shared.bus.choose import open_bus
from shared.events.catalogue import TOPICS
from shared.events.words import Role, Service
from shared.settings import TRIAL_SECRET, Settings
from tests.faults import held, postgres
from tests.faults.forked import Forked
from tests.faults.held import WORKERS
from tests.harness import eventually
from tests.kafka import KafkaForTests
from tests.ports import free_ports

PLACES = ("512000",)
DOORS = (Service.GATEWAY, Service.INTAKE, Service.DISPATCH, Service.SLA, Service.ANALYTICS)


@dataclass
class Process:
    """One process of one service."""

    name: str
    arguments: list[str]
    environment: dict[str, str]
    log: Path
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it must not run."""
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [sys.executable, "-m", "deploy.serve", *self.arguments],
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """SIGKILL, by its own id."""
        if self.running is not None:
            self.running.kill()
            self.running.wait()


@dataclass
class Cluster:
    """All processes, the broker and the database server of one platform."""

    settings: Settings
    kafka: KafkaForTests
    server: Any
    folder: Path
    processes: dict[str, Forked] = field(default_factory=dict)
    gateway_url: str = ""

    async def kill_and_restart(self, name: str) -> None:
        """SIGKILL one process and start it again."""
        process = self.processes[name]
        await asyncio.to_thread(process.kill)
        process.start()

    def ended(self) -> dict[str, str]:
        """The last words of each process that ended by itself."""
        return {name: one.last_words() for name, one in self.processes.items() if one.has_ended()}

    async def kill_and_restart_broker(self) -> None:
        """SIGKILL the broker and start it again on the same data."""
        broker = self.kafka.broker
        assert broker is not None
        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(broker.restart)

    async def kill_and_restart_postgres(self, *, down_seconds: float = 0) -> None:
        """SIGKILL PostgreSQL, wait, and start it again on the same data."""
        await postgres.kill_and_restart(self.server, down_seconds=down_seconds)

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """What the database holds, past all services."""
        return await held.fetch(self.settings, query, *arguments)

    def client(self, role: Role, *, unit: str | None = None) -> httpx.AsyncClient:
        """Somebody at the gateway."""
        bearer = trial_token(self.settings, role, jurisdiction="512000", unit=unit)
        return httpx.AsyncClient(
            base_url=self.gateway_url, headers={"Authorization": f"Bearer {bearer}"}, timeout=20
        )

    async def drained(self) -> bool:
        """Whether every outbox is empty and every service has heard all that it listens to."""
        return await held.drained(self.settings)


@asynccontextmanager
async def open_cluster(
    kafka: KafkaForTests, *, without: Collection[Service] = (), **changes: Any
) -> AsyncIterator[Cluster]:
    """Start everything, load the trial directory, and end it all at the end."""
    folder = postgres.own_folder()
    server = start_postgres(folder)
    settings = Settings(
        database_url=server.get_uri(),
        kafka_bootstrap_servers=kafka.bootstrap_servers,
        kafka_partitions=3,
        topic_prefix=f"{uuid4().hex[:8]}.",
        stall_seconds_max=8,
        retry_delay_seconds_max=1,
    ).model_copy(update=changes)
    cluster = Cluster(settings, kafka, server, folder)
    try:
        await asyncio.to_thread(migrate_all, settings.database_url)
        await open_bus(settings).create_topics(list(TOPICS))
        _start(cluster, without)
        async with cluster.client(Role.ADMINISTRATOR) as administrator:
            await eventually(
                lambda: _is_open(cluster, administrator), seconds=150, what="the gateway"
            )
            await load_trial(administrator, settings, places=PLACES)
        yield cluster
    finally:
        for process in cluster.processes.values():
            process.kill()
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


async def _is_open(cluster: Cluster, client: httpx.AsyncClient) -> bool:
    assert cluster.ended() == {}
    with suppress(httpx.HTTPError):
        calls = ("/v1/jurisdictions", "/v1/units")
        return all([(await client.get(call)).is_success for call in calls])
    return False


def _start(cluster: Cluster, without: Collection[Service]) -> None:
    doors = dict(zip(DOORS, free_ports(len(DOORS)), strict=True))
    workers = dict(zip(WORKERS, free_ports(len(WORKERS)), strict=True))
    environment = _environment(cluster.settings, doors)
    for service, port in doors.items():
        if service in without:
            continue
        _add(cluster, f"{service}", [service, "--port", str(port)], environment)
    for service, port in workers.items():
        if service in without:
            continue
        arguments = [service, "--worker", "--port", str(port)]
        _add(cluster, f"{service}.worker", arguments, environment)
    cluster.gateway_url = f"http://127.0.0.1:{doors[Service.GATEWAY]}"


def _add(cluster: Cluster, name: str, arguments: list[str], environment: dict[str, str]) -> None:
    log = cluster.folder / f"{name}.log"
    process = cluster.processes[name] = Forked(arguments, environment, log)
    process.start()


def _environment(settings: Settings, doors: dict[Service, int]) -> dict[str, str]:
    names = {
        "DATABASE_URL": settings.database_url,
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "TOPIC_PREFIX": settings.topic_prefix,
        "STALL_SECONDS_MAX": str(settings.stall_seconds_max),
        "RETRY_DELAY_SECONDS_MAX": str(settings.retry_delay_seconds_max),
        "TOKEN_SECRET": TRIAL_SECRET,
        "IDENTITY_KEY": TRIAL_SECRET,
    }
    urls = {
        f"GATEWAY_{service.upper()}_URL": f"http://127.0.0.1:{port}"
        for service, port in doors.items()
    }
    return {**os.environ, **names, **urls}
