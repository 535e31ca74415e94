"""Why a deadline falls on its day: which days were skipped, and which were made up. Pure.

Only days are told, no nights and lunch breaks. Time that runs by the clock skips no day.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from shared.calendars import Calendar, day_at, day_index, local
from shared.policy.model import Pack
from shared.policy.values import Length, Limit, SameWorkingDay
from shared.worktime import calendar_days_later, calendar_months_later

EXPLANATIONS_KEPT_MAX = 65_536
WEEKEND = "双休日"

_MICROSECOND = timedelta(microseconds=1)
_SATURDAY = 5


class SkippedDays(NamedTuple):
    """Days in a row: days off that were skipped, or (`works`) weekend days that were made up."""

    first: date
    last: date
    works: bool
    name: str
    provisional: bool


class Explanation(NamedTuple):
    """The days in order, and the same in plain Chinese; empty where no day was skipped."""

    text: str
    days: tuple[SkippedDays, ...]


_NONE = Explanation("", ())


def explain_days(
    pack: Pack, calendar: Calendar, limit: Limit | Length, starts_at: datetime, due_at: datetime
) -> Explanation:
    """What lay between a start and its due time by `limit`; both aware.

    Working days are told from the day after the start, or from its own where that is off; working
    hours from its own; calendar days and months from the day off on which they would have ended.
    """
    begun = local(starts_at)
    first = _first_day(pack, calendar, limit, begun)
    if first is None:
        return _NONE
    return _explained(calendar, first, day_index(local(due_at) - _MICROSECOND), begun.year)


def _first_day(
    pack: Pack, calendar: Calendar, limit: Limit | Length, begun: datetime
) -> int | None:
    if isinstance(limit, Length):
        return _first_day_of_length(pack, calendar, limit, begun)
    return day_index(begun) if isinstance(limit, SameWorkingDay) else None


def _first_day_of_length(
    pack: Pack, calendar: Calendar, limit: Length, begun: datetime
) -> int | None:
    if limit.unit == "working_days":
        start = day_index(begun)
        return start + calendar.works[start]
    if limit.unit == "calendar_days":
        return calendar_days_later(begun, limit.amount)
    if limit.unit == "months":
        return calendar_months_later(begun, limit.amount)
    hours = limit.hours or pack.counting.hours.value
    return day_index(begun) if hours == "working" else None


@lru_cache(maxsize=EXPLANATIONS_KEPT_MAX)
def _explained(calendar: Calendar, first: int, last: int, year: int) -> Explanation:
    days = _skipped(calendar, first, last)
    parts = [_words(one, year) for one in days]
    # An unpublished year has only its weekends, and perhaps local days, to show.
    parts += [
        f"{unpublished}年放假安排尚未公布，暂按周一至周五上班计算"
        for unpublished in sorted(
            {
                day_at(index).year
                for index in range(first, last + 1)
                if not calendar.published[index]
            }
        )
    ]
    return Explanation("；".join(parts), days)


def _skipped(calendar: Calendar, first: int, last: int) -> tuple[SkippedDays, ...]:
    found: list[SkippedDays] = []
    for index in range(first, last + 1):
        day, works = day_at(index), calendar.works[index] == 1
        if works and (index not in calendar.names or day.weekday() < _SATURDAY):
            continue
        name = calendar.names.get(index, WEEKEND)
        one = SkippedDays(day, day, works, name, not calendar.published[index])
        if found and found[-1][2:] == one[2:] and (day - found[-1].last).days == 1:
            found[-1] = found[-1]._replace(last=day)
        else:
            found.append(one)
    return tuple(found)


def _words(days: SkippedDays, year: int) -> str:
    ending = "上班" if days.works else "放假"
    told = days.name == WEEKEND or days.name.endswith(ending)
    name = days.name if told else f"{days.name}{'调休' if days.works else ''}{ending}"
    stretch = _day(days.first, year)
    if days.last != days.first:
        stretch += f" 至 {_day(days.last, year)}"
    return f"{stretch} {name}"


def _day(day: date, year: int) -> str:
    return f"{day:%m-%d}" if day.year == year else f"{day:%Y-%m-%d}"
