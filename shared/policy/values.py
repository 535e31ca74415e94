"""The values of a policy pack, each with the article that it comes from.

`source` is the article where a document says it ("ZY 13.2"), and "default" where the number is
ours or was taken from a parent; `inherited_from` then names the pack. A key that the model does
not know is refused, with the keys that it knows. Times of day are in minutes from midnight.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    StrictBool,
    StrictInt,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from shared.calendars import DAY_MINUTES
from shared.events.words import Role, Satisfaction

CODE_PATTERN = r"^[0-9]{6}$"
SLUG_PATTERN = r"^[a-z][a-z0-9_]*$"
SOURCE_PATTERN = r"^(default|[A-Z]{2,6}( annex)?( \S+)?)$"
# With or without an area code, whichever dash the annex prints.
NUMBER_PATTERN = r"^([0-9]{3,4}[-—–－]?)?[0-9]{5,8}$"

Code = Annotated[str, StringConstraints(pattern=CODE_PATTERN)]
Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN)]
Source = Annotated[str, StringConstraints(pattern=SOURCE_PATTERN)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Amount = Annotated[StrictInt, Field(gt=0, le=3650)]
MONTHS_MAX = 120
"""As long as the longest amount in days; what is longer may end after the calendar does."""
WholeDays = Annotated[StrictInt, Field(ge=0, le=366)]
CLOSING = (
    Satisfaction.VERY_SATISFIED,
    Satisfaction.SATISFIED,
    Satisfaction.BASICALLY_SATISFIED,
)
"""The ratings that end a ticket (ZY 14.1)."""
DayEnds = Literal["close", "midnight"]
HourKind = Literal["clock", "working"]


def _parse_time_of_day(value: object) -> int:
    hours, colon, minutes = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2):
        raise PydanticCustomError("time_of_day", "应为一天中的时刻，例如 17:30")
    total = int(hours) * 60 + int(minutes)
    if int(minutes) >= 60 or total > DAY_MINUTES:
        raise PydanticCustomError("time_of_day", "时刻应在 00:00 至 24:00 之间")
    return total


def _show_time_of_day(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


TimeOfDay = Annotated[
    int, BeforeValidator(_parse_time_of_day), PlainSerializer(_show_time_of_day, return_type=str)
]


def _parse_month_day(value: object) -> tuple[int, int]:
    month, dash, day = value.partition("-") if isinstance(value, str) else ("", "", "")
    if not (dash and len(month) == len(day) == 2 and month.isdecimal() and day.isdecimal()):
        raise PydanticCustomError("month_day", "应为一年中的日期，例如 05-01")
    return int(month), int(day)


def _show_month_day(month_day: tuple[int, int]) -> str:
    return f"{month_day[0]:02d}-{month_day[1]:02d}"


MonthDay = Annotated[
    tuple[int, int],
    BeforeValidator(_parse_month_day),
    PlainSerializer(_show_month_day, return_type=str),
]


class Strict(BaseModel):
    """Frozen, and closed: a key that is not a field is refused with those that are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: object) -> object:
        if isinstance(data, Mapping):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            unknown = [str(key) for key in data if key not in known]
            if unknown:
                shown = [name for name in known if name != "inherited_from"]
                raise PydanticCustomError(
                    "unknown_key",
                    "不认识的字段 {unknown}；允许的字段：{allowed}",
                    {"unknown": "、".join(unknown), "allowed": "、".join(shown)},
                )
        return data


class Sourced(Strict):
    """A value with the article that it comes from."""

    source: Source
    inherited_from: Code | None = None


class Count(Sourced):
    """A number of times or of working days."""

    value: WholeDays


class Share(Sourced):
    """A part of the whole, between 0 and 1."""

    value: Annotated[float, Field(gt=0, lt=1)]


class Flag(Sourced):
    """Whether something holds."""

    value: StrictBool


class Weight(Sourced):
    """A part of a whole: of a score, of all calls."""

    value: Annotated[float, Field(gt=0, le=1)]


class Wording(Sourced):
    """What a document, or the platform, says in words."""

    text: Text


