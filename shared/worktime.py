"""Working time: pure arithmetic on a `Calendar`, every way to count that the policies know.

Spans are half-open: at closing time the working day is over, and a time that runs out exactly at
close is due at close. Every `datetime` must be aware (a naive one raises ValueError); answers are
in Beijing time. Times of day are in minutes from midnight. Where working days are counted, a time
before or beyond the tables raises `OutsideCalendarError`.
"""

from bisect import bisect_left
from calendar import monthrange
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from shared.calendars import (
    Calendar,
    OutsideCalendarError,
    day_index,
    local,
)

DayEnds = Literal["close", "midnight"]

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


class Counted(NamedTuple):
    """When a time runs out, and whether days not yet published were counted on the way."""

    due_at: datetime
    provisional: bool = False


def after_clock_time(start: datetime, length: timedelta) -> Counted:
    """Clock time runs day and night, from the moment itself (Civil Code, article 201)."""
    return Counted(local(start) + length)


def after_working_time(calendar: Calendar, start: datetime, length: timedelta) -> Counted:
    """Working time runs in working hours only, from the moment itself (ZY 13.2).

    Each day has the hours of its season. No length is over at once.
    """
    begun = local(start)
    amount = length // _MICROSECOND
    if amount <= 0:
        return Counted(begun)
    first, before = day_index(begun), calendar.worked_before
    target = _worked(calendar, begun) + amount
    # The first day at whose end so much has been worked; a day off adds nothing, so it works.
    last = bisect_left(before, target, first) - 1
    if last == len(calendar.works):
        raise OutsideCalendarError
    due_at = calendar.midnights[last] + _time_of_day(calendar, last, target - before[last])
    return Counted(due_at, _is_provisional(calendar, first, last))


def after_working_days(
    calendar: Calendar, start: datetime, days: int, *, day_ends: DayEnds = "close"
) -> Counted:
    """The end of the N-th working day after the day of `start`, which does not count (ZY 13.2).

    `day_ends` is the close of business, or midnight, given as 00:00 of the next day.
    """
    first = day_index(local(start)) + 1
    last = _nth_working_day(calendar, calendar.working_before[first] + days - 1)
    return Counted(_day_end(calendar, last, day_ends), _is_provisional(calendar, first, last))


def after_calendar_days(
    calendar: Calendar, start: datetime, days: int, *, day_ends: DayEnds = "close"
) -> Counted:
    """Natural days, the first not counted; a last day off moves to the next working day.

    For limits set by law (Civil Code, articles 201 and 203; C8).
    """
    return _last_day(calendar, calendar_days_later(start, days), day_ends)


def after_calendar_months(
    calendar: Calendar, start: datetime, months: int, *, day_ends: DayEnds = "close"
) -> Counted:
    """To the same day of the N-th month, or its last; a last day off moves to the next working day.

    For limits set by law (Civil Code, articles 202 and 203; C8).
    """
    return _last_day(calendar, calendar_months_later(start, months), day_ends)


def calendar_days_later(start: datetime, days: int) -> int:
    """The place in the tables of the N-th natural day, working or not."""
    return day_index(local(start)) + days


def calendar_months_later(start: datetime, months: int) -> int:
    """The place in the tables of the same day of the N-th month, or of its last, working or not."""
    begun = local(start).date()
    year, month = divmod(begun.year * 12 + begun.month - 1 + months, 12)
    day = min(begun.day, monthrange(year, month + 1)[1])
    return day_index(begun.replace(year, month + 1, day))


def at_same_day(start: datetime, *, before: int, otherwise: int) -> Counted:
    """Before `before` by the end of that day, else by `otherwise` of the next (YN 六(三)3).

    The clock alone is asked, so the answer is never provisional.
    """
    begun = local(start)
    next_day = _midnight(begun) + _DAY
    is_early = begun.hour * 60 + begun.minute < before
    return Counted(next_day if is_early else next_day + timedelta(minutes=otherwise))


