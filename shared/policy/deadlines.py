"""Deadlines: what a pack and a calendar make of a ticket's type, urgency and moments. Pure.

Rules are compiled once for each pack, calendar and kind of ticket, so that a deadline costs a few
table look-ups. Where a moment is unknown, dispatch happens at acceptance and signing at dispatch.
The pack's working hours hold, whatever hours the calendar came with.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from shared.calendars import Calendar, local, with_hours
from shared.events.words import RequestType, Step, Urgency
from shared.policy.model import Pack
from shared.policy.parts import DispatchRule, ExtensionRule
from shared.policy.values import (
    AtOnceIfStaffed,
    DayEnds,
    HourKind,
    Length,
    Limit,
    SameDay,
    SameWorkingDay,
    Sourced,
    Span,
)
from shared.worktime import (
    Counted,
    after_calendar_days,
    after_calendar_months,
    after_clock_time,
    after_working_days,
    after_working_time,
    at_once_if_staffed,
    at_same_day,
    at_same_working_day,
    working_days_before,
)

RULES_KEPT_MAX = 16_384

_MICROSECOND = timedelta(microseconds=1)
_SINCE = {"accept": "acceptance", "dispatch": "dispatch", "sign": "signing"}
_ORIGINS = tuple(_SINCE)

_DAY_COUNTS = {
    "working_days": after_working_days,
    "calendar_days": after_calendar_days,
    "months": after_calendar_months,
}

Count = Callable[[datetime], Counted]


class Matter(NamedTuple):
    """What decides which rules hold; `is_passed_on`: to a province, by another platform."""

    type: RequestType
    urgency: Urgency = Urgency.NORMAL
    enforcement: bool = False
    is_passed_on: bool = False


class Moments(NamedTuple):
    """What is known of a ticket's acts; all aware."""

    accepted_at: datetime
    dispatched_at: datetime | None = None
    signed_at: datetime | None = None


class Deadline(NamedTuple):
    """When a step is due, by which rule and article; times are in Beijing time."""

    due_at: datetime
    rule: str
    source: str
    provisional: bool
    starts_at: datetime


class _Rule(NamedTuple):
    step: Step
    origin: int
    due: Count
    text: str
    source: str


def deadlines(
    pack: Pack, calendar: Calendar, matter: Matter, moments: Moments
) -> dict[Step, Deadline]:
    """Every deadline of a ticket: dispatch, sign, return, handle, and what an urgency adds.

    Implements ZY 13, XS 三(四)(五) and YN 六(三)2–4 as the packs have them. Raises ValueError for a
    naive time and `OutsideCalendarError` for one that the tables do not cover.
    """
    accepted = local(moments.accepted_at)
    dispatched = accepted if moments.dispatched_at is None else local(moments.dispatched_at)
    signed = dispatched if moments.signed_at is None else local(moments.signed_at)
    starts = (accepted, dispatched, signed)
    due = {}
    for step, origin, count, text, source in _rules(pack, calendar, matter):
        starts_at = starts[origin]
        due_at, provisional = count(starts_at)
        due[step] = Deadline(due_at, text, source, provisional, starts_at)
    return due


def step_deadline(
    pack: Pack, calendar: Calendar, matter: Matter, step: Step, starts_at: datetime
) -> Deadline | None:
    """One step's deadline from the moment it starts, which `step_starts` names; None without one.

    A redo or a re-dispatch gives a step's time anew: from the new start (ZY 14.2).
    """
    begun = local(starts_at)
    for rule in _rules(pack, calendar, matter):
        if rule.step is step:
            counted = rule.due(begun)
            return Deadline(counted.due_at, rule.text, rule.source, counted.provisional, begun)
    return None


def step_starts(pack: Pack, calendar: Calendar, matter: Matter) -> dict[Step, str]:
    """From which act each step of the ticket runs: "accept", "dispatch" or "sign"."""
    return {rule.step: _ORIGINS[rule.origin] for rule in _rules(pack, calendar, matter)}


@lru_cache(maxsize=RULES_KEPT_MAX)
def step_limits(pack: Pack, matter: Matter) -> Mapping[Step, Limit]:
    """The values of the pack behind the deadlines of a ticket's steps."""
    return MappingProxyType({step: limit for step, _, limit in _limits(pack, matter)})


def limit_deadline(
    pack: Pack, calendar: Calendar, limit: Limit | Length, starts_at: datetime, *, since: str
) -> Deadline:
    """A pack's other time (verify, follow-up, progress), or a length set by law (C8).

    `since` ends the rule's text: "15 working days after the last report"; a `Length` has no source.
    """
    begun = local(starts_at)
    counted = _counter(pack, with_hours(calendar, pack.hours), limit)(begun)
    source = limit.source if isinstance(limit, Sourced) else ""
    return Deadline(counted.due_at, _text(pack, limit, since), source, counted.provisional, begun)


def warn_at(pack: Pack, deadline: Deadline) -> datetime:
    """When the unit is warned: after the pack's share of the clock time from start to due (C3)."""
    return deadline.starts_at + (deadline.due_at - deadline.starts_at) * pack.warning.value


def extension_rule(pack: Pack, request: RequestType) -> ExtensionRule:
    """How often and how long the type may be extended (C4)."""
    rule: ExtensionRule = getattr(pack.extension, request)
    return rule


def extension_days_max(pack: Pack, request: RequestType, granted: Sequence[int]) -> int:
    """How many working days the next extension may have, after those granted; 0 is none.

    XS 三(五) counts an inquiry's and a help's days in all, from the start of handling. Where the
    rule is not `firm`, the document only says "in principle" or "generally".
    """
    rule = extension_rule(pack, request)
    if len(granted) >= rule.times.value:
        return 0
    if rule.days.counts == "each":
        return rule.days.value
    handling: Span = getattr(pack.handle, request)
    return max(0, rule.days.value - handling.amount - sum(granted))


