"""Calendars: which days work, which hours a working day has, and which years are published.

Days come from `chinesecalendar` and from overlays that an operator loads; a day of a year that
nobody has published yet is taken as Monday to Friday and marked provisional. Times of day are in
minutes from midnight, Beijing time. `shared.worktime` counts on these tables.
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

# Asia/Shanghai has had no summer time since 1991, and the tables begin later: a fixed offset is
# right, and converts many times faster than a zone file.
BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
FIRST_DAY = date(2004, 1, 1)
LAST_DAY = date(2099, 12, 31)

DAY_MINUTES = 24 * 60
MINUTE_MICROSECONDS = 60_000_000
CALENDARS_KEPT_MAX = 512

_SATURDAY = 5
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


class DayNote(NamedTuple):
    """A day that explains a deadline: a day off, or a weekend day that was made up."""

    day: date
    works: bool
    name: str
    provisional: bool


@dataclass(frozen=True, slots=True)
class Overlay:
    """Days that override the tables below it; `published_years` are no longer provisional."""

    days: tuple[ExplicitDay, ...] = ()
    published_years: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of a working day as half-open spans, in minutes from midnight."""

    spans: tuple[tuple[int, int], ...] = ((9 * 60, 12 * 60), (13 * 60 + 30, 17 * 60 + 30))

    def __post_init__(self) -> None:
        """Refuse spans that are empty, cross or leave the day (ValueError)."""
        edges = [edge for span in self.spans for edge in span]
        rising = all(left < right for left, right in self.spans) and edges == sorted(edges)
        if not edges or not rising or edges[0] < 0 or edges[-1] > DAY_MINUTES:
            raise ValueError("工作时间应由早到晚排列、互不重叠，并在 00:00 至 24:00 之内")

    @property
    def opens(self) -> int:
        """The first opening, in minutes."""
        return self.spans[0][0]

    @property
    def closes(self) -> int:
        """The last close, in minutes."""
        return self.spans[-1][1]


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
    # Prefix sums: entry i counts days before day i, so one subtraction answers for any stretch.
    working_before: tuple[int, ...]
    unpublished_before: tuple[int, ...]
    working_days: tuple[int, ...]
    midnights: tuple[datetime, ...]
    day_microseconds: int
    close: timedelta

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
        names[day_index(day)] = Holiday(name).chinese
    for day, name in workdays.items():
        works[day_index(day)] = True
        names[day_index(day)] = f"{Holiday(name).chinese}调休上班"
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


def notable_days(calendar: Calendar, start: datetime, due_at: datetime) -> tuple[DayNote, ...]:
    """The days off and the made-up days after the day of `start`, up to the deadline's own day."""
    first = day_index(local(start)) + 1
    last = day_index(local(due_at) - timedelta(microseconds=1))
    notes = []
    for index in range(first, last + 1):
        day, works = day_at(index), calendar.works[index] == 1
        if works and (index not in calendar.names or day.weekday() < _SATURDAY):
            continue
        name = calendar.names.get(index, "双休日")
        notes.append(DayNote(day, works, name, not calendar.published[index]))
    return tuple(notes)


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


def _calendar(hours: Hours, works: bytes, published: bytes, names: Mapping[int, str]) -> Calendar:
    words = json.dumps([FIRST_DAY.isoformat(), hours.spans, sorted(names.items())])
    return Calendar(
        hours=hours,
        works=works,
        published=published,
        names=MappingProxyType(dict(names)),
        content_hash=sha256(b"\0".join((words.encode(), works, published))).hexdigest(),
        working_before=(0, *accumulate(works)),
        unpublished_before=(0, *accumulate(1 - day for day in published)),
        working_days=tuple(index for index, day in enumerate(works) if day),
        midnights=_midnights(),
        day_microseconds=sum(end - start for start, end in hours.spans) * MINUTE_MICROSECONDS,
        close=timedelta(minutes=hours.closes),
    )


@cache
def _midnights() -> tuple[datetime, ...]:
    first = datetime(FIRST_DAY.year, 1, 1, tzinfo=BEIJING)
    return tuple(first + timedelta(days=index) for index in range(_DAYS + 1))
