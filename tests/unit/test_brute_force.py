"""A second, slow and separate reading of the rules agrees on 100,000 cases per pack and year.

It knows neither our packs nor our tables: the numbers are written down again by hand, and days and
minutes are walked one by one over `chinese_calendar`. Years that it does not know are Monday to
Friday, and provisional.
"""

import random
from bisect import bisect_left
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import NamedTuple

import chinese_calendar
import pytest

from shared.calendars import BEIJING, national_calendar
from shared.events.words import RequestType, Urgency
from shared.policy.deadlines import Matter, Moments, deadlines
from shared.policy.load import pack_for

CASES = 100_000
PUBLISHED_THROUGH = 2026
DAY = timedelta(days=1)
EDGES = ("00:00", "08:59", "09:00", "10:00", "12:00", "13:30", "17:29", "17:30", "18:00", "23:59")
CLOSE = timedelta(hours=17, minutes=30)

# Handling time in working days: inquiry, help and suggestion, complaint and report.
HANDLE = {
    "512000": (1, 5, 7),
    "530000": (5, 5, 15),
    "532800": (1, 3, 15),
    "000000": (1, 5, 15),
    "620000": (1, 5, 15),
    "220000": (1, 5, 15),
}
HANDLE_SOURCES = {
    "512000": ("ZY 13.2",) * 3,
    "530000": ("YN 六(三)4(1)", "YN 六(三)4(1)", "YN 六(三)4(2)"),
    "532800": ("XS 三(五)",) * 3,
}
DEFAULTS = ("default",) * 3
# The act from which a unit's handling time, and its time to return, run.
HANDLE_FROM = {"530000": "signed", "532800": "signed"}
RETURN_FROM = {"512000": "dispatched"}
CLOCK_RETURN_SOURCES = {"530000": "YN 六(三)3", "532800": "XS 三(四)"}
SIGN_SOURCES = CLOCK_RETURN_SOURCES
# First response in clock hours, result in working days; Ziyang alone knows urgencies.
URGENT = {"special": (2, 2), "critical": (1, 1)}


class Rule(NamedTuple):
    """One row of the table: from which act, how it is counted, by which article."""

    since: str
    due: Callable[[datetime], tuple[datetime, bool]]
    source: str


class Act(NamedTuple):
    accepted: datetime
    dispatched: datetime
    signed: datetime


@cache
def works(day: date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING)


@cache
def walk_days(day: date, days: int) -> date:
    while days:
        day += DAY
        days -= works(day)
    return day


@cache
def working_minutes() -> list[int]:
    """Every minute of working time from 2024 to spring 2027, counted from the first midnight."""
    found: list[int] = []
    minute, day = 0, date(2024, 1, 1)
    while day < date(2027, 3, 1):
        found += [
            minute + clock
            for clock in range(24 * 60)
            if works(day) and (540 <= clock < 720 or 810 <= clock < 1050)
        ]
        minute += 24 * 60
        day += DAY
    return found


def clock_hours(hours: float) -> Callable[[datetime], tuple[datetime, bool]]:
    return lambda start: (start + timedelta(hours=hours), False)


def working_days(days: int) -> Callable[[datetime], tuple[datetime, bool]]:
    def count(start: datetime) -> tuple[datetime, bool]:
        last = walk_days(start.date(), days)
        return midnight(last) + CLOSE, last.year > PUBLISHED_THROUGH

    return count


def five_working_hours(start: datetime) -> tuple[datetime, bool]:
    first = midnight(date(2024, 1, 1))
    minute, rest = divmod(start - first, timedelta(minutes=1))
    minutes = working_minutes()
    place = bisect_left(minutes, minute)
    if minutes[place] == minute and rest:
        # The rest of this minute, 299 whole ones, and as much of the last as is missing.
        due = first + timedelta(minutes=minutes[place + 300]) + rest
    else:
        due = first + timedelta(minutes=minutes[place + 299] + 1)
    return due, due.year > PUBLISHED_THROUGH


def same_day(start: datetime) -> tuple[datetime, bool]:
    tomorrow = midnight(start.date() + DAY)
    return (tomorrow if start.hour < 18 else tomorrow + timedelta(hours=10)), False


def same_working_day(start: datetime) -> tuple[datetime, bool]:
    day = start.date()
    if works(day) and "09:00" <= start.strftime("%H:%M") < "17:30":
        return midnight(day + DAY), False
    while not (works(day) and start < midnight(day) + timedelta(hours=10)):
        day += DAY
    return midnight(day) + timedelta(hours=10), day.year > PUBLISHED_THROUGH


