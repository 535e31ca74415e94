"""`hotline machine`: the state machine of a ticket, counted and listed."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.dispatch.machine.schemas import machine as read_machine

console = Console()
Json = Annotated[bool, typer.Option("--json", help="打印 JSON")]


def machine(*, as_json: Json = False) -> None:
    """工单状态表：状态、操作、角色各多少，每种状态下谁可以进行什么操作。"""
    found = read_machine()
    counts = {
        "states": len(found.states),
        "acts": len(found.acts),
        "roles": len(found.roles),
        "transitions": len(found.transitions),
    }
    if as_json:
        document = {"counts": counts, **found.model_dump(mode="json")}
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    table = Table("状态", "操作", "谁", "之后", "事件")
    names = {state.code: state.name for state in found.states}
    for one in found.transitions:
        after = "、".join(names[state] for state in one.leads_to)
        who = "、".join(one.role_names) or "系统"
        table.add_row(one.state_name, one.act_name, who, after, one.event)
    console.print(table)
    console.print(
        "状态 {states} 个，操作 {acts} 种，角色 {roles} 种，转换 {transitions} 条。".format(
            **counts
        )
    )
