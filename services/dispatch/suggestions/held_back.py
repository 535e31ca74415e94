"""What is held back from learning, and what the answers to it show. Pure."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.dispatch.directory.rules import suits
from services.dispatch.suggestions.features import normalise
from services.dispatch.suggestions.learned import Floats, confidences
from services.dispatch.suggestions.material import Example
from services.dispatch.suggestions.rules import find_threshold

FOLDS = 5
ONCE_ABOVE = 5_000
"""With more examples only the newest part is held back: it is enough, and learning takes long."""

_TEMPERATURES = np.geomspace(0.02, 5, 80)

Numbers = NDArray[np.intp]


class Outcome(NamedTuple):
    """What a model said of an example that it never saw."""

    scores: Floats
    is_open: NDArray[np.bool_]
    right: int
    """The place of the right answer, -1 where the model does not know it."""


class Judged(NamedTuple):
    """What the outcomes show, as a head keeps it."""

    temperature: float
    threshold: float | None
    figures: dict[str, Any]


def folds(examples: Sequence[Example], question: str, *, is_in_order: bool) -> list[Numbers]:
    """The examples that are held back, round by round.

    In the order of time neighbours go together, for many callers tell of one matter at once. Else
    equal texts go together, and each answer is dealt out evenly.
    """
    if is_in_order:
        parts = np.array_split(np.arange(len(examples)), FOLDS)
        return parts[-1:] if len(examples) > ONCE_ABOVE else parts
    dealt: dict[tuple[str, bytes], list[int]] = {}
    for number, example in enumerate(examples):
        digest = hashlib.sha256(normalise(example.text).encode()).digest()
        dealt.setdefault((example.answers[question] or "", digest), []).append(number)
    hands: list[list[int]] = [[] for _ in range(FOLDS)]
    for place, key in enumerate(sorted(dealt)):
        hands[place % FOLDS] += dealt[key]
    return [np.array(hand, dtype=np.intp) for hand in hands if hand]


def is_open(answers: Sequence[str], places: Mapping[str, str], jurisdiction: str) -> list[bool]:
    """Which answers a ticket of a place may have: those without a place, and those that suit."""
    return [one not in places or suits(places[one], jurisdiction) for one in answers]


def judge(outcomes: Sequence[Outcome], answers: Sequence[str]) -> Judged:
    """Make confidences mean what they say, and find the threshold for acting alone."""
    scores = np.array([one.scores for one in outcomes]).reshape(len(outcomes), len(answers))
    open_ = np.array([one.is_open for one in outcomes]).reshape(scores.shape)
    right = np.array([one.right for one in outcomes], dtype=np.intp)
    temperature = min(
        (float(heat) for heat in _TEMPERATURES),
        key=lambda heat: _surprise(confidences(scores, heat, open_), open_, right),
    )
    shares = list(confidences(scores, temperature, open_))
    best = [int(share.argmax()) for share in shares]
    sure = [
        (float(share[k]), k == one.right)
        for one, share, k in zip(outcomes, shares, best, strict=True)
    ]
    threshold = find_threshold(sure)
    above = [is_right for confidence, is_right in sure if confidence >= (threshold or 0)]
    figures = measure(
        [answers[one.right] if one.right >= 0 else "" for one in outcomes],
        [[answers[k] for k in np.argsort(-share, kind="stable")[:3]] for share in shares],
    )
    if threshold is not None:
        figures |= {
            "coverage": round(len(above) / len(sure), 4),
            "precision": round(sum(above) / len(above), 4),
        }
    return Judged(temperature, threshold, figures)


def measure(right: Sequence[str], ranked: Sequence[Sequence[str]]) -> dict[str, Any]:
    """How often the first answer, or one of three, was right; F1 is the mean over all answers."""
    first = [one[0] if one else "" for one in ranked]
    scores = list(_f1(right, first))
    count = len(right)
    return {
        "macro_f1": round(sum(scores) / len(scores), 4) if scores else 0.0,
        "accuracy": _share(sum(a == b for a, b in zip(right, first, strict=True)), count),
        "top3": _share(sum(a in b for a, b in zip(right, ranked, strict=True)), count),
        "count": count,
    }


def _f1(right: Sequence[str], first: Sequence[str]) -> Iterator[float]:
    for answer in sorted({*right, *first}):
        hits = sum(a == b == answer for a, b in zip(right, first, strict=True))
        yield 2 * hits / (right.count(answer) + first.count(answer))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _surprise(shares: Floats, open_: NDArray[np.bool_], right: Numbers) -> float:
    """How badly the shares foresaw what was right (Platt's targets: nothing is ever certain)."""
    known = np.flatnonzero(right >= 0)
    told = np.log(np.maximum(shares[known], 1e-9))
    hit = told[np.arange(len(known)), right[known]]
    others = np.where(open_[known], told, 0).sum(axis=1) - hit
    doubt = 1 / (len(known) + 2)
    missed = others / np.maximum(open_[known].sum(axis=1) - 1, 1)
    return -float(((1 - doubt) * hit + doubt * missed).sum())