def at_same_working_day(calendar: Calendar, start: datetime, *, otherwise: int) -> Counted:
    """In working time by the end of that day, else by the next `otherwise` of a working day.

    Working time is from the first opening to the last close of a working day, the lunch break
    included (XS 三(四)).
    """
    begun = local(start)
    first, minute = day_index(begun), begun.hour * 60 + begun.minute
    hours = calendar.day_hours[calendar.kinds[first]]
    if calendar.works[first] and hours.opens <= minute < hours.closes:
        return Counted(calendar.midnights[first + 1], not calendar.published[first])
    earliest = first if minute < otherwise else first + 1
    last = _nth_working_day(calendar, calendar.working_before[earliest])
    due_at = calendar.midnights[last] + timedelta(minutes=otherwise)
    return Counted(due_at, _is_provisional(calendar, first, last))


def at_once_if_staffed(
    start: datetime, length: timedelta, *, staffed: tuple[int, int], otherwise: int
) -> Counted:
    """In staffed hours within `length` of clock time, else by `otherwise` of the next day.

    The day is the clock's (次日), so the answer is never provisional (YN 六(三)2).
    """
    begun = local(start)
    if staffed[0] <= begun.hour * 60 + begun.minute < staffed[1]:
        return Counted(begun + length)
    return Counted(_midnight(begun) + _DAY + timedelta(minutes=otherwise))


def working_days_before(calendar: Calendar, due_at: datetime, days: int) -> datetime:
    """The same time of day, N working days earlier: due Friday 17:30, one before is Thursday 17:30.

    What is due at its day's close has the earlier day's close, which another season may set
    otherwise. A deadline at midnight belongs to the day that it ends (ZY 13.3).
    """
    due = local(due_at)
    day = day_index(due - _MICROSECOND)
    earlier = _nth_working_day(calendar, calendar.working_before[day] - days)
    if due == _day_end(calendar, day, "close"):
        return _day_end(calendar, earlier, "close")
    return due - timedelta(days=day - earlier)


def working_time_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """How much working time lies between two moments; negative when `end` is the earlier."""
    return _MICROSECOND * (_worked(calendar, local(end)) - _worked(calendar, local(start)))


def _last_day(calendar: Calendar, index: int, day_ends: DayEnds) -> Counted:
    if index >= len(calendar.works):
        raise OutsideCalendarError
    last = _nth_working_day(calendar, calendar.working_before[index])
    return Counted(_day_end(calendar, last, day_ends), _is_provisional(calendar, index, last))


def _nth_working_day(calendar: Calendar, nth: int) -> int:
    # A negative index would silently read the table from its end.
    if not 0 <= nth < len(calendar.working_days):
        raise OutsideCalendarError
    return calendar.working_days[nth]


def _day_end(calendar: Calendar, index: int, day_ends: DayEnds) -> datetime:
    if day_ends == "midnight":
        return calendar.midnights[index + 1]
    return calendar.midnights[index] + calendar.day_hours[calendar.kinds[index]].close


def _is_provisional(calendar: Calendar, first: int, last: int) -> bool:
    return calendar.unpublished_before[last + 1] > calendar.unpublished_before[first]


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _worked(calendar: Calendar, at: datetime) -> int:
    """The working microseconds from the first day of the tables to `at`."""
    index = day_index(at)
    worked = calendar.worked_before[index]
    if not calendar.works[index]:
        return worked
    time_of_day = (at - calendar.midnights[index]) // _MICROSECOND
    for start, end in calendar.day_hours[calendar.kinds[index]].shifts:
        if time_of_day <= start:
            break
        worked += min(time_of_day, end) - start
    return worked


def _time_of_day(calendar: Calendar, index: int, worked: int) -> timedelta:
    """The time of day at which `worked` microseconds, more than none, of a day are over."""
    for start, end in calendar.day_hours[calendar.kinds[index]].shifts:
        if worked <= end - start:
            return timedelta(microseconds=start + worked)
        worked -= end - start
    raise AssertionError("more than a day's working time")
