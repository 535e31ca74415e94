"""`hotline parked`: look at events that could not be handled, and try them again."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy import local, registry
from shared import parked as places
from shared.clock import Clock
from shared.database import is_transient
from shared.events.words import Service
from shared.runtime import open_runtime
from shared.settings import Settings, read_settings
from shared.worker import make_inbox

LIST_MAX = 1_000
parked = typer.Typer(no_args_is_help=True, help="查看、重放搁置的事件")
console = Console()
OneService = Annotated[Service | None, typer.Option(help="只看一个服务")]


@parked.command("list")
def list_parked(service: OneService = None) -> None:
    """列出搁置的工单，以及其后等待的事件数。"""
    with local.local_settings(local.data_dir()) as settings:
        asyncio.run(_list(settings, service))


@parked.command()
def replay(
    service: OneService = None,
    *,
    key: Annotated[str | None, typer.Option(help="只重放一件工单")] = None,
    accept_gap: Annotated[bool, typer.Option("--accept-gap", help="缺失的事件不再等待")] = False,
) -> None:
    """按顺序重放搁置的事件；仍不成功的保持原样并说明原因。"""
    with local.local_settings(local.data_dir()) as settings:
        failed = asyncio.run(_replay(settings, service, key=key, accept_gap=accept_gap))
    raise typer.Exit(1 if failed else 0)


@parked.command()
def discard(
    service: Annotated[Service, typer.Option(help="服务")],
    key: Annotated[str, typer.Option(help="工单")],
) -> None:
    """丢弃一件工单最早搁置的那个事件，其后的可再重放（有缺失时加 --accept-gap）。"""
    with local.local_settings(local.data_dir()) as settings:
        dropped = asyncio.run(_discard(settings, service, key))
    console.print(f"已丢弃：{dropped}" if dropped else "没有搁置的事件。")


async def _discard(settings: Settings, service: Service, key: str) -> str | None:
    async with (
        open_runtime(service, _own(service, settings), Clock()) as runtime,
        runtime.database.pool.acquire() as connection,
    ):
        return await places.discard_first(connection, key)


async def _list(settings: Settings, only: Service | None) -> None:
    table = Table("服务", "工单", "主题", "原因", "说明", "事件数", "搁置时间")
    for service in [only] if only else list(Service):
        async with (
            open_runtime(service, _own(service, settings), Clock()) as runtime,
            runtime.database.pool.acquire() as connection,
        ):
            rows = await places.list_parked(connection, LIST_MAX)
        for row in rows:
            table.add_row(
                service,
                row["key"],
                row["topic"],
                row["reason"],
                row["detail"],
                str(row["events"]),
                f"{row['parked_at']:%Y-%m-%d %H:%M}",
            )
    console.print(table)


async def _replay(
    settings: Settings, only: Service | None, *, key: str | None, accept_gap: bool
) -> int:
    failed = 0
    for service in [only] if only else list(Service):
        async with open_runtime(service, _own(service, settings), Clock()) as runtime:
            inbox = make_inbox(runtime, registry.handlers_of(runtime))
            async with runtime.database.pool.acquire() as connection:
                rows = await places.list_parked(connection, LIST_MAX)
            for row in rows:
                if key is not None and row["key"] != key:
                    continue
                try:
                    count = await inbox.replay(row["key"], now=None, accept_gap=accept_gap)
                    console.print(f"{service} {row['key']}：已重放 {count} 个事件")
                except Exception as error:
                    if is_transient(error):
                        raise
                    failed += 1
                    console.print(f"[red]{service} {row['key']}：仍不成功：{error!r}[/red]")
    return failed


def _own(service: Service, settings: Settings) -> Settings:
    own = read_settings(service)
    return own if own.database_url else settings
