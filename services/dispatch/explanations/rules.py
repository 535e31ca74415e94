"""Which rules fit, which one decides, and why the others do not. Pure."""

from collections.abc import Collection
from typing import NamedTuple

from services.dispatch.directory.rules import (
    SUPERIOR,
    Book,
    Duty,
    Question,
    going_up,
    line_above,
    match,
    ranked,
    suits,
    why,
)
from shared.events.words import DutyHours


class Considered(NamedTuple):
    """A rule that fits what was asked, and in Chinese why it fits and why it does not count."""

    duty: Duty
    why: str
    left_out: str | None
    decides: bool


def consider(
    book: Book,
    question: Question,
    *,
    inactive: Collection[str] = (),
    returned: Collection[str] = (),
    needs_duty: bool = False,
) -> list[Considered]:
    """The rules that fit, in their order; `book` has those of inactive units too.

    Of a complaint about a unit its superiors come first, and then the rules that would have held.
    """
    active = _without(book, inactive)
    decided = match(active, question, units_excluded=returned, needs_duty=needs_duty)
    duties = ranked(book, question._replace(about_unit=None))
    if question.about_unit is not None:
        line = line_above(book.units, question.about_unit)
        duties = [*(going_up(unit, question.about_unit) for unit in line), *duties]
    found = []
    for duty in duties:
        decides = decided is not None and (duty.id, duty.unit) == (decided.id, decided.unit)
        told = None if decides else _left_out(book, question, duty, inactive, returned)
        if told is None and not decides and decided is not None:
            told = _after(duty, decided, needs_duty=needs_duty)
        found.append(Considered(duty, why(duty, question), told, decides))
    return found


def _without(book: Book, inactive: Collection[str]) -> Book:
    duties = {
        key: [duty for duty in duties if duty.unit not in inactive]
        for key, duties in book.duties.items()
    }
    precedents = {kind: duty for kind, duty in book.precedents.items() if duty.unit not in inactive}
    return Book(duties, precedents, book.units)


def _left_out(
    book: Book,
    question: Question,
    duty: Duty,
    inactive: Collection[str],
    returned: Collection[str],
) -> str | None:
    about = question.about_unit
    unit = book.units.get(duty.unit)
    above = {one.code for one in line_above(book.units, duty.unit)}
    if about is not None and (duty.unit == about or about in above):
        return f"诉求涉及 {about}，本单位及其下级不得办理（XS 三(四)）"
    if duty.unit in inactive or (unit is not None and not unit.is_active):
        return "该单位已停用"
    if unit is not None and not suits(unit.jurisdiction, question.jurisdiction):
        return f"该单位不管辖 {question.jurisdiction}"
    if duty.unit in returned:
        return "该单位退回过本工单"
    if about is not None and not duty.id.startswith(SUPERIOR):
        return "诉求涉及单位的，由其上级办理，不按派单规则"
    return None


def _after(duty: Duty, decided: Duty, *, needs_duty: bool) -> str:
    is_away = duty.duty_hours is DutyHours.WORKING and decided.duty_hours is DutyHours.ALWAYS
    if needs_duty and is_away:
        return "该单位非工作时间不值守，紧急工单派给全天候单位（B15）"
    return "次序在后"
