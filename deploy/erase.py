"""`hotline erase`: remove what a caller told us, because the caller asks for it."""

import asyncio
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from deploy import local
from services.intake.attachments.store import open_store
from services.intake.erasures.operations import erase_on_request, remove_files
from shared.clock import Clock
from shared.events.words import Service
from shared.problems import Problem
from shared.runtime import open_runtime
from shared.settings import Settings, read_settings

BY = "console"
BY_NUMBER = "SELECT id FROM tickets WHERE number = $1"
console = Console(soft_wrap=True)


def erase(
    ticket: Annotated[str, typer.Argument(help="工单编号或内部编号")],
    reason: Annotated[str, typer.Option(help="理由，写入审计记录；不要写姓名和号码")],
) -> None:
    """应当事人要求删除一件已办结工单的内容和诉求人信息，不可恢复。"""
    with local.local_settings(local.data_dir()) as settings:
        try:
            count = asyncio.run(_erase(settings, ticket, reason))
        except Problem as problem:
            console.print(f"[red]{problem.detail}[/red]")
            raise typer.Exit(1) from problem
    console.print("已删除；其他环节随后删除各自的副本。" if count else "此前已经删除。")


async def _erase(settings: Settings, ticket: str, reason: str) -> int:
    own = read_settings(Service.INTAKE)
    chosen = own if own.database_url else settings
    async with open_runtime(Service.INTAKE, chosen, Clock()) as runtime:
        pool = runtime.database.pool
        async with pool.acquire() as connection, connection.transaction():
            found: UUID | None = await connection.fetchval(BY_NUMBER, ticket)
            erased = await erase_on_request(
                connection, runtime, found or _id_in(ticket), by=BY, reason=reason
            )
        await remove_files(pool, open_store(chosen), erased.files)
    return erased.tickets


def _id_in(ticket: str) -> UUID:
    try:
        return UUID(ticket)
    except ValueError as error:
        raise typer.BadParameter("没有这件工单", param_hint="TICKET") from error
