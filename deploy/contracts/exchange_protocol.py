"""More generated parts of the exchange's specification: who is told what, limits, errors."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from deploy.contracts.exchange_example import digest_part, profile_part, signature_part
from deploy.contracts.exchange_schemas import exchanged
from deploy.contracts.exchange_sealed import sealed_part
from deploy.contracts.exchange_words import TYPES
from deploy.exchange_check.running import CHECKS
from services.gateway.federation.rules import BACK, ENDS, ONWARD, Peer, told
from services.gateway.peers import refusals
from services.gateway.peers.rules import PeerKind
from services.gateway.peers.schemas import OWN_KEYS_EXAMPLE
from shared import overload
from shared.events.callers import TicketAttached
from shared.events.envelope import Event, Payload
from shared.exchange import ANSWER_EXAMPLES, Message
from shared.problems import Malformed, NotAllowed, Problem, TooLarge, Unavailable
from shared.settings import Settings

SIDES = (
    (PeerKind.PARENT, "上级"),
    (PeerKind.CHILD, "下级"),
    (PeerKind.SUBCENTER, "分中心"),
)
NEVER = datetime(2026, 1, 1, tzinfo=UTC)
UNITS = frozenset({"U"})
ENVELOPE: dict[str, tuple[str, str]] = {
    "specversion": ("文本", "固定为 `1.0`"),
    "id": ("UUID", "消息编号，同一条消息永远不变；不同消息不得相同"),
    "from": ("文本", "发送方的平台代码，须是签名者"),
    "to": ("文本", "接收方的平台代码；接收方代管的地方，可为该地代码"),
    "subject": (
        "文本",
        "主题，1 至 100 个字符；工单类（ticket、act、result、rating、forward）须为 UUID",
    ),
    "sequence": ("整数", "序号，1 至 2147483647，见第 5 节"),
    "time": ("时间", "事情发生的时间，带时区"),
    "kind": ("文本", "大类，见第 7 节"),
    "payload": ("对象", "`type`（1 至 100 个字符）和 `data`（对象），见第 7 节"),
}
LIMITS = (
    ("bulk_lines_max", "一个请求最多的行数", "行"),
    ("bulk_bytes_max", "成批请求最大的字节数", "字节"),
    ("attachment_bytes_max", "一个附件最大的字节数", "字节"),
    ("exchange_batch_max", "我方发送时每批最多的条数", "条"),
    ("exchange_timeout_seconds", "我方等待应答的时间", "秒"),
    ("exchange_delay_seconds_max", "我方两次重试之间最长的间隔", "秒"),
    ("exchange_failures_max", "连续失败多少次后熔断", "次"),
    ("exchange_kept_days", "已送、已收的消息可供对账和补发的天数", "天"),
    ("exchange_reconcile_days", "每次向前对账的天数", "天"),
    ("signature_window_seconds", "签名时间与接收方时钟之差的上限", "秒"),
)


def _keys() -> Iterator[str]:
    yield from ("```json", json.dumps(OWN_KEYS_EXAMPLE, ensure_ascii=False, indent=2), "```")


def _answer() -> Iterator[str]:
    yield from ("```json", *(json.dumps(one, ensure_ascii=False) for one in ANSWER_EXAMPLES), "```")


def _envelope() -> Iterator[str]:
    fields = {field.alias or name for name, field in Message.model_fields.items()}
    if fields != set(ENVELOPE):
        raise ValueError(f"the envelope's table says nothing of {fields ^ set(ENVELOPE)}")
    yield from ("| 字段 | 类型 | 含义（全部必填） |", "| --- | --- | --- |")
    yield from (f"| `{name}` | {kind} | {means} |" for name, (kind, means) in ENVELOPE.items())


def _limits() -> Iterator[str]:
    yield from ("| 上限（我方的缺省值） | 值 |", "| --- | --- |")
    for name, means, unit in LIMITS:
        yield f"| {means} | {Settings.model_fields[name].default:,.0f} {unit} |"


def _told() -> Iterator[str]:
    yield "| 类型 | " + " | ".join(f"向{name}" for _, name in SIDES) + " | 向相邻平台 |"
    yield "| --- | --- | --- | --- | --- |"
    yield "| 全部工单事件 `ticket.*` | 报 | – | – | – |"
    for payload in exchanged().values():
        if not payload.type.startswith("ticket."):
            marks = " | ".join(_mark(kind, payload) for kind, _ in SIDES)
            yield f"| `{payload.type}` {TYPES[payload.type]} | {marks} | – |"
    yield "| 转办的工单，见[第 9 节](#9-转办) | 转 | 转 | 转 | 转 |"


def _mark(kind: PeerKind, payload: type[Payload]) -> str:
    for unit, word in (("-", "报"), ("U", "只报给对方的")):
        data = payload.model_construct(unit=unit)
        event: Event[Payload] = Event("", "", 1, NEVER, data)
        if told(Peer("X", kind, UNITS), event):
            return word
    return "–"


def _back() -> Iterator[str]:
    yield from ("| 办理平台发生 | 原平台据此 |", "| --- | --- |")
    sent: tuple[type[Payload], ...] = (*BACK, TicketAttached)
    for payload in sent:
        yield f"| `{payload.type}` {TYPES[payload.type]} | {ACTS.get(payload.type, '–')} |"


def _onward() -> Iterator[str]:
    yield from ("| 原平台发生 | 办理平台据此 |", "| --- | --- |")
    for payload in ONWARD:
        means = "结束本平台的关联工单" if payload in ENDS else FOLLOWED.get(payload.type, "–")
        yield f"| `{payload.type}` {TYPES[payload.type]} | {means} |"


ACTS = {
    "ticket.signed": "以办理平台的名义签收",
    "ticket.responded": "记入初步响应",
    "ticket.progressed": "记入进展",
    "ticket.interim_closed": "临时办结",
    "ticket.replied": "答复；由原平台回访、评价",
    "ticket.extension_decided": "仅在同意时发送：向原平台申请延期，由原平台审核",
    "ticket.terminated": "作为答复：意见和答复口径；是否终结由原平台另定",
    "ticket.attached": "仅答复等所附的，先于该答复发送：取内容，附到工单（见 9.7）",
    "ticket.withdrawn": "仅在带 `sent_back` 时发送：退回。原平台按退单审核",
}
FOLLOWED = {
    "ticket.attached": "取内容，附到关联工单（见 9.7）",
    "ticket.amended": "补充或更正关联工单",
    "ticket.reopened": "重新办理",
    "ticket.rated": "记入评价，供承办单位了解；不再回访",
    "ticket.erased": "清除关联工单的文字和身份信息",
}


def _checks() -> Iterator[str]:
    yield from (f"{number}. {title}" for number, (_, title, _) in enumerate(CHECKS, 1))


def _errors() -> Iterator[str]:
    found: Iterable[type[Problem]] = (
        one
        for one in (*vars(refusals).values(), *vars(overload).values())
        if isinstance(one, type) and issubclass(one, Problem) and one is not Problem
    )
    others: tuple[type[Problem], ...] = (NotAllowed, TooLarge, Malformed, Unavailable)
    yield from ("| HTTP | code | 说明 |", "| --- | --- | --- |")
    for one in sorted((*found, *others), key=lambda one: (one.status, one.code)):
        yield f"| {one.status} | `{one.code}` | {one.detail} |"


PROTOCOL: dict[str, Callable[[], Iterator[str]]] = {
    "keys": _keys,
    "signature": signature_part,
    "answer": _answer,
    "envelope": _envelope,
    "limits": _limits,
    "told": _told,
    "back": _back,
    "onward": _onward,
    "errors": _errors,
    "checks": _checks,
    "digest": digest_part,
    "sealed": sealed_part,
    "profile": profile_part,
}
"""What is written between the marks of the same name."""
