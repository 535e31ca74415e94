"""All six services in one process."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx
from starlette.types import ASGIApp

import services.gateway.app
from deploy import registry
from deploy.listen import listen
from deploy.serve import stop, work
from deploy.trial import load_trial
from shared.bus.choose import open_bus
from shared.bus.protocol import Bus
from shared.clock import Clock
from shared.database import plain_url
from shared.events.catalogue import TOPICS
from shared.events.words import Service
from shared.migrations import migrate
from shared.runtime import Runtime, open_runtime
from shared.settings import Settings
from shared.worker import Health


@dataclass
class Platform:
    """The whole platform in this process; `app` is its gateway."""

    app: ASGIApp
    runtimes: Mapping[Service, Runtime]
    bus: Bus
    health: Health = field(default_factory=Health)


def migrate_all(url: str) -> None:
    """Bring all six schemas to their newest step."""
    for service in Service:
        migrate(service, plain_url(url))


@asynccontextmanager
async def open_platform(settings: Settings, clock: Clock) -> AsyncIterator[Platform]:
    """Six services and their workers in this process, neighbours reached without a network."""
    async with AsyncExitStack() as stack:
        bus = open_bus(settings)
        await bus.create_topics(list(TOPICS))
        health = Health()
        runtimes = {
            service: await stack.enter_async_context(open_runtime(service, settings, clock))
            for service in Service
        }
        hops: dict[Service, ASGIApp] = {
            service: registry.make_app(runtime, health)
            for service, runtime in runtimes.items()
            if service is not Service.GATEWAY
        }
        app = services.gateway.app.make_app(runtimes[Service.GATEWAY], hops, health)
        workers = [
            asyncio.create_task(work(runtime, bus, health, hops), name=f"{service} worker")
            for service, runtime in runtimes.items()
        ]
        stack.push_async_callback(stop, workers)
        yield Platform(app, runtimes, bus, health)


async def serve_platform(settings: Settings, clock: Clock, *, host: str, port: int) -> None:
    """The whole platform on one port, until a signal comes; an empty one gets the trial's units."""
    async with open_platform(settings, clock) as platform:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=platform.app), base_url="http://platform"
        ) as client:
            await load_trial(client, settings)
        await listen(platform.app, host=host, port=port)
