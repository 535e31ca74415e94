"""The parts of a policy pack, each value with the article that it comes from."""

from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from shared.calendars import Hours, Season
from shared.events.words import RequestType, ReturnGround, Step, Urgency
from shared.policy.values import (
    Asker,
    Count,
    Day,
    DaysEnd,
    Flag,
    HoursCounted,
    Limit,
    Marks,
    MonthDay,
    Number,
    Office,
    Places,
    Rating,
    Sourced,
    Span,
    Starts,
    Statement,
    Strict,
    Text,
    TimeOfDay,
    Weight,
    WholeDays,
    Wording,
)


class EffectiveFrom(Day):
    """The day from which tickets are accepted under this pack."""


class Level(Sourced):
    """One level of the hotline: what stands there, who runs it, and what it does (B12)."""

    level: Literal["government", "province", "city", "county", "township", "unit", "subcenter"]
    name: Text
    unit: Text
    duty: Wording
    platforms: Number | None = None
    shares_number_with: Places | None = None
    """Cities that share its number; a voice menu tells the levels apart (JL 五(一))."""


class ScopeGround(Statement):
    """A ground on which a request is refused, and where the caller is sent (A3)."""

    channel: Text

    def words(self, competent: str | None = None) -> str:
        """What a caller is told: why, where to turn, and who is competent (ZY 9)."""
        led = f"；经核实，请向{competent}反映" if competent else ""
        return f"{self.text}：{self.channel}{led}"


class ReturnReason(Sourced):
    """A ground on which a unit may return a ticket."""

    code: ReturnGround
    text: Text


class When(Strict):
    """The tickets that a rule is for; what is left out does not matter."""

    types: tuple[RequestType, ...] | None = None
    urgency: tuple[Urgency, ...] | None = None
    enforcement: StrictBool | None = None


class DispatchRule(Strict):
    """A time for dispatch; the first rule of the list that fits counts."""

    when: When = When()
    limit: Limit


class Counting(Strict):
    """How hours and days are counted where a rule does not say it itself."""

    hours: HoursCounted
    day_ends: DaysEnd


class SeasonHours(Strict):
    """Other hours from one day of every year to another, both included; may wrap the new year."""

    first: MonthDay = Field(alias="from")
    last: MonthDay = Field(alias="to")
    spans: tuple[tuple[TimeOfDay, TimeOfDay], ...]

    @model_validator(mode="after")
    def _refuse_a_wrong_season(self) -> Self:
        Season(self.first, self.last, self.spans)
        return self


class WorkingHours(Sourced):
    """The hours of a working day, half-open spans in order, and the seasons that change them."""

    spans: tuple[tuple[TimeOfDay, TimeOfDay], ...]
    seasons: tuple[SeasonHours, ...] = ()

    @model_validator(mode="after")
    def _refuse_what_overlaps(self) -> Self:
        hours_of(self)
        return self


def hours_of(working: WorkingHours) -> Hours:
    """As the calendar takes them; raises ValueError for spans or seasons that overlap."""
    seasons = (Season(one.first, one.last, one.spans) for one in working.seasons)
    return Hours(working.spans, tuple(seasons))


class Staffed(Sourced):
    """The hours in which people answer, on every day of the week."""

    opens: TimeOfDay
    closes: TimeOfDay


class ReturnLaw(Strict):
    """When, on what grounds and with what papers a unit may return a ticket (B5)."""

    window: Span
    starts: Starts
    grounds: Annotated[tuple[ReturnReason, ...], Field(min_length=1)]
    required: tuple[Statement, ...]
    late_counts_overdue: Flag
    precedent_forbids: Flag


class HandleLaw(Strict):
    """The handling time of each type, and the act from which it runs."""

    starts: Starts
    inquiry: Span
    help: Span
    suggestion: Span
    complaint: Span
    report: Span


class UrgentLimits(Strict):
    """What an urgency adds; the times run from dispatch."""

    special: Span | None = None
    critical: Span | None = None


class ExtensionTimes(Sourced):
    """How often; not `firm` where the document says "in principle"."""

    value: WholeDays
    firm: StrictBool = True


class ExtensionDays(Sourced):
    """Working days, each time or in the whole handling time; `firm` but for "generally"."""

    value: WholeDays
    counts: Literal["each", "in_all"]
    firm: StrictBool = True


class ExtensionRule(Strict):
    """How often and how long one type may be extended."""

    times: ExtensionTimes
    days: ExtensionDays


class ExtensionLaw(Strict):
    """Who may have more time (C4); 0 in `ask_before` means at any time before the deadline."""

    ground: Statement
    asked_by: Asker
    decided_by: Office
    ask_before: Count
    told_to_caller: Flag
    inquiry: ExtensionRule
    help: ExtensionRule
    suggestion: ExtensionRule
    complaint: ExtensionRule
    report: ExtensionRule


class InterimLaw(Strict):
    """Interim close: on what grounds, with what papers, how often progress is reported (B8)."""

    grounds: Annotated[tuple[Statement, ...], Field(min_length=1)]
    required: tuple[Statement, ...]
    progress: Span
    none_where_law_sets_limit: Flag


class Pause(Statement):
    """A reason that stops the clock, and the steps whose clocks it stops (C7)."""

    steps: Annotated[tuple[Step, ...], Field(min_length=1)]


class ReplyLaw(Strict):
    """What a reply must say, and that the unit reads it before it leaves (B7)."""

    required: Annotated[tuple[Statement, ...], Field(min_length=1)]
    reviewed: Flag


class FollowUpLaw(Strict):
    """How callers are asked, and what silence means after which time (A10)."""

    lapse: Span
    counts_as: Rating
    ways: Annotated[tuple[Statement, ...], Field(min_length=1)]


class CallLaw(Strict):
    """Which part of the calls must be answered by a person, and which hang-ups do not count."""

    target: Weight
    quick_hangup_seconds: Number
    """A caller who gives up sooner was not turned away (A15)."""


class QualityLaw(Strict):
    """Which part of calls and tickets is scored at random, and below which marks is trained."""

    share: Weight
    training_below: Marks


class Indicator(Statement):
    """One score of a unit's assessment (E5)."""

    weight: Weight
    full_marks: Marks
    formula: Wording


def refuse_repeats(name: str, codes: list[str]) -> None:
    """Refuse a list in which one code stands twice."""
    repeated = sorted({code for code in codes if codes.count(code) > 1})
    if repeated:
        raise PydanticCustomError(
            "codes",
            "code 重复：{repeated}；每个 code 只能出现一次",
            {"field": name, "repeated": "、".join(repeated)},
        )
