"""Working time against the published days, worked examples, laws, and a slow second opinion."""

import csv
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import worktime
from shared.calendars import (
    BEIJING,
    FIRST_DAY,
    LAST_DAY,
    ExplicitDay,
    Hours,
    OutsideCalendarError,
    Overlay,
    is_provisional,
    is_working_day,
    local,
    national_calendar,
    with_hours,
    with_overlays,
)

CALENDAR = national_calendar()
WORKDAYS = Path(__file__).parents[3] / "shared" / "data" / "workdays_2024_2026.csv"
SPANS = ((9 * 60, 12 * 60), (13 * 60 + 30, 17 * 60 + 30))

# Long deadlines from the last start still end in the published year 2026.
minutes = st.integers(min_value=0, max_value=1000 * 24 * 60 - 1)
starts = minutes.map(lambda n: datetime(2024, 1, 1, tzinfo=BEIJING) + timedelta(minutes=n))
lengths = st.integers(min_value=1, max_value=20)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


@cache
def is_workday(day: date) -> bool:
    return bool(chinese_calendar.is_workday(day))


def slow_working_days(start: datetime, days: int) -> datetime:
    day = start.date()
    while days:
        day += timedelta(days=1)
        days -= is_workday(day)
    return datetime(day.year, day.month, day.day, 17, 30, tzinfo=BEIJING)


def slow_working_minutes(start: datetime, length: int) -> datetime:
    moment = start
    while length:
        minute = moment.hour * 60 + moment.minute
        if is_workday(moment.date()) and any(a <= minute < b for a, b in SPANS):
            length -= 1
        moment += timedelta(minutes=1)
    return moment


def without(day: date) -> worktime.Calendar:
    return with_overlays(CALENDAR, Overlay((ExplicitDay(day, False, "地方假日"),)))


@pytest.mark.skipif(not WORKDAYS.exists(), reason=f"{WORKDAYS.name} lies outside the project")
def test_every_day_of_2024_to_2026_works_as_published() -> None:
    with WORKDAYS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1096
    for row in rows:
        day = date.fromisoformat(row["date"])
        assert is_working_day(CALENDAR, day) == (row["is_workday"] == "1"), day
        assert not is_provisional(CALENDAR, day)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-09-30T16:20", 7, "2026-10-15T17:30"),  # National Day, made up on the 10th
        ("2026-02-13T09:00", 1, "2026-02-14T17:30"),  # a Saturday that works
        ("2026-02-14T09:00", 5, "2026-02-28T17:30"),  # Spring Festival, made up on the 28th
        ("2025-01-25T10:00", 1, "2025-01-26T17:30"),  # started on a day off: the next is day 1
        ("2025-09-30T23:59", 1, "2025-10-09T17:30"),
        ("2024-04-27T12:00", 3, "2024-04-30T17:30"),  # Sunday the 28th works
        ("2024-02-09T08:00", 1, "2024-02-18T17:30"),
    ],
)
def test_working_days_end_at_close_of_business(start: str, days: int, due: str) -> None:
    counted = worktime.after_working_days(CALENDAR, at(start), days)
    assert counted == (at(due), False)


def test_a_working_day_may_end_at_midnight() -> None:
    counted = worktime.after_working_days(CALENDAR, at("2026-03-05T10:00"), 1, day_ends="midnight")
    assert counted.due_at == at("2026-03-07T00:00")


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-03-02T09:00", "2026-03-02T15:30"),
        ("2026-03-02T11:00", "2026-03-02T17:30"),  # runs out exactly at close: due at close
        ("2026-03-02T12:30", "2026-03-03T10:00"),  # the lunch break does not run
        ("2026-03-02T17:30", "2026-03-03T15:30"),  # at 17:30 sharp the day is over
        ("2026-02-14T16:00", "2026-02-24T14:00"),  # across Spring Festival
        ("2026-03-07T10:00", "2026-03-09T15:30"),
    ],
)
def test_five_working_hours_run_in_working_hours_only(start: str, due: str) -> None:
    counted = worktime.after_working_time(CALENDAR, at(start), timedelta(hours=5))
    assert counted == (at(due), False)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-10-10T17:29", "2026-10-11T00:00"),
        ("2026-10-10T17:30", "2026-10-12T10:00"),
        ("2026-10-09T12:15", "2026-10-10T00:00"),
        ("2026-10-09T07:00", "2026-10-09T10:00"),
        ("2026-10-11T07:00", "2026-10-12T10:00"),
        ("2026-09-30T20:00", "2026-10-08T10:00"),
    ],
)
def test_in_working_time_the_same_day_else_ten_on_a_working_day(start: str, due: str) -> None:
    counted = worktime.at_same_working_day(CALENDAR, at(start), otherwise=600)
    assert counted == (at(due), False)


