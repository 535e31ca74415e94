"""`hotline audit`: take the audit out, check that nothing in it was changed, keep checkpoints."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import orjson
import typer
from rich.console import Console

from deploy import local
from deploy.serve import require_secrets
from shared import audit_chain
from shared.audit import Entry, note_many
from shared.audit_sealer import (
    BATCH_MAX,
    checkpoint_secret,
    keep_checkpoint,
    last_link,
    read_checkpoints,
    read_sealed,
    seal_batch,
    sign_link,
)
from shared.clock import Clock
from shared.database import Connection
from shared.events.words import Service
from shared.runtime import Runtime, open_runtime
from shared.settings import Settings, read_settings

BY = "console"
FAULTS_MAX = 100
KINDS = {
    "changed": "内容被改动",
    "removed": "记录缺失",
    "out_of_order": "顺序不对或重复",
    "cut": "末尾缺失：检查点之前的记录不全",
    "unreadable": "此处的行不是导出的格式",
    "bad_key": "检查点的签名无效",
}
audit = typer.Typer(no_args_is_help=True, help="导出、核验审计记录")
console = Console(soft_wrap=True)
OneService = Annotated[Service | None, typer.Option(help="只看一个服务")]
Checkpoints = Annotated[
    Path | None, typer.Option("--checkpoint", help="另行保存的检查点，由 audit checkpoint 打印")
]


@audit.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="写入的文件（NDJSON）")], service: OneService = None
) -> None:
    """把已入链的审计记录写入文件，每行一条；导出本身也留痕。"""
    with local.local_settings(local.data_dir()) as settings, file.open("wb") as target:
        count = asyncio.run(_export(settings, _chosen(service), target))
    console.print(f"已导出 {count} 条。")


@audit.command("verify")
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="导出的文件；不给则核验运行中的数据库")
    ] = None,
    checkpoint: Checkpoints = None,
    service: OneService = None,
) -> None:
    """核验审计链：改动、缺失、插入、调换，指出是哪一条；有问题时退出码为 1。"""
    kept = [] if checkpoint is None else _lines_of(checkpoint)
    if file is None:
        with local.local_settings(local.data_dir()) as settings:
            faults = asyncio.run(_verify_running(settings, _chosen(service), kept))
    else:
        with file.open("rb") as lines:
            faults = list(audit_chain.verify(lines, kept))
    for fault in faults[:FAULTS_MAX]:
        console.print(f"[red]{fault.service} 第 {fault.number} 条：{KINDS[fault.kind]}[/red]")
    if faults:
        raise typer.Exit(1)
    console.print("审计链完整。")


@audit.command("checkpoint")
def checkpoint(service: OneService = None) -> None:
    """打印各服务审计链现在的检查点（签名的序号与散列），请另行保存。"""
    with local.local_settings(local.data_dir()) as settings:
        for line in asyncio.run(_checkpoints(settings, _chosen(service))):
            typer.echo(orjson.dumps(line).decode())


async def _export(settings: Settings, services: list[Service], target: BinaryIO) -> int:
    count = 0
    for service in services:
        async with _opened(service, settings) as (_, connection):
            async for entry in read_sealed(connection, service):
                target.write(audit_chain.line(entry, entry["previous"], entry["hash"]) + b"\n")
                count += 1
            link = await last_link(connection)
            taken = Entry("audit.exported", str(service), BY, detail={"number": link.number})
            await note_many(connection, [taken], at=datetime.now(UTC))
    return count


async def _verify_running(
    settings: Settings, services: list[Service], kept: list[dict[str, Any]]
) -> list[audit_chain.Fault]:
    faults: list[audit_chain.Fault] = []
    for service in services:
        async with _opened(service, settings) as (runtime, connection):
            own = await read_checkpoints(connection, runtime)
            # Keys of before a change are known from what the auditor holds, and from nowhere else.
            known = {audit_chain.public_key_of(checkpoint_secret(runtime.settings))}
            known |= {str(one.get("public_key")) for one in kept}
            faults += [
                audit_chain.Fault(service, one["number"], "bad_key")
                for one in own
                if one["public_key"] not in known
            ]
            given = [one for one in kept if one.get("service") == service]
            verifier = audit_chain.Verifier(own + given)
            async for entry in read_sealed(connection, service):
                content = audit_chain.line(entry, entry["previous"], entry["hash"])
                faults += verifier.take(content + b"\n")
            faults += verifier.end()
    return faults


async def _checkpoints(settings: Settings, services: list[Service]) -> list[dict[str, Any]]:
    signed = []
    for service in services:
        async with _opened(service, settings) as (runtime, connection):
            await keep_checkpoint(connection, runtime, is_due=True)
            link = await last_link(connection)
            signed.append(sign_link(runtime, link, datetime.now(UTC)))
    return signed


@asynccontextmanager
async def _opened(
    service: Service, settings: Settings
) -> AsyncIterator[tuple[Runtime, Connection]]:
    """A service in one transaction, with all that was committed sealed."""
    own = read_settings(service)
    if own.database_url and not own.audit_key:
        # A checkpoint signed with the trial's key could never be taken back.
        require_secrets(service, ("token_secret",))
    async with (
        open_runtime(service, own if own.database_url else settings, Clock()) as runtime,
        runtime.database.pool.acquire() as connection,
    ):
        while True:
            async with connection.transaction():
                if await seal_batch(connection, runtime) < BATCH_MAX:
                    break
        async with connection.transaction(isolation="repeatable_read"):
            yield runtime, connection


def _chosen(service: Service | None) -> list[Service]:
    return sorted(Service) if service is None else [service]


def _lines_of(path: Path) -> list[dict[str, Any]]:
    try:
        return [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
    except orjson.JSONDecodeError as error:
        raise typer.BadParameter("不是检查点文件", param_hint="--checkpoint") from error
