"""Deadlines: the worked examples of the documentation, a slow second opinion."""

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.calendars import BEIJING, ExplicitDay, Overlay, national_calendar, with_overlays
from shared.events.words import RequestType, Step, Urgency
from shared.policy.deadlines import (
    Deadline,
    Matter,
    Moments,
    deadlines,
    limit_deadline,
    step_deadline,
    step_starts,
    warn_at,
)
from shared.policy.load import dump_pack, pack_for
from shared.policy.model import Pack
from shared.policy.values import Length

CALENDAR = national_calendar()
DOCUMENT = Path(__file__).parents[2] / "docs" / "deadlines.md"
ZIYANG, XISHUANGBANNA, YUNNAN = pack_for("512000"), pack_for("532800"), pack_for("530000")
FOUR = [Step.DISPATCH, Step.SIGN, Step.RETURN, Step.HANDLE]

minutes = st.integers(min_value=0, max_value=1000 * 24 * 60 - 1)
starts = minutes.map(lambda n: datetime(2024, 1, 1, tzinfo=BEIJING) + timedelta(minutes=n))
delays = st.none() | st.integers(min_value=0, max_value=5000)
kinds, urgencies = st.sampled_from(RequestType), st.sampled_from(Urgency)
matters = st.builds(Matter, kinds, urgencies, st.booleans(), st.just(False))
passed_on = st.builds(Matter, kinds, urgencies, st.booleans(), st.just(True))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text.strip()).replace(tzinfo=BEIJING)


def known(text: str) -> datetime | None:
    return None if text == "–" else at(text)


def examples() -> list[list[str]]:
    section = DOCUMENT.read_text(encoding="utf-8").split("## Worked examples")[1].split("##")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def due(pack: Pack, text: str, *words: str) -> dict[Step, Deadline]:
    kind, *urgency = words
    matter = Matter(RequestType(kind), *map(Urgency, urgency))
    return deadlines(pack, CALENDAR, matter, Moments(at(text)))


@pytest.mark.parametrize("row", examples(), ids=lambda row: " ".join(row[:4]))
def test_the_documentation_tells_the_truth(row: list[str]) -> None:
    place, kind, urgency, accepted, dispatched, signed, step, expected, rule, source = row
    moments = Moments(at(accepted), known(dispatched), known(signed))
    matter = Matter(RequestType(kind), Urgency(urgency))
    found = deadlines(pack_for(place), CALENDAR, matter, moments)[Step(step)]
    assert (found.due_at, found.rule, found.source) == (at(expected), rule, source)
    assert not found.provisional


def test_the_table_of_the_documentation_was_found() -> None:
    assert len(examples()) > 20


def test_only_an_urgency_of_the_pack_adds_steps() -> None:
    assert list(due(ZIYANG, "2026-03-02T10:00", "help")) == FOUR
    urgent = due(ZIYANG, "2026-03-02T10:00", "help", "special")
    assert list(urgent) == [*FOUR, Step.RESPOND, Step.RESULT]
    assert urgent[Step.SIGN].due_at == urgent[Step.RESPOND].due_at
    plain = due(XISHUANGBANNA, "2026-03-02T10:00", "help")
    assert due(XISHUANGBANNA, "2026-03-02T10:00", "help", "critical") == plain


@pytest.mark.parametrize("kind", list(RequestType))
def test_enforcement_of_any_type_is_dispatched_at_once(kind: RequestType) -> None:
    moments = Moments(at("2026-10-04T03:00"))
    for place in ("532800", "620000", "220000"):
        found = deadlines(pack_for(place), CALENDAR, Matter(kind, enforcement=True), moments)[
            Step.DISPATCH
        ]
        assert (found.due_at, found.source) == (at("2026-10-04T04:00"), "default")
    ziyang = deadlines(ZIYANG, CALENDAR, Matter(kind, enforcement=True), moments)
    assert ziyang[Step.DISPATCH].due_at == at("2026-10-04T05:00")


def test_every_time_of_gansu_and_jilin_is_marked_default() -> None:
    for place in ("620000", "220000", "511300"):
        for kind in RequestType:
            found = due(pack_for(place), "2026-03-02T10:00", kind)
            assert {deadline.source for deadline in found.values()} == {"default"}


