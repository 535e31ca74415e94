"""Times as other systems write them."""

import calendar
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from shared.calendars import BEIJING

YEARS = range(1900, 2101)
FORMS = "2019/12/30 17:06:14、2019-12-30 17:06 或 2019-12-30T17:06:14+08:00"
PATTERN = re.compile(
    r"""(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?
    (?:(?:\s+|T)(?P<hour>\d{1,2})[:：时](?P<minute>\d{1,2})分?
        (?:[:：]?(?P<second>\d{1,2})秒?(?:\.(?P<fraction>\d{1,6})\d*)?)?)?
    \s*(?P<zone>Z|[+-]\d{2}:?\d{2})?""",
    re.VERBOSE | re.IGNORECASE,
)


class BadTime(ValueError):
    """No time that was ever shown on a clock; the message says why, in Chinese."""


def read_time(text: str) -> datetime:
    """The moment that a cell names; without a zone it is Beijing's. Raises `BadTime`."""
    found = PATTERN.fullmatch(text.strip())
    if found is None:
        raise BadTime(f"“{text}”不是能识别的时间；可用 {FORMS}")
    year, month, day, hour, minute, second = (
        int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    _check_date(year, month, day)
    for value, limit, name in ((hour, 24, "时"), (minute, 60, "分"), (second, 60, "秒")):
        if value >= limit:
            raise BadTime(f"“{text}”：没有 {value} {name}")
    microsecond = int((found["fraction"] or "").ljust(6, "0"))
    zone = _zone(found["zone"])
    return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=zone)


def _check_date(year: int, month: int, day: int) -> None:
    if year not in YEARS:
        raise BadTime(f"{year} 年不在 {YEARS[0]} 至 {YEARS[-1]} 年之间")
    if not 1 <= month <= 12:
        raise BadTime(f"没有 {month} 月")
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        raise BadTime(f"{year} 年 {month} 月没有 {day} 日")


def _zone(text: str | None) -> tzinfo:
    if text is None:
        return BEIJING
    if text.upper() == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:
        raise BadTime(f"没有时区 {text}")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
