"""The hours of a working day, and the seasons that change them.

Times of day are in minutes from midnight, Beijing time; spans are half-open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

DAY_MINUTES = 24 * 60
MINUTE_MICROSECONDS = 60_000_000

MonthDay = tuple[int, int]
Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Season:
    """A part of every year with its own hours: from one (month, day) to another, both included.

    One whose last day comes before its first runs over the end of the year.
    """

    first: MonthDay
    last: MonthDay
    spans: Spans

    def __post_init__(self) -> None:
        """Refuse days that no year has, and wrong spans (ValueError)."""
        if not {self.first, self.last} <= _month_days():
            raise ValueError("季节的起止应为一年中的日期，例如 05-01 至 09-30")
        _check_spans(self.spans)

    def holds(self, day: MonthDay) -> bool:
        """Whether the day lies in the season."""
        if self.first <= self.last:
            return self.first <= day <= self.last
        return day >= self.first or day <= self.last


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of a working day as half-open spans, in minutes from midnight.

    `spans` hold on every day that no season claims.
    """

    spans: Spans = ((9 * 60, 12 * 60), (13 * 60 + 30, 17 * 60 + 30))
    seasons: tuple[Season, ...] = ()

    def __post_init__(self) -> None:
        """Refuse spans that are empty or cross, and seasons that overlap (ValueError)."""
        _check_spans(self.spans)
        for day in sorted(_month_days()) if len(self.seasons) > 1 else ():
            if sum(season.holds(day) for season in self.seasons) > 1:
                raise ValueError(f"季节互有重叠：{day[0]:02d}-{day[1]:02d} 同属两个季节")


class DayHours(NamedTuple):
    """The hours of one kind of day, ready for counting."""

    opens: int
    closes: int
    close: timedelta
    # Half-open spans in microseconds from midnight.
    shifts: Spans


def season_kinds(hours: Hours) -> Mapping[MonthDay, int]:
    """For each day of a leap year: 0 for the default hours, n for the n-th season's."""
    kinds = dict.fromkeys(_month_days(), 0)
    for kind, season in enumerate(hours.seasons, start=1):
        kinds |= {day: kind for day in kinds if season.holds(day)}
    return kinds


def day_hours_of(spans: Spans) -> DayHours:
    """The spans made ready for counting."""
    return DayHours(
        opens=spans[0][0],
        closes=spans[-1][1],
        close=timedelta(minutes=spans[-1][1]),
        shifts=tuple(
            (start * MINUTE_MICROSECONDS, end * MINUTE_MICROSECONDS) for start, end in spans
        ),
    )


def _check_spans(spans: Spans) -> None:
    edges = [edge for span in spans for edge in span]
    rising = all(left < right for left, right in spans) and edges == sorted(edges)
    if not edges or not rising or edges[0] < 0 or edges[-1] > DAY_MINUTES:
        raise ValueError("工作时间应由早到晚排列、互不重叠，并在 00:00 至 24:00 之内")


@cache
def _month_days() -> frozenset[MonthDay]:
    """The days of a leap year."""
    first = date(2000, 1, 1).toordinal()
    days = map(date.fromordinal, range(first, first + 366))
    return frozenset((day.month, day.day) for day in days)
