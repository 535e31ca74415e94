"""`hotline federation`: how the exchange with other platforms goes, and what a person decides.

Whoever may run it has the database anyway; what it drops stands in the audit under `console`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar
from uuid import UUID

import aiohttp
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy import local
from services.gateway.exchange import outgoing
from services.gateway.exchange import set_aside as places
from services.gateway.exchange.operations import Place
from services.gateway.exchange.queries import list_refused, list_set_aside, read_status
from services.gateway.exchange.reconciling import Result, reconcile_day
from services.gateway.exchange.schemas import RESULTS, PeerStatus, RefusedSubject, SetAsideMessage
from services.gateway.exchange.sender import Target
from services.gateway.federation.operations import sort_messages
from services.gateway.federation.queries import list_left_out
from services.gateway.federation.registering import fetch_again
from services.gateway.federation.schemas import LeftOutFile
from services.gateway.peers.rules import CHINESE, PeerKind
from shared.audit import Entry, note_many
from shared.calendars import BEIJING
from shared.clock import Clock
from shared.database import Connection
from shared.events.words import Service
from shared.problems import Problem
from shared.runtime import Runtime, open_runtime
from shared.settings import read_settings

LIST_MAX = 1_000
BY = "console"
PEERS = """SELECT code, url FROM peers
WHERE is_active AND url IS NOT NULL AND ($1::text IS NULL OR code = $1) ORDER BY code"""
federation = typer.Typer(no_args_is_help=True, help="与其他平台交换消息：队列、搁置、对账")
set_aside = typer.Typer(no_args_is_help=True, help="收到后无法使用而搁置的消息")
refused = typer.Typer(no_args_is_help=True, help="对方不予接收的消息")
federation.add_typer(set_aside, name="set-aside")
federation.add_typer(refused, name="refused")
console = Console()
T = TypeVar("T")
Id = Annotated[UUID, typer.Argument(help="列表中的编号", show_default=False)]


@federation.command()
def status() -> None:
    """各平台的队列、最近收发、熔断、搁置和对账情况。"""

    async def work(runtime: Runtime) -> list[PeerStatus]:
        async with runtime.database.pool.acquire() as connection:
            rows = await read_status(connection, limit=LIST_MAX)
        failures_max = runtime.settings.exchange_failures_max
        return [PeerStatus.of(row, failures_max=failures_max) for row in rows]

    console.print(_status_table(_run(work)))


@federation.command()
def reconcile(
    *,
    peer: Annotated[str | None, typer.Option(help="只与一个平台对账")] = None,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="UTC 日期，默认昨天")
    ] = None,
) -> None:
    """立即与其他平台对账；对方缺少的消息自动补发。有差异或未能对账时退出码为 1。"""
    chosen = (day or datetime.now(UTC) - timedelta(days=1)).date()

    async def work(runtime: Runtime) -> dict[str, Result]:
        timeout = aiohttp.ClientTimeout(total=runtime.settings.exchange_timeout_seconds)
        rows = await runtime.database.pool.fetch(PEERS, peer)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            return {
                row["code"]: await reconcile_day(
                    runtime, session, Target(row["code"], row["url"]), chosen
                )
                for row in rows
            }

    found = _run(work)
    for code, result in found.items():
        console.print(f"{code} {chosen}：{RESULTS[result]}")
    if not found:
        console.print("没有可对账的平台。")
    raise typer.Exit(int(any(one not in (Result.EQUAL, Result.REFILLED) for one in found.values())))


@federation.command()
def files() -> None:
    """列出对方告知而未能接收的附件及其原因，新受理的工单在前。"""

    async def work(runtime: Runtime) -> list[LeftOutFile]:
        async with runtime.database.sessions() as session:
            rows = await list_left_out(session, after=None, limit=LIST_MAX)
        return [LeftOutFile.of(*row) for row in rows]

    table = Table("工单", "工单号", "来自", "附件", "原因", "时间")
    for one in _run(work):
        name = f"{one.kind_name} {one.media_type} {one.bytes} 字节"
        places = (str(one.ticket_id), one.number or "", one.platform)
        table.add_row(*places, escape(name), escape(one.problem), _time(one.left_out_at))
    console.print(table)


@federation.command()
def fetch(
    ticket_id: Annotated[UUID, typer.Argument(help="列表中的工单", show_default=False)],
) -> None:
    """再次接收一件工单未能接收的附件。"""

    async def work(runtime: Runtime) -> int:
        async with runtime.database.sessions() as session, session.begin():
            return sum(row.state == "waiting" for row in await fetch_again(session, ticket_id))

    console.print(f"该工单有 {_run(work)} 个附件等候接收。")


@set_aside.command("list")
def list_() -> None:
    """列出搁置的消息，以及在其后等候的条数。"""

    async def work(runtime: Runtime) -> list[SetAsideMessage]:
        async with runtime.database.pool.acquire() as connection:
            rows = await list_set_aside(connection, after=None, limit=LIST_MAX)
        return [SetAsideMessage.of(row) for row in rows]

    table = Table("编号", "来自", "类型", "业务对象", "序号", "原因", "其后等候", "搁置时间")
    for one in _run(work):
        names = (str(one.id), one.from_platform, one.type, one.subject, str(one.sequence))
        table.add_row(*names, escape(one.reason), str(one.behind), _time(one.set_aside_at))
    console.print(table)


@set_aside.command()
def replay(set_aside_id: Id) -> None:
    """重新处理一条搁置的消息，成功后其后的依序继续。"""

    async def work(runtime: Runtime) -> int:
        async with _begun(runtime) as connection:
            platform = runtime.settings.platform
            return await places.replay(connection, set_aside_id, platform, _place(runtime))

    console.print(f"已继续处理 {_run(work)} 条消息。")


@set_aside.command()
def drop(set_aside_id: Id) -> None:
    """丢弃一条搁置的消息，其后的依序继续；留痕。"""

    async def work(runtime: Runtime) -> UUID:
        async with _begun(runtime) as connection:
            platform, place = runtime.settings.platform, _place(runtime)
            dropped = await places.drop(connection, set_aside_id, platform, place)
            entry = Entry("message.dropped", str(dropped), BY)
            await note_many(connection, [entry], at=datetime.now(UTC))
            return dropped

    console.print(f"已丢弃消息 {_run(work)}。")


@refused.command("list")
def list_refused_() -> None:
    """列出对方不予接收、等候人工处理的业务对象。"""

    async def work(runtime: Runtime) -> list[RefusedSubject]:
        async with runtime.database.pool.acquire() as connection:
            return [RefusedSubject.of(r) for r in await list_refused(connection, limit=LIST_MAX)]

    table = Table("平台", "业务对象", "序号", "原因", "等候条数", "时间")
    for one in _run(work):
        names = (one.peer, one.subject, str(one.sequence or ""), escape(one.problem))
        table.add_row(*names, str(one.waiting), _time(one.at))
    console.print(table)


@refused.command()
def retry(
    peer: Annotated[str, typer.Argument(help="对方的平台代码", show_default=False)],
    subject: Annotated[str, typer.Argument(help="业务对象", show_default=False)],
) -> None:
    """对方改正后，重新发送其不予接收的消息。"""

    async def work(runtime: Runtime) -> bool:
        async with _begun(runtime) as connection:
            return await outgoing.go_on(connection, peer, subject)

    is_found = _run(work)
    console.print("将重新发送。" if is_found else "没有这样的消息。")
    raise typer.Exit(0 if is_found else 1)


def _run(work: Callable[[Runtime], Awaitable[T]]) -> T:
    async def run() -> T:
        own = read_settings(Service.GATEWAY)
        chosen = own if own.database_url else settings
        async with open_runtime(Service.GATEWAY, chosen, Clock()) as runtime:
            return await work(runtime)

    with local.local_settings(local.data_dir()) as settings:
        try:
            return asyncio.run(run())
        except Problem as problem:
            typer.secho(problem.detail, err=True, fg="red")
            raise typer.Exit(1) from problem


@asynccontextmanager
async def _begun(runtime: Runtime) -> AsyncIterator[Connection]:
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        yield connection


def _place(runtime: Runtime) -> Place:
    return Place(runtime.source, sort_messages, None)


def _status_table(items: list[PeerStatus]) -> Table:
    table = Table(title="与各平台交换消息的情况")
    for name in ("平台", "关系", "待发", "最早", "最近发出", "最近收到", "熔断", "拒收", "搁置"):
        table.add_column(name)
    table.add_column("最近对账")
    for one in items:
        breaker = "正常" if one.breaker == "closed" else f"[red]已熔断[/red]（{one.failures} 次）"
        compared = ""
        if one.reconciled_day is not None:
            compared = f"{one.reconciled_day} {one.reconciliation_name}"
        table.add_row(
            f"{one.peer} {one.name}",
            CHINESE[PeerKind(one.kind)] + ("" if one.is_active else "（停用）"),
            str(one.waiting),
            _time(one.oldest_at),
            _time(one.last_sent_at),
            _time(one.last_received_at),
            breaker,
            str(one.refused_subjects),
            str(one.set_aside),
            compared,
        )
    return table


def _time(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(BEIJING).strftime("%m-%d %H:%M:%S")
