"""Which duty rule or precedent decides (B2): pure, so that an operator can ask why."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.calendars import Calendar, with_hours
from shared.events.words import DutyHours, RequestType, Urgency
from shared.jurisdictions import covers
from shared.policy.model import Pack
from shared.worktime import working_time_between

PRECEDENT = "precedent:"
"""How the rule of a precedent is named: this, and the precedent's id."""

_MOMENT = timedelta(microseconds=1)


class Duty(NamedTuple):
    """A duty rule, or a precedent, whose unit is active. What it leaves open does not matter."""

    id: str
    jurisdiction: str
    category: str | None
    request_type: RequestType | None
    unit: str
    unit_name: str
    priority: int
    duty_hours: DutyHours = DutyHours.WORKING


Key = tuple[str, str | None, RequestType | None]


class Book(NamedTuple):
    """Duty rules by place, category and type; precedents by place and category."""

    duties: dict[Key, list[Duty]]
    precedents: dict[tuple[str, str], Duty]


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


def index(duties: Iterable[Duty], precedents: Iterable[Duty] = ()) -> Book:
    """Rules by what they ask for, the smaller priority first."""
    found: dict[Key, list[Duty]] = {}
    for duty in sorted(duties, key=lambda duty: (duty.priority, duty.id)):
        key = (duty.jurisdiction, duty.category, duty.request_type)
        found.setdefault(key, []).append(duty)
    return Book(found, {(one.jurisdiction, one.category or ""): one for one in precedents})


def ranked(book: Book, question: Question) -> list[Duty]:
    """The rules that fit, the one that decides first.

    First the precedent of the same category, the nearer place's before others (ZY 13.5(5)). Then
    the duty rules: category with type, then category (a category holds for those below it, and
    the longer code is the nearer), then type, then the default of a place; among equals the
    nearer place, then the smaller priority, then the id.
    """
    fitting = [duty for key in _keys(question) for duty in book.duties.get(key, ())]
    if not book.precedents or question.category is None:
        return fitting
    kinds = [(place, question.category) for place in outer_codes(question.jurisdiction)]
    return [*(book.precedents[kind] for kind in kinds if kind in book.precedents), *fitting]


def match(
    book: Book,
    question: Question,
    *,
    units_excluded: Collection[str] = (),
    needs_duty: bool = False,
) -> Duty | None:
    """The rule that decides, none where a person must.

    What needs somebody on duty goes to the first unit that takes tickets day and night, where a
    rule names one, be it after a precedent or a nearer rule (B15).
    """
    fitting = [duty for duty in ranked(book, question) if duty.unit not in units_excluded]
    on_duty = (duty for duty in fitting if duty.duty_hours is DutyHours.ALWAYS)
    if needs_duty and (found := next(on_duty, None)) is not None:
        return found
    return next(iter(fitting), None)


def is_off_duty(urgency: Urgency, at: datetime, *, pack: Pack | None, calendar: Calendar) -> bool:
    """Whether an emergency comes when units that keep working hours are away (ZY 13.4, 35)."""
    if urgency is Urgency.NORMAL or pack is None:
        return False
    return not working_time_between(with_hours(calendar, pack.hours), at, at + _MOMENT)


def why(duty: Duty, question: Question) -> str:
    """In Chinese, on what a rule decided."""
    if duty.id.startswith(PRECEDENT):
        return f"会商决定 {duty.id}：同类事项 {duty.category} 参照办理（ZY 13.5(5)）"
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
