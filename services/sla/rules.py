"""What a deadline can become, which deadlines an act starts, and what moves them. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from shared.calendars import Calendar, day_index, local, with_hours
from shared.events.words import Step
from shared.policy.deadlines import (
    Deadline,
    Matter,
    extended,
    limit_deadline,
    step_deadline,
    step_limits,
    step_starts,
    warn_at,
)
from shared.policy.model import Pack
from shared.policy.values import Length, Limit
from shared.worktime import after_calendar_days, after_working_time, working_time_between


class DeadlineState(StrEnum):
    """Where a deadline stands. What is not `running`, `asked` or `paused` has ended."""

    RUNNING = "running"
    ASKED = "asked"
    PAUSED = "paused"
    MET = "met"
    OVERDUE = "overdue"
    MOVED = "moved"
    LAPSED = "lapsed"


class News(StrEnum):
    """What the clock hears or sees of a deadline."""

    DONE = "done"
    """The act was done."""
    STOPPED = "stopped"
    """The ticket went elsewhere, ended, or got its time anew."""
    HELD = "held"
    """The clock stops on a ground that the pack names (C7)."""
    REACHED = "reached"
    """The time came."""
    JUDGED_MET = "judged_met"
    JUDGED_MISSED = "judged_missed"
    JUDGED_LAPSED = "judged_lapsed"
    """Nobody was late: silence means something by itself (ZY 14.1)."""


TRANSITIONS: Mapping[News, Mapping[DeadlineState, DeadlineState]] = {
    News.DONE: {
        DeadlineState.RUNNING: DeadlineState.MET,
        DeadlineState.ASKED: DeadlineState.MET,
        DeadlineState.PAUSED: DeadlineState.MET,
    },
    News.STOPPED: {
        DeadlineState.RUNNING: DeadlineState.MOVED,
        DeadlineState.ASKED: DeadlineState.MOVED,
        DeadlineState.PAUSED: DeadlineState.MOVED,
    },
    News.HELD: {DeadlineState.RUNNING: DeadlineState.PAUSED},
    News.REACHED: {DeadlineState.RUNNING: DeadlineState.ASKED},
    News.JUDGED_MET: {DeadlineState.ASKED: DeadlineState.MET},
    News.JUDGED_MISSED: {DeadlineState.ASKED: DeadlineState.OVERDUE},
    News.JUDGED_LAPSED: {DeadlineState.ASKED: DeadlineState.LAPSED},
}

CHINESE_STATES: Mapping[DeadlineState, str] = {
    DeadlineState.RUNNING: "计时中",
    DeadlineState.ASKED: "到期核实中",
    DeadlineState.PAUSED: "中止计时",
    DeadlineState.MET: "按时完成",
    DeadlineState.OVERDUE: "已超期",
    DeadlineState.MOVED: "已变更",
    DeadlineState.LAPSED: "期满未评价",
}

CLOCKED_STEPS = frozenset({Step.DISPATCH, Step.SIGN, Step.HANDLE, Step.RESPOND, Step.RESULT})
"""The steps that run from an act of the ticket. `return` is a window, judged when it is used."""
UNIT_STEPS = (Step.SIGN, Step.RESPOND, Step.HANDLE, Step.RESULT, Step.PROGRESS)
"""What a unit owes once it has the ticket; another unit, or a redo, owes it anew."""
EMERGENCY_STEPS = frozenset({Step.RESPOND, Step.RESULT})
"""What an emergency owes beside (ZY 13.4)."""
OPEN_STATES = tuple(TRANSITIONS[News.DONE])

EXTEND = "extend"
PAUSE = "pause"
Adjustment = Sequence[Any]
"""`["extend", working_days]` or `["pause", from, to]`, as JSON has it: the times in ISO 8601."""

_SINCE = {"dispatch": "dispatch", "sign": "signing"}


class Act(StrEnum):
    """The acts that deadlines run from, in the words of the packs."""

    ACCEPT = "accept"
    DISPATCH = "dispatch"
    SIGN = "sign"


class Start(NamedTuple):
    """A deadline that an act starts, as the tables keep it."""

    step: Step
    due_at: datetime
    warn_at: datetime
    rule: str
    source: str
    provisional: bool
    starts_at: datetime
    adjustments: Sequence[Adjustment] = ()


def starts_from(
    pack: Pack,
    calendar: Calendar,
    matter: Matter,
    act: Act,
    *,
    at: datetime,
    law_limit: Mapping[str, Any] | None = None,
) -> list[Start]:
    """The deadlines that run from an act done at `at` (ZY 13, XS 三, YN 六(三))."""
    starts = step_starts(pack, calendar, matter)
    found = [
        recount(pack, calendar, matter, step, starts_at=at, law_limit=law_limit)
        for step, origin in starts.items()
        if origin == act and step in CLOCKED_STEPS
    ]
    return [start for start in found if start is not None]


def recount(
    pack: Pack,
    calendar: Calendar,
    matter: Matter,
    step: Step,
    *,
    starts_at: datetime,
    adjustments: Sequence[Adjustment] = (),
    law_limit: Mapping[str, Any] | None = None,
) -> Start | None:
    """A step's time from `starts_at`, and what moved it since, folded in order over it.

    A limit set by law, `{law, article, amount, unit}`, takes the place of the handling time (C8).
    None where the pack has no such time for the matter: a first response to what is no emergency.
    """
    base = _base(pack, calendar, matter, step, starts_at=starts_at, law_limit=law_limit)
    if base is None:
        return None
    moved, paused = base, timedelta(0)
    for kind, *values in adjustments:
        if kind == EXTEND:
            moved = _extended(pack, calendar, moved, days=values[0])
        else:
            assert kind == PAUSE, f"nobody knows what {kind} does to a deadline"
            began, ended = (datetime.fromisoformat(value) for value in values)
            limit = limit_of(pack, matter, step, law_limit)
            assert isinstance(limit, Length), "what can be paused has a length"
            moved = _resumed(pack, calendar, moved, limit=limit, began=began, ended=ended)
            paused += ended - began
    return Start(
        step=step,
        due_at=moved.due_at,
        warn_at=_warn_at(pack, step, moved, paused),
        rule=moved.rule,
        source=moved.source,
        provisional=moved.provisional,
        starts_at=base.starts_at,
        adjustments=tuple(adjustments),
    )


def reports_progress(pack: Pack, law_limit: Mapping[str, Any] | None) -> bool:
    """Whether progress is reported after an interim close; none where law sets a limit (B8)."""
    if pack.interim is None:
        return False
    return law_limit is None or not pack.interim.none_where_law_sets_limit.value


def limit_of(
    pack: Pack, matter: Matter, step: Step, law_limit: Mapping[str, Any] | None
) -> Limit | Length | None:
    """The limit that a step's time is counted by; none where the matter has none."""
    if step is Step.HANDLE and law_limit is not None:
        return _set_by_law(law_limit)
    if step is Step.VERIFY:
        return pack.verify
    if step is Step.FOLLOW_UP:
        return pack.follow_up.lapse
    if step is Step.PROGRESS:
        return None if pack.interim is None else pack.interim.progress
    return step_limits(pack, matter).get(step)


