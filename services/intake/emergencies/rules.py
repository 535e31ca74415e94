"""Whom an emergency is reported to, and in which words."""

from collections.abc import Mapping
from typing import Any

from shared.events.chinese import CHINESE
from shared.events.words import State, Urgency

URGENT = (Urgency.SPECIAL, Urgency.CRITICAL)
REPORTED_IN = (State.ACCEPTED, State.VERIFYING, State.HANDED_OVER)
"""What is filed in another state is over already."""
COUNTY_DIGITS = 6
PLATFORM = "platform"
"""Who reports where nobody had to decide it: the platform itself, at filing (ZY 13.4)."""


def is_reported(urgency: str, state: str) -> bool:
    """Whether a request is reported the moment it is filed (ZY 13.4)."""
    return urgency in URGENT and state in REPORTED_IN


def offices_of(jurisdiction: str, place: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The governments that are told: of the jurisdiction, and of the county of the place.

    A township's or a village's place is its county's matter (ZY 13.4: 事件属地政府).
    """
    division = (place or {}).get("division")
    county = jurisdiction if division is None else str(division)[:COUNTY_DIGITS]
    return tuple(dict.fromkeys((jurisdiction, county)))


def report_words(number: str, urgency: str) -> str:
    """The first report: it names the ticket and repeats nothing of it."""
    name = CHINESE[Urgency(urgency)]
    return f"【{name}事项】12345热线受理{number}号诉求，已同步转有关单位，请立即登录平台处置。"
