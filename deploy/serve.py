"""One process of one service: its HTTP side, or its worker."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Annotated, NoReturn

import typer
import uvloop
from pydantic import ValidationError
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
SECRETS: Mapping[Service, tuple[str, ...]] = {
    service: ("token_secret", "identity_key") if service is Service.INTAKE else ("token_secret",)
    for service in Service
}
"""What a process must be given. Intake alone opens callers' identities."""
ADVICE = {
    "database_url": "没有数据库地址。请设置 DATABASE_URL（或 {prefix}DATABASE_URL），"
    "例如 postgresql://user:password@host/database；单机试用请运行 hotline up。",
    "token_secret": "没有令牌密钥。请设置 TOKEN_SECRET（或 {prefix}TOKEN_SECRET），各服务相同，"
    "至少 32 个字符，例如 openssl rand -hex 32 的输出。",
    "identity_key": "没有身份信息密钥。请设置 IDENTITY_KEY（或 {prefix}IDENTITY_KEY），"
    "至少 32 个字符，例如 openssl rand -hex 32 的输出；"
    "请另行备份，丢失后诉求人信息无法再读出。",
}


def serve(
    service: Service,
    *,
    worker: Annotated[bool, typer.Option("--worker", help="运行后台任务而不是接口")] = False,
    host: Annotated[str, typer.Option(help="监听地址；容器内用 0.0.0.0")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="监听的端口")] = None,
) -> None:
    """运行一个服务的一个进程（DATABASE_URL、KAFKA_BOOTSTRAP_SERVERS、TOKEN_SECRET）。"""
    require_database(service)
    require_secrets(service, SECRETS[service])
    run = serve_worker if worker else serve_service
    uvloop.run(run(service, host=host, port=port))


def require_database(service: Service) -> None:
    """End the command, saying what to do, where no database is named or a setting is no good."""
    try:
        settings = read_settings(service)
    except ValidationError as error:
        # The values stay out of the message: one of them may be a secret.
        _refuse(*(_explain(service, one["loc"], one["msg"]) for one in error.errors()))
    if not settings.database_url:
        _refuse(ADVICE["database_url"].format(prefix=f"{service.upper()}_"))


def require_secrets(service: Service, names: Sequence[str]) -> None:
    """End the command, saying what to do, where a secret is not set.

    The trial's own is known to everybody: it is never taken by default.
    """
    given = read_settings(service).model_fields_set
    missing = [name for name in names if name not in given]
    if missing:
        _refuse(*(ADVICE[name].format(prefix=f"{service.upper()}_") for name in missing))


def _explain(service: Service, place: tuple[int | str, ...], message: str) -> str:
    name = ".".join(str(part) for part in place).upper()
    return f"设置有误：{name}（或 {service.upper()}_{name}）：{message}"


def _refuse(*lines: str) -> NoReturn:
    for line in lines:
        typer.secho(line, err=True, fg="red")
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
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(open_runtime(service, settings, Clock()))
        hops: registry.Hops = {}
        if service is Service.GATEWAY:
            hops = await stack.enter_async_context(gateway.http_hops())
        health = Health()
        worker = asyncio.create_task(work(runtime, bus, health, hops))
        try:
            app = create_app(runtime, [], health=health)
            chosen = PORTS[service] + WORKER_PORT_ABOVE if port is None else port
            await listen(app, host=host, port=chosen)
        finally:
            await stop([worker])


async def work(runtime: Runtime, bus: Bus, health: Health, hops: registry.Hops) -> None:
    """One service's worker, until cancelled; `hops` are for the gateway's."""
    await run_worker(
        runtime,
        bus,
        registry.handlers_of(runtime),
        health=health,
        more=dict(registry.tasks_of(runtime, hops)),
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
