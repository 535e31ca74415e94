"""A platform in this process whose services, and the parts of their workers, stop one by one."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
from starlette.types import ASGIApp

import services.gateway.app
from deploy import registry
from deploy.serve import stop, work
from deploy.trial import load_trial, trial_token
from shared.bus.choose import open_bus
from shared.bus.protocol import Bus
from shared.clock import Clock
from shared.database import plain_url, server_settings
from shared.events.catalogue import TOPICS
from shared.events.words import Role, Service
from shared.outbox import run_relay
from shared.runtime import Runtime, open_runtime
from shared.settings import Settings
from shared.worker import Health, Task, consume, make_inbox, supervise
from tests.faults import held

PLACE = "512000"
UNIT = "512000-01"


@dataclass
class Town:
    """Six services in this process; which of their workers run is the test's to say."""

    settings: Settings
    clock: Clock
    bus: Bus
    health: Health = field(default_factory=Health)
    runtimes: dict[Service, Runtime] = field(default_factory=dict)
    app: ASGIApp | None = None
    _hops: dict[Service, ASGIApp] = field(default_factory=dict)
    _open: dict[Service, AsyncExitStack] = field(default_factory=dict)
    _running: dict[tuple[Service, str], asyncio.Task[None]] = field(default_factory=dict)

    def client(self, role: Role, *, unit: str | None = None) -> httpx.AsyncClient:
        """Somebody at the gateway."""
        assert self.app is not None
        place = "000000" if role is Role.ADMINISTRATOR else PLACE
        bearer = trial_token(self.settings, role, jurisdiction=place, unit=unit)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app, raise_app_exceptions=False),
            base_url="http://gateway",
            headers={"Authorization": f"Bearer {bearer}"},
            timeout=30,
        )

    async def drained(self) -> bool:
        """Whether every outbox is empty and every service has heard all that it listens to."""
        return await held.drained(self.settings)

    async def open(self, service: Service) -> None:
        """A service's HTTP side, as a new process would open it."""
        stack = self._open[service] = AsyncExitStack()
        runtime = await stack.enter_async_context(open_runtime(service, self.settings, self.clock))
        self.runtimes[service] = runtime
        if service is Service.GATEWAY:
            self.app = services.gateway.app.make_app(runtime, self._hops, self.health)
        else:
            self._hops[service] = registry.make_app(runtime, self.health)

    async def close(self, service: Service) -> None:
        """End a service: its worker, and what it holds open."""
        await self.stop(service)
        await self._open.pop(service).aclose()

    def start(self, service: Service, *parts: str) -> None:
        """Run a service's worker; or only some `parts` of it, such as its relay."""
        runtime = self.runtimes[service]
        if not parts:
            self._run(service, "worker", work(runtime, self.bus, self.health, self._hops))
        for part in parts:
            task = _parts(runtime, self.bus, self.health)[part]
            name = f"{service}.{part}"
            self._run(
                service,
                part,
                supervise(name, task, health=self.health, delay_seconds_max=1),
            )

    async def stop(self, service: Service, *parts: str) -> None:
        """Stop a service's worker, or only some `parts` of it."""
        ended = [
            key for key in self._running if key[0] is service and (not parts or key[1] in parts)
        ]
        await stop([self._running.pop(key) for key in ended])

    def _run(self, service: Service, part: str, work: Coroutine[Any, Any, None]) -> None:
        self._running[service, part] = asyncio.create_task(work, name=f"{service} {part}")


@asynccontextmanager
async def open_town(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Town]:
    """All workers running, the trial directory of one city loaded and heard."""
    town = Town(settings, clock or Clock(), open_bus(settings))
    await town.bus.create_topics(list(TOPICS))
    try:
        for service in Service:
            await town.open(service)
            town.start(service)
        async with town.client(Role.ADMINISTRATOR) as administrator:
            await load_trial(administrator, settings, places=(PLACE,))
        yield town
    finally:
        for service in list(town._open):
            await town.close(service)


def _parts(runtime: Runtime, bus: Bus, health: Health) -> dict[str, Task]:
    settings = runtime.settings
    inbox = make_inbox(runtime, registry.handlers_of(runtime))
    return {
        "relay": partial(
            run_relay,
            plain_url(settings.database_url),
            server_settings(runtime.service, settings),
            service=runtime.service,
            open_publisher=bus.open_publisher,
            limit=settings.relay_batch_max,
        ),
        "consumer": partial(consume, runtime, bus, inbox, health),
        **registry.tasks_of(runtime, {}),
    }
