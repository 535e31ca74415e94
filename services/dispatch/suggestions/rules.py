"""What a model must have shown before it is asked, and before it acts by itself. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from services.dispatch.directory.rules import suits
from shared.calendars import BEIJING
from shared.events.words import State, Urgency

SUGGESTION = "suggestion:"
"""How the rule of an automatic dispatch is named: this, and the model's id."""
PRECISION = 0.97
"""What a threshold must reach on held-back history before anything is dispatched by itself."""
HELD_BACK_MIN = 100
"""So many held-back tickets at least must lie above a threshold: fewer show nothing."""
HISTORY_MIN = 500
"""So many closed tickets with a unit there must be at least."""
HISTORY_MAX = 20_000
"""The newest so many are learned from: older ones tell of duties that moved."""
LESSON_WEIGHT = 3.0
"""A ticket of which a person knew better counts as so many others."""
UNIT, REQUEST_TYPE, CATEGORY = QUESTIONS = ("unit", "request_type", "category")
TRAIN_AT = time(2, 0)
"""When a night's training begins, in Beijing."""
MODELS_KEPT = 3


class Place(NamedTuple):
    """A unit of the directory: where it is, and whether it takes tickets."""

    jurisdiction: str
    is_active: bool


class Waiting(NamedTuple):
    """What of a ticket decides whether it may be dispatched without a person."""

    state: State
    urgency: Urgency
    about_unit: str | None
    returned_by: Collection[str]


def find_threshold(held_back: Sequence[tuple[float, bool]]) -> float | None:
    """The smallest confidence from which on `PRECISION` of what was held back was right.

    `held_back` are confidences, each with whether the answer was right. None where fewer than
    `HELD_BACK_MIN` lie above every confidence that would do.
    """
    ordered = sorted(held_back, reverse=True)
    found, right = None, 0
    for place, (confidence, is_right) in enumerate(ordered, start=1):
        right += is_right
        # Equals stand and fall together.
        is_last = place == len(ordered) or ordered[place][0] < confidence
        if is_last and place >= HELD_BACK_MIN and right >= PRECISION * place:
            found = confidence
    return found


def is_sure(confidence: float, is_claimed: bool, *, threshold: float | None) -> bool:
    """Whether a suggestion is as sure as what was right 97 times of 100 on held-back history.

    A text like nothing that was learned from leaves one answer louder than the others, but its own
    machine says no: that is not sure.
    """
    return threshold is not None and is_claimed and confidence >= threshold


def may_dispatch(waiting: Waiting) -> bool:
    """Whether a ticket may be sent without a person, where a suggestion is sure (B3).

    A complaint about a unit, an emergency and what a unit returned are for a person to decide.
    """
    return (
        waiting.state is State.ACCEPTED
        and waiting.urgency is Urgency.NORMAL
        and waiting.about_unit is None
        and not waiting.returned_by
    )


def open_units(
    units: Mapping[str, Place], jurisdiction: str, *, excluded: Collection[str] = ()
) -> set[str]:
    """The units that may have a ticket of a place: active, of its place, not excluded."""
    return {
        code
        for code, unit in units.items()
        if unit.is_active and suits(unit.jurisdiction, jurisdiction) and code not in excluded
    }


def last_night(now: datetime) -> datetime:
    """The last `TRAIN_AT` in Beijing that is not later than `now`."""
    local = now.astimezone(BEIJING)
    tonight = datetime.combine(local.date(), TRAIN_AT, BEIJING)
    return tonight if tonight <= local else tonight - timedelta(days=1)


def rule_of(model_id: UUID) -> str:
    """The rule by which a model dispatches."""
    return f"{SUGGESTION}{model_id}"
