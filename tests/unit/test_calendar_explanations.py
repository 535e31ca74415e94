"""A deadline explains itself: which days were skipped, and which were made up."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sla.previews.rules import BadMatter, Preview, preview
from shared.calendars import BEIJING, day_at, day_index, is_working_day, national_calendar
from shared.events.words import RequestType, Step, Urgency
from shared.policy.calendar_files import read_calendar_file
from shared.policy.deadlines import Matter, Moments, deadlines
from shared.policy.explain_days import explain_days
from shared.policy.law import Law, builtin_law, make_law
from shared.policy.load import builtin_packs, dump_pack, pack_for
from shared.policy.model import Pack
from shared.policy.values import Length
from tests.unit.notices import DAI_NEW_YEAR_2026

ZIYANG = pack_for("512000")
LAW = builtin_law()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def found(
    accepted: str, *, place: str = "512000", kind: str = "complaint", law: Law = LAW
) -> dict[Step, Preview]:
    return preview(law, place, Matter(RequestType(kind)), Moments(at(accepted)))


def text(accepted: str, step: Step = Step.HANDLE, **words: str) -> str:
    return found(accepted, **words)[step].explanation.text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("accepted", "step", "told"),
    [
        (
            "2026-09-30T16:20",
            Step.HANDLE,
            "10-01 至 10-07 国庆节放假；10-10 国庆节调休上班；10-11 双休日",
        ),
        ("2026-09-30T16:20", Step.SIGN, "10-01 至 10-07 国庆节放假"),
        ("2026-09-30T16:20", Step.DISPATCH, ""),
        ("2026-03-02T09:00", Step.RETURN, ""),
        ("2026-10-03T09:00", Step.RETURN, "10-03 至 10-07 国庆节放假"),
        (
            "2025-09-30T09:00",
            Step.RETURN,
            "10-01 至 10-05 国庆节放假；10-06 中秋节放假；10-07 至 10-08 国庆节放假",
        ),
        ("2026-10-10T10:00", Step.SIGN, "10-10 国庆节调休上班"),
        (
            "2025-12-31T10:00",
            Step.RETURN,
            "2026-01-01 至 2026-01-03 元旦放假；2026-01-04 元旦调休上班",
        ),
    ],
)
def test_the_days_on_the_way_are_told(accepted: str, step: Step, told: str) -> None:
    assert text(accepted, step) == told


def test_days_of_a_year_that_nobody_has_published_are_told_as_such() -> None:
    one = found("2026-12-31T10:00", kind="help")[Step.HANDLE]
    assert one.explanation.text == (
        "2027-01-02 至 2027-01-03 双休日；2027年放假安排尚未公布，暂按周一至周五上班计算"
    )
    assert [days.provisional for days in one.explanation.days] == [True]
    assert one.deadline.provisional


def test_a_rule_of_the_clock_skips_nothing() -> None:
    yunnan = found("2026-10-01T09:00", place="530000")
    assert yunnan[Step.DISPATCH].explanation == ("", ())
    assert yunnan[Step.RETURN].explanation == ("", ())


def test_the_same_working_day_skips_to_the_next() -> None:
    told = text("2026-10-11T09:00", Step.DISPATCH, place="532800", kind="inquiry")
    assert told == "10-11 双休日"
    assert text("2026-10-12T09:00", Step.DISPATCH, place="532800", kind="inquiry") == ""


def test_a_local_holiday_explains_the_place_that_keeps_it() -> None:
    law = make_law(builtin_packs().values(), [read_calendar_file("dai.toml", DAI_NEW_YEAR_2026)])
    accepted = "2026-04-10T10:00"
    here = found(accepted, place="532801", kind="help", law=law)[Step.HANDLE]
    there = found(accepted, kind="help", law=law)[Step.HANDLE]
    assert here.explanation.text == (
        "04-11 至 04-12 双休日；04-13 至 04-16 泼水节放假；04-18 泼水节调休上班；04-19 双休日"
    )
    assert there.explanation.text == "04-11 至 04-12 双休日"


def test_calendar_days_and_months_tell_only_the_last_days_off() -> None:
    calendar = national_calendar()
    start = at("2026-09-23T09:00")
    days = Length(amount=10, unit="calendar_days")
    told = explain_days(ZIYANG, calendar, days, start, at("2026-10-08T17:30"))
    assert told.text == "10-03 至 10-07 国庆节放假"
    month = Length(amount=1, unit="months")
    told = explain_days(ZIYANG, calendar, month, start, at("2026-10-23T17:30"))
    assert told.text == "", "the days between are natural days and count"


def test_hours_that_a_pack_counts_as_working_hours_are_explained() -> None:
    data = dump_pack(pack_for("530000"))
    data["counting"]["hours"] = {"value": "working", "source": "YN"}
    pack = Pack.model_validate(data)
    matter, moments = Matter(RequestType.HELP), Moments(at("2026-10-02T10:00"))
    sign = deadlines(pack, national_calendar(), matter, moments)[Step.SIGN]
    told = explain_days(pack, national_calendar(), pack.sign, sign.starts_at, sign.due_at)
    assert told.text == "10-02 至 10-07 国庆节放假"


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(builtin_packs())),
    st.builds(Matter, st.sampled_from(RequestType), st.sampled_from(Urgency), st.booleans()),
    st.integers(min_value=0, max_value=1000 * 24 * 60),
)
def test_working_days_and_the_days_told_fill_the_time(
    place: str, matter: Matter, minute: int
) -> None:
    """Of a rule in working days, each day is either counted or told as skipped."""
    accepted = datetime.fromtimestamp(1_704_038_400 + minute * 60, BEIJING)
    one = preview(LAW, place, matter, Moments(accepted))[Step.HANDLE]
    calendar = LAW.calendar(place)
    first, last = day_index(accepted) + 1, day_index(one.deadline.due_at)
    off = {day_at(index) for index in range(first, last + 1) if not calendar.works[index]}
    told = {
        day_at(index)
        for days in one.explanation.days
        if not days.works
        for index in range(day_index(days.first), day_index(days.last) + 1)
    }
    assert told - {accepted.date()} == off
    made_up = {days.first for days in one.explanation.days if days.works}
    assert all(is_working_day(calendar, day) and day.weekday() >= 5 for day in made_up)


def test_a_county_and_a_township_have_the_deadlines_of_their_city() -> None:
    city = found("2026-03-02T09:00")
    assert found("2026-03-02T09:00", place="512002") == city
    assert found("2026-03-02T09:00", place="512002100") == city


@pytest.mark.parametrize("field", Moments._fields)
def test_a_naive_time_is_refused_with_its_field(field: str) -> None:
    start = at("2026-03-02T09:00")
    moments = Moments(start, start, start)._replace(**{field: start.replace(tzinfo=None)})
    with pytest.raises(BadMatter, match="时区") as caught:
        preview(LAW, "512000", Matter(RequestType.HELP), moments)
    assert (caught.value.field, caught.value.code) == (field, "no_time_zone")


@pytest.mark.parametrize(
    ("place", "moments", "field", "code"),
    [
        ("999999", ["2026-03-02T09:00"], "jurisdiction", "unknown_jurisdiction"),
        ("5120", ["2026-03-02T09:00"], "jurisdiction", "unknown_jurisdiction"),
        ("512000", ["0001-01-01T00:00"], "accepted_at", "outside_calendar"),
        ("512000", ["9999-12-31T23:59"], "accepted_at", "outside_calendar"),
        ("512000", ["2099-12-31T10:00"], "accepted_at", "outside_calendar"),
        ("512000", ["2026-03-02T09:00", "2026-03-02T08:59"], "dispatched_at", "wrong_order"),
        ("512000", ["2026-03-02T09:00", "", "2026-03-02T08:59"], "signed_at", "wrong_order"),
        (
            "512000",
            ["2026-03-02T09:00", "2026-03-02T09:30", "2026-03-02T09:29"],
            "signed_at",
            "wrong_order",
        ),
    ],
)
def test_a_matter_that_cannot_be_is_refused_with_its_field(
    place: str, moments: list[str], field: str, code: str
) -> None:
    known = Moments(*(at(one) if one else None for one in moments))  # type: ignore[arg-type]
    with pytest.raises(BadMatter) as caught:
        preview(LAW, place, Matter(RequestType.HELP), known)
    assert (caught.value.field, caught.value.code) == (field, code)
