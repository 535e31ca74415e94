"""The state table, the judgement of deadlines and the matching of duties, without a database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.directory.rules import Duty, Question, index, match, outer_codes, ranked, why
from services.dispatch.rules import (
    FIRST_STATES,
    LAST_STATES,
    RETURNABLE,
    ROLES,
    TRANSITIONS,
    Done,
    Standing,
    allowed,
    allowed_to,
    diagram,
    judge,
    return_deadline,
    running_deadlines,
    state_after,
)
from shared.calendars import national_calendar
from shared.events.words import (
    Act,
    RequestType,
    ReturnDecision,
    Role,
    State,
    Step,
    Urgency,
    Verdict,
)
from shared.policy.load import pack_for

DOCUMENT = Path(__file__).parents[2] / "docs" / "dispatch.md"
MONDAY = datetime(2026, 9, 14, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
DISPATCHED, SIGNED = "ticket.dispatched", "ticket.signed"
RETURNED, REPLIED = "ticket.return_requested", "ticket.replied"


@given(
    first=st.sampled_from(FIRST_STATES),
    acts=st.lists(st.tuples(st.sampled_from(Act), st.sampled_from(ReturnDecision))),
)
def test_any_sequence_of_acts_stays_on_the_table(
    first: State, acts: list[tuple[Act, ReturnDecision]]
) -> None:
    state, before_return = first, None
    for act, decision in acts:
        is_decision = act is Act.DECIDE_RETURN
        assert (act in allowed(state)) == ((state, act) in TRANSITIONS and act is not Act.CLOSE)
        if (state, act) not in TRANSITIONS:
            continue
        if act is Act.RETURN:
            before_return = state
        state = state_after(
            state, act, decision=decision if is_decision else None, before_return=before_return
        )
        if is_decision and decision is ReturnDecision.REJECTED:
            assert state is before_return
            assert Act.RETURN in allowed(state)
    assert state in State
    assert (state in LAST_STATES) == (not [act for before, act in TRANSITIONS if before is state])


def test_every_state_is_reached_and_every_open_one_can_be_closed() -> None:
    edges = {(before, after) for (before, _), after in TRANSITIONS.items()}
    reached, closing = set(FIRST_STATES), {State.CLOSED}
    for _ in State:
        reached |= {after for before, after in edges if before in reached}
        closing |= {before for before, after in edges if after in closing}
    assert reached == set(State)
    assert closing == set(State) - {State.REFUSED, State.ANSWERED}
    assert {State.DISPATCHED, State.SIGNED} == RETURNABLE


def test_nobody_closes_by_hand_and_units_act_for_themselves() -> None:
    assert ROLES[Act.CLOSE] == ()
    assert allowed(State.REPLIED) == [Act.FOLLOW_UP, Act.RATE]
    assert allowed_to(State.SIGNED, Role.UNIT) == [Act.RETURN, Act.REPLY]
    assert allowed_to(State.SIGNED, Role.OPERATOR) == []
    assert allowed_to(State.ACCEPTED, Role.SUPERVISOR) == [Act.DISPATCH]


def test_the_page_shows_the_state_table_as_it_is() -> None:
    assert f"```mermaid\n{diagram()}\n```" in DOCUMENT.read_text(encoding="utf-8")


TWO_ROUNDS = [
    Done(DISPATCHED, MONDAY, 1),
    Done(RETURNED, MONDAY + 2 * HOUR, 1),
    Done(DISPATCHED, MONDAY + 4 * HOUR, 2),
    Done(SIGNED, MONDAY + 5 * HOUR, 2),
    Done(REPLIED, MONDAY + 9 * HOUR, 2),
]


@pytest.mark.parametrize(
    ("step", "due_hours", "verdict", "act_hours"),
    [
        (Step.DISPATCH, 0, Verdict.MET, 0),
        (Step.DISPATCH, -1, Verdict.MISSED, 0),
        (Step.SIGN, 2, Verdict.MET, 2),
        (Step.SIGN, 1, Verdict.MISSED, 2),
        (Step.SIGN, 6, Verdict.MET, 5),
        (Step.SIGN, 4.5, Verdict.MISSED, 5),
        (Step.HANDLE, 3, Verdict.MISSED, None),
        (Step.HANDLE, 8, Verdict.MISSED, 9),
        (Step.HANDLE, 9, Verdict.MET, 9),
        (Step.RESPOND, 5, Verdict.MET, 5),
        (Step.RESULT, 9, Verdict.MET, 9),
        (Step.SIGN, -1, Verdict.MISSED, None),
    ],
)
def test_an_act_counts_in_the_round_that_had_begun_when_it_was_due(
    step: Step, due_hours: float, verdict: Verdict, act_hours: int | None
) -> None:
    judgement = judge(step, MONDAY + due_hours * HOUR, TWO_ROUNDS)
    assert judgement.verdict is verdict
    assert judgement.act_at == (None if act_hours is None else MONDAY + act_hours * HOUR)


@given(late_microseconds=st.integers(-(10**9), 10**9))
def test_an_act_at_the_very_moment_is_in_time(late_microseconds: int) -> None:
    late = timedelta(microseconds=late_microseconds)
    acts = [Done(DISPATCHED, MONDAY, 1), Done(SIGNED, MONDAY + HOUR + late, 1)]
    is_met = judge(Step.SIGN, MONDAY + HOUR, acts).verdict is Verdict.MET
    assert is_met == (late_microseconds <= 0)


def standing(state: State, **moments: datetime) -> Standing:
    return Standing(state, RequestType.COMPLAINT, Urgency.NORMAL, False, MONDAY, **moments)


@pytest.mark.parametrize(
    ("ticket", "steps"),
    [
        (standing(State.ACCEPTED), [Step.DISPATCH]),
        (standing(State.DISPATCHED, dispatched_at=MONDAY), [Step.SIGN, Step.HANDLE]),
        (standing(State.SIGNED, dispatched_at=MONDAY, signed_at=MONDAY), [Step.HANDLE]),
        (
            standing(State.RETURN_REQUESTED, dispatched_at=MONDAY, returned_at=MONDAY),
            [Step.HANDLE],
        ),
        (standing(State.ACCEPTED, dispatched_at=MONDAY, returned_at=MONDAY), [Step.HANDLE]),
        (standing(State.REPLIED, dispatched_at=MONDAY, signed_at=MONDAY), []),
        (standing(State.CLOSED, dispatched_at=MONDAY, signed_at=MONDAY), []),
    ],
)
def test_only_steps_that_are_not_done_have_a_running_deadline(
    ticket: Standing, steps: list[Step]
) -> None:
    running = running_deadlines(ticket, pack_for("512000"), national_calendar())
    assert list(running) == steps


def test_an_emergency_is_answered_first_and_reported_on() -> None:
    ticket = standing(State.DISPATCHED, dispatched_at=MONDAY)._replace(urgency=Urgency.CRITICAL)
    running = running_deadlines(ticket, pack_for("512000"), national_calendar())
    assert set(running) == {Step.SIGN, Step.HANDLE, Step.RESPOND, Step.RESULT}
    assert running[Step.RESPOND].due_at == MONDAY + HOUR


def test_the_return_window_opens_with_the_act_that_the_pack_names() -> None:
    ticket = standing(State.DISPATCHED, dispatched_at=MONDAY)
    in_ziyang = return_deadline(ticket, pack_for("512000"), national_calendar())
    assert in_ziyang is not None
    assert in_ziyang.source == "ZY 13.2"
    assert return_deadline(ticket, pack_for("530000"), national_calendar()) is None
    signed = ticket._replace(signed_at=MONDAY + HOUR)
    in_yunnan = return_deadline(signed, pack_for("530000"), national_calendar())
    assert in_yunnan is not None
    assert in_yunnan.due_at == MONDAY + 25 * HOUR


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
    question=st.builds(Question, CODES, CATEGORIES, st.sampled_from(RequestType)),
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
