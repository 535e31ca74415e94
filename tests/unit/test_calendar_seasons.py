"""Working hours by season: a slow second opinion, and what happens where seasons meet."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import worktime
from shared.calendars import BEIJING, Calendar, is_working_day, national_calendar, with_hours
from shared.hours import Hours, Season, Spans

MORNING = (9 * 60, 12 * 60)
ORDINARY: Spans = (MORNING, (13 * 60 + 30, 17 * 60 + 30))
SUMMER = Season((5, 1), (9, 30), (MORNING, (15 * 60, 18 * 60)))
WINTER = Season((12, 15), (2, 29), ((10 * 60, 16 * 60),))
HOURS = Hours(ORDINARY, (SUMMER, WINTER))
CALENDAR = with_hours(national_calendar(), HOURS)

minutes = st.integers(min_value=0, max_value=1000 * 24 * 60 - 1)
starts = minutes.map(lambda n: datetime(2024, 1, 1, tzinfo=BEIJING) + timedelta(minutes=n))
lengths = st.integers(min_value=1, max_value=2400)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def slow_spans(day: date) -> Spans:
    """The table above, read again by hand."""
    if date(day.year, 5, 1) <= day <= date(day.year, 9, 30):
        return ((540, 720), (900, 1080))
    if day.month < 3 or day >= date(day.year, 12, 15):
        return ((600, 960),)
    return ((540, 720), (810, 1050))


def works(moment: datetime) -> bool:
    minute = moment.hour * 60 + moment.minute
    inside = any(start <= minute < end for start, end in slow_spans(moment.date()))
    return inside and is_working_day(CALENDAR, moment.date())


def slow_working_minutes(start: datetime, length: int) -> datetime:
    moment = start
    while length:
        length -= works(moment)
        moment += timedelta(minutes=1)
    return moment


@settings(max_examples=150, deadline=None)
@given(starts, lengths)
def test_walking_minute_by_minute_agrees(start: datetime, length: int) -> None:
    due = worktime.after_working_time(CALENDAR, start, timedelta(minutes=length)).due_at
    assert due == slow_working_minutes(start, length)
    assert worktime.working_time_between(CALENDAR, start, due) == timedelta(minutes=length)


@settings(max_examples=150, deadline=None)
@given(starts, st.integers(min_value=1, max_value=60))
def test_a_working_day_ends_at_the_close_of_its_own_season(start: datetime, days: int) -> None:
    due = worktime.after_working_days(CALENDAR, start, days).due_at
    close = slow_spans(due.date())[-1][1]
    assert due.hour * 60 + due.minute == close
    plain = worktime.after_working_days(national_calendar(), start, days).due_at
    assert due.date() == plain.date(), "seasons change hours, not days"


@settings(max_examples=150, deadline=None)
@given(starts, starts, lengths)
def test_who_starts_later_is_due_no_earlier(one: datetime, other: datetime, length: int) -> None:
    first, second = sorted((one, other))
    for due in (
        lambda start: worktime.after_working_time(CALENDAR, start, timedelta(minutes=length)),
        lambda start: worktime.after_working_days(CALENDAR, start, length % 40 + 1),
        lambda start: worktime.at_same_working_day(CALENDAR, start, otherwise=600),
    ):
        assert first < due(first).due_at <= due(second).due_at


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-04-30T16:00", "2026-05-06T15:30"),  # an ordinary afternoon, then a summer's day
        ("2026-09-30T17:00", "2026-10-08T14:30"),  # summer's last hour, then the autumn
        ("2025-12-12T17:00", "2025-12-15T14:30"),  # autumn's last half hour, then the winter
        ("2026-02-28T15:00", "2026-03-02T14:30"),  # a make-up Saturday, the winter's last day
    ],
)
def test_five_working_hours_run_over_the_change_of_hours(start: str, due: str) -> None:
    length = timedelta(hours=5)
    assert worktime.after_working_time(CALENDAR, at(start), length).due_at == at(due)


@pytest.mark.parametrize(
    ("due", "earlier"),
    [
        ("2026-10-08T17:30", "2026-09-30T18:00"),  # its day's close: the earlier day's close
        ("2026-10-08T16:10", "2026-09-30T16:10"),  # any other time of day stays
        ("2026-05-06T18:00", "2026-04-30T17:30"),
        ("2026-05-07T00:00", "2026-05-01T00:00"),  # midnight ends the 6th; the 30th ends so too
    ],
)
def test_one_working_day_before_keeps_the_close(due: str, earlier: str) -> None:
    assert worktime.working_days_before(CALENDAR, at(due), 1) == at(earlier)


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-06-01T17:59", "2026-06-02T00:00"),
        ("2026-06-01T18:00", "2026-06-02T10:00"),
        ("2026-10-08T17:30", "2026-10-09T10:00"),
        ("2026-01-05T09:30", "2026-01-05T10:00"),
        ("2026-01-05T10:00", "2026-01-06T00:00"),
    ],
)
def test_working_time_of_the_day_is_that_of_its_season(start: str, due: str) -> None:
    assert worktime.at_same_working_day(CALENDAR, at(start), otherwise=600).due_at == at(due)


def test_a_last_day_of_february_belongs_to_a_season_that_ends_on_the_29th() -> None:
    for day in (date(2024, 2, 29), date(2025, 2, 28)):
        due = worktime.after_calendar_days(CALENDAR, at(f"{day - timedelta(days=1)}T09:00"), 1)
        assert due.due_at == at(f"{day}T16:00")
    assert worktime.after_working_days(CALENDAR, at("2025-02-28T09:00"), 1).due_at == at(
        "2025-03-03T17:30"
    )


def test_other_seasons_are_another_calendar() -> None:
    def with_seasons(*seasons: Season) -> Calendar:
        return with_hours(national_calendar(), Hours(ORDINARY, seasons))

    assert with_seasons() is national_calendar()
    assert with_seasons(SUMMER) != with_seasons(WINTER)
    assert with_seasons(SUMMER) == with_seasons(SUMMER)


@pytest.mark.parametrize(
    "seasons",
    [
        (SUMMER, Season((9, 30), (10, 31), ORDINARY)),
        (WINTER, Season((1, 10), (1, 20), ORDINARY)),
        (Season((3, 1), (3, 1), ORDINARY), Season((3, 1), (3, 1), ORDINARY)),
        (WINTER, Season((12, 31), (1, 1), ORDINARY)),
    ],
)
def test_seasons_that_overlap_are_refused(seasons: tuple[Season, ...]) -> None:
    with pytest.raises(ValueError, match="同属两个季节"):
        Hours(ORDINARY, seasons)


@pytest.mark.parametrize("day", [(2, 30), (13, 1), (0, 1), (4, 31)])
def test_a_day_that_no_year_has_is_refused(day: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="一年中的日期"):
        Season(day, (12, 31), ORDINARY)
    with pytest.raises(ValueError, match="一年中的日期"):
        Season((1, 1), day, ORDINARY)


def test_a_season_without_hours_is_refused() -> None:
    with pytest.raises(ValueError, match="工作时间"):
        Season((5, 1), (9, 30), ())
