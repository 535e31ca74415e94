"""Who may have more time, how often, how long, asked by when (C4). Pure.

Where the documents leave room, we read them so (each is ours, "default"):

- What is counted against "how often" is the application (ZY 13.3 延期申请只能1次, YN 六(三)4(3)
  同一事项申请延期办结以2次为限), whatever became of it, over the whole life of the ticket.
- An application at the last moment, or at `due_at` where no time is named, is in time.
- A rule that is not `firm` (原则上, 一般) may be exceeded where the unit says that the matter is
  exceptional: once more than the number of times, and by working days up to the handling time of
  the type itself. What is firm is never exceeded.
- Handling that has a limit set by law is not extended: that limit is the law's to extend (C8).
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from services.sla.handling.rules import article, clock_time
from shared.calendars import Calendar
from shared.events.chinese import CHINESE
from shared.events.words import RequestType
from shared.policy.deadlines import (
    extension_ask_by,
    extension_days_max,
    extension_rule,
)
from shared.policy.model import Pack
from shared.policy.values import Span

EXCEPTIONAL = "exceptional"


class ExtensionState(StrEnum):
    """Where an application stands."""

    REQUESTED = "requested"
    GRANTED = "granted"
    REFUSED = "refused"


class ExtensionDecision(StrEnum):
    """What the hotline office decides."""

    GRANTED = "granted"
    REFUSED = "refused"


CHINESE_STATES = {
    ExtensionState.REQUESTED: "待审核",
    ExtensionState.GRANTED: "同意延期",
    ExtensionState.REFUSED: "不同意延期",
}


class Reason(StrEnum):
    """Why more time is refused; the stable codes of the problems."""

    NOT_ALLOWED_FOR_TYPE = "extension_not_allowed_for_type"
    TOO_LATE = "extension_too_late"
    TOO_OFTEN = "extension_too_often"
    TOO_LONG = "extension_too_long"
    PENDING = "extension_pending"
    NOTHING_RUNNING = "nothing_running"
    SET_BY_LAW = "extension_set_by_law"
    NOT_EXPLAINED = "extension_not_explained"


class Refusal(NamedTuple):
    """What a rule says against an act: the code, the words for people, what is allowed."""

    reason: Reason
    detail: str
    allowed: tuple[str, ...] = ()
    field: str | None = None


class Standing(NamedTuple):
    """What is known of a ticket's handling."""

    request: RequestType
    due_at: datetime | None
    """Of the handling that runs or has run out; none where nothing runs."""
    has_law_limit: bool
    granted_days: Sequence[int]
    """Of the extensions that this handling has had."""
    applications: int
    """Of the ticket, whatever became of them."""
    is_pending: bool


class Application(NamedTuple):
    """A unit asks for more time."""

    working_days: int
    is_exceptional: bool
    at: datetime


def refusal_of(
    pack: Pack, calendar: Calendar, standing: Standing, application: Application
) -> Refusal | None:
    """What stands against an application; none where it may be made (ZY 13.3, XS 三(五))."""
    return (
        _refuse_handling(standing)
        or _refuse_pending(standing)
        or _refuse_times(pack, standing, is_exceptional=application.is_exceptional)
        or _refuse_late(pack, calendar, standing, application.at)
        or _refuse_days(
            pack, standing, application.working_days, is_exceptional=application.is_exceptional
        )
    )


def refusal_of_grant(
    pack: Pack, standing: Standing, asked: Application, working_days: int, *, is_told: bool
) -> Refusal | None:
    """What stands against granting `working_days` of what was asked for.

    Fewer may be granted, never more, and where the pack says so none before the unit has told the
    caller (ZY 13.3). The application was in time when it was made: that the decision comes late
    is not held against the unit.
    """
    if working_days > asked.working_days:
        return Refusal(
            Reason.TOO_LONG,
            f"单位申请延期 {asked.working_days} 个工作日，不得批准更多。",
            allowed=_days(asked.working_days),
            field="working_days",
        )
    return (
        _refuse_handling(standing)
        or _refuse_untold(pack, is_told=is_told)
        or _refuse_days(pack, standing, working_days, is_exceptional=asked.is_exceptional)
    )


def times_max(pack: Pack, request: RequestType, *, is_exceptional: bool) -> int:
    """How many applications a ticket of the type may have."""
    times = extension_rule(pack, request).times
    return times.value + (is_exceptional and not times.firm)


