"""`hotline policy publish` and `hotline calendar load`: the law, from an operator's files.

They work on sla's database as its REST interface does, whether the platform runs or not.
"""

import asyncio
import getpass
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import asyncpg
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy.exc import ProgrammingError

from deploy import local
from services.sla.calendars.operations import load_calendar
from services.sla.calendars.queries import Known, find_calendar, list_calendars
from services.sla.calendars.recompute import recompute_piece
from services.sla.policies.operations import Published, publish_policies
from services.sla.policies.rules import File
from shared.calendars import local as in_beijing
from shared.clock import Clock
from shared.events.words import Service
from shared.policy.errors import FileProblem, PolicyFileError
from shared.runtime import Runtime, open_runtime
from shared.settings import Settings, read_settings

LIST_MAX = 1_000
T = TypeVar("T")
policy = typer.Typer(no_args_is_help=True, help="政策包：发布、查看、说明")
calendar = typer.Typer(no_args_is_help=True, help="工作日历：载入放假安排")
console = Console()
Files = Annotated[
    list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, help="TOML 文件")
]


@policy.command()
def publish(files: Files) -> None:
    """发布政策包；有一处错误则全部不发布。各服务按内容指纹保存，不会遗忘。"""
    try:
        published = _with_sla(lambda runtime: _publish(runtime, files))
    except PolicyFileError as error:
        _refuse(error, "请按上面的提示修改文件后重新发布。")
    for one in published:
        pack = one.pack
        what = "已发布" if one.is_new else "先前已发布，内容相同"
        since = pack.effective_from.value
        console.print(f"{pack.name}（{pack.code}）版本 {pack.version}，{since} 起施行：{what}")
        console.print(f"  指纹 {one.hash}", style="dim")


@calendar.command()
def load(files: Files) -> None:
    """载入放假安排，重新计算受影响的未办结时限，并说明调整了多少件。"""
    try:
        for known in _with_sla(lambda runtime: _load(runtime, files)):
            years = "、".join(map(str, known.calendar["published_years"])) or "无"
            days = len(known.calendar["days"])
            console.print(f"{known.calendar['document']}：公布年份 {years}，列明 {days} 天")
            console.print(f"已调整 {known.moved} 件未办结工单的时限。")
    except PolicyFileError as error:
        _refuse(error, "请按上面的提示修改文件后重新载入。")


@calendar.command("list")
def list_loaded() -> None:
    """列出已载入的工作日历。"""
    table = Table("地区", "文件", "公布年份", "列明天数", "载入时间", "调整件数", "计算完成")
    for known in _with_sla(_list):
        done = known.finished_at
        table.add_row(
            known.jurisdiction,
            known.calendar["document"],
            "、".join(map(str, known.calendar["published_years"])),
            str(len(known.calendar["days"])),
            f"{in_beijing(known.published_at):%Y-%m-%d %H:%M}",
            str(known.moved),
            "进行中" if done is None else f"{in_beijing(done):%Y-%m-%d %H:%M}",
        )
    console.print(table)


def _with_sla(work: Callable[[Runtime], Awaitable[T]]) -> T:
    """Do work on sla's database: the environment's, else the one of this folder."""
    with local.local_settings(local.data_dir()) as settings:
        try:
            return asyncio.run(_open(settings, work))
        except ProgrammingError as error:
            if not isinstance(getattr(error.orig, "__cause__", None), asyncpg.UndefinedTableError):
                raise
            typer.secho("数据表不是最新，请先运行 hotline migrate。", err=True, fg="red")
            raise typer.Exit(1) from error


async def _open(settings: Settings, work: Callable[[Runtime], Awaitable[T]]) -> T:
    own = read_settings(Service.SLA)
    async with open_runtime(Service.SLA, own if own.database_url else settings, Clock()) as runtime:
        return await work(runtime)


async def _publish(runtime: Runtime, paths: Sequence[Path]) -> list[Published]:
    files = [_read(path) for path in paths]
    async with runtime.database.sessions() as session, session.begin():
        return await publish_policies(session, runtime, files, by=_who())


async def _load(runtime: Runtime, paths: Sequence[Path]) -> list[Known]:
    async with runtime.database.sessions() as session, session.begin():
        loaded = [await load_calendar(session, runtime, _read(path), by=_who()) for path in paths]
    await _recompute(runtime)
    async with runtime.database.sessions() as session:
        return [await find_calendar(session, one.hash) for one in loaded]


async def _recompute(runtime: Runtime) -> None:
    """What is left of every recompute; one that was broken off goes on where it was."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("正在重新计算未办结的时限…", total=None)
        while (done := await recompute_piece(runtime)) is not None:
            progress.update(
                task, description=f"已核对 {done.seen} 件时限，其中 {done.moved} 件有变化"
            )


async def _list(runtime: Runtime) -> Sequence[Known]:
    async with runtime.database.sessions() as session:
        return await list_calendars(session, after=None, limit=LIST_MAX)


def _read(path: Path) -> File:
    try:
        return File(path.name, path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise PolicyFileError([FileProblem(path.name, "", "应为 UTF-8 编码")]) from error


def _who() -> str:
    return f"command line: {getpass.getuser()}"


def _refuse(error: PolicyFileError, advice: str) -> NoReturn:
    for problem in error.problems:
        typer.secho(str(problem), err=True, fg="red")
    typer.secho(advice, err=True)
    raise typer.Exit(1) from error
