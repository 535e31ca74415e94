"""Calendars: which days work, which hours a working day has, and which years are published.

Days come from `chinesecalendar` and from overlays that an operator loads; a day of a year that
nobody has published yet is taken as Monday to Friday and marked provisional. Hours may change with
the season. Times of day are in minutes from midnight, Beijing time. `shared.worktime` counts on
these tables.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache, lru_cache
from hashlib import sha256
from itertools import accumulate
from types import MappingProxyType
from typing import NamedTuple

from chinese_calendar.constants import Holiday, holidays, workdays

from shared.hours import DAY_MINUTES as DAY_MINUTES
from shared.hours import DayHours, day_hours_of, season_kinds
from shared.hours import Hours as Hours
from shared.hours import Season as Season

# Asia/Shanghai has had no summer time since 1991, and the tables begin later: a fixed offset is
# right, and converts many times faster than a zone file.
BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
FIRST_DAY = date(2004, 1, 1)
LAST_DAY = date(2099, 12, 31)

CALENDARS_KEPT_MAX = 512

_SATURDAY = 5
# The library leaves out the last character, which the notices write.
_SHORT_NAMES = frozenset({"清明", "端午", "中秋"})
_FIRST_ORDINAL = FIRST_DAY.toordinal()
_DAYS = LAST_DAY.toordinal() - _FIRST_ORDINAL + 1


class OutsideCalendarError(ValueError):
    """日期超出工作日历的范围。"""

    def __init__(self) -> None:
        """Name the days that the tables cover."""
        super().__init__(f"日期超出工作日历的范围（{FIRST_DAY} 至 {LAST_DAY}）")


class ExplicitDay(NamedTuple):
    """What an operator's file says of one day, with the holiday's Chinese name."""

    day: date
    works: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class Overlay:
    """Days that override the tables below it.

    A year in `published_years` is no longer provisional, and is told whole: below its days lie
    ordinary weeks, whatever the tables said before.
    """

    days: tuple[ExplicitDay, ...] = ()
    published_years: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Calendar:
    """Frozen tables; made by `national_calendar`, `with_hours` and `with_overlays`.

    Two calendars with the same `content_hash` are equal: they give the same answers.
    """

    hours: Hours
    works: bytes
    published: bytes
    names: Mapping[int, str]
    content_hash: str
    # Prefix sums: entry i counts what lies before day i (days, microseconds of working time), so
    # that one subtraction answers for any stretch.
    working_before: tuple[int, ...]
    unpublished_before: tuple[int, ...]
    worked_before: tuple[int, ...]
    working_days: tuple[int, ...]
    midnights: tuple[datetime, ...]
    # The hours of a day are day_hours[kinds[i]]: the default's first, then the seasons'.
    kinds: bytes
    day_hours: tuple[DayHours, ...]

    def __eq__(self, other: object) -> bool:
        """Same content."""
        return isinstance(other, Calendar) and self.content_hash == other.content_hash

    def __hash__(self) -> int:
        """By content."""
        return hash(self.content_hash)

    def __repr__(self) -> str:
        """The version, not the tables."""
        return f"Calendar({self.version})"

    @property
    def published_through(self) -> int:
        """The last year up to which every day is published."""
        missing = self.published.find(0)
        return LAST_DAY.year if missing < 0 else day_at(missing).year - 1

    @property
    def version(self) -> str:
        """The last published year and the beginning of the content's hash."""
        return f"{self.published_through}-{self.content_hash[:12]}"


@cache
def national_calendar() -> Calendar:
    """The State Council's published days with the default hours, 09:00–12:00 and 13:30–17:30."""
    last_published = day_index(date(max(holidays).year, 12, 31))
    works = bytearray(day_at(index).weekday() < _SATURDAY for index in range(_DAYS))
    published = bytes(index <= last_published for index in range(_DAYS))
    names: dict[int, str] = {}
    for day, name in holidays.items():
        works[day_index(day)] = False
        names[day_index(day)] = _chinese(name)
    for day, name in workdays.items():
        works[day_index(day)] = True
        names[day_index(day)] = f"{_chinese(name)}调休上班"
    return _calendar(Hours(), bytes(works), published, names)


