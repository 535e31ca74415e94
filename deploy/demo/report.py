"""What the demo prints: the counts, a table of places and units, and what to try next."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.demo.comparison import Comparison
from deploy.demo.desk import Desk
from deploy.demo.habits import PLACES
from deploy.demo.holdings import Holdings
from deploy.trial import CATEGORIES, unit_code
from deploy.trial import PLACES as TRIAL_PLACES
from shared.events.dispatch import (
    TicketClosed,
    TicketDispatched,
    TicketReplied,
    TicketReturnRequested,
    TicketSigned,
)
from shared.events.envelope import Payload
from shared.events.intake import TicketAnswered, TicketCreated, TicketRated, TicketRefused
from shared.events.sla import TicketOverdue
from shared.events.words import Role, State

COUNTED: dict[str, type[Payload]] = {
    "created": TicketCreated,
    "refused": TicketRefused,
    "answered": TicketAnswered,
    "dispatched": TicketDispatched,
    "signed": TicketSigned,
    "returned": TicketReturnRequested,
    "overdue": TicketOverdue,
    "replied": TicketReplied,
    "closed": TicketClosed,
    "rated": TicketRated,
}
COLUMNS = {
    "created": "受理",
    "answered": "即答",
    "refused": "不予受理",
    "dispatched": "已派单",
    "signed": "已签收",
    "returned": "退单",
    "replied": "已答复",
    "overdue": "有超期",
    "rated": "已评价",
    "closed": "已办结",
}
FINDINGS_SHOWN_MAX = 20
HOME = "512000"
"""The place whose people the examples are."""


def counts_of(held: Holdings, compared: Comparison) -> dict[str, int]:
    """How many tickets came so far as each event says; what is lost, what duplicated."""
    tickets = {
        name: len({event[1] for event, one in held.said.items() if one.type == payload.type})
        for name, payload in COUNTED.items()
    }
    return tickets | {"lost": compared.lost_count, "duplicated": compared.duplicated_count}


async def make_table(desk: Desk) -> Table:
    """The figures of each place and unit, as the gateway gives them."""
    table = Table("地区、单位", title="两周的工单", title_justify="left")
    for name in COLUMNS.values():
        table.add_column(name, justify="right")
    for place in PLACES:
        name, units = TRIAL_PLACES[place]
        label = f"{name}（含州市）" if place == "530000" else name
        figures = await _overview(desk, Role.SUPERVISOR, place, jurisdiction=place)
        table.add_row(label, *figures, style="bold")
        for category, unit in zip(CATEGORIES, units, strict=True):
            figures = await _overview(desk, Role.UNIT, unit_code(place, category))
            table.add_row(f"  {unit}", *figures)
        table.add_section()
    return table


def print_counts(console: Console, counts: Mapping[str, int], compared: Comparison) -> None:
    """The counts in one line, and what is wrong where something is."""
    names = COLUMNS | {"lost": "丢失", "duplicated": "重复"}
    console.print("　".join(f"{name} {counts[key]}" for key, name in names.items()))
    print_findings(console, compared)


def print_findings(console: Console, compared: Comparison) -> None:
    """The first findings, if there are any."""
    for name, findings in (("丢失", compared.lost), ("重复", compared.duplicated)):
        for finding in sorted(findings)[:FINDINGS_SHOWN_MAX]:
            console.print(f"[red]{name}[/red] {finding.thing}（{finding.where}）")


async def print_invitation(console: Console, desk: Desk, *, port: int, now: datetime) -> None:
    """Where to look, and lines that can be pasted."""
    base = f"http://127.0.0.1:{port}"
    waiting = await _find_waiting(desk)
    unit = waiting["unit"]
    console.print(
        f"\n演示时钟：北京时间 {now:%Y-%m-%d %H:%M}，此后按真实时间前进。按 Ctrl+C 结束。\n"
        f"首页　　{base}/\n接口说明 {base}/docs\n运行状态 {base}/readyz\n\n"
        f"等待{_next_act(waiting)}的工单：{waiting['number']}（{waiting['title']}，"
        f"{waiting['unit_name']}）\n编号 {waiting['id']}\n\n把下面各行粘贴到另一个终端：\n",
        highlight=False,
    )
    lines = [
        f"BASE={base}",
        f"OPERATOR={desk.token(Role.OPERATOR, HOME)}  # 资阳市话务座席",
        f"UNIT={desk.token(Role.UNIT, unit)}  # {waiting['unit_name']}",
        f"SUPERVISOR={desk.token(Role.SUPERVISOR, HOME)}  # 资阳市热线办督办",
        f"TICKET={waiting['id']}",
        "",
        "# 登记一件诉求：立即受理、派单",
        _post("OPERATOR", "/v1/tickets", FILE),
        "# 承办单位的收件箱",
        _get("UNIT", "/v1/tickets?limit=5"),
        f"# 承办单位{_next_act(waiting)}等待的工单",
        _post("UNIT", f"/v1/tickets/$TICKET/{_act_of(waiting)}", _body_of(waiting)),
        "# 这件工单的全程和各环节时限",
        _get("OPERATOR", "/v1/tickets/$TICKET/timeline"),
        _get("OPERATOR", "/v1/tickets/$TICKET/deadlines"),
        "# 督办看总览，以及各单位各状态的件数",
        _get("SUPERVISOR", "/v1/analytics/overview"),
        _get("SUPERVISOR", "/v1/analytics/counts?by=unit,state"),
        "# 两地两法：同一件投诉在资阳和西双版纳的时限",
        *(_post("SUPERVISOR", "/v1/deadlines/preview", _preview(place)) for place in PAIR),
    ]
    for line in lines:
        console.print(line, soft_wrap=True, markup=False, highlight=False)


PAIR = ("512000", "532800")
FILE = (
    '{"jurisdiction":"512000","type":"help","title":"路灯不亮",'
    '"content":"小区门口的路灯坏了三天，请尽快修。","channel":"phone","category":"01"}'
)
REPLY = (
    '{"findings":"经核查属实","basis":"依照行业管理规定","result":"已处理完毕",'
    '"contact":"已电话告知诉求人"}'
)


def _preview(place: str) -> str:
    return (
        f'{{"jurisdiction":"{place}","type":"complaint","urgency":"normal",'
        '"accepted_at":"2026-09-30T16:20:00+08:00"}'
    )


def _get(who: str, path: str) -> str:
    return f'curl -s "$BASE{path}" -H "Authorization: Bearer ${who}"'


def _post(who: str, path: str, body: str) -> str:
    return (
        f'curl -s -X POST "$BASE{path}" -H "Authorization: Bearer ${who}" '
        f"-H 'Content-Type: application/json' -d '{body}'"
    )


async def _find_waiting(desk: Desk) -> dict[str, Any]:
    """A ticket that waits for its unit; the newest that is dispatched, else signed."""
    for state in (State.DISPATCHED, State.SIGNED):
        for place in (HOME, *PLACES):
            found = await desk.get(Role.SUPERVISOR, place, "/v1/tickets", state=state, limit=1)
            for ticket in found["items"]:
                waiting: dict[str, Any] = ticket
                return waiting
    raise LookupError("no ticket waits for a unit")


def _act_of(waiting: Mapping[str, Any]) -> str:
    return "sign" if waiting["state"] == State.DISPATCHED else "reply"


def _next_act(waiting: Mapping[str, Any]) -> str:
    return "签收" if _act_of(waiting) == "sign" else "答复"


def _body_of(waiting: Mapping[str, Any]) -> str:
    return "{}" if _act_of(waiting) == "sign" else REPLY


async def _overview(desk: Desk, role: Role, whose: str, **query: str) -> list[str]:
    figures = await desk.get(role, whose, "/v1/analytics/overview", **query)
    return [str(figures[name]) for name in COLUMNS]