class Number(Sourced):
    """How many there are."""

    value: Amount


class Places(Sourced):
    """Divisions, by code."""

    value: Annotated[tuple[Code, ...], Field(min_length=1)]


class Marks(Sourced):
    """The marks of a full score."""

    value: Annotated[StrictInt, Field(gt=0, le=1000)]


class Day(Sourced):
    """A date."""

    value: date


class Rating(Sourced):
    """A level of satisfaction that closes a ticket (ZY 14.1)."""

    value: Satisfaction

    @field_validator("value")
    @classmethod
    def _refuse_what_closes_nothing(cls, value: Satisfaction) -> Satisfaction:
        if value not in CLOSING:
            allowed = "、".join(f"'{one}'" for one in CLOSING)
            raise PydanticCustomError("rating", "允许的值：{allowed}", {"allowed": allowed})
        return value


class Office(Sourced):
    """Who does something: the role in the platform, and what the document calls it."""

    value: Role
    text: Text


class Asker(Office):
    """Who asks for something on a unit's behalf: anybody of it, or its leader alone."""

    @field_validator("value")
    @classmethod
    def _refuse_who_is_of_no_unit(cls, value: Role) -> Role:
        if value not in (Role.UNIT, Role.UNIT_LEADER):
            raise PydanticCustomError("asker", "允许的值：'unit'、'unit_leader'")
        return value


class HoursCounted(Sourced):
    """Whether "N hours" are hours of the clock, day and night, or working hours."""

    value: HourKind


class DaysEnd(Sourced):
    """Whether a working day counted ends at close of business or at midnight."""

    value: DayEnds


class Starts(Sourced):
    """The act from which a time runs."""

    value: Literal["dispatch", "sign"]


class Statement(Sourced):
    """What a document says, in Chinese, under a code."""

    code: Slug
    text: Text


class Length(Strict):
    """A length of time. `hours` and `day_ends` override the pack's `counting`."""

    amount: Amount
    unit: Literal["minutes", "hours", "working_days", "calendar_days", "months"]
    hours: HourKind | None = None
    day_ends: DayEnds | None = None

    @model_validator(mode="after")
    def _refuse_what_the_unit_cannot_use(self) -> Self:
        has_hours = self.unit in ("minutes", "hours")
        if (self.hours is not None and not has_hours) or (self.day_ends is not None and has_hours):
            raise PydanticCustomError(
                "unit", "hours 只用于 minutes、hours；day_ends 只用于以日、月计的时限"
            )
        return self


class Span(Length, Sourced):
    """A length of time with its source."""

    way: Literal["span"] = "span"

    @model_validator(mode="after")
    def _refuse_what_leads_beyond_the_calendar(self) -> Self:
        if self.unit == "months" and self.amount > MONTHS_MAX:
            raise PydanticCustomError(
                "amount", "以月计的时限不得超过 {max} 个月", {"max": MONTHS_MAX}
            )
        return self


class SameDay(Sourced):
    """Before `before` by the end of that day, else by `otherwise` of the next (YN 六(三)3)."""

    way: Literal["same_day"]
    before: TimeOfDay
    otherwise: TimeOfDay


class SameWorkingDay(Sourced):
    """In working time by the end of that day, else by the next `otherwise` of a working day."""

    way: Literal["same_working_day"]
    otherwise: TimeOfDay


class AtOnceIfStaffed(Sourced):
    """In staffed hours `within` so long, else by `otherwise` of the next day (YN 六(三)2)."""

    way: Literal["at_once_if_staffed"]
    within: Span
    otherwise: TimeOfDay


def _way(limit: object) -> object:
    if isinstance(limit, Mapping):
        return limit.get("way", "span")
    return getattr(limit, "way", None)


Limit = Annotated[
    Annotated[Span, Tag("span")]
    | Annotated[SameDay, Tag("same_day")]
    | Annotated[SameWorkingDay, Tag("same_working_day")]
    | Annotated[AtOnceIfStaffed, Tag("at_once_if_staffed")],
    Discriminator(_way),
]
