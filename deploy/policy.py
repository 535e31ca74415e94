"""`hotline deadlines`: every deadline of a matter, by which rule and article, and why that day."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.cases import answer_lines, read_moment, show
from deploy.known import known_law
from services.sla.previews.rules import BadMatter, Preview, preview
from shared.events.chinese import CHINESE
from shared.events.words import RequestType, Step, Urgency
from shared.policy.calendar_files import load_calendar_file
from shared.policy.deadlines import Matter, Moments
from shared.policy.errors import PolicyFileError
from shared.policy.law import Law, make_law
from shared.policy.load import load_packs

STDIN = "-"
console = Console()


def deadlines(
    *,
    jurisdiction: Annotated[str | None, typer.Option(help="行政区划代码，例如 512000")] = None,
    request_type: Annotated[RequestType | None, typer.Option("--type", help="诉求类型")] = None,
    urgency: Annotated[Urgency, typer.Option(help="紧急程度")] = Urgency.NORMAL,
    enforcement: Annotated[bool, typer.Option(help="是否行政执法案件")] = False,
    passed_on: Annotated[bool, typer.Option(help="是否由其他平台转送省平台")] = False,
    accepted_at: Annotated[
        str | None, typer.Option(help="受理时间，例如 2026-09-30T16:20+08:00")
    ] = None,
    dispatched_at: Annotated[str | None, typer.Option(help="派单时间")] = None,
    signed_at: Annotated[str | None, typer.Option(help="签收时间")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="打印 JSON")] = False,
    file: Annotated[str | None, typer.Option(help="逐行试算的 NDJSON 文件；- 为标准输入")] = None,
    packs: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="试用政策文件，不发布；可重复"),
    ] = None,
    calendar: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="试用日历文件，不发布；可重复"),
    ] = None,
) -> None:
    """计算一件诉求各环节的时限，并说明规则、依据和跳过的日子；--file 逐行计算多件。"""
    case = {
        "--jurisdiction": jurisdiction,
        "--type": request_type,
        "--accepted-at": accepted_at,
        "--dispatched-at": dispatched_at,
        "--signed-at": signed_at,
    }
    if file is not None:
        _refuse_beside_a_file(case)
        _answer_file(_law(packs or (), calendar or ()), file)
        return
    if jurisdiction is None or request_type is None or accepted_at is None:
        missing = next(name for name, value in case.items() if value is None)
        raise typer.BadParameter("缺少此项；逐行试算请用 --file", param_hint=missing)
    law = _law(packs or (), calendar or ())
    try:
        accepted = read_moment(accepted_at, "accepted_at")
        assert accepted is not None, "the text is there"
        moments = Moments(
            accepted,
            read_moment(dispatched_at, "dispatched_at"),
            read_moment(signed_at, "signed_at"),
        )
        matter = Matter(request_type, urgency, enforcement, passed_on)
        found = preview(law, jurisdiction, matter, moments)
    except BadMatter as error:
        hint = f"--{error.field.replace('_', '-')}"
        raise typer.BadParameter(str(error), param_hint=hint) from error
    if as_json:
        typer.echo(show(found))
    else:
        console.print(_table(law.in_force(jurisdiction, accepted).name, found))
        for step, (_, explanation) in found.items():
            if explanation.text:
                console.print(f"{CHINESE[step]}：{explanation.text}")


def _refuse_beside_a_file(case: dict[str, str | RequestType | None]) -> None:
    for name, value in case.items():
        if value is not None:
            raise typer.BadParameter("不能与 --file 同时使用，请写在文件的各行中", param_hint=name)


def _answer_file(law: Law, file: str) -> None:
    answers = typer.get_binary_stream("stdout")
    if file == STDIN:
        bad = answer_lines(law, typer.get_binary_stream("stdin"), answers)
    else:
        path = Path(file)
        if not path.is_file():
            raise typer.BadParameter(f"没有这个文件：{file}", param_hint="--file")
        with path.open("rb") as lines:
            bad = answer_lines(law, lines, answers)
    if bad:
        typer.echo(f"{bad} 行有误", err=True)
        raise typer.Exit(1)


def _law(packs: Sequence[Path], calendars: Sequence[Path]) -> Law:
    """What this platform has published, with the files tried out in its place or on top of it."""
    law = known_law()
    try:
        known = load_packs(*packs).values() if packs else law.by_hash.values()
        read = [load_calendar_file(path) for path in calendars]
    except PolicyFileError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(1) from error
    return make_law(known, [*law.calendar_files, *read]) if packs or read else law


def _table(name: str, found: dict[Step, Preview]) -> Table:
    table = Table("环节", "期限", "规则", "依据", title=name)
    for step, (due, _) in found.items():
        mark = "（暂定）" if due.provisional else ""
        moment = f"{due.due_at:%Y-%m-%d %H:%M}{mark}"
        table.add_row(CHINESE[step], moment, due.rule, due.source)
    return table