def test_ten_sharp_before_a_late_opening_is_due_at_ten_tomorrow() -> None:
    late = with_hours(CALENDAR, Hours(((11 * 60, 16 * 60),)))
    counted = worktime.at_same_working_day(late, at("2026-10-08T10:00"), otherwise=600)
    assert counted.due_at == at("2026-10-09T10:00")


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-10-03T00:00", "2026-10-04T00:00"),
        ("2026-10-03T17:59:59", "2026-10-04T00:00"),
        ("2026-10-03T18:00", "2026-10-04T10:00"),
    ],
)
def test_before_eighteen_the_same_day_else_ten_on_the_next(start: str, due: str) -> None:
    assert worktime.at_same_day(at(start), before=1080, otherwise=600).due_at == at(due)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-10-03T08:00", "2026-10-03T09:00"),
        ("2026-10-03T19:59", "2026-10-03T20:59"),
        ("2026-10-03T20:00", "2026-10-04T10:00"),
        ("2026-10-03T02:00", "2026-10-04T10:00"),
    ],
)
def test_at_once_in_staffed_hours_else_ten_on_the_next_day(start: str, due: str) -> None:
    hour = timedelta(hours=1)
    counted = worktime.at_once_if_staffed(at(start), hour, staffed=(480, 1200), otherwise=600)
    assert counted.due_at == at(due)


def test_calendar_days_and_months_move_off_a_last_day_off() -> None:
    days = worktime.after_calendar_days(CALENDAR, at("2026-09-21T09:00"), 10)
    months = worktime.after_calendar_months(CALENDAR, at("2025-12-31T09:00"), 2)
    assert days.due_at == at("2026-10-08T17:30")
    assert months.due_at == at("2026-02-28T17:30")


def test_a_day_nobody_has_published_makes_a_deadline_provisional() -> None:
    start = at("2026-12-30T10:00")
    assert not worktime.after_working_days(CALENDAR, start, 1).provisional
    assert worktime.after_working_days(CALENDAR, start, 2) == (at("2027-01-01T17:30"), True)
    assert worktime.after_working_time(CALENDAR, at("2026-12-31T17:00"), timedelta(hours=1))[1]
    assert worktime.at_same_working_day(CALENDAR, at("2027-03-01T10:00"), otherwise=600)[1]
    assert not worktime.at_same_working_day(CALENDAR, at("2026-12-31T10:00"), otherwise=600)[1]
    assert not worktime.after_clock_time(start, timedelta(days=5)).provisional


def test_a_loaded_notice_settles_its_year() -> None:
    days = tuple(ExplicitDay(date(2027, 1, day), False, "元旦") for day in (1, 2, 3))
    loaded = with_overlays(CALENDAR, Overlay(days, frozenset({2027})))
    counted = worktime.after_working_days(loaded, at("2026-12-30T10:00"), 2)
    assert counted == (at("2027-01-04T17:30"), False)
    assert (CALENDAR.published_through, loaded.published_through) == (2026, 2027)
    assert loaded != CALENDAR
    assert loaded.version.startswith("2027-")
    again = with_overlays(CALENDAR, Overlay((), frozenset({2027})), Overlay(days))
    assert (again, hash(again)) == (loaded, hash(loaded))


def test_a_year_published_whole_replaces_what_the_library_says() -> None:
    off = ExplicitDay(date(2026, 1, 1), False, "元旦")
    loaded = with_overlays(CALENDAR, Overlay((off,), frozenset({2026})))
    assert not is_working_day(loaded, date(2026, 1, 1))
    assert is_working_day(loaded, date(2026, 1, 2)), "a Friday that the library has off"
    assert not is_working_day(loaded, date(2026, 1, 4)), "a Sunday that the library makes up"
    assert not is_working_day(loaded, date(2025, 10, 1)), "other years stay"


