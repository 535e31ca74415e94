"""What is wrong with a pack or a calendar file, told in Chinese: file, field, what is allowed."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.policy.values import CODE_PATTERN, NUMBER_PATTERN, SLUG_PATTERN, SOURCE_PATTERN

_TAGS = ("span", "same_day", "same_working_day", "at_once_if_staffed")
_PATTERNS = {
    CODE_PATTERN: "应为六位行政区划代码，例如 512000",
    SLUG_PATTERN: "应为小写英文字母、数字和下划线",
    SOURCE_PATTERN: '应为 default 或条款编号，例如 "ZY 13.2"、"GS annex 一.17"',
    NUMBER_PATTERN: "应为电话号码，例如 12345、0931—8929999",
}
_REASONS = {
    "missing": "缺少这一项",
    "literal_error": "允许的值：{expected}",
    "enum": "允许的值：{expected}",
    "union_tag_invalid": "允许的值：{expected_tags}",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "int_type": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "bool_type": "应为 true 或 false",
    "string_type": "应为文字",
    "string_too_short": "不得为空",
    "too_short": "至少应有 {min_length} 条",
    "tuple_type": "应为列表",
    "model_type": "应为一个表",
    "model_attributes_type": "应为一个表",
    "date_type": "应为日期，例如 2022-11-25",
    "date_parsing": "应为日期，例如 2022-11-25",
    "date_from_datetime_parsing": "应为日期，例如 2022-11-25",
    "date_from_datetime_inexact": "应为日期，例如 2022-11-25",
    "value_error": "{error}",
}


class FileProblem(NamedTuple):
    """One thing that is wrong: in which file, at which field, and what is allowed there."""

    file: str
    field: str
    reason: str

    def __str__(self) -> str:
        """One line for an operator."""
        return "：".join(part for part in self if part)


class PolicyFileError(ValueError):
    """政策文件有误，未载入任何内容。"""

    def __init__(self, problems: Iterable[FileProblem]) -> None:
        """Tell every problem, a line each."""
        self.problems = tuple(problems)
        super().__init__("\n".join(("政策文件有误，未载入任何内容：", *map(str, self.problems))))


def file_problems(file: str, error: ValidationError) -> list[FileProblem]:
    """What pydantic found, as problems of one file."""
    return [
        FileProblem(file, _field(detail), _reason(detail))
        for detail in error.errors(include_url=False)
    ]


def _field(detail: ErrorDetails) -> str:
    path = ""
    for part in detail["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part not in _TAGS:
            path += f".{part}" if path else part
    # A check of a whole table names the field that it found wrong.
    context: Mapping[str, object] = detail.get("ctx", {})
    inner = context.get("unknown" if detail["type"] == "unknown_key" else "field")
    return ".".join(part for part in (path, str(inner or "")) if part)


def _reason(detail: ErrorDetails) -> str:
    context: Mapping[str, object] = detail.get("ctx", {})
    if detail["type"] == "string_pattern_mismatch":
        reason = _PATTERNS.get(str(context["pattern"]), detail["msg"])
    else:
        template = _REASONS.get(detail["type"])
        # Our own checks speak Chinese already; the rest falls back on pydantic's words.
        reason = template.format(**context) if template else detail["msg"]
    reason = reason.replace(" or ", "、").replace("', '", "'、'")
    given = detail["input"]
    return f"{reason}（现为 {given!r}）" if isinstance(given, str | int | float) else reason
