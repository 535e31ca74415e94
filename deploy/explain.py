"""`hotline policy list | check | explain | diff`: what the packs mean, in plain Chinese."""

import json
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.known import known_law
from deploy.law import policy
from shared.calendars import BEIJING
from shared.events.chinese import CHINESE
from shared.policy.errors import PolicyFileError
from shared.policy.explain import DEFAULT, Line, differences, explain
from shared.policy.load import load_packs, pack_for
from shared.policy.model import Pack
from shared.policy.sayings import EXPERT_SEATS, LEVELS, SEATS

console = Console()
Code = Annotated[str, typer.Argument(help="行政区划代码，例如 512000", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="打印 JSON")]
Day = Annotated[str, typer.Argument(help="日期，例如 2022-11-25", show_default=False)]


@policy.command("list")
def list_packs(*, as_json: Json = False) -> None:
    """列出各地政策包的每个版本。"""
    versions = [pack for one in known_law().versions.values() for pack in one]
    if as_json:
        typer.echo(json.dumps([_header(pack) for pack in versions], ensure_ascii=False))
        return
    table = Table("代码", "名称", "文件", "版本", "施行日期", "上级")
    table.add_column("校验值", no_wrap=True, min_width=12)
    for pack in versions:
        header = _header(pack)
        table.add_row(*(str(header[key] or "") for key in _COLUMNS), header["hash"][:12])
    console.print(table)


_COLUMNS = ("code", "name", "document", "version", "effective_from", "parent")


@policy.command("check")
def check(
    files: Annotated[list[Path], typer.Argument(help="政策文件（TOML）", show_default=False)],
) -> None:
    """检查政策文件；有误则指明文件、字段和允许的值，不载入任何内容。"""
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise typer.BadParameter(f"没有这个文件：{'、'.join(map(str, missing))}")
    try:
        packs = load_packs(*files)
    except PolicyFileError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(1) from error
    names = {file.name for file in files}
    typer.echo(f"{'、'.join(sorted(names))}：无误；共 {len(packs)} 个政策包。")


@policy.command("explain")
def explain_pack(
    code: Code,
    *,
    at: Annotated[str | None, typer.Option(help="该日施行的版本；不填为最新")] = None,
    as_json: Json = False,
) -> None:
    """用白话说明一地的政策，每个数字注明条款；默认值标明为默认。"""
    pack = _pack(code, at)
    if as_json:
        typer.echo(json.dumps(as_data(pack), ensure_ascii=False))
        return
    console.print(f"[bold]{pack.name}[/]  {pack.document}  第 {pack.version} 版")
    for section in explain(pack):
        table = Table("内容", "规定", "依据", title=section.title, title_justify="left")
        for line in section.lines:
            table.add_row(line.name, line.text, _source(line))
        console.print(table)
    if pack.hotlines:
        console.print(_hotline_table(pack))


@policy.command("diff")
def diff(code: Code, old: Day, new: Day) -> None:
    """两个日期施行的政策有何不同。"""
    before, after = _pack(code, old), _pack(code, new)
    table = Table("内容", old, new, title=f"{after.name}：{old} 与 {new}")
    found = differences(before, after)
    for name, was, now in found:
        table.add_row(name, *("—" if line is None else _words(line) for line in (was, now)))
    if found:
        console.print(table)
    else:
        typer.echo(f"{after.name}：{old} 与 {new} 施行的政策相同（第 {after.version} 版）。")


def as_data(pack: Pack) -> dict[str, Any]:
    """A pack as `hotline policy explain --json` prints it."""
    return {
        **_header(pack),
        "sections": [
            {
                "title": section.title,
                "items": [
                    {**line._asdict(), "default": line.source == DEFAULT} for line in section.lines
                ],
            }
            for section in explain(pack)
        ],
        "hotlines": [line.model_dump(mode="json") for line in pack.hotlines],
    }


def _header(pack: Pack) -> dict[str, Any]:
    return {
        "code": pack.code,
        "name": pack.name,
        "document": pack.document,
        "version": pack.version,
        "effective_from": pack.effective_from.value.isoformat(),
        "parent": pack.parent,
        "hash": pack.content_hash,
    }


def _pack(code: str, day: str | None) -> Pack:
    """The version in force on a day, the newest without one."""
    law = known_law()
    at = None if day is None else _midnight(day)
    newest = {one: max(versions, key=_effective) for one, versions in law.versions.items()}
    try:
        return pack_for(code, newest) if at is None else law.in_force(code, at)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _midnight(day: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time(), BEIJING)
    except ValueError as error:
        raise typer.BadParameter(f"不是有效的日期：{day}，例如 2022-11-25") from error


def _effective(pack: Pack) -> date:
    return pack.effective_from.value


def _source(line: Line) -> str:
    if line.source != DEFAULT:
        return line.source
    return f"默认（取自 {line.inherited_from}）" if line.inherited_from else "默认"


def _words(line: Line) -> str:
    return f"{line.text}（{_source(line)}）"


def _hotline_table(pack: Pack) -> Table:
    heads = ("号码", "名称", "责任单位", "层级", "方式", "话务座席", "专家座席", "备注")
    table = Table(*heads, title=f"热线归并清单（{len(pack.hotlines)} 条）", title_justify="left")
    for one in pack.hotlines:
        table.add_row(
            *(one.number, one.name, one.unit, LEVELS[one.level], CHINESE[one.mode]),
            *(SEATS[one.seats], EXPERT_SEATS[one.expert_seat], one.note or ""),
        )
    return table