def test_a_step_alone_is_the_same_and_starts_where_told() -> None:
    matter = Matter(RequestType.COMPLAINT, Urgency.SPECIAL)
    start = at("2026-03-02T10:00")
    whole = deadlines(ZIYANG, CALENDAR, matter, Moments(start))
    for step, deadline in whole.items():
        assert step_deadline(ZIYANG, CALENDAR, matter, step, start) == deadline
    assert step_deadline(YUNNAN, CALENDAR, matter, Step.RESPOND, start) is None
    assert step_starts(ZIYANG, CALENDAR, matter)[Step.HANDLE] == "dispatch"
    assert step_starts(XISHUANGBANNA, CALENDAR, matter)[Step.HANDLE] == "sign"
    assert step_starts(XISHUANGBANNA, CALENDAR, matter)[Step.DISPATCH] == "accept"


def test_deadlines_into_a_year_not_published_are_provisional_until_it_is() -> None:
    found = due(ZIYANG, "2026-12-30T10:00", "complaint")
    assert [found[step].provisional for step in FOUR] == [False, False, False, True]
    assert found[Step.HANDLE].due_at == at("2027-01-08T17:30")
    days = tuple(ExplicitDay(date(2027, 1, day), False, "元旦") for day in (1, 2, 3))
    loaded = with_overlays(CALENDAR, Overlay(days, frozenset({2027})))
    matter = Matter(RequestType.COMPLAINT)
    settled = deadlines(ZIYANG, loaded, matter, Moments(at("2026-12-30T10:00")))[Step.HANDLE]
    assert (settled.due_at, settled.provisional) == (at("2027-01-11T17:30"), False)


def test_a_pack_may_count_to_midnight_and_hours_as_working_hours() -> None:
    data = dump_pack(YUNNAN)
    data["counting"]["day_ends"] = {"value": "midnight", "source": "YN"}
    data["counting"]["hours"] = {"value": "working", "source": "YN"}
    found = due(Pack.model_validate(data), "2026-03-02T17:00", "inquiry")
    assert found[Step.SIGN].due_at == at("2026-03-03T10:30")
    assert found[Step.SIGN].rule == "2 working hours after dispatch"
    assert found[Step.HANDLE].due_at == at("2026-03-10T00:00")
    assert found[Step.HANDLE].rule == "5 working days after signing, to midnight"


def test_a_unit_is_warned_after_four_fifths_of_the_time() -> None:
    sign = due(YUNNAN, "2026-03-02T10:00", "inquiry")[Step.SIGN]
    assert warn_at(YUNNAN, sign) == at("2026-03-02T11:36")


def test_other_times_of_a_pack_and_limits_set_by_law_are_counted_alike() -> None:
    start = at("2026-03-02T21:00")
    assert YUNNAN.forward is not None
    forward = limit_deadline(YUNNAN, CALENDAR, YUNNAN.forward, start, since="acceptance")
    assert (forward.due_at, forward.source) == (at("2026-03-03T10:00"), "YN 六(三)2")
    assert forward.rule == "1 clock hour after acceptance in staffed hours, else 10:00 next day"
    assert ZIYANG.interim is not None
    progress = limit_deadline(
        ZIYANG, CALENDAR, ZIYANG.interim.progress, start, since="the last report"
    )
    assert progress.due_at == at("2026-03-23T17:30")
    assert progress.rule == "15 working days after the last report, to close of business"
    law = Length(amount=60, unit="calendar_days", day_ends="midnight")
    by_law = limit_deadline(ZIYANG, CALENDAR, law, start, since="dispatch")
    assert (by_law.due_at, by_law.source) == (at("2026-05-07T00:00"), "")
    month = limit_deadline(
        ZIYANG, CALENDAR, Length(amount=1, unit="months"), start, since="dispatch"
    )
    assert (month.due_at, month.rule) == (
        at("2026-04-02T17:30"),
        "1 calendar month after dispatch, to close of business",
    )


@cache
def is_workday(day: date) -> bool:
    return bool(chinese_calendar.is_workday(day))


def slow_days(start: datetime, days: int) -> datetime:
    day = start.date()
    while days:
        day += timedelta(days=1)
        days -= is_workday(day)
    return datetime(day.year, day.month, day.day, 17, 30, tzinfo=BEIJING)


