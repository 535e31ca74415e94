"""A policy pack: what a jurisdiction's documents say, each number with the article it comes from.

What a pack does not say is filled in from its parent by `shared.policy.load`, before the model
sees it. Its parts are in `shared.policy.parts`, its merge registry in `shared.policy.registry`.
"""

import json
import math
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from shared.calendars import Hours
from shared.events.words import HotlineMode, RequestType
from shared.policy.parts import (
    CallLaw,
    Counting,
    DispatchRule,
    EffectiveFrom,
    ExtensionLaw,
    ExtensionRule,
    FollowUpLaw,
    HandleLaw,
    Indicator,
    InterimLaw,
    Level,
    Pause,
    QualityLaw,
    ReplyLaw,
    ReturnLaw,
    ScopeGround,
    Staffed,
    UrgentLimits,
    When,
    WorkingHours,
    hours_of,
    refuse_repeats,
)
from shared.policy.registry import Annex, Hotline, RegistryLaw, digits
from shared.policy.supervision import Supervision
from shared.policy.values import Code, Limit, Share, Span, Statement, Strict, Text

_SEATS = {
    HotlineMode.MERGED: ("merged",),
    HotlineMode.PARALLEL: ("merged", "kept", "may_be_kept", "none_here"),
    HotlineMode.SUBCENTER: ("kept", "none_here"),
}


class Pack(Strict):
    """A jurisdiction's policy with everything inherited filled in."""

    code: Code
    name: Text
    document: Text
    parent: Code | None
    version: Text
    effective_from: EffectiveFrom
    hierarchy: Annotated[tuple[Level, ...], Field(min_length=1)]
    counting: Counting
    working_hours: WorkingHours
    staffed: Staffed
    accepts: Annotated[tuple[Statement, ...], Field(min_length=1)]
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
    pauses: tuple[Pause, ...]
    reply: ReplyLaw
    follow_up: FollowUpLaw
    calls: CallLaw
    quality: QualityLaw
    warning: Share
    supervision: Supervision
    assessment: Annotated[tuple[Indicator, ...], Field(min_length=1)]
    registry: RegistryLaw
    annex: Annex | None = None
    hotlines: tuple[Hotline, ...] = ()

    @cached_property
    def content_hash(self) -> str:
        """The hash of everything that the resolved pack says."""
        data = self.model_dump(mode="json", by_alias=True)
        words = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return sha256(words.encode()).hexdigest()

    @cached_property
    def hours(self) -> Hours:
        """The working hours, seasons too, as the calendar takes them."""
        return hours_of(self.working_hours)

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
                "dispatch", "最后一条不得带 when，使每件工单都有时限", {"field": "dispatch"}
            )
        for request in RequestType:
            handled: Span = getattr(self.handle, request)
            rule: ExtensionRule = getattr(self.extension, request)
            if rule.days.counts == "in_all" and handled.unit != "working_days":
                raise PydanticCustomError(
                    "extension",
                    "counts = in_all 要求 handle 的时限以 working_days 计",
                    {"field": f"extension.{request}.days.counts"},
                )
        return self

    @model_validator(mode="after")
    def _refuse_repeated_codes(self) -> Self:
        for name, statements in {
            "accepts": self.accepts,
            "scope": self.scope,
            "law_limits": self.law_limits,
            "pauses": self.pauses,
            "return.required": self.returning.required,
            "reply.required": self.reply.required,
            "follow_up.ways": self.follow_up.ways,
            "assessment": self.assessment,
        }.items():
            refuse_repeats(name, [statement.code for statement in statements])
        refuse_repeats("return.grounds", [ground.code for ground in self.returning.grounds])
        refuse_repeats("hierarchy", [one.level for one in self.hierarchy])
        return self

    @model_validator(mode="after")
    def _refuse_weights_that_are_no_whole(self) -> Self:
        total = math.fsum(indicator.weight.value for indicator in self.assessment)
        if not math.isclose(total, 1, abs_tol=1e-9):
            raise PydanticCustomError(
                "weights",
                "各项 weight 之和应为 1（现为 {total}）",
                {"field": "assessment", "total": round(total, 9)},
            )
        return self

    @model_validator(mode="after")
    def _refuse_a_wrong_registry(self) -> Self:
        if bool(self.hotlines) != (self.annex is not None and self.annex.listed):
            raise PydanticCustomError(
                "annex",
                "有 hotlines 时须有 annex 且 listed = true；没有时 listed 应为 false",
                {"field": "annex"},
            )
        seen: dict[str, int] = {}
        for place, hotline in enumerate(self.hotlines):
            number = hotline.number
            first = seen.setdefault(digits(number), place)
            if first != place:
                raise PydanticCustomError(
                    "hotlines",
                    "{number} 已在 hotlines[{first}]，号码不得重复",
                    {"field": f"hotlines[{place}].number", "number": number, "first": first},
                )
            if hotline.seats not in _SEATS[hotline.mode]:
                raise PydanticCustomError(
                    "hotlines",
                    "{mode} 的热线允许的值：{allowed}（现为 {seats}）",
                    {
                        "field": f"hotlines[{place}].seats",
                        "mode": hotline.mode.value,
                        "allowed": "、".join(_SEATS[hotline.mode]),
                        "seats": hotline.seats,
                    },
                )
        return self
