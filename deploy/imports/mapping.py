"""From the cells of a file to the fields of a ticket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from deploy.imports.categories import Categories, UnknownCategory
from deploy.imports.lines import Refusal, Row
from deploy.imports.times import BadTime, read_time
from services.intake.schemas import CallerIn, FileTicket, HistoryIn, PlaceIn
from shared.events.chinese import CHINESE
from shared.events.words import Channel, RequestType, Urgency
from shared.problems import field_errors

NESTED: dict[str, type[BaseModel]] = {"caller": CallerIn, "place": PlaceIn}
HISTORY = tuple(HistoryIn.model_fields)
"""Of a closed ticket of the past; a line whose `closed_at` is empty is an ordinary request."""
CLOSED_AT = "closed_at"
OUTSIDE = ("jurisdiction", "verify", "history", *NESTED)
TARGETS = (
    *(name for name in FileTicket.model_fields if name not in OUTSIDE),
    *(f"{outer}.{name}" for outer, model in NESTED.items() for name in model.model_fields),
    *HISTORY,
)
"""What a column may be mapped to; the jurisdiction is an option of its own."""
TIMES = ("filed_at", CLOSED_AT)
UNIQUE = ("external_id", "channel_ref")
NEEDED = ("content", "type", "channel")
WORDS: dict[str, type[StrEnum]] = {"type": RequestType, "urgency": Urgency, "channel": Channel}
TRUTHS = ("is_enforcement", "is_solved")
CHINESE_TRUTHS = {"是": True, "否": False}
TICKET = TypeAdapter(FileTicket)


class BadMapping(ValueError):
    """The options do not fit the file or the platform; the message says what does, in Chinese."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How each record becomes a ticket; `namespace` keeps the ids of two files apart."""

    jurisdiction: str
    namespace: str
    places: Mapping[str, int]
    constants: Mapping[str, str]
    categories: Categories


def read_pairs(options: Sequence[str], *, option: str) -> dict[str, str]:
    """`a=b,c=d` of each option; a comma within a value belongs to it. Raises `BadMapping`."""
    pairs: dict[str, str] = {}
    for text in options:
        last: str | None = None
        for piece in text.split(","):
            name, sign, value = (part.strip() for part in piece.partition("="))
            if sign and name in pairs:
                raise BadMapping(f"{option} 里 {name} 出现了两次。")
            if sign and name not in TARGETS:
                raise BadMapping(f"{option} 里没有名为“{name}”的项；可用：{'、'.join(TARGETS)}。")
            if not sign and last is None:
                raise BadMapping(f"{option} 的写法是 项=值，多个用逗号分开，例如 content=内容。")
            if sign:
                last = name
                pairs[name] = value
            elif last is not None:
                pairs[last] += f",{piece}"
    for name, value in pairs.items():
        if not value:
            raise BadMapping(f"{option} 里 {name}= 后面是空的。")
    return pairs


def find_columns(columns: Mapping[str, str], header: Sequence[str]) -> dict[str, int]:
    """The place of each mapped column in the header. Raises `BadMapping`."""
    places = {}
    for target, column in columns.items():
        count = header.count(column)
        if count == 0:
            raise BadMapping(f"--map {target}：文件没有“{column}”列；有：{'、'.join(header)}。")
        if count > 1:
            raise BadMapping(f"--map {target}：文件有 {count} 个“{column}”列，请先改名。")
        places[target] = header.index(column)
    return places


def check_targets(columns: Mapping[str, str], constants: Mapping[str, str]) -> None:
    """Whether the options together can make tickets. Raises `BadMapping`."""
    for target in UNIQUE:
        if target in constants:
            raise BadMapping(f"--set {target} 会使每一行都成为同一件；请用 --map {target}=列名。")
    past = [name for name in HISTORY if name in columns or name in constants]
    if past and CLOSED_AT not in past:
        raise BadMapping(
            f"{'、'.join(past)} 属于已办结的工单：请用 --map {CLOSED_AT} 指明办结时间。"
        )
    missing = [name for name in NEEDED if name not in columns and name not in constants]
    if missing:
        raise BadMapping(f"缺少 {'、'.join(missing)}：请用 --map 指明列，或用 --set 指明取值。")


def check_constants(plan: Plan) -> None:
    """Whether `--set` has values that the platform takes. Raises `BadMapping`."""
    sample = {"jurisdiction": plan.jurisdiction, "content": "-", "type": "help", "channel": "web"}
    errors: list[Refusal] = []
    body = sample | _nest(_values(plan, Row(0, []), plan.constants, errors))
    reasons = [f"{error.field} {error.message}" for error in errors]
    try:
        TICKET.validate_python(body)
    except ValidationError as error:
        found = field_errors(error.errors(include_url=False))
        reasons += [f"{one.field} {one.message}" for one in found]
    if reasons:
        raise BadMapping(f"--set 的取值有误：{'；'.join(reasons)}。")


def body_of(plan: Plan, row: Row) -> dict[str, Any] | list[Refusal]:
    """A ticket to file, or every reason why not; empty cells are left out."""
    texts = dict(plan.constants)
    for target, place in plan.places.items():
        cell = row.cells[place].strip()
        if cell:
            texts[target] = cell
    errors: list[Refusal] = []
    values = _values(plan, row, texts, errors)
    return errors or _nest({"jurisdiction": plan.jurisdiction} | values)


def _values(
    plan: Plan, row: Row, texts: Mapping[str, str], errors: list[Refusal]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for target, text in texts.items():
        try:
            values[target] = _value(plan, target, text)
        except BadTime as error:
            errors.append(Refusal(row.line, target, "bad_time", str(error)))
        except UnknownCategory as error:
            errors.append(Refusal(row.line, target, "unknown_category", str(error)))
    return values


def _value(plan: Plan, target: str, text: str) -> str | bool:
    """What is sent for a cell; what is not known here is left for the platform to judge."""
    if target in TIMES:
        return read_time(text).isoformat()
    if target == "category":
        return plan.categories.find(text)
    if target == "external_id":
        return f"{plan.namespace}:{text}"
    if target in WORDS:
        return next((word.value for word in WORDS[target] if CHINESE[word] == text), text)
    if target in TRUTHS:
        return CHINESE_TRUTHS.get(text, text)
    return text


def _nest(values: Mapping[str, Any]) -> dict[str, Any]:
    """`caller.phone` becomes `phone` within `caller`; what is closed gets its `history`."""
    body: dict[str, Any] = {}
    if CLOSED_AT in values:
        body["history"] = {name: values[name] for name in HISTORY if name in values}
    for target, value in values.items():
        if target in HISTORY:
            continue
        outer, dot, inner = target.partition(".")
        if dot:
            body.setdefault(outer, {})[inner] = value
        else:
            body[target] = value
    return body