def slow_working_hours(start: datetime, hours: int) -> datetime:
    left, moment = hours * 60, start
    while left:
        clock = moment.strftime("%H:%M")
        in_hours = "09:00" <= clock < "12:00" or "13:30" <= clock < "17:30"
        left -= is_workday(moment.date()) and in_hours
        moment += timedelta(minutes=1)
    return moment


def slow_xishuangbanna_dispatch(accepted: datetime, matter: Matter) -> datetime:
    if matter.enforcement or matter.type in ("complaint", "report"):
        return accepted + timedelta(hours=1)
    moment = accepted
    if is_workday(accepted.date()) and "09:00" <= accepted.strftime("%H:%M") < "17:30":
        while moment.date() == accepted.date():
            moment += timedelta(minutes=1)
        return moment
    while True:
        moment += timedelta(minutes=1)
        if moment.strftime("%H:%M") == "10:00" and is_workday(moment.date()):
            return moment


def slow_yunnan_dispatch(accepted: datetime) -> datetime:
    next_day = accepted.replace(hour=0, minute=0) + timedelta(days=1)
    return next_day if accepted.hour < 18 else next_day.replace(hour=10)


def slow_passing_on(place: str, accepted: datetime) -> datetime:
    opens, closes = (8, 20) if place == "530000" else (0, 24)
    if opens <= accepted.hour < closes:
        return accepted + timedelta(hours=1)
    return accepted.replace(hour=10, minute=0) + timedelta(days=1)


def slow(place: str, matter: Matter, moments: Moments) -> dict[str, datetime]:
    """The table of requirements, section C, by hand."""
    accepted = moments.accepted_at
    dispatched = moments.dispatched_at or accepted
    signed = moments.signed_at or dispatched
    hour = timedelta(hours=1)
    kind = matter.type.value
    if place != "512000":
        short = {"532800": (1, 3), "530000": (5, 5)}[place]
        days = {"inquiry": short[0], "help": short[1], "suggestion": short[1]}.get(kind, 15)
        if matter.is_passed_on:
            dispatch = slow_passing_on(place, accepted)
        elif place == "532800":
            dispatch = slow_xishuangbanna_dispatch(accepted, matter)
        else:
            dispatch = slow_yunnan_dispatch(accepted)
        return {
            "dispatch": dispatch,
            "sign": dispatched + 2 * hour,
            "return": signed + 24 * hour,
            "handle": slow_days(signed, days),
        }
    days = {"inquiry": 1, "help": 5, "suggestion": 5}.get(kind, 7)
    answer = {
        "dispatch": accepted + 2 * hour,
        "sign": slow_working_hours(dispatched, 5),
        "return": slow_days(dispatched, 1),
        "handle": slow_days(dispatched, days),
    }
    if matter.urgency != "normal":
        first, result = (2, 2) if matter.urgency == "special" else (1, 1)
        answer["dispatch"] = accepted + hour / 4
        answer["sign"] = answer["respond"] = dispatched + first * hour
        answer["result"] = slow_days(dispatched, result)
    return answer


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(["512000", "530000", "532800"]), matters | passed_on, starts, delays, delays)
def test_a_slow_reading_of_the_table_agrees(
    place: str, matter: Matter, accepted: datetime, first: int | None, second: int | None
) -> None:
    dispatched = None if first is None else accepted + timedelta(minutes=first)
    begun = dispatched or accepted
    signed = None if second is None else begun + timedelta(minutes=second)
    moments = Moments(accepted, dispatched, signed)
    found = deadlines(pack_for(place), CALENDAR, matter, moments)
    assert {step: one.due_at for step, one in found.items()} == slow(place, matter, moments)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["512000", "530000", "532800", "620000"]), matters, starts, starts)
def test_who_is_accepted_later_is_due_no_earlier(
    place: str, matter: Matter, one: datetime, other: datetime
) -> None:
    first, second = sorted((one, other))
    pack = pack_for(place)
    earlier = deadlines(pack, CALENDAR, matter, Moments(first))
    later = deadlines(pack, CALENDAR, matter, Moments(second))
    for step, deadline in earlier.items():
        assert deadline.starts_at < deadline.due_at <= later[step].due_at
