"""`hotline demo`: a simulated fortnight on a fresh platform, which then stays up."""

import asyncio
import atexit
import json
import logging
import os
import shutil
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import httpx
import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from deploy import local
from deploy.demo.comparison import compare
from deploy.demo.habits import Scale
from deploy.demo.holdings import read_holdings
from deploy.demo.report import (
    counts_of,
    make_table,
    print_counts,
    print_findings,
    print_invitation,
)
from deploy.demo.simulation import simulate
from deploy.embedded import embedded_postgres
from deploy.listen import listen
from deploy.platform import Platform, migrate_all, open_platform
from shared.calendars import local as beijing
from shared.clock import Clock
from shared.events.words import Service
from shared.settings import Settings, read_settings
from shared.telemetry import configure_logs

HOST = "127.0.0.1"
PLATFORM = "530000"
STEP_SECONDS = 0.5
errors = Console(stderr=True)


def demo(
    *,
    is_ending: Annotated[bool, typer.Option("--exit", help="两周之后结束，不再开放端口")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="标准输出只打印 JSON")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="网关监听的端口")] = 8000,
    tickets: Annotated[int, typer.Option(min=1, max=20_000, help="诉求件数")] = Scale().tickets,
    seed: Annotated[int, typer.Option(help="随机种子，相同则结果相同")] = Scale().seed,
) -> None:
    """模拟一省两市州两周的热线：全新数据库，不到两分钟，之后可以打开试用。"""
    if not is_ending:
        _require_free(port)
    scale = Scale(tickets=tickets, seed=seed)
    # Two weeks of notices in a minute would hide what went wrong.
    configure_logs(logging.WARNING)
    with embedded_postgres(fresh_folder(local.data_dir() / "demo")) as url:
        settings = demo_settings(url)
        with errors.status("正在准备数据库…"):
            migrate_all(url)
        wrong = uvloop.run(_run(settings, scale, None if is_ending else port, is_json=is_json))
    raise typer.Exit(1 if wrong else 0)


def demo_settings(url: str) -> Settings:
    """The environment's settings on the demo's own database and bus, with this machine's secrets.

    The secrets are those of `hotline up`, so that `hotline token` opens the demo too.
    """
    return read_settings(Service.GATEWAY).model_copy(
        update={
            "database_url": url,
            "bus_database_url": "",
            "kafka_bootstrap_servers": "",
            "platform": PLATFORM,
            **local.local_secrets(local.data_dir()),
        }
    )


def fresh_folder(parent: Path) -> Path:
    """A new folder for one run, removed at its exit; what a killed run left is removed first."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob("run-*"):
        if not _is_running(left):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"run-{os.getpid()}-", dir=parent))
    # The server may run as another user, who must reach its data.
    folder.chmod(0o755)
    # The server's own handler, which comes to run before this one, writes here once more.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


async def _run(settings: Settings, scale: Scale, port: int | None, *, is_json: bool) -> bool:
    """Simulate, compare, print, and stay where there is a port; say whether anything was wrong."""
    clock = Clock(stepped=scale.start.astimezone(UTC))
    console = errors if is_json else Console()
    started = time.monotonic()
    async with open_platform(settings, clock) as platform, _client(platform) as client:
        with _progress(scale) as show:
            desk = await simulate(platform, scale, client, show)
        held = await read_holdings(platform)
        compared = compare(desk.ledger, held)
        counts = counts_of(held, compared)
        if is_json:
            typer.echo(json.dumps(counts))
            print_findings(errors, compared)
        if not is_json or port is not None:
            console.print(await make_table(desk))
            print_counts(console, counts, compared)
            console.print(f"用时 {time.monotonic() - started:.0f} 秒。")
        if port is not None:
            await print_invitation(console, desk, port=port, now=beijing(_now(clock)))
            await _stay(platform, clock, port)
    return bool(compared.lost or compared.duplicated)


async def _stay(platform: Platform, clock: Clock, port: int) -> None:
    """Answer on the port until a signal comes, the clock going on with real time."""
    ticking = asyncio.create_task(_keep_time(clock))
    try:
        await listen(platform.app, host=HOST, port=port)
    finally:
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking


async def _keep_time(clock: Clock) -> None:
    start, began = _now(clock), time.monotonic()
    while True:
        clock.step_to(start + timedelta(seconds=time.monotonic() - began))
        await asyncio.sleep(STEP_SECONDS)


def _now(clock: Clock) -> datetime:
    assert clock.stepped is not None
    return clock.stepped


@asynccontextmanager
async def _client(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=platform.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://demo", timeout=60) as client:
        yield client


@contextmanager
def _progress(scale: Scale) -> Iterator["_Show"]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        yield _Show(progress, scale)


class _Show:
    """Moves the bar with the simulated time."""

    def __init__(self, progress: Progress, scale: Scale) -> None:
        self._progress = progress
        self._scale = scale
        self._task = progress.add_task("模拟两周", total=scale.days * 86400)

    def __call__(self, now: datetime) -> None:
        """Show a simulated time."""
        done = (now - self._scale.start).total_seconds()
        text = f"模拟 {beijing(now):%m月%d日 %H:%M}"
        self._progress.update(self._task, completed=done, description=text)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise typer.BadParameter(
                f"端口 {port} 已被占用，请换一个，例如 --port {port + 1}", param_hint="--port"
            ) from error


def _is_running(folder: Path) -> bool:
    """Whether the process that made a run's folder still lives."""
    try:
        os.kill(int(folder.name.split("-")[1]), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