def test_a_local_day_off_publishes_nothing() -> None:
    local_only = without(date(2027, 4, 15))
    assert not is_working_day(local_only, date(2027, 4, 15))
    assert is_provisional(local_only, date(2027, 4, 15))


def test_other_hours_are_another_calendar() -> None:
    early = with_hours(CALENDAR, Hours(((8 * 60, 16 * 60),)))
    assert early != CALENDAR
    assert with_hours(CALENDAR, Hours()) is CALENDAR
    due = worktime.after_working_days(early, at("2026-03-02T10:00"), 1).due_at
    assert due == at("2026-03-03T16:00")


@pytest.mark.parametrize("spans", [(), ((600, 600),), ((600, 700), (650, 800)), ((0, 1441),)])
def test_hours_that_cross_are_refused(spans: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match="工作时间"):
        Hours(spans)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="时区"):
        local(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("day", [FIRST_DAY - timedelta(days=1), LAST_DAY + timedelta(days=1)])
def test_a_day_outside_the_tables_is_refused(day: date) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=BEIJING)
    with pytest.raises(OutsideCalendarError):
        worktime.after_working_days(CALENDAR, start, 1)
    with pytest.raises(OutsideCalendarError):
        worktime.after_working_days(CALENDAR, at("2099-12-30T10:00"), 30)
    with pytest.raises(OutsideCalendarError):
        worktime.working_days_before(CALENDAR, at("2004-01-02T10:00"), 1)


def test_any_zone_gives_the_same_moment_in_beijing_time() -> None:
    start = datetime(2026, 9, 30, 8, 20, tzinfo=UTC)
    due = worktime.after_working_days(CALENDAR, start, 7).due_at
    assert due.isoformat() == "2026-10-15T17:30:00+08:00"


@settings(max_examples=150, deadline=None)
@given(starts, lengths)
def test_stepping_day_by_day_and_minute_by_minute_agrees(start: datetime, length: int) -> None:
    days = worktime.after_working_days(CALENDAR, start, length).due_at
    assert days == slow_working_days(start, length)
    hours = worktime.after_working_time(CALENDAR, start, timedelta(minutes=length * 37)).due_at
    assert hours == slow_working_minutes(start, length * 37)


@settings(max_examples=200, deadline=None)
@given(starts, starts, lengths)
def test_who_starts_later_is_due_no_earlier(one: datetime, other: datetime, length: int) -> None:
    first, second = sorted((one, other))
    for due in (
        lambda start: worktime.after_working_days(CALENDAR, start, length),
        lambda start: worktime.after_working_time(CALENDAR, start, timedelta(hours=length)),
        lambda start: worktime.after_calendar_days(CALENDAR, start, length),
        lambda start: worktime.at_same_working_day(CALENDAR, start, otherwise=600),
        lambda start: worktime.at_same_day(start, before=1080, otherwise=600),
    ):
        assert first < due(first).due_at <= due(second).due_at


@settings(max_examples=40, deadline=None)
@given(starts, st.integers(min_value=0, max_value=30), lengths)
def test_a_day_off_never_brings_a_deadline_forward(
    start: datetime, offset: int, length: int
) -> None:
    fewer = without(start.date() + timedelta(days=offset))
    for due in (
        lambda calendar: worktime.after_working_days(calendar, start, length),
        lambda calendar: worktime.after_working_time(calendar, start, timedelta(hours=length)),
        lambda calendar: worktime.at_same_working_day(calendar, start, otherwise=600),
    ):
        assert due(fewer).due_at >= due(CALENDAR).due_at


@settings(max_examples=200, deadline=None)
@given(starts, lengths)
def test_working_time_is_never_shorter_than_the_clock(start: datetime, length: int) -> None:
    hours = timedelta(hours=length)
    due = worktime.after_working_time(CALENDAR, start, hours).due_at
    assert due >= worktime.after_clock_time(start, hours).due_at
    assert worktime.working_time_between(CALENDAR, start, due) == hours
    last = worktime.after_working_days(CALENDAR, start, length).due_at
    assert last.date() >= start.date() + timedelta(days=length)
    earlier = worktime.working_days_before(CALENDAR, last, length)
    assert earlier.date() <= start.date() or not is_working_day(CALENDAR, start.date())
