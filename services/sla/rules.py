"""What a deadline can become, and which deadlines an act starts. Pure."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from shared.calendars import national_calendar
from shared.events.words import RequestType, Step, Urgency
from shared.policy.deadlines import (
    Deadline,
    Matter,
    Moments,
    deadlines,
    step_deadline,
    step_starts,
    warn_at,
)
from shared.policy.load import builtin_packs, pack_for
from shared.policy.model import Pack


class DeadlineState(StrEnum):
    """Where a deadline stands. Only `running` and `asked` can still change."""

    RUNNING = "running"
    ASKED = "asked"
    MET = "met"
    OVERDUE = "overdue"
    MOVED = "moved"


class News(StrEnum):
    """What the clock hears or sees of a deadline."""

    DONE = "done"
    """The act was done."""
    STOPPED = "stopped"
    """The ticket went elsewhere, ended, or got its time anew."""
    REACHED = "reached"
    """The time came."""
    JUDGED_MET = "judged_met"
    JUDGED_MISSED = "judged_missed"


TRANSITIONS: Mapping[News, Mapping[DeadlineState, DeadlineState]] = {
    News.DONE: {
        DeadlineState.RUNNING: DeadlineState.MET,
        DeadlineState.ASKED: DeadlineState.MET,
    },
    News.STOPPED: {
        DeadlineState.RUNNING: DeadlineState.MOVED,
        DeadlineState.ASKED: DeadlineState.MOVED,
    },
    News.REACHED: {DeadlineState.RUNNING: DeadlineState.ASKED},
    News.JUDGED_MET: {DeadlineState.ASKED: DeadlineState.MET},
    News.JUDGED_MISSED: {DeadlineState.ASKED: DeadlineState.OVERDUE},
}

CHINESE_STATES: Mapping[DeadlineState, str] = {
    DeadlineState.RUNNING: "计时中",
    DeadlineState.ASKED: "到期核实中",
    DeadlineState.MET: "按时完成",
    DeadlineState.OVERDUE: "已超期",
    DeadlineState.MOVED: "已变更",
}

CLOCKED_STEPS = frozenset({Step.DISPATCH, Step.SIGN, Step.HANDLE})
"""The steps whose end the clock waits for. `return` is a window, judged when it is used."""

# GB/T 2260, first two digits: the provinces.
_PROVINCE_RANGES = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 82))
PROVINCES = frozenset(
    str(code) for first, last in _PROVINCE_RANGES for code in range(first, last + 1)
)


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


class BadMatter(ValueError):
    """A preview cannot be computed; names the field that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def next_state(
    state: DeadlineState, news: News, *, at: datetime, due_at: datetime
) -> DeadlineState:
    """What a deadline becomes by news of something that happened at `at`.

    An act or a stop after `due_at` changes nothing: whether the time was kept is then for the
    owner of the act to say, however late either news travels.
    """
    if news in (News.DONE, News.STOPPED) and at > due_at:
        return state
    if news is News.REACHED and at < due_at:
        return state
    return TRANSITIONS[news].get(state, state)


def pack_by_hash(policy: str) -> Pack | None:
    """The pack that a ticket was accepted under; none while this process does not know it."""
    return _packs_by_hash().get(policy)


def starts_from(pack: Pack, matter: Matter, act: Act, at: datetime) -> list[Start]:
    """The deadlines that run from an act done at `at` (ZY 13, XS 三, YN 六(三))."""
    starts = step_starts(pack, national_calendar(), matter)
    steps = [step for step, origin in starts.items() if origin == act and step in CLOCKED_STEPS]
    return [start_of(pack, matter, step, at) for step in steps]


def start_of(pack: Pack, matter: Matter, step: Step, at: datetime) -> Start:
    """One step's time anew from `at`, whatever act it first ran from (ZY 14.2)."""
    deadline = step_deadline(pack, national_calendar(), matter, step, at)
    assert deadline is not None, "every pack has a time for the clocked steps"
    return Start(
        step=step,
        due_at=deadline.due_at,
        warn_at=warn_at(pack, deadline),
        rule=deadline.rule,
        source=deadline.source,
        provisional=deadline.provisional,
    )


def preview(
    *,
    jurisdiction: str,
    request_type: RequestType,
    urgency: Urgency,
    moments: Moments,
    is_enforcement: bool = False,
) -> dict[Step, Deadline]:
    """Every deadline that a ticket would have, the return window included (C2).

    Times are aware; what is due is in Beijing time. Raises `BadMatter`.
    """
    if jurisdiction not in builtin_packs() and jurisdiction[:2] not in PROVINCES:
        raise BadMatter("jurisdiction", "没有这个行政区划，应为国家标准代码，例如 512000")
    _check_order(moments)
    try:
        pack = pack_for(jurisdiction)
    except ValueError as error:
        raise BadMatter("jurisdiction", str(error)) from error
    matter = Matter(request_type, urgency, is_enforcement)
    try:
        return deadlines(pack, national_calendar(), matter, moments)
    except ValueError as error:
        raise BadMatter("accepted_at", str(error)) from error


def _check_order(moments: Moments) -> None:
    earlier = None
    for field, at in moments._asdict().items():
        if at is None:
            continue
        if at.tzinfo is None:
            raise BadMatter(field, "时间须带时区，例如 2026-09-30T16:20+08:00")
        if earlier is not None and at < earlier:
            raise BadMatter(field, "不得早于受理时间或者前一环节的时间")
        earlier = at


@cache
def _packs_by_hash() -> Mapping[str, Pack]:
    return {pack.content_hash: pack for pack in builtin_packs().values()}
