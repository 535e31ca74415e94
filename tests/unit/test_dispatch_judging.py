"""Whether a step was done in time, from what was done; without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.judgements.rules import Done, judge
from shared.events.words import Step, Verdict

MONDAY = datetime(2026, 9, 14, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
DISPATCHED, SIGNED, RESPONDED = "ticket.dispatched", "ticket.signed", "ticket.responded"
RETURNED, REPLIED, REOPENED = "ticket.return_requested", "ticket.replied", "ticket.reopened"
INTERIM, PROGRESSED, CLOSED = "ticket.interim_closed", "ticket.progressed", "ticket.closed"

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
        (Step.RESPOND, 5, Verdict.MISSED, 9),
        (Step.RESPOND, 9, Verdict.MET, 9),
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


def day(number: float, event: str, *, round_: int = 1) -> Done:
    return Done(event, MONDAY + timedelta(days=number), round_)


REDONE = [
    *(day(0, DISPATCHED), day(0.1, SIGNED), day(2, REPLIED)),
    *(day(3, REOPENED), day(5, REPLIED), day(6, REOPENED)),
]


@pytest.mark.parametrize(
    ("due_days", "verdict", "act_days"),
    [
        (2, Verdict.MET, 2),
        (1, Verdict.MISSED, 2),
        (4, Verdict.MISSED, 5),
        (5, Verdict.MET, 5),
        (7, Verdict.MISSED, None),
    ],
)
def test_after_a_redo_an_earlier_reply_does_not_count_for_handling(
    due_days: int, verdict: Verdict, act_days: int | None
) -> None:
    judgement = judge(Step.HANDLE, MONDAY + timedelta(days=due_days), REDONE)
    act_at = None if act_days is None else MONDAY + timedelta(days=act_days)
    assert judgement == (verdict, act_at)
    assert judge(Step.SIGN, MONDAY + timedelta(days=7), REDONE).verdict is Verdict.MET
    assert judge(Step.RESULT, MONDAY + timedelta(days=7), REDONE).verdict is Verdict.MET


def test_a_redo_and_a_reply_at_one_moment_stand_in_their_order() -> None:
    """A stepped clock stands still between two acts."""
    before = [day(0, DISPATCHED), day(1, REPLIED), day(1, REOPENED)]
    due_at = MONDAY + timedelta(days=1)
    assert judge(Step.HANDLE, due_at, before).verdict is Verdict.MISSED
    assert judge(Step.HANDLE, due_at, [*before, day(1, REPLIED)]).verdict is Verdict.MET


def test_a_response_signs_and_an_interim_close_handles() -> None:
    acts = [day(0, DISPATCHED), day(1, RESPONDED), day(2, PROGRESSED), day(3, INTERIM)]
    done_on = {Step.SIGN: 1, Step.RESPOND: 1, Step.RESULT: 2, Step.HANDLE: 3}
    for step, number in done_on.items():
        done_at = MONDAY + timedelta(days=number)
        assert judge(step, done_at, acts) == (Verdict.MET, done_at)
        assert judge(step, done_at - HOUR, acts) == (Verdict.MISSED, done_at)


REPORTS = [day(0, DISPATCHED), day(0, SIGNED), day(1, INTERIM), day(10, PROGRESSED)]
EVERY = timedelta(days=15)


@pytest.mark.parametrize(
    ("more", "due_days", "verdict", "act_days"),
    [
        ([], 16, Verdict.MET, 10),
        ([], 25, Verdict.MISSED, None),
        ([day(25, PROGRESSED)], 25, Verdict.MET, 25),
        ([day(26, PROGRESSED)], 25, Verdict.MISSED, 26),
        ([day(26, PROGRESSED)], 41, Verdict.MISSED, None),
        ([day(12, REPLIED)], 25, Verdict.MET, 12),
        ([day(12, REPLIED), day(20, REOPENED), day(21, INTERIM)], 36, Verdict.MISSED, None),
        ([day(12, PROGRESSED), day(13, CLOSED)], 27, Verdict.MET, 13),
        ([], 17, Verdict.MISSED, None),
    ],
)
def test_a_report_counts_for_the_time_before_it_and_not_for_the_time_after(
    more: list[Done], due_days: int, verdict: Verdict, act_days: int | None
) -> None:
    """The last row is a deadline that no report gives: a calendar that dispatch has not heard."""
    judgement = judge(
        Step.PROGRESS,
        MONDAY + timedelta(days=due_days),
        [*REPORTS, *more],
        report_due=lambda last_at: last_at + EVERY,
    )
    act_at = None if act_days is None else MONDAY + timedelta(days=act_days)
    assert judgement == (verdict, act_at)
