"""`hotline deadlines`: every deadline of a matter, by which rule and article."""

import json
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.sla.rules import BadMatter, preview
from shared.events.words import CHINESE, RequestType, Step, Urgency
from shared.policy.deadlines import Deadline, Moments
from shared.policy.load import pack_for

console = Console()


def deadlines(
    *,
    jurisdiction: Annotated[str, typer.Option(help="行政区划代码，例如 512000")],
    request_type: Annotated[RequestType, typer.Option("--type", help="诉求类型")],
    urgency: Annotated[Urgency, typer.Option(help="紧急程度")] = Urgency.NORMAL,
    enforcement: Annotated[bool, typer.Option(help="是否行政执法案件")] = False,
    accepted_at: Annotated[str, typer.Option(help="受理时间，例如 2026-09-30T16:20+08:00")],
    dispatched_at: Annotated[str | None, typer.Option(help="派单时间")] = None,
    signed_at: Annotated[str | None, typer.Option(help="签收时间")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="打印 JSON")] = False,
) -> None:
    """计算一件诉求各环节的时限，并说明规则和依据。"""
    moments = Moments(
        _moment(accepted_at, "--accepted-at"),
        None if dispatched_at is None else _moment(dispatched_at, "--dispatched-at"),
        None if signed_at is None else _moment(signed_at, "--signed-at"),
    )
    try:
        found = preview(
            jurisdiction=jurisdiction,
            request_type=request_type,
            urgency=urgency,
            moments=moments,
            is_enforcement=enforcement,
        )
    except BadMatter as error:
        raise typer.BadParameter(
            str(error), param_hint=f"--{error.field.replace('_', '-')}"
        ) from error
    if as_json:
        typer.echo(json.dumps({step.value: _plain(due) for step, due in found.items()}))
    else:
        console.print(_table(pack_for(jurisdiction).name, found))


def _moment(text: str, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"不是有效的时间：{text}，例如 2026-09-30T16:20+08:00", param_hint=option
        ) from error
    if moment.tzinfo is None:
        raise typer.BadParameter("时间须带时区，例如 +08:00", param_hint=option)
    return moment


def _plain(due: Deadline) -> dict[str, object]:
    return {
        "due_at": due.due_at.isoformat(),
        "rule": due.rule,
        "source": due.source,
        "provisional": due.provisional,
    }


def _table(name: str, found: dict[Step, Deadline]) -> Table:
    table = Table("环节", "期限", "规则", "依据", title=name)
    for step, due in found.items():
        mark = "（暂定）" if due.provisional else ""
        table.add_row(CHINESE[step], f"{due.due_at:%Y-%m-%d %H:%M}{mark}", due.rule, due.source)
    return table
