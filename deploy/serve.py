"""One process of one service: its HTTP side, or its worker."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from typing import Annotated

import typer
import uvloop
from starlette.types import ASGIApp

from deploy import gateway, registry
from deploy.listen import listen
from shared.bus.choose import open_bus
from shared.bus.protocol import Bus
from shared.clock import Clock
from shared.events.words import Service
from shared.runtime import Runtime, open_runtime
from shared.service import create_app
from shared.settings import read_settings
from shared.telemetry import configure_logs
from shared.worker import Health, run_worker

PORTS: Mapping[Service, int] = {
    service: 8000 + (place + 1) % len(Service) for place, service in enumerate(Service)
}
"""Where `hotline serve` listens: the gateway on 8000, intake on 8001 and so on."""
WORKER_PORT_ABOVE = 1000


def serve(
    service: Service,
    *,
    worker: Annotated[bool, typer.Option("--worker", help="运行后台任务而不是接口")] = False,
    host: Annotated[str, typer.Option(help="监听地址；容器内用 0.0.0.0")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="监听的端口")] = None,
) -> None:
    """运行一个服务的一个进程（DATABASE_URL、KAFKA_BOOTSTRAP_SERVERS）。"""
    require_database(service)
    run = serve_worker if worker else serve_service
    uvloop.run(run(service, host=host, port=port))


def require_database(service: Service) -> None:
    """End the command, saying what to do, where no database is named."""
    if not read_settings(service).database_url:
        typer.secho(
            f"没有数据库地址。请设置 DATABASE_URL（或 {service.upper()}_DATABASE_URL），"
            "例如 postgresql://user:password@host/database；单机试用请运行 hotline up。",
            err=True,
            fg="red",
        )
        raise typer.Exit(2)


async def serve_service(service: Service, *, host: str, port: int | None) -> None:
    """One service's HTTP side, on the addresses of the environment."""
    settings = read_settings(service)
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(open_runtime(service, settings, Clock()))
        app: ASGIApp
        if service is Service.GATEWAY:
            app = await stack.enter_async_context(gateway.over_http(runtime))
        else:
            app = registry.make_app(runtime, None)
        await listen(app, host=host, port=PORTS[service] if port is None else port)


async def serve_worker(service: Service, *, host: str, port: int | None) -> None:
    """One service's relay, consumer and tasks; its health is answered on a port of its own."""
    settings = read_settings(service)
    bus = open_bus(settings)
    async with open_runtime(service, settings, Clock()) as runtime:
        health = Health()
        worker = asyncio.create_task(work(runtime, bus, health))
        try:
            app = create_app(runtime, [], health=health)
            chosen = PORTS[service] + WORKER_PORT_ABOVE if port is None else port
            await listen(app, host=host, port=chosen)
        finally:
            await stop([worker])


async def work(runtime: Runtime, bus: Bus, health: Health) -> None:
    """One service's worker, until cancelled."""
    await run_worker(
        runtime,
        bus,
        registry.handlers_of(runtime),
        health=health,
        more=dict(registry.tasks_of(runtime)),
    )


async def stop(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


if __name__ == "__main__":
    configure_logs()
    typer.run(serve)
