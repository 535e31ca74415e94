"""What acts on a ticket's handling time share: words for people, and what was laid on it. Pure."""

from collections.abc import Sequence
from datetime import datetime

from services.sla.rules import EXTEND, Adjustment
from shared.calendars import local
from shared.policy.values import Sourced


def article(value: Sourced) -> str:
    """Where a value stands, for people: the article, or that it is ours."""
    if value.source != "default":
        return value.source
    return f"默认规则，取自 {value.inherited_from}" if value.inherited_from else "默认规则"


def clock_time(at: datetime) -> str:
    """A time as people read it, in Beijing time."""
    return f"{local(at):%Y-%m-%d %H:%M}"


def granted_days(adjustments: Sequence[Adjustment]) -> tuple[int, ...]:
    """The working days of each extension that this handling has had."""
    return tuple(values[0] for kind, *values in adjustments if kind == EXTEND)


def with_extension(adjustments: Sequence[Adjustment], working_days: int) -> list[Adjustment]:
    """What is laid on the handling, and one more extension."""
    return [*adjustments, [EXTEND, working_days]]


def without_extensions(adjustments: Sequence[Adjustment]) -> list[Adjustment]:
    """What is laid on the handling but for extensions: they were the pack's, not the law's (C8)."""
    return [one for one in adjustments if one[0] != EXTEND]