@lru_cache(maxsize=CALENDARS_KEPT_MAX)
def with_hours(calendar: Calendar, hours: Hours) -> Calendar:
    """The same days with other hours."""
    if hours == calendar.hours:
        return calendar
    return _calendar(hours, calendar.works, calendar.published, calendar.names)


def with_overlays(calendar: Calendar, *overlays: Overlay) -> Calendar:
    """The calendar with explicit days laid over it, the last overlay on top (C6).

    Raises `OutsideCalendarError` for a day that the tables do not cover.
    """
    works, published = bytearray(calendar.works), bytearray(calendar.published)
    names = dict(calendar.names)
    for overlay in overlays:
        for year in overlay.published_years:
            first, last = day_index(date(year, 1, 1)), day_index(date(year, 12, 31))
            published[first : last + 1] = b"\x01" * (last - first + 1)
            for index in range(first, last + 1):
                works[index] = day_at(index).weekday() < _SATURDAY
                names.pop(index, None)
        for day, is_working, name in overlay.days:
            works[day_index(day)] = is_working
            names[day_index(day)] = name or ("上班" if is_working else "放假")
    return _calendar(calendar.hours, bytes(works), bytes(published), names)


def is_working_day(calendar: Calendar, day: date) -> bool:
    """Whether the day works, make-up days and days off considered."""
    return calendar.works[day_index(day)] == 1


def is_provisional(calendar: Calendar, day: date) -> bool:
    """Whether nobody has published the day's year yet."""
    return calendar.published[day_index(day)] == 0


def local(at: datetime) -> datetime:
    """The same moment in Beijing time; a naive time raises ValueError."""
    if at.tzinfo is BEIJING:
        return at
    if at.tzinfo is None:
        raise ValueError("时间须带时区，例如 2026-09-30T16:20+08:00")
    return at.astimezone(BEIJING)


def day_index(day: date) -> int:
    """The day's place in the tables; `OutsideCalendarError` where they do not reach."""
    index = day.toordinal() - _FIRST_ORDINAL
    # A negative index would silently read the tables from their end.
    if not 0 <= index < _DAYS:
        raise OutsideCalendarError
    return index


def day_at(index: int) -> date:
    """The day at a place in the tables."""
    return date.fromordinal(_FIRST_ORDINAL + index)


def _chinese(name: str) -> str:
    chinese: str = Holiday(name).chinese
    return f"{chinese}节" if chinese in _SHORT_NAMES else chinese


def _calendar(hours: Hours, works: bytes, published: bytes, names: Mapping[int, str]) -> Calendar:
    seasons = [(season.first, season.last, season.spans) for season in hours.seasons]
    words = json.dumps([FIRST_DAY.isoformat(), hours.spans, seasons, sorted(names.items())])
    kinds = _kinds(hours)
    day_hours = tuple(map(day_hours_of, (hours.spans, *(one.spans for one in hours.seasons))))
    lengths = [sum(end - start for start, end in one.shifts) for one in day_hours]
    return Calendar(
        hours=hours,
        works=works,
        published=published,
        names=MappingProxyType(dict(names)),
        content_hash=sha256(b"\0".join((words.encode(), works, published))).hexdigest(),
        working_before=(0, *accumulate(works)),
        unpublished_before=(0, *accumulate(1 - day for day in published)),
        worked_before=(
            0,
            *accumulate(
                lengths[kind] if day else 0 for kind, day in zip(kinds, works, strict=True)
            ),
        ),
        working_days=tuple(index for index, day in enumerate(works) if day),
        midnights=_midnights(),
        kinds=kinds,
        day_hours=day_hours,
    )


@cache
def _midnights() -> tuple[datetime, ...]:
    first = datetime(FIRST_DAY.year, 1, 1, tzinfo=BEIJING)
    return tuple(first + timedelta(days=index) for index in range(_DAYS + 1))


def _kinds(hours: Hours) -> bytes:
    if not hours.seasons:
        return bytes(_DAYS)
    kinds = season_kinds(hours)
    days = map(day_at, range(_DAYS))
    return bytes(kinds[day.month, day.day] for day in days)
