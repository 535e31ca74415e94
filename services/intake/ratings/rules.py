"""What intake decides of ratings without looking anything up."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from shared.calendars import local
from shared.events.kinds import Cause
from shared.events.words import CloseReason, Satisfaction

SHOWN_MIN = 5
"""Fewer ratings than this are not broken down: who rated could be told."""
BAD = (Satisfaction.DISSATISFIED, Satisfaction.VERY_DISSATISFIED)
OBJECTIVE = (Cause.BEYOND_LAW, Cause.POLICY_LIMITS, Cause.EXPECTATION)
"""Causes that a unit may have screened; the others are its own doing (ZY 14.2)."""


class Standing(StrEnum):
    """How a rating stands in the figures."""

    COUNTED = "counted"
    LAPSED = "lapsed"
    SCREENED = "screened"
    APART = "apart"


class Tally(NamedTuple):
    """One unit's ratings of a month: by level those that count, and how many stand apart."""

    unit: str
    levels: Mapping[Satisfaction, int]
    lapsed: int = 0
    screened: int = 0
    apart: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.levels.values()) + self.lapsed + self.screened + self.apart


def counts(*, is_enforcement: bool, is_mediation: bool) -> bool:
    """Mediation and enforcement are shown apart and count in no score (ZY 14)."""
    return not (is_enforcement or is_mediation)


def standing_of(closes: CloseReason | None, *, counts_in_score: bool) -> Standing:
    """How a new rating stands in the figures."""
    if not counts_in_score:
        return Standing.APART
    return Standing.LAPSED if closes is CloseReason.LAPSED else Standing.COUNTED


def month_of(at: datetime) -> date:
    """The month of a moment, in Beijing, by its first day."""
    return local(at).date().replace(day=1)


def add_up(rows: Sequence[tuple[str, str, str, int]]) -> list[Tally]:
    """Tallies by unit, from rows of unit, standing, result, count."""
    levels: dict[str, dict[Satisfaction, int]] = {}
    apart: dict[str, dict[str, int]] = {}
    for unit, standing, result, count in rows:
        of_unit = levels.setdefault(unit, dict.fromkeys(Satisfaction, 0))
        beside = apart.setdefault(unit, {})
        if standing == Standing.COUNTED:
            of_unit[Satisfaction(result)] += count
        else:
            beside[standing] = beside.get(standing, 0) + count
    return [
        Tally(
            unit,
            levels[unit],
            lapsed=apart[unit].get(Standing.LAPSED, 0),
            screened=apart[unit].get(Standing.SCREENED, 0),
            apart=apart[unit].get(Standing.APART, 0),
        )
        for unit in sorted(levels)
    ]


def whole(tallies: Sequence[Tally]) -> Tally:
    """All units together."""
    return Tally(
        "",
        {level: sum(one.levels[level] for one in tallies) for level in Satisfaction},
        lapsed=sum(one.lapsed for one in tallies),
        screened=sum(one.screened for one in tallies),
        apart=sum(one.apart for one in tallies),
    )


def hidden_units(tallies: Sequence[Tally]) -> frozenset[str]:
    """The units whose ratings are too few to be broken down.

    What is hidden must not follow from the whole less what is shown: so many of the smallest are
    hidden with them that together they are enough.
    """
    hidden, together = set[str](), 0
    for one in sorted(tallies, key=lambda tally: (tally.total, tally.unit)):
        if one.total == 0:
            continue
        if one.total >= SHOWN_MIN and not 0 < together < SHOWN_MIN:
            break
        hidden.add(one.unit)
        together += one.total
    return frozenset(hidden)
