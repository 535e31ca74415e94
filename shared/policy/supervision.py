"""The supervision ladder of a pack: its rungs, the grounds that lead onto it, and who climbs.

Rungs stand lowest first (GS 二(三)5, ZY 24-27, XS 六(四)). A reminder takes effect by itself;
everything above it when the role that the pack names has signed. For one matter the ladder is only
climbed: a ground below the rung that was reached is raised to it. Pure.
"""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from shared.events.words import OrderKind, Role, Step
from shared.policy.values import Amount, Slug, Sourced, Span, Strict, Text, Wording

LADDER = tuple(OrderKind)
"""Every rung that a pack may have, lowest first."""
UNIT_STEPS = tuple(step for step in Step if step is not Step.DISPATCH)
"""The steps that are a unit's own; dispatch is the hotline's."""


class Trigger(StrEnum):
    """What may give a ground."""

    OVERDUE = "overdue"
    """A step of a ticket was not done in time; a late return counts as well (ZY 13.2)."""
    RETURNED = "returned"
    """A unit asked to give a ticket back."""
    RETURN_REJECTED = "return_rejected"
    """The hotline found a return improper (GS 二(三)5, XS 六(四))."""
    REDONE = "redone"
    """A ticket went back to its unit to be handled again (ZY 25.3)."""
    UNANSWERED = "unanswered"
    """An order of the rung `after` was not answered in time, or its answer was refused."""
    FINDING = "finding"
    """The daily figures show it; the finding names the ground by its code."""
    PERSON = "person"
    """Only a person can see it."""


COUNTED = (Trigger.OVERDUE, Trigger.RETURNED, Trigger.RETURN_REJECTED, Trigger.REDONE)
"""What happens to tickets, and can be counted."""


class Signer(Sourced):
    """The role whose signature lets an order take effect."""

    value: Role


class NumberForm(Sourced):
    """How orders of a rung are numbered, with the places of `{year}` and `{serial}`."""

    value: Text

    @model_validator(mode="after")
    def _refuse_a_form_without_places(self) -> Self:
        rest = self.value.replace("{year}", "", 1).replace("{serial}", "", 1)
        if len(rest) != len(self.value) - len("{year}{serial}") or "{" in rest or "}" in rest:
            raise PydanticCustomError("number", "须各含一处 {year} 和 {serial}")
        return self

    def fill(self, year: int, serial: int) -> str:
        """The number, such as 资热督〔2026〕1号."""
        return self.value.format(year=year, serial=serial)


class Times(Sourced):
    """How often something must have happened."""

    value: Amount


class Window(Sourced):
    """So many natural days."""

    days: Amount


class Rung(Strict):
    """One kind of order: who signs it, by when it must be answered, how it is numbered."""

    kind: OrderKind
    name: Wording
    signed_by: Signer | None = None
    answer_within: Span
    number: NumberForm

    @model_validator(mode="after")
    def _refuse_a_wrong_signer(self) -> Self:
        if (self.kind is OrderKind.REMINDER) != (self.signed_by is None):
            raise PydanticCustomError("signer", "reminder 自动生效，不得有 signed_by；其余须有")
        return self


class Ground(Strict):
    """When an order of a kind is due, and by which article.

    Counted triggers need `count`; `per` says whether a unit's happenings with one ticket are
    counted, or all of the unit's in a `window`. A finding raises one order in a window.
    """

    code: Slug
    kind: OrderKind
    trigger: Trigger
    says: Wording
    count: Times | None = None
    per: Literal["ticket", "unit"] = "ticket"
    window: Window | None = None
    steps: tuple[Step, ...] = UNIT_STEPS
    while_undone: StrictBool = False
    """Only while the overdue step is still not done."""
    after: OrderKind | None = None

    @model_validator(mode="after")
    def _refuse_what_the_trigger_cannot_use(self) -> Self:
        is_counted = self.trigger in COUNTED
        if is_counted != (self.count is not None):
            raise PydanticCustomError("count", "count 用于且须用于按次数计的 trigger")
        is_of_unit = is_counted and self.per == "unit"
        if (is_of_unit or self.trigger is Trigger.FINDING) != (self.window is not None):
            raise PydanticCustomError(
                "window", 'window 用于且须用于 per = "unit" 和 trigger = finding'
            )
        if (self.trigger is Trigger.UNANSWERED) != (self.after is not None):
            raise PydanticCustomError("after", "after 用于且须用于 trigger = unanswered")
        if self.after is not None and rank(self.after) >= rank(self.kind):
            raise PydanticCustomError("after", "after 须低于 kind：督办只升不降")
        if self.kind is OrderKind.REMINDER and (not is_counted or self.per == "unit"):
            raise PydanticCustomError("kind", "reminder 只用于按工单计的 trigger")
        return self


