"""`hotline import`: files of other systems become tickets."""

import csv
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TextIO

import orjson
import typer
import uvloop
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from deploy.imports.categories import Categories
from deploy.imports.lines import CsvFile, Refusal, Unreadable, open_csv
from deploy.imports.mapping import (
    BadMapping,
    Plan,
    check_constants,
    check_targets,
    find_columns,
    read_pairs,
)
from deploy.imports.platforms import Opener, choose_platform
from deploy.imports.sending import Patience, Sender, Totals, Unreachable, fetch_codes

SHOWN_MAX = 20
URL_VARIABLE = "HOTLINE_URL"
TOKEN_VARIABLE = "HOTLINE_TOKEN"  # noqa: S105  the name of a variable
COLUMNS = ("line", "field", "code", "message")
imports = typer.Typer(no_args_is_help=True, help="导入其他系统的文件")
console = Console(soft_wrap=True, highlight=False, markup=False)
messages = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


@imports.callback()
def _group() -> None:
    """导入其他系统的文件。"""


@imports.command()
def tickets(
    file: Annotated[Path, typer.Argument(help="CSV 文件，UTF-8 或 GB18030")],
    *,
    jurisdiction: Annotated[str, typer.Option(help="行政区划代码（GB/T 2260）")],
    columns: Annotated[list[str], typer.Option("--map", help="项=列名，多个用逗号分开，可多次")],
    constants: Annotated[list[str] | None, typer.Option("--set", help="项=取值，每行相同")] = None,
    url: Annotated[str | None, typer.Option(envvar=URL_VARIABLE, help="正在运行的网关")] = None,
    token: Annotated[str | None, typer.Option(envvar=TOKEN_VARIABLE, help="令牌")] = None,
    report: Annotated[Path | None, typer.Option(help="把未能登记的行写入此 CSV 文件")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 打印合计")] = False,
) -> None:
    """把 CSV 文件的每一行登记为一件诉求；再次导入同一文件不会重复登记。"""
    started_at = time.monotonic()
    try:
        pairs = read_pairs(columns, option="--map"), read_pairs(constants or [], option="--set")
        check_targets(*pairs)
        with open_csv(file) as opened, _open_report(report, file) as refusals:
            places = find_columns(pairs[0], opened.header)
            plan = Plan(jurisdiction, file.stem, places, pairs[1], Categories([]))
            with choose_platform(url, token, jurisdiction, notice=messages.print) as opener:
                waiting = uvloop.run(_import(opener, opened, plan, refusals))
    except (BadMapping, Unreadable, Unreachable) as error:
        messages.print(str(error), style="red")
        raise typer.Exit(2) from error
    seconds = round(time.monotonic() - started_at, 1)
    _print(refusals, waiting, seconds=seconds, report=report, as_json=as_json)
    raise typer.Exit(1 if refusals.totals.refused else 0)


class _Refusals:
    """What was refused: the first few for the screen, all of it into the report."""

    def __init__(self, file: TextIO | None) -> None:
        self._writer = None if file is None else csv.writer(file)
        self.first: list[Refusal] = []
        self.count = 0
        self.totals = Totals()
        if self._writer is not None:
            self._writer.writerow(COLUMNS)

    def add(self, refusals: Sequence[Refusal]) -> None:
        self.count += len(refusals)
        self.first += refusals[: SHOWN_MAX - len(self.first)]
        if self._writer is not None:
            self._writer.writerows((r.line, r.field, r.code, r.message) for r in refusals)


@contextmanager
def _open_report(path: Path | None, file: Path) -> Iterator[_Refusals]:
    """The report, with a mark by which spreadsheets know its encoding. Raises `Unreadable`."""
    if path is None:
        yield _Refusals(None)
        return
    if path.resolve() == file.resolve():
        raise Unreadable("--report 不能是要导入的文件本身。")
    try:
        opened = path.open("w", encoding="utf-8-sig", newline="")
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise Unreadable(f"无法写入 --report {path}：{reason}。") from error
    with opened:
        yield _Refusals(opened)


async def _import(opener: Opener, file: CsvFile, plan: Plan, refusals: _Refusals) -> int:
    """File all rows; return how much is still on its way within a platform of our own."""
    async with opener() as target:
        places, categories = await fetch_codes(target.client)
        if plan.jurisdiction not in places:
            known = "、".join(places) or "无"
            raise BadMapping(
                f"平台不受理 {plan.jurisdiction} 的诉求；--jurisdiction 可用：{known}。"
            )
        plan = replace(plan, categories=categories)
        check_constants(plan)
        sender = Sender(target.client, plan, Patience(), refusals.totals)
        with _progress() as progress:
            task = progress.add_task("导入", total=file.size_bytes)

            def on_chunk(refused: Sequence[Refusal]) -> None:
                refusals.add(refused)
                _advance(progress, task, file, refusals.totals)

            try:
                await sender.send(file.rows(), on_chunk)
            except Unreachable as error:
                raise Unreachable(f"{error}\n{_sentence(refusals.totals)}") from error
        with messages.status("等待派单…"):
            return await target.settle()


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=messages,
        disable=not messages.is_terminal,
    )


def _advance(progress: Progress, task: TaskID, file: CsvFile, totals: Totals) -> None:
    progress.update(task, completed=file.bytes_read, description=f"{totals.lines} 行")


def _sentence(totals: Totals) -> str:
    return (
        f"共 {totals.lines} 行：新登记 {totals.filed} 件，已有 {totals.existing} 件，"
        f"未能登记 {totals.refused} 行。"
    )


def _print(
    refusals: _Refusals, waiting: int, *, seconds: float, report: Path | None, as_json: bool
) -> None:
    totals = refusals.totals
    if waiting:
        messages.print(f"还有 {waiting} 件工单或消息在途，下次 hotline up 会接着处理。")
    if as_json:
        figures = {
            "lines": totals.lines,
            "filed": totals.filed,
            "existing": totals.existing,
            "refused": totals.refused,
            "seconds": seconds,
        }
        console.print(orjson.dumps(figures).decode())
        return
    for refusal in refusals.first:
        field = f"{refusal.field}：" if refusal.field else ""
        console.print(f"第 {refusal.line} 行  {field}{refusal.message}（{refusal.code}）")
    if refusals.count > len(refusals.first):
        where = f"全部见 {report}" if report else "加 --report 文件.csv 可得到全部"
        console.print(f"……共 {refusals.count} 处有误，{where}。")
    console.print(f"{_sentence(totals)}用时 {seconds} 秒。")
