"""Which duty rule or precedent decides, and when an emergency needs somebody on duty."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.directory.rules import (
    Duty,
    Question,
    index,
    is_off_duty,
    match,
    outer_codes,
    ranked,
    why,
)
from shared.calendars import national_calendar
from shared.events.words import DutyHours, RequestType, Urgency
from shared.policy.load import pack_for


def duty(name: str, place: str, **asked: object) -> Duty:
    values = {"category": None, "request_type": None, "priority": 100} | asked
    return Duty(id=name, jurisdiction=place, unit=f"unit-{name}", unit_name=name, **values)  # type: ignore[arg-type]


COUNTY_COMPLAINT = Question("512021", "010203", RequestType.COMPLAINT)
DUTIES = [
    duty("default-province", "510000"),
    duty("default-city", "512000"),
    duty("default-county", "512021"),
    duty("complaint-city", "512000", request_type=RequestType.COMPLAINT),
    duty("inquiry-county", "512021", request_type=RequestType.INQUIRY),
    duty("water-city", "512000", category="01"),
    duty("water-city-second", "512000", category="01", priority=200),
    duty("pipes-city", "512000", category="0102"),
    duty("water-complaint-city", "512000", category="01", request_type=RequestType.COMPLAINT),
    duty("other-county", "512022", category="010203", request_type=RequestType.COMPLAINT),
]


def test_the_most_specific_duty_wins_then_the_nearer_place_then_priority() -> None:
    assert [one.id for one in ranked(index(DUTIES), COUNTY_COMPLAINT)] == [
        "water-complaint-city",
        "pipes-city",
        "water-city",
        "water-city-second",
        "complaint-city",
        "default-county",
        "default-city",
        "default-province",
    ]


def test_units_that_returned_the_ticket_are_passed_over() -> None:
    returned = {"unit-water-complaint-city", "unit-pipes-city"}
    found = match(index(DUTIES), COUNTY_COMPLAINT, units_excluded=returned)
    assert found is not None
    assert found.id == "water-city"
    assert match(index(DUTIES), COUNTY_COMPLAINT._replace(jurisdiction="620000")) is None


def test_a_place_lies_within_its_county_city_and_province() -> None:
    assert outer_codes("512021101") == ["512021101", "512021", "512000", "510000"]
    assert outer_codes("512000") == ["512000", "510000"]
    assert outer_codes("530000") == ["530000"]


def test_the_grounds_of_a_match_are_told_in_chinese() -> None:
    pipes, default = DUTIES[7], DUTIES[2]
    assert why(pipes, COUNTY_COMPLAINT) == (
        "规则 pipes-city：上级类别 0102，上级地区 512000，优先级 100"
    )
    assert why(default, COUNTY_COMPLAINT) == (
        "规则 default-county：该地兜底规则，本地 512021，优先级 100"
    )


CODES = st.sampled_from(["510000", "512000", "512021", "512022", "530000"])
CATEGORIES = st.none() | st.sampled_from(["01", "0102", "010203", "02"])
TYPES = st.none() | st.sampled_from(RequestType)


@given(
    duties=st.lists(st.tuples(CODES, CATEGORIES, TYPES, st.integers(0, 3)), max_size=30),
    question=st.builds(Question, CODES, CATEGORIES, st.sampled_from(RequestType), st.none()),
)
def test_ranking_finds_exactly_the_duties_that_fit(
    duties: list[tuple[str, str | None, RequestType | None, int]], question: Question
) -> None:
    all_duties = [
        duty(f"{number:02d}", place, category=category, request_type=kind, priority=priority)
        for number, (place, category, kind, priority) in enumerate(duties)
    ]
    places = outer_codes(question.jurisdiction)

    def rank(one: Duty) -> tuple[object, ...]:
        kind = (one.category is None) * 2 + (one.request_type is None)
        distance = places.index(one.jurisdiction)
        return (kind, -len(one.category or ""), distance, one.priority, one.id)

    fitting = [
        one
        for one in all_duties
        if one.jurisdiction in places
        and one.request_type in (None, question.request_type)
        and (question.category or "").startswith(one.category or "")
    ]
    assert ranked(index(all_duties), question) == sorted(fitting, key=rank)


PRECEDENTS = [
    duty("precedent:city", "512000", category="010203"),
    duty("precedent:other-kind", "512021", category="0102"),
    duty("precedent:other-place", "512022", category="010203"),
]


def test_a_precedent_of_the_same_category_goes_ahead_of_every_duty_rule() -> None:
    book = index(DUTIES, PRECEDENTS)
    assert [one.id for one in ranked(book, COUNTY_COMPLAINT)][:2] == [
        "precedent:city",
        "water-complaint-city",
    ]
    nearer = duty("precedent:county", "512021", category="010203")
    found = match(index(DUTIES, [*PRECEDENTS, nearer]), COUNTY_COMPLAINT)
    assert found is nearer
    assert why(nearer, COUNTY_COMPLAINT) == (
        "会商决定 precedent:county：同类事项 010203 参照办理（ZY 13.5(5)）"
    )
    uncategorised = COUNTY_COMPLAINT._replace(category=None)
    assert ranked(book, uncategorised)[0].id == "complaint-city"


def test_what_needs_somebody_on_duty_goes_to_the_first_unit_that_never_sleeps() -> None:
    nights = [
        one._replace(duty_hours=DutyHours.ALWAYS)
        if one.id in ("water-city", "default-county")
        else one
        for one in DUTIES
    ]
    book = index(nights, PRECEDENTS)
    by_day, by_night = (
        match(book, COUNTY_COMPLAINT, needs_duty=needs_duty) for needs_duty in (False, True)
    )
    assert by_day is not None
    assert by_night is not None
    assert (by_day.id, by_night.id) == ("precedent:city", "water-city")
    nobody = match(index(DUTIES), COUNTY_COMPLAINT, needs_duty=True)
    assert nobody is not None
    assert nobody.id == "water-complaint-city"


@pytest.mark.parametrize(
    ("urgency", "at", "is_off"),
    [
        (Urgency.CRITICAL, datetime(2026, 9, 14, 2, tzinfo=UTC), False),
        (Urgency.CRITICAL, datetime(2026, 9, 14, 15, tzinfo=UTC), True),
        (Urgency.SPECIAL, datetime(2026, 9, 14, 9, 30, tzinfo=UTC), True),
        (Urgency.SPECIAL, datetime(2026, 9, 13, 2, tzinfo=UTC), True),
        (Urgency.SPECIAL, datetime(2026, 9, 20, 2, tzinfo=UTC), False),
        (Urgency.NORMAL, datetime(2026, 9, 14, 15, tzinfo=UTC), False),
    ],
)
def test_an_emergency_outside_working_time_finds_units_off_duty(
    urgency: Urgency, at: datetime, is_off: bool
) -> None:
    """The 20th is a Sunday that was made up for the National Day."""
    calendar = national_calendar()
    assert is_off_duty(urgency, at, pack=pack_for("512000"), calendar=calendar) is is_off
    assert not is_off_duty(urgency, at, pack=None, calendar=calendar)
