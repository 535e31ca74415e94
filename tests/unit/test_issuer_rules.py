"""Tries and locks, stages of a login, codes: whatever happens, in whatever order."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.issuer.rules import (
    Facts,
    Limits,
    Stage,
    Standing,
    begin_try,
    give_back,
    next_stage,
    wrong_password,
)
from services.gateway.issuer.second_factor import (
    STEP_SECONDS,
    hash_recovery_code,
    new_recovery_code,
    step_of,
)

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
LIMITS = Limits(failures_max=3, lock=timedelta(minutes=30))
FACTS = st.builds(
    Facts, has_code=st.booleans(), needs_code=st.booleans(), must_change=st.booleans()
)
ACTS = st.lists(
    st.tuples(st.sampled_from(["right", "wrong", "end"]), st.integers(0, 20 * 60)), max_size=60
)


@given(ACTS)
def test_no_more_wrong_tries_are_judged_in_a_lock_time_than_are_allowed(
    acts: list[tuple[str, int]],
) -> None:
    standing, now = Standing(), START
    wrong_in_a_row: list[datetime] = []
    for act, seconds in acts:
        now += timedelta(seconds=seconds)
        begun = begin_try(standing, now, LIMITS)
        if begun is None:
            assert len(wrong_in_a_row) == LIMITS.failures_max
            assert now < wrong_in_a_row[-1] + LIMITS.lock
            continue
        if len(wrong_in_a_row) == LIMITS.failures_max:
            assert now >= wrong_in_a_row[-1] + LIMITS.lock
            wrong_in_a_row = []
        if act == "wrong":
            standing = begun
            wrong_in_a_row.append(now)
        else:
            standing = Standing() if act == "end" else give_back(begun)
            wrong_in_a_row = [] if act == "end" else wrong_in_a_row
        assert standing.failures == len(wrong_in_a_row) <= LIMITS.failures_max


@given(st.integers(1, 12), st.integers(0, 12))
def test_tries_at_once_are_counted_before_any_is_judged(at_once: int, right: int) -> None:
    standing, judged = Standing(), 0
    for _ in range(at_once):
        begun = begin_try(standing, START, LIMITS)
        if begun is not None:
            standing, judged = begun, judged + 1
    assert judged == min(at_once, LIMITS.failures_max)
    for _ in range(min(right, judged)):
        standing = give_back(standing)
    assert standing.failures == judged - min(right, judged)


@given(FACTS, st.lists(st.sampled_from([Stage.CODE, Stage.ENROL])))
def test_nobody_is_done_before_all_is_passed(facts: Facts, passed: Collection[Stage]) -> None:
    if next_stage(facts, passed) is Stage.DONE:
        assert not facts.must_change
        assert facts.has_code or not facts.needs_code
        assert not facts.has_code or {Stage.CODE, Stage.ENROL} & set(passed)


@given(FACTS)
def test_each_login_ends(facts: Facts) -> None:
    passed: list[Stage] = []
    for _ in range(4):
        stage = next_stage(facts, passed)
        if stage is Stage.DONE:
            return
        passed.append(stage)
        if stage is Stage.CHANGE:
            facts = facts._replace(must_change=False)
        if stage is Stage.ENROL:
            facts = facts._replace(has_code=True)
    raise AssertionError(f"no end: {passed}")


@given(st.lists(st.integers(-2, 2), min_size=1, max_size=12))
def test_no_code_is_taken_twice_and_none_far_from_its_time(offsets: list[int]) -> None:
    secret, taken = pyotp.random_base32(), 0
    current = int(START.timestamp()) // STEP_SECONDS
    for offset in offsets:
        code = pyotp.TOTP(secret).generate_otp(current + offset)
        step = step_of(secret, code, now=START, after=taken)
        if step is None:
            assert abs(offset) > 1 or current + offset <= taken
        else:
            assert step > taken
            taken = step


def test_a_recovery_code_is_the_same_however_it_is_typed() -> None:
    code = new_recovery_code()
    assert hash_recovery_code(f" {code.upper().replace('-', ' ')} ") == hash_recovery_code(code)
    assert hash_recovery_code(new_recovery_code()) != hash_recovery_code(code)


@pytest.mark.parametrize(
    ("password", "is_taken"),
    [
        ("Correct-Horse-42", True),
        ("正确的马和电池123Aa", True),
        ("Short-1aB", False),
        ("alllowercase1234", False),
        ("x" * 127 + "A1", False),
        ("My-hw0107-password", False),
    ],
)
def test_a_password_must_be_long_and_mixed_and_not_the_number(
    password: str, is_taken: bool
) -> None:
    wrong = wrong_password(password, work_number="HW0107", length_min=12)
    assert (wrong is None) is is_taken
