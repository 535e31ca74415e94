"""An operator's calendar file: the State Council's notice of a year, or local days off (C6)."""

import tomllib
from datetime import date, timedelta
from typing import Annotated, NamedTuple, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from shared.calendars import FIRST_DAY, LAST_DAY, ExplicitDay, Overlay
from shared.policy.errors import FileProblem, PolicyFileError, file_problems
from shared.policy.values import Code, Strict, Text

STRETCH_DAYS_MAX = 31

Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]


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
    published_years: tuple[int, ...] = ()
    off: tuple[_Stretch, ...] = ()
    work: tuple[_Stretch, ...] = ()

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Self:
        days = [day for stretch in (*self.off, *self.work) for day in stretch.days]
        if len(set(days)) < len(days):
            raise PydanticCustomError("days", "同一天不得出现两次")
        for year in self.published_years:
            # A year without a single holiday would pass for Monday to Friday, and for published.
            if not any(day.year == year for stretch in self.off for day in stretch.days):
                raise PydanticCustomError("year", "{year} 年没有放假的日子", {"year": year})
        return self


def read_calendar_file(file: str, text: str) -> CalendarFile:
    """An overlay from a TOML text: `document`, `published_years`, `[[off]]` and `[[work]]` days.

    `jurisdiction` limits it to a division and those below. Raises `PolicyFileError` with every
    problem found.
    """
    try:
        data = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise PolicyFileError([FileProblem(file, "", f"不是正确的 TOML：{error}")]) from error
    except ValidationError as error:
        raise PolicyFileError(file_problems(file, error)) from error
    days = tuple(
        ExplicitDay(day, works, stretch.name)
        for works, stretches in ((False, data.off), (True, data.work))
        for stretch in stretches
        for day in stretch.days
    )
    return CalendarFile(
        data.document, data.jurisdiction, Overlay(days, frozenset(data.published_years))
    )
