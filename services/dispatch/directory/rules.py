"""Which duty rule decides (B2): pure, so that an operator can ask why."""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from shared.events.words import RequestType
from shared.jurisdictions import covers


class Duty(NamedTuple):
    """A duty rule whose unit is active. What it leaves open does not matter to it."""

    id: str
    jurisdiction: str
    category: str | None
    request_type: RequestType | None
    unit: str
    unit_name: str
    priority: int


Key = tuple[str, str | None, RequestType | None]
Duties = dict[Key, list[Duty]]
"""Rules by place, category and type."""


class Question(NamedTuple):
    """What decides which unit is competent."""

    jurisdiction: str
    category: str | None
    request_type: RequestType


def outer_codes(jurisdiction: str) -> list[str]:
    """The places that a place lies within, itself first: township, county, city, province."""
    codes = (
        jurisdiction,
        jurisdiction[:9],
        jurisdiction[:6],
        jurisdiction[:4] + "00",
        jurisdiction[:2] + "0000",
    )
    return list(dict.fromkeys(codes))


def suits(unit_jurisdiction: str, jurisdiction: str) -> bool:
    """Whether a unit of one place can be competent in another: within it, or around it."""
    return covers(unit_jurisdiction, jurisdiction) or covers(jurisdiction, unit_jurisdiction)


def index(duties: Iterable[Duty]) -> Duties:
    """Rules by what they ask for, the smaller priority first."""
    found: Duties = {}
    for duty in sorted(duties, key=lambda duty: (duty.priority, duty.id)):
        key = (duty.jurisdiction, duty.category, duty.request_type)
        found.setdefault(key, []).append(duty)
    return found


def ranked(duties: Duties, question: Question) -> list[Duty]:
    """The rules that fit, the one that decides first.

    Category with type, then category (a category holds for those below it, and the longer code is
    the nearer), then type, then the default of a place; among equals the nearer place, then the
    smaller priority, then the id.
    """
    return [duty for key in _keys(question) for duty in duties.get(key, ())]


def match(
    duties: Duties, question: Question, *, units_excluded: Collection[str] = ()
) -> Duty | None:
    """The rule that decides, none where a person must."""
    fitting = ranked(duties, question)
    return next((duty for duty in fitting if duty.unit not in units_excluded), None)


def why(duty: Duty, question: Question) -> str:
    """In Chinese, on what a rule decided."""
    grounds = []
    if duty.category is not None:
        is_same = duty.category == question.category
        grounds.append(f"类别 {duty.category}" if is_same else f"上级类别 {duty.category}")
    if duty.request_type is not None:
        grounds.append("诉求类型相符")
    if not grounds:
        grounds.append("该地兜底规则")
    is_here = duty.jurisdiction == question.jurisdiction
    grounds.append(f"{'本地' if is_here else '上级地区'} {duty.jurisdiction}")
    return f"规则 {duty.id}：{'，'.join(grounds)}，优先级 {duty.priority}"


def _keys(question: Question) -> Iterator[Key]:
    category = question.category or ""
    categories = [category[:length] for length in range(len(category), 0, -1)]
    asked: list[tuple[str | None, RequestType | None]] = [
        *((code, question.request_type) for code in categories),
        *((code, None) for code in categories),
        (None, question.request_type),
        (None, None),
    ]
    places = outer_codes(question.jurisdiction)
    return ((place, code, request_type) for code, request_type in asked for place in places)
