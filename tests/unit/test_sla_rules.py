"""The rules of the clock: what no order of news may ever bring about."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.sla.rules import (
    CLOCKED_STEPS,
    TRANSITIONS,
    Act,
    BadMatter,
    DeadlineState,
    News,
    next_state,
    pack_by_hash,
    preview,
    start_of,
    starts_from,
)
from shared.events.words import RequestType, Step, Urgency
from shared.policy.deadlines import Matter, Moments
from shared.policy.load import builtin_packs, pack_for
from shared.policy.model import Pack

DUE_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ENDED = {DeadlineState.MET, DeadlineState.OVERDUE, DeadlineState.MOVED}
MATTERS = st.builds(Matter, st.sampled_from(RequestType), st.sampled_from(Urgency), st.booleans())
PACKS = st.sampled_from(sorted(builtin_packs())).map(pack_for)
TIMES = st.timedeltas(timedelta(days=-700), timedelta(days=1400)).map(lambda by: DUE_AT + by)


@dataclass
class World:
    """One deadline as it truly is, and what sla has heard of it."""

    act_at: datetime | None = None
    state: DeadlineState = DeadlineState.RUNNING
    answers: list[News] = field(default_factory=list)
    overdue_said: int = 0


class OneDeadline(RuleBasedStateMachine):
    """An act that happens or not, and news of it that travels in any order, twice or never."""

    def __init__(self) -> None:
        super().__init__()
        self.now = DUE_AT - timedelta(minutes=5)
        self.world = World()

    @rule(seconds=st.integers(0, 200))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @precondition(lambda self: self.world.act_at is None)
    @rule()
    def the_act_is_done(self) -> None:
        self.world.act_at = self.now

    @precondition(lambda self: self.world.act_at is not None)
    @rule()
    def news_of_the_act_arrives(self) -> None:
        assert self.world.act_at is not None
        self._hear(News.DONE, self.world.act_at)

    @rule()
    def the_clock_looks(self) -> None:
        if self._hear(News.REACHED, self.now) is DeadlineState.ASKED:
            # The owner looks under its lock: what is not done by now is not done by `due_at`.
            act_at = self.world.act_at
            is_met = act_at is not None and act_at <= DUE_AT
            self.world.answers.append(News.JUDGED_MET if is_met else News.JUDGED_MISSED)

    @precondition(lambda self: self.world.answers)
    @rule()
    def the_owners_answer_arrives(self) -> None:
        if self._hear(self.world.answers[0], self.now) is DeadlineState.OVERDUE:
            self.world.overdue_said += 1

    @invariant()
    def nothing_false_is_said(self) -> None:
        in_time = self.world.act_at is not None and self.world.act_at <= DUE_AT
        assert self.world.overdue_said <= (0 if in_time else 1)
        if self.world.state is DeadlineState.MET:
            assert in_time

    @invariant()
    def what_is_late_is_said_once_all_news_has_come(self) -> None:
        if self.world.state is DeadlineState.OVERDUE:
            assert self.world.overdue_said == 1

    def _hear(self, news: News, at: datetime) -> DeadlineState | None:
        before = self.world.state
        self.world.state = next_state(before, news, at=at, due_at=DUE_AT)
        return None if self.world.state is before else self.world.state


TestOneDeadline = OneDeadline.TestCase


@given(st.sampled_from(sorted(ENDED)), st.sampled_from(News), st.timedeltas())
def test_what_has_ended_never_changes(state: DeadlineState, news: News, after: timedelta) -> None:
    at = DUE_AT + max(min(after, timedelta(days=900)), -timedelta(days=900))
    assert next_state(state, news, at=at, due_at=DUE_AT) is state


@pytest.mark.parametrize("news", [News.DONE, News.STOPPED])
def test_an_act_counts_at_the_due_time_and_not_a_moment_later(news: News) -> None:
    running = DeadlineState.RUNNING
    (target,) = set(TRANSITIONS[news].values())
    assert next_state(running, news, at=DUE_AT, due_at=DUE_AT) is target
    late = DUE_AT + timedelta(microseconds=1)
    assert next_state(running, news, at=late, due_at=DUE_AT) is running


def test_only_the_owners_answer_makes_anything_overdue() -> None:
    ways = [news for news in News if DeadlineState.OVERDUE in TRANSITIONS[news].values()]
    assert ways == [News.JUDGED_MISSED]
    assert set(TRANSITIONS[News.JUDGED_MISSED]) == {DeadlineState.ASKED}


@given(PACKS, MATTERS, TIMES)
def test_each_clocked_step_starts_from_exactly_one_act(
    pack: Pack, matter: Matter, at: datetime
) -> None:
    steps = [start.step for act in Act for start in starts_from(pack, matter, act, at)]
    assert sorted(steps) == sorted(CLOCKED_STEPS)


@given(PACKS, MATTERS, TIMES, st.sampled_from(sorted(CLOCKED_STEPS)))
def test_a_warning_comes_after_the_start_and_before_the_due_time(
    pack: Pack, matter: Matter, at: datetime, step: Step
) -> None:
    start = start_of(pack, matter, step, at)
    assert at < start.warn_at < start.due_at


def test_a_pack_is_known_by_its_hash_alone() -> None:
    ziyang = pack_for("512000")
    assert pack_by_hash(ziyang.content_hash) is ziyang
    assert pack_by_hash("0" * 64) is None


def test_a_county_has_the_deadlines_of_its_city() -> None:
    def due(jurisdiction: str) -> datetime:
        found = preview(
            jurisdiction=jurisdiction,
            request_type=RequestType.HELP,
            urgency=Urgency.NORMAL,
            moments=Moments(DUE_AT),
        )
        return found[Step.HANDLE].due_at

    assert due("512002") == due("512000")
    assert due("512002100") == due("512000")


@pytest.mark.parametrize("field", Moments._fields)
def test_a_naive_time_is_refused_with_its_field(field: str) -> None:
    moments = Moments(DUE_AT, DUE_AT, DUE_AT)._replace(**{field: DUE_AT.replace(tzinfo=None)})
    with pytest.raises(BadMatter) as caught:
        preview(
            jurisdiction="512000",
            request_type=RequestType.HELP,
            urgency=Urgency.NORMAL,
            moments=moments,
        )
    assert caught.value.field == field
