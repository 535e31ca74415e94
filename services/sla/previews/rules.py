"""Every deadline that a matter would have, each with the days that explain it. Pure."""

from typing import NamedTuple

from shared.calendars import FIRST_DAY, LAST_DAY, OutsideCalendarError
from shared.events.words import Step
from shared.policy.deadlines import Deadline, Matter, Moments, deadlines, step_limits
from shared.policy.explain_days import Explanation, explain_days
from shared.policy.law import Law

# GB/T 2260, first two digits: the provinces.
_PROVINCE_RANGES = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 82))
PROVINCES = frozenset(
    str(code) for first, last in _PROVINCE_RANGES for code in range(first, last + 1)
)


class Preview(NamedTuple):
    """A deadline, and why it falls on its day."""

    deadline: Deadline
    explanation: Explanation


class BadMatter(ValueError):
    """A preview cannot be computed; names the field that is wrong."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.code = code


def preview(law: Law, jurisdiction: str, matter: Matter, moments: Moments) -> dict[Step, Preview]:
    """Every deadline that a ticket would have, the return window included (C2).

    By the pack in force when it was accepted and the place's own calendar (C1, C6). Times are
    aware; what is due is in Beijing time. Raises `BadMatter`.
    """
    if jurisdiction not in law.versions and jurisdiction[:2] not in PROVINCES:
        raise _unknown_place(jurisdiction)
    _check_moments(moments)
    try:
        pack, calendar = law.in_force(jurisdiction, moments.accepted_at), law.calendar(jurisdiction)
    except ValueError as error:
        raise _unknown_place(jurisdiction) from error
    limits = step_limits(pack, matter)
    try:
        return {
            step: Preview(
                found,
                explain_days(pack, calendar, limits[step], found.starts_at, found.due_at),
            )
            for step, found in deadlines(pack, calendar, matter, moments).items()
        }
    except OutsideCalendarError as error:
        raise BadMatter("accepted_at", "outside_calendar", str(error)) from error


def _unknown_place(jurisdiction: str) -> BadMatter:
    return BadMatter(
        "jurisdiction",
        "unknown_jurisdiction",
        f"没有这个行政区划（{jurisdiction}），应为国家标准代码，例如 512000",
    )


def _check_moments(moments: Moments) -> None:
    earlier = None
    for field, at in moments._asdict().items():
        if at is None:
            continue
        if at.tzinfo is None:
            raise BadMatter(field, "no_time_zone", "时间须带时区，例如 2026-09-30T16:20+08:00")
        if not FIRST_DAY.year <= at.year <= LAST_DAY.year:
            raise BadMatter(field, "outside_calendar", str(OutsideCalendarError()))
        if earlier is not None and at < earlier:
            raise BadMatter(field, "wrong_order", "不得早于受理时间或者前一环节的时间")
        earlier = at
