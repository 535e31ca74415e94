"""What a call counts as, and the connection rate (ZY 10, 25.1). Pure."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from shared.events.kinds import Seat

LENGTH_MAX = timedelta(days=1)
"""A call that is longer was written down wrongly."""


class Call(NamedTuple):
    """A call as the telephone system tells it."""

    jurisdiction: str
    ref: str
    queued_at: datetime
    ended_at: datetime
    answered_at: datetime | None = None
    agent: str | None = None
    seat_kind: Seat = Seat.CALL
    subcenter: str | None = None
    is_transferred: bool = False
    is_three_way: bool = False
    ticket_id: UUID | None = None


class By(StrEnum):
    """What rates are told apart by."""

    SEAT_KIND = "seat_kind"
    SUBCENTER = "subcenter"
    HOUR = "hour"
    DAY = "day"


class Wrong(NamedTuple):
    """A field of a call that cannot be, with its code and words."""

    field: str
    code: str
    message: str


def waited_seconds(call: Call) -> int:
    """How long the caller waited, until answered or given up; whole seconds."""
    return int(((call.answered_at or call.ended_at) - call.queued_at).total_seconds())


def is_quick_hangup(call: Call, quick_hangup_seconds: int) -> bool:
    """Whether the caller gave up sooner than the pack counts."""
    return call.answered_at is None and waited_seconds(call) < quick_hangup_seconds


def rate(*, queued: int, answered: int, quick_hangups: int) -> float | None:
    """Answered by a person ÷ calls that reached a queue, quick hang-ups left out; none of none."""
    counted = queued - quick_hangups
    return answered / counted if counted else None


def wrong_call(call: Call) -> Wrong | None:
    """What in a call cannot be; none where all is well."""
    if call.ended_at < call.queued_at:
        return Wrong("ended_at", "before_queue", "结束时间不得早于进入队列的时间")
    if call.ended_at - call.queued_at > LENGTH_MAX:
        return Wrong("ended_at", "too_long", "一次来电不得超过 24 小时")
    if call.answered_at is not None and not call.queued_at <= call.answered_at <= call.ended_at:
        return Wrong("answered_at", "out_of_call", "接听时间应在进入队列与结束之间")
    if call.answered_at is not None and call.agent is None:
        return Wrong("agent", "missing", "已接听的来电须写明话务员工号")
    if call.answered_at is None and call.agent is not None:
        return Wrong("agent", "not_answered", "未接听的来电不应有话务员工号")
    return None
