"""The rules of the clock: what no order of news may ever bring about."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.sla.rules import (
    CLOCKED_STEPS,
    EMERGENCY_STEPS,
    EXTEND,
    PAUSE,
    TRANSITIONS,
    Act,
    Adjustment,
    DeadlineState,
    News,
    Start,
    recount,
    starts_from,
)
from shared.calendars import is_working_day, local, national_calendar, with_hours
from shared.events.words import RequestType, Step, Urgency
from shared.policy.deadlines import Matter, extended, limit_deadline
from shared.policy.load import builtin_packs, dump_pack, pack_for, restore_pack
from shared.policy.model import Pack
from shared.policy.values import Length
from shared.worktime import working_time_between

DUE_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAYS = national_calendar()
ENDED = {DeadlineState.MET, DeadlineState.OVERDUE, DeadlineState.MOVED}
MATTERS = st.builds(Matter, st.sampled_from(RequestType), st.sampled_from(Urgency), st.booleans())
PACKS = st.sampled_from(sorted(builtin_packs())).map(pack_for)
TIMES = st.timedeltas(timedelta(days=-700), timedelta(days=1400)).map(lambda by: DUE_AT + by)


def test_what_has_ended_never_changes() -> None:
    assert all(ENDED.isdisjoint(ways) for ways in TRANSITIONS.values())


def test_only_the_owners_answer_makes_anything_overdue() -> None:
    ways = [news for news in News if DeadlineState.OVERDUE in TRANSITIONS[news].values()]
    assert ways == [News.JUDGED_MISSED]
    assert set(TRANSITIONS[News.JUDGED_MISSED]) == {DeadlineState.ASKED}


@given(PACKS, MATTERS, TIMES)
def test_each_clocked_step_starts_from_exactly_one_act(
    pack: Pack, matter: Matter, at: datetime
) -> None:
    steps = [start.step for act in Act for start in starts_from(pack, DAYS, matter, act, at=at)]
    is_urgent = getattr(pack.respond, matter.urgency, None) is not None
    assert sorted(steps) == sorted(CLOCKED_STEPS - (set() if is_urgent else EMERGENCY_STEPS))


@given(
    PACKS, MATTERS, TIMES, st.sampled_from(sorted(set(Step) - EMERGENCY_STEPS - {Step.FOLLOW_UP}))
)
def test_a_warning_comes_after_the_start_and_before_the_due_time(
    pack: Pack, matter: Matter, at: datetime, step: Step
) -> None:
    start = recount(pack, DAYS, matter, step, starts_at=at)
    if start is None:
        assert (step, pack.interim) == (Step.PROGRESS, None)
    else:
        assert at < start.warn_at < start.due_at


@given(PACKS, MATTERS, TIMES, st.lists(st.integers(1, 20), min_size=1, max_size=3))
def test_extensions_are_counted_one_after_the_other_and_never_shorten(
    pack: Pack, matter: Matter, at: datetime, days: list[int]
) -> None:
    due = [_handle(pack, matter, at).due_at]
    for nth in range(len(days)):
        adjustments = [[EXTEND, one] for one in days[: nth + 1]]
        due.append(_handle(pack, matter, at, adjustments).due_at)
        assert due[-1] == extended(pack, DAYS, due[-2], days[nth]).due_at
    assert due == sorted(set(due))


@given(PACKS, MATTERS, TIMES, st.data())
def test_a_pause_moves_working_days_by_the_working_days_that_it_took(
    pack: Pack, matter: Matter, at: datetime, data: st.DataObject
) -> None:
    due_at = _handle(pack, matter, at).due_at
    began = data.draw(st.datetimes(_naive(at), _naive(due_at))).replace(tzinfo=UTC)
    ended = began + data.draw(st.timedeltas(timedelta(0), timedelta(days=40)))
    resumed = _handle(pack, matter, at, [[PAUSE, began.isoformat(), ended.isoformat()]])
    days = [local(began).date() + timedelta(days=1 + nth) for nth in range(45)]
    stood = [one for one in days if one <= local(ended).date() and is_working_day(DAYS, one)]
    assert resumed.due_at == (extended(pack, DAYS, due_at, len(stood)).due_at if stood else due_at)
    assert resumed.due_at - resumed.warn_at <= due_at - at, "what stood still is not shared out"


@given(MATTERS, TIMES)
def test_a_pause_of_clock_time_moves_by_clock_time_and_of_working_hours_by_those(
    matter: Matter, at: datetime
) -> None:
    pack = pack_for("512000")
    clock = {"law": "《某法》", "article": "第三条", "amount": 48, "unit": "hours"}
    began, ended = at + timedelta(hours=1), at + timedelta(hours=31)
    pause = [[PAUSE, began.isoformat(), ended.isoformat()]]
    due = _handle(pack, matter, at, pause, law_limit=clock).due_at
    assert due == at + timedelta(hours=48) + (ended - began)
    counting = {"hours": {"value": "working", "source": "default"}}
    data = dump_pack(pack)
    in_working = restore_pack(data | {"counting": data["counting"] | counting})
    before = _handle(in_working, matter, at, law_limit=clock).due_at
    after = _handle(in_working, matter, at, pause, law_limit=clock).due_at
    hours = with_hours(DAYS, pack.hours)
    stood = working_time_between(hours, began, ended)
    assert working_time_between(hours, before, after) == stood


@given(PACKS, MATTERS, TIMES)
def test_a_limit_set_by_law_takes_the_place_of_the_handling_time(
    pack: Pack, matter: Matter, at: datetime
) -> None:
    limit = {"law": "《某法》", "article": "第三条", "amount": 30, "unit": "working_days"}
    start = _handle(pack, matter, at, law_limit=limit)
    assert (
        start.due_at
        == limit_deadline(pack, DAYS, Length(amount=30, unit="working_days"), at, since="").due_at
    )
    assert start.source == "《某法》 第三条"
    assert start.rule.startswith("30 working days after ")
    assert _handle(pack, matter, at, [[EXTEND, 5]], law_limit=limit).due_at > start.due_at


def _handle(
    pack: Pack,
    matter: Matter,
    at: datetime,
    adjustments: Sequence[Adjustment] = (),
    *,
    law_limit: dict[str, Any] | None = None,
) -> Start:
    start = recount(
        pack,
        DAYS,
        matter,
        Step.HANDLE,
        starts_at=at,
        adjustments=adjustments,
        law_limit=law_limit,
    )
    assert start is not None
    return start


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
