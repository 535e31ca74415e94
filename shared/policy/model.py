"""A policy pack: what a jurisdiction's documents say, each number with the article it comes from.

What a pack does not say is filled in from its parent by `shared.policy.load`, before the model
sees it.
"""

import json
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from shared.calendars import Hours
from shared.events.words import RequestType, ReturnGround, Urgency
from shared.policy.values import (
    Code,
    Count,
    DaysEnd,
    Flag,
    HoursCounted,
    Limit,
    Share,
    Sourced,
    Span,
    Starts,
    Statement,
    Strict,
    Text,
    TimeOfDay,
    WholeDays,
)


class EffectiveFrom(Sourced):
    """The day from which tickets are accepted under this pack."""

    value: date


class ScopeGround(Statement):
    """A ground on which a request is refused, and where the caller is sent (A3)."""

    channel: Text


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


class WorkingHours(Sourced):
    """The hours of a working day, half-open spans in order."""

    spans: tuple[tuple[TimeOfDay, TimeOfDay], ...]

    @model_validator(mode="after")
    def _refuse_crossing_spans(self) -> Self:
        Hours(self.spans)
        return self


class Staffed(Sourced):
    """The hours in which people answer, on every day of the week."""

    opens: TimeOfDay
    closes: TimeOfDay


class ReturnLaw(Strict):
    """Within what time, from which act and on what grounds a unit may return a ticket."""

    window: Span
    starts: Starts
    grounds: Annotated[tuple[ReturnReason, ...], Field(min_length=1)]


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
    ask_before: Count
    told_to_caller: Flag
    inquiry: ExtensionRule
    help: ExtensionRule
    suggestion: ExtensionRule
    complaint: ExtensionRule
    report: ExtensionRule


class InterimLaw(Strict):
    """Interim close: how often progress is reported, and whether a limit by law ends it (B8)."""

    progress: Span
    none_where_law_sets_limit: Flag


class Pack(Strict):
    """A jurisdiction's policy with everything inherited filled in."""

    code: Code
    name: Text
    document: Text
    parent: Code | None
    version: Text
    effective_from: EffectiveFrom
    counting: Counting
    working_hours: WorkingHours
    staffed: Staffed
    scope: Annotated[tuple[ScopeGround, ...], Field(min_length=1)]
    verify: Span
    dispatch: Annotated[tuple[DispatchRule, ...], Field(min_length=1)]
    forward: Limit | None = None
    sign: Span
    returning: ReturnLaw = Field(alias="return")
    handle: HandleLaw
    respond: UrgentLimits = UrgentLimits()
    result: UrgentLimits = UrgentLimits()
    extension: ExtensionLaw
    interim: InterimLaw | None = None
    law_limits: tuple[Statement, ...]
    pauses: tuple[Statement, ...]
    follow_up: Span
    warning: Share

    @cached_property
    def content_hash(self) -> str:
        """The hash of everything that the resolved pack says."""
        data = self.model_dump(mode="json", by_alias=True)
        words = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return sha256(words.encode()).hexdigest()

    @cached_property
    def hours(self) -> Hours:
        """The working hours as the calendar takes them."""
        return Hours(self.working_hours.spans)

    def __eq__(self, other: object) -> bool:
        """Same content."""
        return isinstance(other, Pack) and self.content_hash == other.content_hash

    def __hash__(self) -> int:
        """By content."""
        return hash(self.content_hash)

    @model_validator(mode="after")
    def _refuse_gaps(self) -> Self:
        if self.dispatch[-1].when != When():
            raise PydanticCustomError(
                "dispatch", "dispatch 的最后一条不得带 when，使每件工单都有时限"
            )
        for request in RequestType:
            handled: Span = getattr(self.handle, request)
            rule: ExtensionRule = getattr(self.extension, request)
            if rule.days.counts == "in_all" and handled.unit != "working_days":
                raise PydanticCustomError(
                    "extension", "counts = in_all 要求 handle 的时限以 working_days 计"
                )
        for name, statements in (("scope", self.scope), ("law_limits", self.law_limits)):
            codes = [statement.code for statement in statements]
            if len(set(codes)) < len(codes):
                raise PydanticCustomError("codes", "{name} 中的 code 重复", {"name": name})
        return self
