"""What is drawn for a check, what it scores, and what follows. Pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

MARKS_WHOLE = 100
BY_PEOPLE = "!~ '(^public$|:)'"
"""In SQL: neither the web form nor a program nor another platform (`source:…`, `platform:…`)."""
_SPAN = 1 << 32


class Subject(StrEnum):
    """What is checked."""

    CALL = "call"
    TICKET = "ticket"


class Reason(StrEnum):
    """Why it was drawn: at random, or for a risk; every one with a risk is checked."""

    RANDOM = "random"
    REDONE = "redone"
    DISPUTED = "disputed"
    ABUSED = "abused"


class CheckState(StrEnum):
    """Where a check stands."""

    OPEN = "open"
    SCORED = "scored"
    OBJECTED = "objected"
    FINAL = "final"


CHINESE: Mapping[StrEnum, str] = {
    Subject.CALL: "来电",
    Subject.TICKET: "工单",
    Reason.RANDOM: "随机抽检",
    Reason.REDONE: "重新办理",
    Reason.DISPUTED: "评价有异议",
    Reason.ABUSED: "滥用热线",
    CheckState.OPEN: "待评分",
    CheckState.SCORED: "已评分",
    CheckState.OBJECTED: "已申诉，待复评",
    CheckState.FINAL: "已复评",
}


class Line(NamedTuple):
    """One line of a form."""

    code: str
    text: str
    full_marks: int


class Grade(NamedTuple):
    """An agent's scores of a period: how many checks, the average, and whether training is due."""

    checks: int
    average: float
    is_training_due: bool


def is_drawn(subject_id: UUID, share: float) -> bool:
    """Whether a call or ticket is in the random sample: the same answer whenever it is asked."""
    digest = hashlib.sha256(b"quality sample" + subject_id.bytes).digest()
    return int.from_bytes(digest[:4]) < share * _SPAN


def wrong_form(lines: Sequence[Line]) -> str | None:
    """Why lines make no form, in Chinese; none where they do."""
    codes = [line.code for line in lines]
    if len(set(codes)) != len(codes):
        return "各项 code 不得重复"
    total = sum(line.full_marks for line in lines)
    return None if total == MARKS_WHOLE else f"各项满分之和应为 {MARKS_WHOLE}（现为 {total}）"


def wrong_marks(lines: Sequence[Line], marks: Mapping[str, int]) -> tuple[str, str] | None:
    """The line whose marks cannot be, and why in Chinese; none where all can."""
    known = {line.code: line.full_marks for line in lines}
    for code in marks:
        if code not in known:
            return code, f"评分表没有这一项；可用：{'、'.join(known)}"
    for code, full in known.items():
        if code not in marks:
            return code, "这一项没有评分"
        if not 0 <= marks[code] <= full:
            return code, f"应在 0 至 {full} 之间"
    return None


def grade(scores: Iterable[int], *, training_below: int) -> Grade:
    """What an agent's final scores come to."""
    found = list(scores)
    average = round(sum(found) / len(found), 1) if found else 0.0
    return Grade(len(found), average, bool(found) and average < training_below)
