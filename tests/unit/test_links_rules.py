"""What becomes of linked tickets, and how repeats come in: for every state there is. Pure."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.links.rules import (
    OPEN,
    Arriving,
    Fate,
    arriving,
    fate,
    kind_of,
    reason_of_split,
)
from services.dispatch.rules import MACHINE, STATES
from shared.events.kinds import Link
from shared.events.words import Act, State

NOON = datetime(2026, 9, 14, 4, tzinfo=UTC)
STATE = st.sampled_from(STATES)


@given(st.sampled_from(Link), STATE, st.booleans())
def test_whoever_waits_on_waits_for_what_can_still_answer(
    kind: Link, main: State, is_same: bool
) -> None:
    waits_on = fate(kind, main, is_same_caller=is_same) is None
    can_answer = main in OPEN or (main is State.REPLIED and kind is Link.REPEAT)
    assert waits_on == can_answer


@given(STATE, st.booleans())
def test_a_member_is_answered_or_split_and_never_closed_with_its_main_ticket(
    main: State, is_same: bool
) -> None:
    assert fate(Link.MEMBER, main, is_same_caller=is_same) is not Fate.CLOSED
    assert fate(Link.REPEAT, main, is_same_caller=is_same) is not Fate.REPLIED


def test_everything_that_may_be_replied_is_open_and_a_linked_ticket_is_not() -> None:
    before_reply = {rule.before for rule in MACHINE if rule.act in (Act.REPLY, Act.CHECK_REPLY)}
    assert before_reply - {State.LINKED} <= OPEN
    assert State.LINKED not in OPEN


def test_each_fate_is_a_line_of_the_state_machine() -> None:
    acts = {Fate.REPLIED: Act.REPLY, Fate.CLOSED: Act.CLOSE, Fate.SPLIT: Act.SPLIT}
    assert {(State.LINKED, act) for act in acts.values()} <= {
        (rule.before, rule.act) for rule in MACHINE
    }


@pytest.mark.parametrize(
    ("main", "inside", "after"),
    [
        (State.SIGNED, Arriving.LINKED, Arriving.LINKED),
        (State.REPLIED, Arriving.LINKED, Arriving.ORDINARY),
        (State.CLOSED, Arriving.CLOSED, Arriving.ORDINARY),
        (State.TERMINATED, Arriving.CLOSED, Arriving.ORDINARY),
        (State.WITHDRAWN, Arriving.ORDINARY, Arriving.ORDINARY),
        (State.REFUSED, Arriving.ORDINARY, Arriving.ORDINARY),
    ],
)
def test_a_report_is_held_to_its_prescribed_time(
    main: State, inside: Arriving, after: Arriving
) -> None:
    later = NOON + timedelta(microseconds=1)
    assert arriving(main, filed_at=NOON, report_due=NOON) is inside
    assert arriving(main, filed_at=later, report_due=NOON) is after
    assert arriving(main, filed_at=NOON, report_due=None) is after


@given(STATE)
def test_an_override_takes_a_matter_again_unless_it_is_still_open(main: State) -> None:
    found = arriving(main, filed_at=NOON, report_due=NOON, is_overridden=True)
    assert found is (Arriving.LINKED if main in OPEN else Arriving.ORDINARY)


def test_nobody_is_the_same_caller_as_somebody_unknown() -> None:
    one, other = UUID(int=1), UUID(int=2)
    assert kind_of(one, one) is Link.REPEAT
    assert kind_of(one, other) is kind_of(None, None) is kind_of(None, one) is Link.MEMBER


@given(STATE)
def test_a_split_by_the_platform_says_why(main: State) -> None:
    assert reason_of_split(main)
