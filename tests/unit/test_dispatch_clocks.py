"""Which deadlines of a ticket run, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from services.dispatch.clocks.rules import return_deadline, running_deadlines
from services.dispatch.rules import Given, LawLimit, Standing
from shared.calendars import local, national_calendar
from shared.events.words import RequestType, State, Step, Urgency
from shared.policy.load import pack_for

MONDAY = datetime(2026, 9, 14, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def standing(state: State, **moments: datetime) -> Standing:
    accepted = Standing(state, RequestType.COMPLAINT, Urgency.NORMAL, False, MONDAY)
    return accepted._replace(**moments)  # type: ignore[arg-type]


def handled(**fields: object) -> Standing:
    signed = standing(State.SIGNED, dispatched_at=MONDAY, signed_at=MONDAY, answered_at=MONDAY)
    return signed._replace(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ticket", "steps"),
    [
        (standing(State.ACCEPTED), [Step.DISPATCH]),
        (standing(State.DISPATCHED, dispatched_at=MONDAY), [Step.SIGN, Step.HANDLE]),
        (standing(State.SIGNED, dispatched_at=MONDAY, answered_at=MONDAY), [Step.HANDLE]),
        (
            standing(State.RETURN_REQUESTED, dispatched_at=MONDAY, answered_at=MONDAY),
            [Step.HANDLE],
        ),
        (standing(State.ACCEPTED, dispatched_at=MONDAY, answered_at=MONDAY), [Step.HANDLE]),
        (standing(State.REPLIED, dispatched_at=MONDAY, answered_at=MONDAY), []),
        (standing(State.CLOSED, dispatched_at=MONDAY, answered_at=MONDAY), []),
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


@pytest.mark.parametrize("state", [State.COORDINATING, State.ACCEPTED])
def test_what_is_at_no_unit_is_nobodys_to_sign_or_respond_to(state: State) -> None:
    ticket = standing(state, dispatched_at=MONDAY)._replace(urgency=Urgency.CRITICAL)
    running = running_deadlines(ticket, pack_for("512000"), national_calendar())
    assert set(running) == {Step.HANDLE, Step.RESULT}


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


def due(ticket: Standing, code: str = "512000") -> dict[Step, str]:
    running = running_deadlines(ticket, pack_for(code), national_calendar())
    return {step: one.due_at.strftime("%m-%d %H:%M") for step, one in running.items()}


def test_a_return_without_a_signature_starts_what_runs_from_signing() -> None:
    """Yunnan's handling time runs from signing, and a return answers like a signature."""
    ticket = standing(State.DISPATCHED, dispatched_at=MONDAY)
    assert due(ticket, "530000") == {Step.SIGN: "09-14 20:00"}
    returned = ticket._replace(state=State.RETURN_REQUESTED, answered_at=MONDAY + HOUR)
    assert due(returned, "530000") == {Step.HANDLE: "10-10 17:30"}
    again = returned._replace(state=State.SIGNED, signed_at=MONDAY + 30 * HOUR)
    assert due(again, "530000") == due(returned, "530000")


def test_a_redo_gives_the_handling_time_anew_and_nothing_else() -> None:
    assert due(handled()) == {Step.HANDLE: "09-22 17:30"}
    week = timedelta(days=7)
    redone = handled(reopened_at=MONDAY + week, responded_at=MONDAY, result_at=MONDAY)
    assert due(redone._replace(urgency=Urgency.CRITICAL)) == {Step.HANDLE: "10-08 17:30"}


def test_after_an_interim_close_the_reports_run_from_the_last_one() -> None:
    closed = handled(state=State.INTERIM_CLOSED, interim_closed_at=MONDAY, result_at=MONDAY)
    assert due(closed) == {Step.PROGRESS: "10-10 17:30"}
    later = closed._replace(progressed_at=MONDAY + timedelta(days=1))
    assert due(later) == {Step.PROGRESS: "10-12 17:30"}
    by_law = LawLimit("《行政处罚法》", "第六十条", 90, "calendar_days")
    assert due(closed._replace(law_limit=by_law)) == {}
    assert due(closed, "530000") == {}


def test_a_limit_set_by_law_takes_the_place_of_the_handling_time() -> None:
    by_law = LawLimit("《行政处罚法》", "第六十条", 90, "calendar_days")
    running = running_deadlines(handled(law_limit=by_law), pack_for("512000"), national_calendar())
    assert running[Step.HANDLE].source == "《行政处罚法》 第六十条"
    assert running[Step.HANDLE].rule.startswith("90 calendar days after dispatch")
    assert local(running[Step.HANDLE].due_at).strftime("%m-%d") == "12-14"


def test_what_sla_said_of_a_handling_goes_first_and_a_pause_shows_none() -> None:
    said = Given(MONDAY + 50 * HOUR, "extended", "ZY 13.3", True, (5,))
    ticket = handled(given=said)
    running = running_deadlines(ticket, pack_for("512000"), national_calendar())
    assert running[Step.HANDLE][:4] == (MONDAY + 50 * HOUR, "extended", "ZY 13.3", True)
    assert due(ticket._replace(paused_at=MONDAY)) == {}


def test_after_a_correction_the_days_granted_are_counted_from_the_new_time() -> None:
    ticket = handled(given=Given(extended=(2, 1)), type=RequestType.HELP)
    running = running_deadlines(ticket, pack_for("512000"), national_calendar())
    assert due(ticket) == {Step.HANDLE: "09-23 17:30"}
    assert running[Step.HANDLE].rule == (
        "5 working days after dispatch, to close of business, "
        "extended by 2 working days, extended by 1 working day"
    )
