"""Promises: a unit's own time must be shorter than the pack's (C9). Pure."""

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from services.sla.handling.rules import article
from shared.calendars import Calendar, local
from shared.events.chinese import CHINESE
from shared.events.words import RequestType
from shared.policy.deadlines import limit_deadline
from shared.policy.model import Pack
from shared.policy.values import Length, Span

ALLOWED_BY = "ZY 13.2"
"""承办单位可根据行业考核的要求优于办结时限提速办结."""

_SAMPLE_DAYS = 366
_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


class PromiseUnit(StrEnum):
    """In what a unit counts its promise."""

    WORKING_DAYS = "working_days"
    HOURS = "hours"


CHINESE_UNITS = {
    "minutes": "分钟",
    "hours": "小时",
    "working_days": "个工作日",
    "calendar_days": "个自然日",
    "months": "个月",
}


class Promised(NamedTuple):
    """How fast a unit promises to handle."""

    amount: int
    unit: PromiseUnit


def promised_at(pack: Pack, calendar: Calendar, promise: Promised, starts_at: datetime) -> datetime:
    """When the unit promised to have handled what began at `starts_at`."""
    length = Length(amount=promise.amount, unit=promise.unit.value)
    return limit_deadline(pack, calendar, length, starts_at, since="").due_at


def refusal_of_promise(
    pack: Pack, calendar: Calendar, request: RequestType, promise: Promised, *, since: datetime
) -> str | None:
    """Why a promise is none, naming the pack's number; none where it is shorter (ZY 13.2).

    Amounts of the same unit are compared as they are. Others are counted from the first and the
    last moment of each day of the year after `since`: a promise must never end later.
    """
    limit: Span = getattr(pack.handle, request)
    if _is_shorter(pack, calendar, limit, promise, since=since):
        return None
    return (
        f"承诺时限应短于{CHINESE[request]}类工单规定的办理时限 {limit.amount} "
        f"{CHINESE_UNITS[limit.unit]}（{article(limit)}）；承办单位可以优于办结时限提速办结（{ALLOWED_BY}）"
    )


def _is_shorter(
    pack: Pack, calendar: Calendar, limit: Span, promise: Promised, *, since: datetime
) -> bool:
    hours = limit.hours or pack.counting.hours.value
    if limit.unit == promise.unit and (limit.unit != "hours" or hours == pack.counting.hours.value):
        return promise.amount < limit.amount
    midnight = datetime.combine(local(since).date(), time(), local(since).tzinfo)
    return all(
        promised_at(pack, calendar, promise, start)
        < limit_deadline(pack, calendar, limit, start, since="").due_at
        for day in range(_SAMPLE_DAYS)
        for start in (midnight + day * _DAY, midnight + (day + 1) * _DAY - _MICROSECOND)
    )
