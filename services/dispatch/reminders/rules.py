"""When a unit is told of something, and in which words. Pure."""

from datetime import datetime, timedelta
from functools import lru_cache

from shared.calendars import Calendar, local, with_hours
from shared.events.chinese import CHINESE
from shared.events.sla import OrderIssued, TicketDueSoon
from shared.events.words import DutyHours, OrderKind, Urgency
from shared.policy.model import Pack
from shared.worktime import after_working_time

MOMENTS_KEPT_MAX = 64
_MOMENT = timedelta(microseconds=1)
DISPATCHED = "工单{number}（{urgency}）已派至你单位，请及时签收办理。"
CO_HANDLING = "工单{number}（{urgency}）请你单位协办，请及时签收，并将办理情况答复主办单位。"
ASKED_AGAIN = "诉求人就工单{number}再次反映，请抓紧办理。"
REPORTED = "工单{number}（{urgency}事项）紧急报告你单位，请立即登录平台处置。"
SENT_BACK = "工单{number}退回重新办理，请按要求办理后再次答复。"


def call_at(
    at: datetime,
    *,
    urgency: Urgency,
    duty_hours: DutyHours,
    pack: Pack | None,
    calendar: Calendar,
) -> datetime | None:
    """When a unit may be called, none for at once (ZY 13.4, 35).

    Emergencies, and units that take tickets day and night, are called at any hour; others when
    they next open, by the hours of the pack.
    """
    if pack is None or urgency is not Urgency.NORMAL or duty_hours is DutyHours.ALWAYS:
        return None
    opens_at = _opens_at(with_hours(calendar, pack.hours), at)
    return opens_at if opens_at > at else None


def is_open(at: datetime, *, pack: Pack, calendar: Calendar) -> bool:
    """Whether units that keep working hours are there."""
    return _opens_at(with_hours(calendar, pack.hours), at) <= at


# All of a batch is asked about one moment.
@lru_cache(maxsize=MOMENTS_KEPT_MAX)
def _opens_at(calendar: Calendar, at: datetime) -> datetime:
    return after_working_time(calendar, at, _MOMENT).due_at - _MOMENT


def words_of_deadline(data: TicketDueSoon) -> str:
    """What a unit is told before a deadline; `{number}` is the ticket's."""
    due_at = local(data.due_at)
    when = f"{due_at.month}月{due_at.day}日 {due_at:%H:%M}"
    return f"工单{{number}}的{CHINESE[data.step]}时限将于{when}到期，请抓紧办理。"


def words_of_order(data: OrderIssued) -> str:
    """What a unit is told of a document of supervision."""
    is_known = data.kind in set(OrderKind)
    name = CHINESE[OrderKind(data.kind)] if is_known else "督办文书"
    return f"你单位收到{name}（{data.number}），请登录查看并按期办理。"
