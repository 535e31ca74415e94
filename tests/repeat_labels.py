"""How well repeats are found, on pairs of real messages that were read and labelled.

`python -m tests.repeat_labels` prints the figures of docs/repeats.md. The labels are facts: ids and
whether the two are one matter. The messages lie beside the project, and are never copied into it.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.dispatch.repeats.features import Frequencies, distinct_pairs
from services.dispatch.repeats.rules import (
    OFFER_MIN,
    PLACE_SHARE_MANY_CALLERS,
    PLACE_SHARE_SAME_CALLER,
    SAME_CALLER_MIN,
    SAME_MATTER_MIN,
    Text,
    score,
)

MESSAGES = Path(__file__).parents[2] / "shared" / "data" / "messages_hot.csv"
LABELS = Path(__file__).parent / "data" / "repeat_labels.csv"
RESAMPLES = 2_000
ACTIVE = "active_"
"""Pairs of the one user who wrote 92 messages."""


class Pair(NamedTuple):
    """Two messages, and whether they are one matter; it stands for `weight` pairs like it."""

    stratum: str
    one: str
    other: str
    is_same: bool
    weight: float
    score: float


class Shares(NamedTuple):
    """Precision and recall."""

    precision: float
    recall: float


class Figures(NamedTuple):
    """What was measured, with the bounds in which 95 of 100 resamples lie."""

    name: str
    pairs: int
    score_min: float
    shares: Shares
    low: Shares
    high: Shares


def read_pairs() -> list[Pair]:
    """All labelled pairs with their scores, as the platform would score them."""
    with MESSAGES.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["msg_id"]: row for row in csv.DictReader(file)}
    documents = [distinct_pairs(row["title"], row["detail"]) for row in rows.values()]
    known = Frequencies.empty().counting(documents, documents_max=len(documents))
    with LABELS.open(encoding="utf-8", newline="") as file:
        labels = list(csv.DictReader(file))
    sampled = Counter(row["stratum"] for row in labels)
    wanted = {row[name] for row in labels for name in ("one", "other")}
    texts = {
        one: Text(rows[one]["title"], rows[one]["detail"], None, known) for one in sorted(wanted)
    }
    pairs = []
    for row in labels:
        stratum, one, other = row["stratum"], row["one"], row["other"]
        is_others = stratum.startswith("other_")
        share = PLACE_SHARE_MANY_CALLERS if is_others else PLACE_SHARE_SAME_CALLER
        reached = score(texts[one], texts[other], place_share=share)
        weight = int(row["pairs"]) / sampled[stratum]
        pairs.append(Pair(stratum, one, other, row["is_same"] == "1", weight, reached))
    return pairs


def is_held_back(pair: Pair) -> bool:
    """The half that no rule of a threshold reads; it was looked at all the same."""
    return min(int(pair.one), int(pair.other)) % 2 == 1


def measure(name: str, pairs: Sequence[Pair], score_min: float) -> Figures:
    """Precision and recall of a threshold; each stratum is resampled by itself."""
    rng = np.random.default_rng(12345)
    strata: dict[str, list[int]] = defaultdict(list)
    for number, pair in enumerate(pairs):
        strata[pair.stratum].append(number)
    weights = np.array([pair.weight for pair in pairs])
    is_same = np.array([pair.is_same for pair in pairs])
    is_found = np.array([pair.score >= score_min for pair in pairs])

    def shares(chosen: NDArray[np.intp]) -> Shares:
        weight, same, found = weights[chosen], is_same[chosen], is_found[chosen]
        right = float(weight[same & found].sum())
        return Shares(right / float(weight[found].sum()), right / float(weight[same].sum()))

    drawn = np.array(
        [
            shares(np.concatenate([rng.choice(one, len(one)) for one in strata.values()]))
            for _ in range(RESAMPLES)
        ]
    )
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    every = np.arange(len(pairs))
    return Figures(name, len(pairs), score_min, shares(every), Shares(*low), Shares(*high))


def measure_all() -> list[Figures]:
    """The table of docs/repeats.md, on the half that no rule of a threshold reads."""
    held = [pair for pair in read_pairs() if is_held_back(pair)]
    others = [pair for pair in held if pair.stratum.startswith("other_")]
    own = [pair for pair in held if not pair.stratum.startswith("other_")]
    usual = [pair for pair in own if not pair.stratum.startswith(ACTIVE)]
    return [
        measure("same caller", own, SAME_CALLER_MIN),
        measure("same caller, without the most active one", usual, SAME_CALLER_MIN),
        measure("many callers, shown", others, SAME_MATTER_MIN),
        measure("many callers, joined to an offer", others, OFFER_MIN),
    ]


def main() -> None:
    """Print the figures as the table of docs/repeats.md."""
    print("| what | pairs | score from | precision | recall |")
    print("| --- | --- | --- | --- | --- |")
    for found in measure_all():
        columns = zip(found.shares, found.low, found.high, strict=True)
        cells = [f"{value:.2f} ({low:.2f} to {high:.2f})" for value, low, high in columns]
        print(f"| {found.name} | {found.pairs} | {found.score_min} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