def _base(
    pack: Pack,
    calendar: Calendar,
    matter: Matter,
    step: Step,
    *,
    starts_at: datetime,
    law_limit: Mapping[str, Any] | None,
) -> Deadline | None:
    if step is Step.HANDLE and law_limit is not None:
        since = _SINCE[step_starts(pack, calendar, matter)[step]]
        limit = _set_by_law(law_limit)
        counted = limit_deadline(pack, calendar, limit, starts_at, since=since)
        return counted._replace(source=f"{law_limit['law']} {law_limit['article']}")
    if step is Step.VERIFY:
        return limit_deadline(pack, calendar, pack.verify, starts_at, since="the question")
    if step is Step.FOLLOW_UP:
        return limit_deadline(pack, calendar, pack.follow_up.lapse, starts_at, since="the reply")
    if step is Step.PROGRESS:
        if pack.interim is None:
            return None
        since = "the interim close or the last report"
        return limit_deadline(pack, calendar, pack.interim.progress, starts_at, since=since)
    return step_deadline(pack, calendar, matter, step, starts_at)


def _warn_at(pack: Pack, step: Step, deadline: Deadline, paused: timedelta) -> datetime:
    """When somebody is warned; the deadline itself where nobody owes anything (ZY 14.1)."""
    if step is Step.FOLLOW_UP:
        return deadline.due_at
    # The time that stood still is no part of the time that is shared out.
    return warn_at(pack, deadline._replace(starts_at=deadline.starts_at + paused))


def _set_by_law(law_limit: Mapping[str, Any]) -> Length:
    return Length(amount=law_limit["amount"], unit=law_limit["unit"])


def _extended(pack: Pack, calendar: Calendar, deadline: Deadline, *, days: int) -> Deadline:
    counted = extended(pack, calendar, deadline.due_at, days)
    text = f"extended by {_days(days)}"
    return _moved(deadline, counted.due_at, text, is_provisional=counted.provisional)


def _resumed(
    pack: Pack,
    calendar: Calendar,
    deadline: Deadline,
    *,
    limit: Length,
    began: datetime,
    ended: datetime,
) -> Deadline:
    """The deadline moved by the time that stood still, in the measure of its own limit (C7)."""
    in_hours = with_hours(calendar, pack.hours)
    first, last = day_index(local(began)), day_index(local(ended))
    if limit.unit in ("minutes", "hours"):
        if (limit.hours or pack.counting.hours.value) == "clock":
            length = ended - began
            return _moved(deadline, deadline.due_at + length, f"paused for {length}")
        length = working_time_between(in_hours, began, ended)
        if not length:
            return deadline
        counted = after_working_time(in_hours, deadline.due_at, length)
        text = f"paused for {length} of working time"
        return _moved(deadline, counted.due_at, text, is_provisional=counted.provisional)
    if limit.unit == "working_days":
        days = in_hours.working_before[last + 1] - in_hours.working_before[first + 1]
        if not days:
            return deadline
        counted = extended(pack, calendar, deadline.due_at, days)
        text = f"paused for {_days(days)}"
        return _moved(deadline, counted.due_at, text, is_provisional=counted.provisional)
    # A deadline at midnight belongs to the day that it ends.
    last_moment = deadline.due_at - timedelta(microseconds=1)
    day_ends = limit.day_ends or pack.counting.day_ends.value
    counted = after_calendar_days(in_hours, last_moment, last - first, day_ends=day_ends)
    text = f"paused for {last - first} calendar days"
    return _moved(deadline, counted.due_at, text, is_provisional=counted.provisional)


def _moved(
    deadline: Deadline, due_at: datetime, text: str, *, is_provisional: bool = False
) -> Deadline:
    return deadline._replace(
        due_at=due_at,
        rule=f"{deadline.rule}, {text}",
        provisional=deadline.provisional or is_provisional,
    )


def _days(days: int) -> str:
    return f"{days} working day{'' if days == 1 else 's'}"
