"""The generated parts of `docs/exchange.zh-CN.md`: types, fields, code lists, errors, limits."""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

from deploy.contracts.exchange_protocol import PROTOCOL
from deploy.contracts.exchange_schemas import HIDDEN, exchanged, kind_of_type
from deploy.contracts.exchange_words import TYPES, field_name, is_ignored
from shared.crossing import FORWARD, Forward
from shared.events import kinds, words
from shared.events.chinese import CHINESE
from shared.events.envelope import Payload
from shared.exchange import Kind

PART = re.compile(r"<!-- (\w+): begin -->\n.*?<!-- \1: end -->", re.DOTALL)
KINDS: dict[Kind, str] = {
    Kind.TICKET: "工单（带诉求正文）",
    Kind.ACT: "办理过程",
    Kind.RESULT: "结果：答复、办结、终结、撤回",
    Kind.RATING: "回访、评价、甄别、异议",
    Kind.CALL: "通话记录",
    Kind.ARTICLE: "知识",
    Kind.ORDER: "督办文书、会商决定",
    Kind.DIRECTORY: "单位目录",
    Kind.FORWARD: "转办：请对方办理一件工单",
}
LISTS: dict[str, str] = {
    "RequestType": "诉求类型",
    "Urgency": "紧急程度",
    "Channel": "来源渠道",
    "State": "工单状态（两边状态图中的状态，不出现在消息里）",
    "Secrecy": "知悉范围",
    "ReturnGround": "退单理由",
    "ReturnDecision": "退单审核结论",
    "Satisfaction": "满意度（好差评五级）",
    "CloseReason": "办结理由",
    "Step": "时限环节",
    "OrderKind": "督办文书种类",
    "DutyHours": "值守时间",
    "Link": "并单种类",
    "CaseKind": "会商事由",
    "Cause": "不满意原因",
    "FollowUpWay": "回访方式",
    "EmergencyLine": "紧急热线",
    "HandOver": "转接方式",
    "Abuse": "滥用热线的情形",
    "AttachmentKind": "附件种类",
    "Seat": "座席类别",
}
LONG = {"date-time": "时间", "uuid": "UUID"}
PLAIN = {
    "string": "文本",
    "integer": "整数",
    "number": "数",
    "boolean": "true/false",
    "object": "对象",
}


def with_exchange(page: str) -> str:
    """The specification with its generated parts written anew."""
    return PART.sub(lambda found: _part(found[1]), page)


def _part(name: str) -> str:
    text = "\n".join(PARTS[name]())
    note = "<!-- 由 python -m deploy.contracts 写成，请勿手改 -->"
    return f"<!-- {name}: begin -->\n{note}\n\n{text}\n\n<!-- {name}: end -->"


def _kinds() -> Iterator[str]:
    yield "| kind | 内容 | type |"
    yield "| --- | --- | --- |"
    for kind in Kind:
        types = "、".join(
            f"`{one.type}`" for one in exchanged().values() if kind_of_type(one) is kind
        )
        yield f"| `{kind}` | {KINDS[kind]} | {types or f'`{FORWARD}`，见[第 9 节](#9-转办)'} |"


def _types() -> Iterator[str]:
    for kind in Kind:
        of_kind = [one for one in exchanged().values() if kind_of_type(one) is kind]
        if of_kind:
            yield f"#### `{kind}`：{KINDS[kind]}"
            yield ""
        for payload in of_kind:
            yield from _type(payload)


def _type(payload: type[Payload]) -> Iterator[str]:
    name = payload.type
    yield f"**`{name}`** {TYPES.get(name, name)}（[Schema 和示例](schemas/exchange/{name}.json)）"
    yield ""
    schema = payload.model_json_schema()
    rows = list(field_rows(name, schema, schema, ""))
    if rows:
        yield from ("| 字段 | 类型 | 发送方 | 含义 |", "| --- | --- | --- | --- |", *rows)
    else:
        yield "没有字段：`data` 为 `{}`。"
    yield ""


def field_rows(
    name: str, schema: dict[str, Any], root: dict[str, Any], prefix: str
) -> Iterator[str]:
    """A row for each field of a type, those of its objects below them."""
    for field, described in schema.get("properties", {}).items():
        if field in HIDDEN:
            continue
        means = field_name(name, prefix + field) or " ".join(
            described.get("description", "").split()
        )
        needed = _needed(described, is_needed=field in schema.get("required", []))
        needed += "；收方忽略" if is_ignored(name, prefix + field) else ""
        yield f"| `{prefix}{field}` | {_kind(described)} | {needed} | {means} |"
        for inner in re.findall(r"'\$ref': '#/\$defs/(\w+)'", repr(described)):
            yield from field_rows(name, root["$defs"][inner], root, f"{prefix}{field}.")


def _needed(described: dict[str, Any], *, is_needed: bool) -> str:
    default = described.get("default")
    if is_needed:
        return "必填"
    return "可填" if default in (None, [], "", {}) else f"可填，缺省 `{str(default).lower()}`"


def _kind(described: dict[str, Any]) -> str:
    if "$ref" in described:
        name = described["$ref"].rpartition("/")[2]
        return f"代码 [{name}](#{name.lower()})" if name in LISTS else "对象"
    if "anyOf" in described:
        return " 或 ".join(_kind(one) for one in described["anyOf"] if one.get("type") != "null")
    if described.get("type") == "array":
        return f"列表：{_kind(described['items'])}"
    return LONG.get(described.get("format", "")) or PLAIN[described["type"]]


def _forward() -> Iterator[str]:
    schema = Forward.model_json_schema()
    rows = field_rows(FORWARD, schema, schema, "")
    yield from ("| 字段 | 类型 | 发送方 | 含义 |", "| --- | --- | --- | --- |", *rows)


def _codes() -> Iterator[str]:
    for name, title in LISTS.items():
        kind: type[StrEnum] = getattr(words, name, None) or getattr(kinds, name)
        yield from (f"#### {name}", "", f"{title}。", "", "| 代码 | 名称 |", "| --- | --- |")
        yield from (f"| `{word}` | {CHINESE[word]} |" for word in kind)
        yield ""


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "kinds": _kinds,
    "types": _types,
    "forward": _forward,
    "codes": _codes,
    **PROTOCOL,
}
"""What is written between the marks of the same name."""