class Supervision(Strict):
    """A pack's ladder and the grounds that lead onto it (C5)."""

    rungs: Annotated[tuple[Rung, ...], Field(min_length=1)]
    grounds: tuple[Ground, ...]

    @model_validator(mode="after")
    def _refuse_gaps(self) -> Self:
        kinds = [rung.kind for rung in self.rungs]
        if kinds != sorted(set(kinds), key=rank):
            raise PydanticCustomError("rungs", "rungs 须由低到高，每种一级")
        if len({rung.number.value for rung in self.rungs}) < len(kinds):
            raise PydanticCustomError("numbers", "各级文书的 number 须互不相同")
        codes = [ground.code for ground in self.grounds]
        if len(set(codes)) < len(codes):
            raise PydanticCustomError("codes", "grounds 中的 code 重复")
        for ground in self.grounds:
            if {ground.kind, ground.after or ground.kind} - set(kinds):
                raise PydanticCustomError(
                    "kind", "{code} 的级别不在 rungs 中", {"code": ground.code}
                )
        return self

    def rung(self, kind: OrderKind) -> Rung | None:
        """The rung of a kind; none where this ladder has none."""
        return next((one for one in self.rungs if one.kind is kind), None)

    def ground(self, code: str) -> Ground | None:
        """The ground of a code; none where this ladder has none."""
        return next((one for one in self.grounds if one.code == code), None)


class Happening(NamedTuple):
    """What happened to a ticket at a unit."""

    trigger: Trigger
    step: Step | None = None
    is_undone: bool = False


class Standing(NamedTuple):
    """Where a matter of a unit stands: the highest rung that it reached, and what is open."""

    reached: OrderKind | None = None
    open_rules: frozenset[str] = frozenset()
    open_kinds: frozenset[OrderKind] = frozenset()


def rank(kind: OrderKind) -> int:
    """How high a rung stands."""
    return LADDER.index(kind)


def grounds_of(ladder: Supervision, happening: Happening) -> list[Ground]:
    """The grounds that a happening may give, once it is counted; lowest rung first."""
    return sorted(
        (
            ground
            for ground in ladder.grounds
            if ground.trigger is happening.trigger
            and (happening.step is None or happening.step in ground.steps)
            and (happening.is_undone or not ground.while_undone)
        ),
        key=lambda ground: rank(ground.kind),
    )


def ground_after(ladder: Supervision, kind: OrderKind) -> Ground | None:
    """The ground on which an order that was not answered leads on; none where none does."""
    return next((one for one in ladder.grounds if one.after is kind), None)


def kind_to_raise(
    ladder: Supervision, ground: Ground, standing: Standing, *, count: int | None = None
) -> OrderKind | None:
    """The rung on which a ground puts a matter; none where nothing new is due.

    One order is open for a ground at a time. Never lower than the rung that was reached: a lower
    ground is raised to it, unless an order there, or above, is open already.
    """
    if ground.count is not None and (count or 0) < ground.count.value:
        return None
    if ground.code in standing.open_rules:
        return None
    if standing.reached is None or rank(ground.kind) >= rank(standing.reached):
        return ground.kind
    if any(rank(kind) >= rank(standing.reached) for kind in standing.open_kinds):
        return None
    return _lowest_from(ladder, standing.reached)


def highest(kinds: Collection[OrderKind]) -> OrderKind | None:
    """The highest of some rungs."""
    return max(kinds, key=rank, default=None)


def codes_of(grounds: Iterable[Ground], trigger: Trigger) -> list[str]:
    """The codes of the grounds of one trigger, such as those that only a person can see."""
    return [ground.code for ground in grounds if ground.trigger is trigger]


def _lowest_from(ladder: Supervision, kind: OrderKind) -> OrderKind | None:
    return next((rung.kind for rung in ladder.rungs if rank(rung.kind) >= rank(kind)), None)
