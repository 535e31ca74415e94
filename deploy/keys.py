"""`hotline keys`: data keys under a new master key, and what they seal under a new data key."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy import local
from deploy.serve import require_secrets
from services.gateway.resealing import reseal_secrets
from services.intake.exchange_keys import operations as exchange_keys
from services.intake.identity import Vault
from services.intake.keys import operations
from services.intake.keys.models import Purpose
from services.intake.keys.ring import master_keys
from shared import audit
from shared.clock import Clock
from shared.crypto.master import MasterKeyMissing
from shared.events.words import Service
from shared.problems import Problem
from shared.runtime import Runtime, open_runtime
from shared.settings import Settings, read_settings

LIST_MAX = 1_000
BY = "command:keys"
SECRETS = {Service.INTAKE: ("identity_key",), Service.GATEWAY: ("token_secret",)}
NAMES = {
    Purpose.SEAL: "加密",
    Purpose.INDEX: "电话索引",
    Purpose.QUERY_CODE: "查询码",
    Purpose.LEGACY: "打开旧密文",
}
keys = typer.Typer(no_args_is_help=True, help="查看、轮换加密密钥")
console = Console()


@keys.command("list")
def list_keys() -> None:
    """列出数据密钥：用途、算法、由第几版主密钥包裹、是否打得开。"""
    _run(_list)


@keys.command()
def rotate() -> None:
    """用当前版本的主密钥重新包裹全部数据密钥，并启用新的数据密钥；不动工单。"""
    _run(_rotate)


@keys.command()
def reseal(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="凡不是当前数据密钥加密的，都重新加密")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="最多多少条")] = 1_000_000,
) -> None:
    """把旧格式、旧算法的密文用当前密钥重新加密；可与平台同时运行，可重复执行。"""
    _run(lambda runtime: _reseal(runtime, everything=everything, limit=limit))
    _run(lambda runtime: _reseal_gateway(runtime, limit=limit), Service.GATEWAY)


@keys.command("rotate-index")
def rotate_index() -> None:
    """更换电话索引的密钥并重新计算索引；须先停止受理服务。"""
    _run(_rotate_index)


@keys.command("rotate-exchange")
def rotate_exchange() -> None:
    """更换平台间交换密钥；旧密钥再保留三十天，用于在途的密文。"""
    _run(_rotate_exchange)


def _run(act: Callable[[Runtime], Awaitable[None]], service: Service = Service.INTAKE) -> None:
    with local.local_settings(local.data_dir()) as settings:
        own = read_settings(service)
        if own.database_url:
            require_secrets(service, SECRETS[service])
            settings = own
        try:
            asyncio.run(_with(service, settings, act))
        except Problem as problem:
            console.print(f"[red]{problem.detail}[/red]")
            raise typer.Exit(1) from problem
        except MasterKeyMissing as missing:
            console.print(f"[red]缺少第 {missing.version} 版密钥（SEALING_KEYS）。[/red]")
            raise typer.Exit(1) from missing
        except operations.StillInUse as error:
            console.print("[red]受理服务仍在运行；请先停止受理的接口和后台任务。[/red]")
            raise typer.Exit(1) from error


async def _with(
    service: Service, settings: Settings, act: Callable[[Runtime], Awaitable[None]]
) -> None:
    async with open_runtime(service, settings, Clock()) as runtime:
        await act(runtime)


async def _list(runtime: Runtime) -> None:
    async with runtime.database.pool.acquire() as connection:
        rows = await operations.list_keys(connection, limit=LIST_MAX)
    master = master_keys(runtime.settings)
    table = Table("编号", "用途", "算法", "主密钥版本", "启用", "停用", "能否打开")
    for row in rows:
        retired = row["retired_at"]
        table.add_row(
            str(row["id"]),
            NAMES[Purpose(row["purpose"])],
            row["suite"],
            str(row["master_version"]),
            f"{row['created_at']:%Y-%m-%d %H:%M}",
            f"{retired:%Y-%m-%d %H:%M}" if retired else "",
            "能" if operations.can_unwrap(master, row) else "不能：缺少主密钥",
        )
    console.print(table)
    console.print(f"当前主密钥：第 {master.version} 版")


async def _rotate(runtime: Runtime) -> None:
    done = await operations.rotate(runtime, by=BY)
    console.print(
        f"已用第 {done.version} 版主密钥重新包裹 {done.rewrapped} 个数据密钥，并启用新的数据密钥。"
        "运行中的进程一分钟内改用新的数据密钥。"
    )


async def _reseal(runtime: Runtime, *, everything: bool, limit: int) -> None:
    vault = Vault(runtime)
    done = await operations.reseal_all(runtime, vault, by=BY, everything=everything, limit=limit)
    console.print(f"受理服务：已重新加密 {done} 条。")


async def _reseal_gateway(runtime: Runtime, *, limit: int) -> None:
    done = await reseal_secrets(runtime, by=BY, limit=limit)
    console.print(f"网关：已重新加密 {done} 条。")


async def _rotate_index(runtime: Runtime) -> None:
    kept, lost = await operations.rotate_index(runtime, Vault(runtime), by=BY)
    console.print(f"已重新计算 {kept} 个诉求人的电话索引；{lost} 个已无电话可算。")


async def _rotate_exchange(runtime: Runtime) -> None:
    vault = Vault(runtime)
    await vault.ready()
    async with runtime.database.sessions() as session, session.begin():
        suite = runtime.settings.crypto_suite
        key = await exchange_keys.rotate(session, vault, suite=suite)
        entry = audit.Entry("keys.exchange_rotated", str(key.id), BY, None, {"suite": str(suite)})
        await audit.note(session, entry, at=await runtime.clock.now(session))
    console.print(f"新的交换密钥：{key.id}")
