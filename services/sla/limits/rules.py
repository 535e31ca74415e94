"""Limits set by law: on what ground a unit may enter one, and how long it may be (C8). Pure."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from services.sla.handling.rules import article
from services.sla.rules import Adjustment, recount
from shared.calendars import Calendar, OutsideCalendarError
from shared.events.words import Step
from shared.policy.deadlines import Matter
from shared.policy.model import Pack
from shared.policy.values import MONTHS_MAX


class LimitState(StrEnum):
    """Where a limit that a unit entered stands."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class LimitUnit(StrEnum):
    """In what a law counts its time."""

    HOURS = "hours"
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    MONTHS = "months"


CHINESE_STATES = {
    LimitState.REQUESTED: "待确认",
    LimitState.CONFIRMED: "已确认",
    LimitState.REFUSED: "未予确认",
}
CHINESE_UNITS = {
    LimitUnit.HOURS: "小时",
    LimitUnit.WORKING_DAYS: "个工作日",
    LimitUnit.CALENDAR_DAYS: "个自然日",
    LimitUnit.MONTHS: "个月",
}


class Set(NamedTuple):
    """What a law says of a matter's time."""

    ground: str
    law: str
    article: str
    amount: int
    unit: LimitUnit


def refusal_of_ground(pack: Pack, ground: str) -> str | None:
    """Why the pack does not know a ground, naming those that it does; none where it knows it."""
    if any(one.code == ground for one in pack.law_limits):
        return None
    if not pack.law_limits:
        return "本地政策未规定可另设时限的情形"
    known = "；".join(f"{one.code}：{one.text}（{article(one)}）" for one in pack.law_limits)
    return f"不是可另设时限的情形，允许的情形有 {known}"


def refusal_of_length(
    pack: Pack,
    calendar: Calendar,
    matter: Matter,
    limit: Set,
    *,
    starts_at: datetime,
    adjustments: Sequence[Adjustment],
) -> str | None:
    """Why nobody can count a handling time so long from `starts_at`; none where it can be."""
    length = f"{limit.amount} {CHINESE_UNITS[limit.unit]}"
    if limit.unit is LimitUnit.MONTHS and limit.amount > MONTHS_MAX:
        return f"法定时限最长 {MONTHS_MAX} 个月，不能是 {length}，请核对时限的长度和单位"
    try:
        recount(
            pack,
            calendar,
            matter,
            Step.HANDLE,
            starts_at=starts_at,
            adjustments=adjustments,
            law_limit=kept(limit),
        )
    except OutsideCalendarError as error:
        return f"时限为 {length} 的，到期{error}，请核对时限的长度和单位"
    return None


def ground_article(pack: Pack, ground: str) -> str:
    """The article of the pack that lets a limit set by law hold; "default" where it is ours."""
    return next((one.source for one in pack.law_limits if one.code == ground), "default")


def kept(limit: Set) -> dict[str, Any]:
    """The limit as a ticket's clock keeps it."""
    return {
        "law": limit.law,
        "article": limit.article,
        "amount": limit.amount,
        "unit": str(limit.unit),
    }