def days_max(
    pack: Pack, request: RequestType, granted: Sequence[int], *, is_exceptional: bool
) -> int:
    """How many working days the next extension may have; 0 is none."""
    days = extension_days_max(pack, request, granted)
    if is_exceptional and not extension_rule(pack, request).days.firm:
        handling: Span = getattr(pack.handle, request)
        # A handling time in hours is within a day.
        return max(days, handling.amount if handling.unit == "working_days" else 1)
    return days


def _refuse_handling(standing: Standing) -> Refusal | None:
    if standing.due_at is None:
        return Refusal(Reason.NOTHING_RUNNING, "工单没有正在计时的办理时限，无从延期。")
    if standing.has_law_limit:
        return Refusal(
            Reason.SET_BY_LAW,
            "工单的办理时限由法律法规规定，从其规定，不适用热线的延期规则；"
            "依法可以延长的，请另行申报法定时限。",
            allowed=("set-limit",),
        )
    return None


def _refuse_pending(standing: Standing) -> Refusal | None:
    if not standing.is_pending:
        return None
    return Refusal(
        Reason.PENDING,
        "已有一件延期申请待审核，审核前不得再次申请。",
        allowed=("decide-extension",),
    )


def _refuse_untold(pack: Pack, *, is_told: bool) -> Refusal | None:
    law = pack.extension.told_to_caller
    if is_told or not law.value:
        return None
    return Refusal(
        Reason.NOT_EXPLAINED,
        "延期须由承办单位向诉求人说明情况；请承办单位先登记何时以何方式作了说明"
        f"（explain-extension），再同意延期（{article(law)}）。",
        allowed=("explain-extension",),
    )


def _refuse_times(pack: Pack, standing: Standing, *, is_exceptional: bool) -> Refusal | None:
    request = standing.request
    times = extension_rule(pack, request).times
    most = times_max(pack, request, is_exceptional=is_exceptional)
    if standing.applications < most:
        return None
    can_be_exceptional = not times.firm and not is_exceptional and standing.applications <= most
    hint = "；情况特殊的，可注明 exceptional 并说明理由" if can_be_exceptional else ""
    allowed = (EXCEPTIONAL,) if can_be_exceptional else ()
    name = CHINESE[request]
    if times.value == 0 and standing.applications == 0:
        principle = "" if times.firm else "原则上"
        detail = f"{name}类工单{principle}不予延期{hint}（{article(times)}）。"
        return Refusal(Reason.NOT_ALLOWED_FOR_TYPE, detail, allowed)
    detail = (
        f"{name}类工单申请延期以 {most} 次为限，本工单已申请 {standing.applications} 次"
        f"{hint}（{article(times)}）。"
    )
    return Refusal(Reason.TOO_OFTEN, detail, allowed)


def _refuse_late(
    pack: Pack, calendar: Calendar, standing: Standing, at: datetime
) -> Refusal | None:
    assert standing.due_at is not None, "what runs has a due time"
    ask_by = extension_ask_by(pack, calendar, standing.due_at)
    if at <= ask_by:
        return None
    before = pack.extension.ask_before
    when = f"到期 {before.value} 个工作日前" if before.value else "到期前"
    detail = (
        f"延期申请应在办理时限{when}提出：本工单 {clock_time(standing.due_at)} 到期，"
        f"最迟应在 {clock_time(ask_by)} 前申请（{article(before)}）。"
    )
    return Refusal(Reason.TOO_LATE, detail, field="ask_by", allowed=(ask_by.isoformat(),))


def _refuse_days(
    pack: Pack, standing: Standing, working_days: int, *, is_exceptional: bool
) -> Refusal | None:
    request = standing.request
    most = days_max(pack, request, standing.granted_days, is_exceptional=is_exceptional)
    if working_days <= most:
        return None
    days = extension_rule(pack, request).days
    in_all = f"，连同办理时限最长 {days.value} 个工作日" if days.counts == "in_all" else ""
    further = days_max(pack, request, standing.granted_days, is_exceptional=True)
    hint = (
        f"；情况特殊的，可注明 exceptional 并说明理由，最多 {further} 个工作日"
        if further > most
        else ""
    )
    detail = (
        f"{CHINESE[request]}类工单此次延期最多 {most} 个工作日{in_all}{hint}（{article(days)}）。"
    )
    return Refusal(Reason.TOO_LONG, detail, _days(most), field="working_days")


def _days(most: int) -> tuple[str, ...]:
    return tuple(str(days) for days in range(1, most + 1))
