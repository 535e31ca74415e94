"""`hotline deadlines --file`: one case a line (NDJSON), one answer a line, in the same order."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import Any, BinaryIO, NamedTuple, TypeVar

import orjson

from services.sla.previews.rules import BadMatter, Preview, preview
from shared.events.words import RequestType, Step, Urgency
from shared.policy.deadlines import Matter, Moments
from shared.policy.explain_days import Explanation
from shared.policy.law import Law

LINE_BYTES_MAX = 65_536
FRAGMENTS_KEPT_MAX = 16_384
MOMENTS = Moments._fields
TRUTHS = ("is_enforcement", "enforcement", "is_passed_on")
KNOWN = ("jurisdiction", "type", "urgency", *TRUTHS, *MOMENTS, "id")

# So like a known name that it was meant, and would be left out without a word.
_LIKENESS = 0.8
_BOM = b"\xef\xbb\xbf"

Word = TypeVar("Word", bound=StrEnum)


class Case(NamedTuple):
    """A line that can be answered."""

    jurisdiction: str
    matter: Matter
    moments: Moments


def answer_lines(law: Law, lines: BinaryIO, answers: BinaryIO) -> int:
    """Answer every line that is not blank; gives the number of bad ones.

    A bad line is answered by `{"line", "problem": {"code", "field", "message"}}`, and the rest goes
    on. `id` is given back as it came; other names that nothing resembles are left alone.
    """
    bad = 0
    for number, line in _lines(lines):
        given: object = None
        try:
            given = _parse(line)
            case = read_case(given)
            found = preview(law, case.jurisdiction, case.matter, case.moments)
            answer: dict[str, Any] = {step.value: _shown(one) for step, one in found.items()}
        except BadMatter as error:
            bad += 1
            problem = {"code": error.code, "field": error.field, "message": str(error)}
            answer = {"line": number, "problem": problem}
        if isinstance(given, dict) and "id" in given:
            answer = {"id": given["id"], **answer}
        answers.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
    answers.flush()
    return bad


def show(previews: Mapping[Step, Preview]) -> bytes:
    """The answer to one case as JSON."""
    return orjson.dumps({step.value: _shown(one) for step, one in previews.items()})


def read_case(given: object) -> Case:
    """A case from JSON values. Raises `BadMatter` with the field that is wrong."""
    if not isinstance(given, dict):
        raise BadMatter(
            "", "not_an_object", '每行应为一个 JSON 对象，例如 {"jurisdiction": "512000"}'
        )
    if not given.keys() <= _KNOWN:
        _refuse_misspelt(given)
    accepted = read_moment(given.get("accepted_at"), "accepted_at")
    if accepted is None:
        raise _missing("accepted_at")
    jurisdiction = given.get("jurisdiction")
    if jurisdiction is None:
        raise _missing("jurisdiction")
    if not isinstance(jurisdiction, str):
        raise BadMatter("jurisdiction", "not_text", '应为文字，例如 "512000"')
    if given.get("type") is None:
        raise _missing("type")
    urgency = given.get("urgency")
    return Case(
        jurisdiction,
        Matter(
            _word(RequestType, given["type"], "type"),
            Urgency.NORMAL if urgency is None else _word(Urgency, urgency, "urgency"),
            _truth(given, "is_enforcement") or _truth(given, "enforcement"),
            _truth(given, "is_passed_on"),
        ),
        Moments(
            accepted,
            read_moment(given.get("dispatched_at"), "dispatched_at"),
            read_moment(given.get("signed_at"), "signed_at"),
        ),
    )


def read_moment(value: object, field: str) -> datetime | None:
    """A time with its zone, or none. Raises `BadMatter`."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError as error:
        message = f"不是有效的时间：{value}，例如 2026-09-30T16:20+08:00"
        raise BadMatter(field, "bad_time", message) from error
    if moment.tzinfo is None:
        raise BadMatter(field, "no_time_zone", "时间须带时区，例如 2026-09-30T16:20+08:00")
    return moment


_KNOWN = frozenset(KNOWN)


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := stream.readline(LINE_BYTES_MAX + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(_BOM)
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(LINE_BYTES_MAX + 1)
        if line.strip():
            yield number, line


def _parse(line: bytes) -> object:
    if len(line) > LINE_BYTES_MAX:
        raise BadMatter("", "too_long", f"一行不得超过 {LINE_BYTES_MAX} 字节")
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadMatter("", "not_json", f"不是有效的 JSON：{error}") from error


def _refuse_misspelt(given: Mapping[str, object]) -> None:
    for name in given:
        if name not in _KNOWN and (meant := get_close_matches(name, KNOWN, 1, _LIKENESS)):
            raise BadMatter(name, "unknown_field", f"没有这一项，是否为 {meant[0]}？")


def _word(words: type[Word], value: object, field: str) -> Word:
    try:
        return words(str(value))
    except ValueError as error:
        allowed = "、".join(words)
        raise BadMatter(field, "not_allowed", f"允许的值：{allowed}（现为 {value!r}）") from error


def _truth(given: Mapping[str, object], field: str) -> bool:
    value = given.get(field)
    if value is not None and not isinstance(value, bool):
        raise BadMatter(field, "not_boolean", "应为 true 或 false")
    return value is True


def _missing(field: str) -> BadMatter:
    return BadMatter(field, "missing", "缺少此项")


def _shown(one: Preview) -> dict[str, object]:
    due = one.deadline
    return {
        "due_at": due.due_at,
        "rule": due.rule,
        "source": due.source,
        "provisional": due.provisional,
        "explanation": one.explanation.text,
        "skipped": _fragment(one.explanation),
    }


@lru_cache(maxsize=FRAGMENTS_KEPT_MAX)
def _fragment(explanation: Explanation) -> orjson.Fragment:
    return orjson.Fragment(orjson.dumps([days._asdict() for days in explanation.days]))
