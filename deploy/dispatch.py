"""`hotline dispatch explain TICKET`: whom a ticket goes to and why, in plain Chinese."""

import asyncio
import json
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from deploy.local import data_dir, local_settings
from services.dispatch.explanations.queries import explain_ticket, find_by_number
from services.dispatch.explanations.schemas import Explanation, TicketFacts
from services.dispatch.models import Ticket
from shared.clock import Clock
from shared.events.words import Service
from shared.runtime import open_runtime
from shared.settings import Settings

dispatch = typer.Typer(no_args_is_help=True, help="派单：为什么派给这个单位")
console = Console()
Json = Annotated[bool, typer.Option("--json", help="打印 JSON")]


@dispatch.callback()
def _group() -> None:
    """Keep `explain` a command of its own."""


@dispatch.command()
def explain(
    ticket: Annotated[str, typer.Argument(help="工单编号或者内部编号", show_default=False)],
    *,
    as_json: Json = False,
) -> None:
    """说明一件工单派给谁：看了哪些规则，哪条起作用，哪些单位不算、为什么，以及派单建议。"""
    with local_settings(data_dir()) as settings:
        found = asyncio.run(_explain(settings, ticket))
    if found is None:
        typer.secho(f"没有这件工单：{ticket}", err=True, fg="red")
        raise typer.Exit(1)
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json"), ensure_ascii=False))
        return
    assert found.ticket is not None, "a ticket was asked about"
    for line in told(found, found.ticket):
        console.print(line)
    console.print(_table(found))


def told(found: Explanation, ticket: TicketFacts) -> list[str]:
    """What the explanation says, line by line."""
    lines = [f"工单 {ticket.number}：{ticket.state_name}，承办单位 {ticket.unit or '无'}。"]
    if ticket.dispatched_by is not None:
        by = f"依 {ticket.rule}" if ticket.rule else f"由 {ticket.dispatched_by} 人工"
        reason = f"（{ticket.reason}）" if ticket.reason else ""
        lines.append(f"最近一次派单：{by}派单{reason}。")
    if ticket.handled_in is not None:
        lines.append(f"已转交 {ticket.handled_in} 办理，按该地的规则派单。")
    if ticket.about_unit is not None:
        lines.append(f"诉求涉及 {ticket.about_unit}，该单位及其下级不得办理（XS 三(四)）。")
    if ticket.returned_by:
        lines.append(f"退回过本工单的单位：{'、'.join(ticket.returned_by)}。")
    goes = f"派给 {found.unit_name}（{found.unit}）" if found.unit else "待人工派单"
    lines.append(f"按现行规则：{goes}。{found.why}。")
    if ticket.suggestion is not None and ticket.suggestion.units:
        guesses = "；".join(
            f"{guess.value} {guess.confidence:.0%}" for guess in ticket.suggestion.units
        )
        lines.append(f"派单建议：{guesses}。")
    return lines


def _table(found: Explanation) -> Table:
    table = Table("规则", "单位", "相符之处", "是否起作用", title="所看的规则")
    for one in found.candidates:
        unit = f"{one.unit_name}（{one.rule.unit}）"
        table.add_row(one.rule.id, unit, one.why, one.left_out or "起作用")
    return table


async def _explain(settings: Settings, name: str) -> Explanation | None:
    async with (
        open_runtime(Service.DISPATCH, settings, Clock()) as runtime,
        runtime.database.sessions() as session,
    ):
        ticket_id = _as_id(name)
        row = (
            await find_by_number(session, name)
            if ticket_id is None
            else await session.get(Ticket, ticket_id)
        )
        if row is None:
            return None
        found = await explain_ticket(session, runtime, row)
        return Explanation.of(found.considered, TicketFacts.of(found))


def _as_id(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None
