"""Which duty rule or precedent decides (B2): pure, so that an operator can ask why."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.calendars import Calendar, with_hours
from shared.events.words import DutyHours, RequestType, Urgency
from shared.jurisdictions import covers
from shared.policy.model import Pack
from shared.worktime import working_time_between

PRECEDENT = "precedent:"
"""How the rule of a precedent is named: this, and the precedent's id."""
SUPERIOR = "superior:"
"""How it is named that a complaint about a unit goes up: this, and the unit complained of."""

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
    co_units: tuple[str, ...] = ()
    """Who handles with it, by a precedent; those that are active (ZY 13.5(5))."""
    platform: str | None = None
    """The other platform that the unit stands for."""


Key = tuple[str, str | None, RequestType | None]


class Member(NamedTuple):
    """A unit with its superior, as far as complaints about units ask."""

    code: str
    name: str
    jurisdiction: str
    superior: str | None
    is_active: bool
    duty_hours: DutyHours = DutyHours.WORKING
    platform: str | None = None


class Book(NamedTuple):
    """Duty rules by place, category and type; precedents by place and category; units by code."""

    duties: dict[Key, list[Duty]]
    precedents: dict[tuple[str, str], Duty]
    units: Mapping[str, Member] = {}


class Question(NamedTuple):
    """What decides which unit is competent."""

    jurisdiction: str
    category: str | None
    request_type: RequestType
    about_unit: str | None = None
    """The unit complained of: then its superior alone is asked (XS 三(四), ZY 22)."""


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


def index(
    duties: Iterable[Duty], precedents: Iterable[Duty] = (), units: Iterable[Member] = ()
) -> Book:
    """Rules by what they ask for, the smaller priority first."""
    found: dict[Key, list[Duty]] = {}
    for duty in sorted(duties, key=lambda duty: (duty.priority, duty.id)):
        key = (duty.jurisdiction, duty.category, duty.request_type)
        found.setdefault(key, []).append(duty)
    return Book(
        found,
        {(one.jurisdiction, one.category or ""): one for one in precedents},
        {unit.code: unit for unit in units},
    )


def ranked(book: Book, question: Question) -> list[Duty]:
    """The rules that fit, the one that decides first.

    A complaint about a unit has no rules but its active superiors, the nearest first. Else first
    the precedent of the same category, the nearer place's before others (ZY 13.5(5)). Then the
    duty rules: category with type, then category (a category holds for those below it, and the
    longer code is the nearer), then type, then the default of a place; among equals the nearer
    place, then the smaller priority, then the id.
    """
    if question.about_unit is not None:
        return superiors(book, question, question.about_unit)
    fitting = [duty for key in _keys(question) for duty in book.duties.get(key, ())]
    if not book.precedents or question.category is None:
        return fitting
    kinds = [(place, question.category) for place in outer_codes(question.jurisdiction)]
    return [*(book.precedents[kind] for kind in kinds if kind in book.precedents), *fitting]


def superiors(book: Book, question: Question, about_unit: str) -> list[Duty]:
    """The active units above the one complained of that suit the place, the nearest first."""
    return [
        going_up(unit, about_unit)
        for unit in line_above(book.units, about_unit)
        if unit.is_active and suits(unit.jurisdiction, question.jurisdiction)
    ]


def going_up(unit: Member, about_unit: str) -> Duty:
    """The rule by which a unit has what is complained of one below it."""
    return Duty(
        id=f"{SUPERIOR}{about_unit}",
        jurisdiction=unit.jurisdiction,
        category=None,
        request_type=None,
        unit=unit.code,
        unit_name=unit.name,
        priority=0,
        duty_hours=unit.duty_hours,
        platform=unit.platform,
    )


def line_above(units: Mapping[str, Member], code: str) -> list[Member]:
    """The units above a unit, the nearest first, each once."""
    found: list[Member] = []
    seen, unit = {code}, units.get(code)
    while unit is not None and unit.superior is not None and unit.superior not in seen:
        seen.add(unit.superior)
        unit = units.get(unit.superior)
        if unit is not None:
            found.append(unit)
    return found


def is_under(units: Mapping[str, Member], code: str, about_unit: str | None) -> bool:
    """Whether a unit is the one complained of, or below it."""
    if about_unit is None:
        return False
    return code == about_unit or any(one.code == about_unit for one in line_above(units, code))


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


def co_units_of(duty: Duty, about_unit: str | None) -> tuple[str, ...]:
    """Who handles with the rule's unit; the unit complained of does not (XS 三(四))."""
    return tuple(unit for unit in duty.co_units if unit not in (about_unit, duty.unit))


def is_off_duty(urgency: Urgency, at: datetime, *, pack: Pack | None, calendar: Calendar) -> bool:
    """Whether an emergency comes when units that keep working hours are away (ZY 13.4, 35)."""
    if urgency is Urgency.NORMAL or pack is None:
        return False
    return not working_time_between(with_hours(calendar, pack.hours), at, at + _MOMENT)


def why(duty: Duty, question: Question) -> str:
    """In Chinese, on what a rule decided."""
    if duty.id.startswith(SUPERIOR):
        about = duty.id.removeprefix(SUPERIOR)
        return f"诉求涉及 {about}，由其上级单位办理（XS 三(四)、ZY 27.2）"
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
