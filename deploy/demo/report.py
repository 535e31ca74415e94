"""What the demo prints: the counts, a table of places and units, and what to try next."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from deploy.demo.comparison import Comparison
from deploy.demo.desk import Desk
from deploy.demo.habits import PLACES
from deploy.demo.holdings import Holdings
from deploy.trial import CATEGORIES, unit_code
from deploy.trial import PLACES as TRIAL_PLACES
from shared.events.callers import TicketHandedOver, TicketRepeatAnswered, TicketScreened
from shared.events.dispatch import (
    TicketClosed,
    TicketDispatched,
    TicketInterimClosed,
    TicketReopened,
    TicketReplied,
    TicketReturnRequested,
    TicketSigned,
    TicketTerminated,
    TicketWithdrawn,
)
from shared.events.envelope import Payload
from shared.events.intake import TicketAnswered, TicketCreated, TicketRated, TicketRefused
from shared.events.loop import (
    TicketConcluded,
    TicketCoordinated,
    TicketCoReplied,
    TicketDeclined,
    TicketLinked,
    TicketMoved,
)
from shared.events.sla import TicketExtensionDecided, TicketOverdue
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
    "handed_over": TicketHandedOver,
    "repeat_answered": TicketRepeatAnswered,
    "linked": TicketLinked,
    "withdrawn": TicketWithdrawn,
    "terminated": TicketTerminated,
    "redone": TicketReopened,
    "extended": TicketExtensionDecided,
    "interim_closed": TicketInterimClosed,
    "coordinated": TicketCoordinated,
    "co_replied": TicketCoReplied,
    "screened": TicketScreened,
    "moved": TicketMoved,
    "declined": TicketDeclined,
    "concluded": TicketConcluded,
}
COLUMNS = {
    "created": ("受理", "受理"),
    "answered": ("即答", "接诉即答"),
    "refused": ("不予", "不予受理"),
    "dispatched": ("派单", "已派单"),
    "signed": ("签收", "已签收"),
    "returned": ("退单", "退过单"),
    "replied": ("答复", "已答复"),
    "overdue": ("超期", "有超期"),
    "rated": ("评价", "已评价"),
    "closed": ("办结", "已办结"),
}
"""The short and the full name of each figure."""
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
    """The figures of each place (a province with its cities) and unit, as the gateway says."""
    table = Table(box=SIMPLE_HEAD, padding=0, pad_edge=False)
    table.add_column("件数", no_wrap=True)
    for short, _ in COLUMNS.values():
        table.add_column(short, justify="right", min_width=4)
    for place in PLACES:
        name, units = TRIAL_PLACES[place]
        figures = await _overview(desk, Role.SUPERVISOR, place, jurisdiction=place)
        table.add_row(name, *figures, style="bold")
        for category, unit in zip(CATEGORIES, units, strict=True):
            figures = await _overview(desk, Role.UNIT, unit_code(place, category))
            table.add_row(f"  {unit}", *figures)
        table.add_section()
    return table


def print_counts(console: Console, counts: Mapping[str, int], compared: Comparison) -> None:
    """The counts in one line, and what is wrong where something is."""
    names = {key: full for key, (_, full) in COLUMNS.items()}
    names |= {"declined": "受理后不予受理", "concluded": "受理后直接答复或转紧急热线"}
    names |= {"lost": "丢失", "duplicated": "重复"}
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
    lines = [
        "",
        f"演示时钟：北京时间 {now:%Y-%m-%d %H:%M}，此后按真实时间前进。按 Ctrl+C 结束。",
        f"首页　　 {base}/",
        f"接口说明 {base}/docs",
        f"运行状态 {base}/readyz",
        "",
        "把下面各行粘贴到另一个终端：",
        "",
        f"BASE={base}",
        f"OPERATOR={desk.token(Role.OPERATOR, HOME)}  # 资阳市话务座席",
        f"SUPERVISOR={desk.token(Role.SUPERVISOR, HOME)}  # 资阳市热线办督办",
        "",
        "# 登记一件诉求：立即受理、派单",
        _post("OPERATOR", "/v1/tickets", FILE),
        *([] if waiting is None else _waiting_lines(desk, waiting)),
        "# 督办看总览，以及各单位各状态的件数",
        _get("SUPERVISOR", "/v1/analytics/overview"),
        _get("SUPERVISOR", "/v1/analytics/counts?by=unit,state"),
        "# 两地两法：同一件投诉在资阳和西双版纳的时限",
        *(_post("SUPERVISOR", "/v1/deadlines/preview", _preview(place)) for place in PAIR),
    ]
    for line in lines:
        console.print(line, soft_wrap=True, markup=False, highlight=False)


def _waiting_lines(desk: Desk, waiting: Mapping[str, Any]) -> list[str]:
    """What the unit of a waiting ticket may try."""
    unit, ticket = waiting["unit_name"], "/v1/tickets/$TICKET"
    is_signed = waiting["state"] == State.SIGNED
    act, name, body = ("reply", "答复", REPLY) if is_signed else ("sign", "签收", "{}")
    return [
        f"# 等待{name}的工单：{waiting['number']}（{waiting['title']}，{unit}）",
        f"TICKET={waiting['id']}",
        f"UNIT={desk.token(Role.UNIT, waiting['unit'])}  # {unit}",
        "# 承办单位的收件箱",
        _get("UNIT", "/v1/tickets?limit=5"),
        f"# 承办单位{name}",
        _post("UNIT", f"{ticket}/{act}", body),
        "# 这件工单的全程和各环节时限",
        _get("OPERATOR", f"{ticket}/timeline"),
        _get("OPERATOR", f"{ticket}/deadlines"),
    ]


PAIR = ("512000", "532800")
FILE = (
    '{"jurisdiction":"512000","type":"help","title":"路灯不亮",'
    '"content":"小区门口的路灯坏了三天，请尽快修。","channel":"phone","category":"01"}'
)
REPLY = (
    '{"findings":"经核查属实","basis":"依照行业管理规定","result":"已处理完毕",'
    '"contact":"已电话告知诉求人","checked_by":"YJ0201"}'
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


async def _find_waiting(desk: Desk) -> dict[str, Any] | None:
    """The newest ticket of `HOME` that waits for its unit to sign, else to reply."""
    for state in (State.DISPATCHED, State.SIGNED):
        found = await desk.get(Role.SUPERVISOR, HOME, "/v1/tickets", state=state, limit=1)
        for ticket in found["items"]:
            waiting: dict[str, Any] = ticket
            return waiting
    return None


async def _overview(desk: Desk, role: Role, whose: str, **query: str) -> list[str]:
    figures = await desk.get(role, whose, "/v1/analytics/overview", **query)
    return [str(figures[name]) for name in COLUMNS]
