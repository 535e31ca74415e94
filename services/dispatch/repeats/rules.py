"""What decides whether two requests are one matter, and when a master is offered (A7, A8). Pure.

The thresholds were chosen on real messages; `docs/repeats.md` says which, how, and what they find.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from services.dispatch.links.rules import OPEN
from services.dispatch.repeats.features import (
    Features,
    Frequencies,
    cosines,
    features_of,
    normalise,
    pairs_of,
)
from services.dispatch.repeats.places import Places, agreement, places_of, shared_places
from shared.events.words import RequestType, State
from shared.jurisdictions import covers

SAME_CALLER_MIN = 0.22
"""From this score on, two requests of one caller are shown as a repeat."""
SAME_MATTER_MIN = 0.14
"""From this score on, requests of two callers are shown as one matter."""
OFFER_MIN = 0.2
"""From this score on, a request joins others in an offer: stricter, for it speaks for many."""
PLACE_SHARE_SAME_CALLER = 0.1
"""What the place counts beside the words: little, for callers tell of where they live."""
PLACE_SHARE_MANY_CALLERS = 0.3
WORDS_MIN = 0.06
"""Below, the place is not asked: two matters of one house are still two."""

REPEAT_WINDOW = timedelta(days=365)
"""A caller's older tickets are history."""
MATTER_WINDOW = timedelta(days=90)
"""Many callers, one matter: filed within this time of each other."""
OFFER_CALLERS_MIN = 3
"""A master is offered from so many different callers on."""
VOTES_MIN = 2
"""A ticket joins an offer that so many of the tickets like it are in: chains do not grow."""
AGAIN_TIMES = 2
"""A dismissed offer is made again when so many times the callers are in it."""
GROWTH_WINDOW = timedelta(days=1)

NEWEST_PER_TERM_MAX = 64
"""Of the tickets under one term the newest are looked at: a common term costs no more."""
COMPARED_MAX = 40
"""So many of those found under most terms are compared word by word."""
OWN_TICKETS_MAX = 40
"""Of a caller's own tickets the newest are compared."""

SHARED_WORDS_MAX = 6
SHARED_WORD_LENGTH_MAX = 12

MAY_JOIN = frozenset({State.ACCEPTED, State.DISPATCHED, State.SIGNED})
"""A ticket that a person may link to a master (A8)."""


class RepeatOutcome(StrEnum):
    """What becomes of a request that is filed as a repeat of a ticket (A7)."""

    LINKED = "linked"
    ANSWERED = "answered"
    REPORT = "report"
    NEW = "new"


OUTCOMES: Mapping[RepeatOutcome, str] = {
    RepeatOutcome.LINKED: "并入在办工单，不再派单，告知承办单位诉求人再次来电",
    RepeatOutcome.ANSWERED: "终结件：按登记的口径答复，不再派单；确需再办的，由话务员说明理由",
    RepeatOutcome.REPORT: "举报：在规定办理时限内重复的不再派单，超过时限的作为新工单",
    RepeatOutcome.NEW: "作为新工单派单，附原工单办理情况",
}


def outcome_of(state: State, request_type: RequestType, *, has_script: bool) -> RepeatOutcome:
    """What becomes of a repeat of a ticket in this state (ZY 13.5(4), 15)."""
    if state in OPEN or state is State.LINKED:
        return RepeatOutcome.LINKED
    if state is State.TERMINATED and has_script:
        return RepeatOutcome.ANSWERED
    if request_type is RequestType.REPORT and state in (State.REPLIED, State.CLOSED):
        return RepeatOutcome.REPORT
    return RepeatOutcome.NEW


@dataclass(frozen=True)
class Text:
    """A request as it is compared; its places are looked for when they are asked for."""

    title: str
    content: str
    place: Mapping[str, Any] | None
    known: Frequencies

    @property
    def words(self) -> tuple[str, str]:
        """Its title, and its content with the words of a given address."""
        return self.title, f"{self.content} {(self.place or {}).get('address') or ''}"

    @cached_property
    def features(self) -> Features:
        """Its pairs."""
        return features_of(*self.words, self.known)

    @cached_property
    def plain(self) -> str:
        """The same as in its features, which take longer."""
        title, content = self.words
        return f"{normalise(title)} {normalise(content)}"

    @cached_property
    def places(self) -> Places:
        """Where it is."""
        return places_of(self.title, self.content, self.place, self.known)


def is_empty(title: str, content: str) -> bool:
    """Whether there is nothing yet that could be compared."""
    return len(normalise(title)) + len(normalise(content)) < 2


def score(one: Text, other: Text, *, place_share: float) -> float:
    """How much two requests look like one matter, from 0 to 1; the same either way round."""
    return scores(one, [other], place_share=place_share)[0]


def scores(one: Text, others: Sequence[Text], *, place_share: float) -> list[float]:
    """How much a request and each other one look like one matter, from 0 to 1.

    The cosine of their weighted pairs, and the agreement of their places where both are known.
    """
    words = cosines(one.features, [other.words for other in others], one.known)
    return [
        _with_place(reached, one, other, place_share)
        for reached, other in zip(words, others, strict=True)
    ]


def _with_place(words: float, one: Text, other: Text, place_share: float) -> float:
    if words < WORDS_MIN or words == 1.0:
        return words
    place = agreement(one.places, other.places)
    if place is None:
        return words
    return (words + place_share * place) / (1 + place_share)


class Grounds(NamedTuple):
    """Why two requests seem to be one matter."""

    words: list[str]
    places: list[str]


def grounds_of(one: Text, others: Sequence[Text]) -> Grounds:
    """The words and places that a request shares with others, at least half of them each."""
    votes_min = (len(others) + 1) // 2
    shared = Counter(place for other in others for place in shared_places(one.places, other.places))
    places = [word for word in one.places.words if shared[word] >= votes_min]
    return Grounds(_shared_words(one, others, votes_min), places[:SHARED_WORDS_MAX])


def wider(one: str, other: str) -> str:
    """The smallest place that holds both, no wider than the city of the first."""
    if covers(one, other):
        return one
    if covers(other, one):
        return other
    return f"{one[:4]}00"


def _shared_words(one: Text, others: Sequence[Text], votes_min: int) -> list[str]:
    text, known = one.plain, one.known
    found: dict[str, float] = {}
    for start, end in _common_runs(text, [other.plain for other in others], votes_min):
        word = text[start:end][:SHARED_WORD_LENGTH_MAX]
        if word not in found:
            found[word] = float(known.idf(pairs_of(word)).sum())
    return sorted(found, key=lambda word: -found[word])[:SHARED_WORDS_MAX]


def _common_runs(one: str, others: Sequence[str], votes_min: int) -> list[tuple[int, int]]:
    """Where pairs of one text stand in so many of the others too, neighbours joined."""
    votes = Counter(
        pair for other in others for pair in {other[at : at + 2] for at in range(len(other) - 1)}
    )
    runs: list[tuple[int, int]] = []
    for at in range(len(one) - 1):
        pair = one[at : at + 2]
        if votes[pair] < max(votes_min, 1) or " " in pair:
            continue
        if runs and runs[-1][1] == at + 1:
            runs[-1] = (runs[-1][0], at + 2)
        else:
            runs.append((at, at + 2))
    return runs
