"""The merge registry: which hotline became part of 12345, and how (A16).

A registry is the jurisdiction's own: no pack inherits its parent's lines. The law of the registry
is inherited like every other law.
"""

import unicodedata
from typing import Annotated, Literal

from pydantic import StrictBool, StringConstraints

from shared.events.words import HotlineMode
from shared.policy.values import NUMBER_PATTERN, Day, Flag, Source, Sourced, Strict, Text

Number = Annotated[str, StringConstraints(pattern=NUMBER_PATTERN)]


class Hotline(Sourced):
    """One line of a registry."""

    number: Number
    name: Text
    unit: Text
    level: Literal["province", "province_and_city", "city"]
    level_source: Source | None = None
    """Where the level stands elsewhere than the line, or is ours."""
    mode: HotlineMode
    seats: Literal["merged", "kept", "may_be_kept", "none_here"]
    expert_seat: Literal["yes", "may", "no"] = "no"
    note: Text | None = None
    use: Text | None = None
    """What the number is for, where its name does not say it."""
    approval: Text | None = None
    """The document that lets seats be kept (JL 四(二)1)."""
    served_by: Text | None = None
    """Who answers for a number without seats here."""
    system: Text | None = None
    """The system that gets the line's matters in real time."""


class Annex(Sourced):
    """The list that the registry comes from; `listed` is false where the file carries none."""

    name: Text
    listed: StrictBool
    note: Text | None = None
    prompt_until: Day | None = None
    """The last day of the prompt on merged numbers; they stop then."""


class RegistryLaw(Strict):
    """What nobody may do to a registry any more."""

    no_new: Flag
    """No new number, no other name or use for an old one."""
    no_return: Flag
    """A cancelled number does not come back."""
    kept_needs_approval: Flag
    """Seats stay outside 12345 only with a document that says so."""


def digits(number: str) -> str:
    """A number as it is dialled: without dashes, blanks and brackets."""
    plain = unicodedata.normalize("NFKC", number)
    return "".join(character for character in plain if character.isdecimal())