def extension_ask_by(pack: Pack, calendar: Calendar, due_at: datetime) -> datetime:
    """The last moment to ask: due Friday 17:30, one working day before is Thursday 17:30 (ZY 13.3).

    The deadline itself where the pack names no time.
    """
    days = pack.extension.ask_before.value
    if days == 0:
        return local(due_at)
    return working_days_before(with_hours(calendar, pack.hours), due_at, days)


def extended(pack: Pack, calendar: Calendar, due_at: datetime, days: int) -> Counted:
    """The deadline moved by working days, counted from the deadline that it moves (C4)."""
    # A deadline at midnight belongs to the day that it ends.
    return after_working_days(
        with_hours(calendar, pack.hours),
        local(due_at) - _MICROSECOND,
        days,
        day_ends=pack.counting.day_ends.value,
    )


@lru_cache(maxsize=RULES_KEPT_MAX)
def _rules(pack: Pack, calendar: Calendar, matter: Matter) -> tuple[_Rule, ...]:
    in_hours = with_hours(calendar, pack.hours)
    return tuple(
        _Rule(
            step,
            _ORIGINS.index(act),
            _counter(pack, in_hours, limit),
            _text(pack, limit, _SINCE[act]),
            limit.source,
        )
        for step, act, limit in _limits(pack, matter)
    )


@lru_cache(maxsize=RULES_KEPT_MAX)
def _limits(pack: Pack, matter: Matter) -> tuple[tuple[Step, str, Limit], ...]:
    """Each step's limit, and the act from which it runs."""
    dispatch = pack.forward if matter.is_passed_on else None
    dispatch = dispatch or next(one.limit for one in pack.dispatch if _fits(one, matter))
    respond: Limit | None = getattr(pack.respond, matter.urgency, None)
    result: Limit | None = getattr(pack.result, matter.urgency, None)
    limits: list[tuple[Step, str, Limit]] = [
        (Step.DISPATCH, "accept", dispatch),
        # A first response counts as signing (ZY 13.4).
        (Step.SIGN, "dispatch", respond or pack.sign),
        (Step.RETURN, pack.returning.starts.value, pack.returning.window),
        (Step.HANDLE, pack.handle.starts.value, getattr(pack.handle, matter.type)),
    ]
    if respond is not None:
        limits.append((Step.RESPOND, "dispatch", respond))
    if result is not None:
        limits.append((Step.RESULT, "dispatch", result))
    return tuple(limits)


def _fits(rule: DispatchRule, matter: Matter) -> bool:
    when = rule.when
    return (
        (when.types is None or matter.type in when.types)
        and (when.urgency is None or matter.urgency in when.urgency)
        and (when.enforcement is None or matter.enforcement == when.enforcement)
    )


def _counter(pack: Pack, calendar: Calendar, limit: Limit | Length) -> Count:
    if isinstance(limit, SameDay):
        before, otherwise = limit.before, limit.otherwise
        return lambda start: at_same_day(start, before=before, otherwise=otherwise)
    if isinstance(limit, SameWorkingDay):
        morning = limit.otherwise
        return lambda start: at_same_working_day(calendar, start, otherwise=morning)
    if isinstance(limit, AtOnceIfStaffed):
        within = _length(limit.within)
        staffed, next_day = (pack.staffed.opens, pack.staffed.closes), limit.otherwise
        return lambda start: at_once_if_staffed(start, within, staffed=staffed, otherwise=next_day)
    if limit.unit in ("minutes", "hours"):
        length = _length(limit)
        if _hours(pack, limit) == "clock":
            return lambda start: after_clock_time(start, length)
        return lambda start: after_working_time(calendar, start, length)
    count = _DAY_COUNTS[limit.unit]
    amount, day_ends = limit.amount, _day_ends(pack, limit)
    return lambda start: count(calendar, start, amount, day_ends=day_ends)


def _text(pack: Pack, limit: Limit | Length, since: str) -> str:
    """The rule in a few stable English words."""
    if isinstance(limit, SameDay):
        before, otherwise = _clock(limit.before), _clock(limit.otherwise)
        return f"same day if before {before}, else {otherwise} next day"
    if isinstance(limit, SameWorkingDay):
        return f"same day if in working time, else next {_clock(limit.otherwise)} of a working day"
    if isinstance(limit, AtOnceIfStaffed):
        within = _text(pack, limit.within, since)
        return f"{within} in staffed hours, else {_clock(limit.otherwise)} next day"
    if limit.unit in ("minutes", "hours"):
        unit = f"{_hours(pack, limit)} {limit.unit}"
        return f"{_counted(limit.amount, unit)} after {since}"
    unit = "calendar months" if limit.unit == "months" else limit.unit.replace("_", " ")
    end = "close of business" if _day_ends(pack, limit) == "close" else "midnight"
    return f"{_counted(limit.amount, unit)} after {since}, to {end}"


def _hours(pack: Pack, length: Length) -> HourKind:
    return length.hours or pack.counting.hours.value


def _day_ends(pack: Pack, length: Length) -> DayEnds:
    return length.day_ends or pack.counting.day_ends.value


def _length(length: Length) -> timedelta:
    return timedelta(**{length.unit: length.amount})


def _counted(amount: int, unit: str) -> str:
    return f"{amount} {unit.removesuffix('s') if amount == 1 else unit}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