@cache
def rules(place: str, kind: str, urgency: str, enforcement: bool) -> dict[str, Rule]:
    """Section C of the requirements, by hand."""
    column = {"inquiry": 0, "help": 1, "suggestion": 1, "complaint": 2, "report": 2}[kind]
    is_ziyang = place == "512000"
    table = {
        "dispatch": dispatch_rule(place, column, urgency, enforcement),
        "sign": Rule("dispatched", five_working_hours, "ZY 13.2")
        if is_ziyang
        else Rule("dispatched", clock_hours(2), SIGN_SOURCES.get(place, "default")),
        "return": Rule("dispatched", working_days(1), "ZY 13.2")
        if is_ziyang
        else Rule("signed", clock_hours(24), CLOCK_RETURN_SOURCES.get(place, "default")),
        "handle": Rule(
            HANDLE_FROM.get(place, "dispatched"),
            working_days(HANDLE[place][column]),
            HANDLE_SOURCES.get(place, DEFAULTS)[column],
        ),
    }
    if is_ziyang and urgency in URGENT:
        hours, days = URGENT[urgency]
        table["sign"] = table["respond"] = Rule("dispatched", clock_hours(hours), "ZY 13.4")
        table["result"] = Rule("dispatched", working_days(days), "ZY 13.4")
    return table


def dispatch_rule(place: str, column: int, urgency: str, enforcement: bool) -> Rule:
    if place == "512000":
        if urgency in URGENT:
            return Rule("accepted", clock_hours(0.25), "default")
        return Rule("accepted", clock_hours(2), "ZY 13.1")
    if place == "530000":
        return Rule("accepted", same_day, "YN 六(三)3")
    if enforcement or column == 2:
        return Rule("accepted", clock_hours(1), "default")
    return Rule("accepted", same_working_day, "XS 三(四)" if place == "532800" else "default")


def cases(place: str, year: int) -> Iterator[tuple[Matter, Moments, Act]]:
    """Random cases, the same in every run; an eighth begin at an edge of the day."""
    chosen = random.Random(f"{place} {year}")
    first = midnight(date(year, 1, 1))
    seconds = round((midnight(date(year + 1, 1, 1)) - first).total_seconds())
    matters = [
        Matter(kind, urgency, enforcement)
        for kind in RequestType
        for urgency in Urgency
        for enforcement in (False, True)
    ]
    for number in range(CASES):
        accepted = first + timedelta(seconds=chosen.randrange(seconds))
        if number % 8 == 0:
            hour, minute = map(int, chosen.choice(EDGES).split(":"))
            accepted = accepted.replace(hour=hour, minute=minute, second=0)
        # Mostly soon, now and then over some days.
        later = chosen.choice((60, 600, 7200, 86_400, 864_000))
        dispatched = accepted + timedelta(seconds=chosen.randrange(later))
        signed = dispatched + timedelta(seconds=chosen.randrange(later))
        matter = chosen.choice(matters)
        known = number % 3
        if known == 0:
            yield matter, Moments(accepted), Act(accepted, accepted, accepted)
        elif known == 1:
            # The database speaks UTC.
            moments = Moments(accepted.astimezone(UTC), dispatched.astimezone(UTC))
            yield matter, moments, Act(accepted, dispatched, dispatched)
        else:
            moments = Moments(accepted, dispatched, signed)
            yield matter, moments, Act(accepted, dispatched, signed)


@pytest.mark.parametrize("year", [2024, 2025, 2026])
@pytest.mark.parametrize("place", sorted(HANDLE))
def test_a_second_reading_agrees_on_every_case(place: str, year: int) -> None:
    pack, calendar = pack_for(place), national_calendar()
    provisional = 0
    for matter, moments, act in cases(place, year):
        table = rules(place, matter.type, matter.urgency, matter.enforcement)
        found = deadlines(pack, calendar, matter, moments)
        assert found.keys() == table.keys()
        for step, (since, due, source) in table.items():
            start = act.accepted if since == "accepted" else getattr(act, since)
            due_at, is_provisional = due(start)
            one = found[step]  # type: ignore[index]
            assert one.due_at == due_at, (matter, moments, step)
            assert one.provisional is is_provisional, (matter, moments, step)
            assert one.source == source, (matter, step)
            provisional += is_provisional
    assert (provisional > 0) is (year == PUBLISHED_THROUGH), "December 2026 reaches into 2027"
