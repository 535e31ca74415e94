"""An operator's calendar file: the State Council's notice of a year, or local days off (C6)."""

import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, NamedTuple, Self

from pydantic import Field, StrictInt, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from shared.calendars import FIRST_DAY, LAST_DAY, ExplicitDay, Overlay
from shared.jurisdictions import prefix
from shared.policy.errors import FileProblem, PolicyFileError, file_problems
from shared.policy.values import Code, Strict, Text

STRETCH_DAYS_MAX = 31
STRETCHES_MAX = 1000

Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
Year = Annotated[StrictInt, Field(ge=FIRST_DAY.year, le=LAST_DAY.year)]

_SATURDAY = 5
# New Year's days off may begin, and be made up for, in the December before.
_DECEMBER_DAYS = timedelta(days=8)


class Festival(NamedTuple):
    """A holiday that every year's notice names, and between which days it falls (month, day)."""

    word: str
    earliest: tuple[int, int]
    latest: tuple[int, int]


FESTIVALS = (
    Festival("元旦", (1, 1), (1, 1)),
    Festival("春节", (1, 20), (2, 24)),
    Festival("清明", (4, 3), (4, 6)),
    Festival("劳动节", (5, 1), (5, 1)),
    Festival("端午", (5, 27), (6, 26)),
    Festival("中秋", (9, 7), (10, 9)),
    Festival("国庆", (10, 1), (10, 1)),
)
"""《全国年节及纪念日放假办法》; 元旦, 劳动节 and 国庆 have their fixed first days."""


class CalendarFile(NamedTuple):
    """What a file says, and of which jurisdiction; None is the whole country."""

    document: str
    jurisdiction: str | None
    overlay: Overlay


class _Stretch(Strict):
    first: Day
    last: Day | None = None
    name: Text

    @model_validator(mode="after")
    def _refuse_a_wrong_stretch(self) -> Self:
        if not 1 <= len(self.days) <= STRETCH_DAYS_MAX:
            raise PydanticCustomError(
                "stretch", "last 不得早于 first，一段不得超过 {max} 天", {"max": STRETCH_DAYS_MAX}
            )
        return self

    @property
    def days(self) -> list[date]:
        length = ((self.last or self.first) - self.first).days + 1
        return [self.first + timedelta(days=offset) for offset in range(length)]


class _File(Strict):
    document: Text
    jurisdiction: Code | None = None
    published_years: tuple[Year, ...] = ()
    off: Annotated[tuple[_Stretch, ...], Field(max_length=STRETCHES_MAX)] = ()
    work: Annotated[tuple[_Stretch, ...], Field(max_length=STRETCHES_MAX)] = ()

    @property
    def stretches(self) -> Iterator[tuple[str, _Stretch]]:
        """Each stretch under the name of its field."""
        for kind, stretches in (("off", self.off), ("work", self.work)):
            for place, stretch in enumerate(stretches):
                yield f"{kind}[{place}]", stretch


def load_calendar_file(path: Path) -> CalendarFile:
    """An overlay from a file. Raises `PolicyFileError` with every problem found."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PolicyFileError([FileProblem(path.name, "", "应为 UTF-8 编码")]) from error
    return read_calendar_file(path.name, text)


def read_calendar_file(file: str, text: str) -> CalendarFile:
    """An overlay from a TOML text: `document`, `published_years`, `[[off]]` and `[[work]]` days.

    A year that is published is published whole: every national holiday is named, and what the file
    does not name is an ordinary week. Without `published_years` a file adds days to what others
    say; with `jurisdiction` only that division and those below have them. Raises
    `PolicyFileError` with every problem found.
    """
    try:
        data = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise PolicyFileError([FileProblem(file, "", f"不是正确的 TOML：{error}")]) from error
    except ValidationError as error:
        raise PolicyFileError(file_problems(file, error)) from error
    checks = (_empty, _local, _twice, _wrong_year, _made_up_on_a_weekday, _gaps)
    problems = [FileProblem(file, *found) for check in checks for found in check(data)]
    if problems:
        raise PolicyFileError(problems)
    days = tuple(
        ExplicitDay(day, works, stretch.name)
        for works, stretches in ((False, data.off), (True, data.work))
        for stretch in stretches
        for day in stretch.days
    )
    return CalendarFile(
        data.document, data.jurisdiction, Overlay(days, frozenset(data.published_years))
    )


Found = Iterator[tuple[str, str]]


def _empty(data: _File) -> Found:
    if not (data.off or data.work or data.published_years):
        yield "off", "文件中没有任何日子"


def _local(data: _File) -> Found:
    if data.jurisdiction is None:
        return
    if prefix(data.jurisdiction) == "":
        yield "jurisdiction", "全国的放假安排不写 jurisdiction"
    elif data.published_years:
        yield "published_years", "只有国务院的放假安排可以公布年份，地方文件只增加当地的日子"


def _twice(data: _File) -> Found:
    seen: dict[date, str] = {}
    for field, stretch in data.stretches:
        for day in stretch.days:
            if day in seen:
                yield field, f"同一天不得出现两次：{day} 已在 {seen[day]} 中"
                break
            seen[day] = field


def _wrong_year(data: _File) -> Found:
    if data.jurisdiction is not None or not data.published_years:
        return
    years = "、".join(map(str, sorted(data.published_years)))
    for field, stretch in data.stretches:
        wrong = [day for day in stretch.days if not _belongs(day, data.published_years)]
        if wrong:
            yield field, f"{wrong[0]} 不在公布的年份（{years}）之内"


def _belongs(day: date, years: tuple[int, ...]) -> bool:
    return day.year in years or (day + _DECEMBER_DAYS).year in years


def _made_up_on_a_weekday(data: _File) -> Found:
    for field, stretch in data.stretches:
        if field.startswith("work"):
            for day in stretch.days:
                if day.weekday() < _SATURDAY:
                    yield field, f"{day} 不是星期六或者星期日，不能是调休上班的日子"


def _gaps(data: _File) -> Found:
    """A year without one of its holidays would pass for Monday to Friday, and for published."""
    for place, year in enumerate(data.published_years):
        if data.jurisdiction is not None:
            continue
        missing = [one.word for one in FESTIVALS if not _is_kept(data, year, one)]
        if missing:
            yield (
                f"published_years[{place}]",
                f"{year} 年的放假安排有缺口，缺少：{'、'.join(missing)}"
                "（名称写全，例如“国庆节、中秋节”；日期须在节日期间）",
            )


def _is_kept(data: _File, year: int, festival: Festival) -> bool:
    earliest, latest = date(year, *festival.earliest), date(year, *festival.latest)
    return any(
        festival.word in stretch.name and any(earliest <= day <= latest for day in stretch.days)
        for stretch in data.off
    )
