"""Tries, locks, passwords, and what a login still needs. Pure."""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

CLASSES = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")
CLASSES_MIN = 3
PASSWORD_LENGTH_MAX = 128
LOGIN_LIFETIME = timedelta(minutes=10)
"""From the first form to the last."""
CODE_LIFETIME = timedelta(seconds=60)
TOKEN_LIFETIME = timedelta(minutes=5)
KEY_LIFETIME = timedelta(days=90)
"""A new key signs after so long; the old one is published for as long again."""
RECOVERY_CODES = 8


class Standing(NamedTuple):
    """How an account stands: wrong tries in a row, and until when it takes none."""

    failures: int = 0
    locked_until: datetime | None = None


class Limits(NamedTuple):
    """After how many wrong tries an account locks, and for how long."""

    failures_max: int
    lock: timedelta


class Stage(StrEnum):
    """What a login asks for next."""

    CODE = "code"
    CHANGE = "change"
    ENROL = "enrol"
    RECOVERY = "recovery"
    DONE = "done"


class Facts(NamedTuple):
    """What a login depends on, once the password was right."""

    has_code: bool
    """A second factor is registered."""
    needs_code: bool
    """One is demanded."""
    must_change: bool
    """The password is a one-time one, or too old."""


def begin_try(standing: Standing, now: datetime, limits: Limits) -> Standing | None:
    """Count a try before it is judged, so that tries at once are counted too; none when locked.

    Whoever was right gives the try back; whoever was wrong leaves it counted.
    """
    if standing.locked_until is not None:
        if now < standing.locked_until:
            return None
        standing = Standing()
    failures = standing.failures + 1
    is_last = failures >= limits.failures_max
    return Standing(failures, now + limits.lock if is_last else None)


def give_back(standing: Standing) -> Standing:
    """The try was right."""
    return Standing(max(standing.failures - 1, 0), None)


def next_stage(facts: Facts, passed: Collection[Stage]) -> Stage:
    """What comes next; `passed` are the stages of this login that are behind it."""
    if facts.has_code and not {Stage.CODE, Stage.ENROL} & set(passed):
        return Stage.CODE
    if facts.must_change:
        return Stage.CHANGE
    if facts.needs_code and not facts.has_code:
        return Stage.ENROL
    return Stage.DONE


def wrong_password(password: str, *, work_number: str, length_min: int) -> str | None:
    """Why a password cannot be taken, in Chinese; none where it can."""
    if len(password) < length_min:
        return f"口令至少 {length_min} 个字符"
    if len(password) > PASSWORD_LENGTH_MAX:
        return f"口令最多 {PASSWORD_LENGTH_MAX} 个字符"
    if sum(bool(re.search(one, password)) for one in CLASSES) < CLASSES_MIN:
        return "口令须含大写字母、小写字母、数字、其他符号中的至少三类"
    if work_number.lower() in password.lower():
        return "口令不得包含工号"
    return None
