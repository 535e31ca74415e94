"""Learning: a linear machine for each answer, and what is held back to see how right it is.

Each code is weighed by how much oftener it occurs with an answer than without (Wang and Manning,
2012) before the machine sees it. This module alone needs scikit-learn: `teaching.py` runs it as a
process of its own, which reads the material and writes the model, so that nobody else carries it.
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.svm import LinearSVC

from services.dispatch.suggestions.features import count, places
from services.dispatch.suggestions.held_back import Numbers, Outcome, folds, is_open, judge
from services.dispatch.suggestions.learned import (
    Encoded,
    Floats,
    Head,
    Learned,
    dump,
    encode,
    score,
)
from services.dispatch.suggestions.material import Example, Material, read_lines

EXAMPLES_OF_AN_ANSWER_MIN = 5
ANSWERS_MAX = 200
CELLS_MAX = 8_000_000
"""Weights of all heads together: 32 MB wherever the model is used."""
OCCURRENCES_MIN = 2

_NICENESS = 10
"""The hotline's own work goes first."""
_SMOOTHING = 0.1
_PENALTY = 1.0
_TOLERANCE = 0.01
"""Ten times finer learns no better on 3,061 messages, and takes three times as long."""

Vector = NDArray[np.float64]
Progress = Callable[[int, int], None]


def main() -> None:
    """Read material from standard input, write the model to standard output."""
    os.nice(_NICENESS)
    material = read_lines(sys.stdin.buffer)
    learned = train(material, progress=_tell)
    sys.stdout.buffer.write(dump(learned))


def train(material: Material, *, progress: Progress) -> Learned:
    """Learn from all examples; each head carries what it reached on those held back.

    `progress` is told how many rounds are over, and of how many. A question with fewer than two
    answers that occur often enough has no head.
    """
    everything = np.arange(len(material.examples))
    learned = _fit(material, everything)
    parts = folds(material.examples, material.questions[0], is_in_order=material.is_in_order)
    outcomes: dict[str, list[Outcome]] = {name: [] for name in learned.heads}
    for number, held in enumerate(parts, start=1):
        progress(number, len(parts) + 1)
        then = _fit(material, np.setdiff1d(everything, held))
        for one in held:
            _ask(material.examples[one], material, then, learned, outcomes)
    heads = {
        name: head._replace(**judge(outcomes[name], head.classes)._asdict())
        for name, head in learned.heads.items()
    }
    progress(len(parts) + 1, len(parts) + 1)
    return learned._replace(heads=heads)


def _tell(over: int, rounds: int) -> None:
    sys.stderr.write(f"{over} {rounds}\n")
    sys.stderr.flush()


def _ask(
    example: Example,
    material: Material,
    then: Learned,
    learned: Learned,
    outcomes: dict[str, list[Outcome]],
) -> None:
    """Ask a model of the time before about an example; answer in the terms of the last one."""
    encoded = encode(then, example.text, example.jurisdiction)
    for name, head in learned.heads.items():
        right = example.answers[name]
        if right is None:
            continue
        scores = np.full(len(head.classes), -np.inf, dtype=np.float32)
        if name in then.heads:
            places_of = {one: place for place, one in enumerate(head.classes)}
            said = score(then.heads[name], encoded)
            for answer, strength in zip(then.heads[name].classes, said, strict=True):
                if answer in places_of:
                    scores[places_of[answer]] = strength
        suiting = is_open(head.classes, material.places.get(name, {}), example.jurisdiction)
        open_ = np.array(suiting, dtype=np.bool_) & np.isfinite(scores)
        known = right in head.classes and open_[head.classes.index(right)]
        outcomes[name].append(Outcome(scores, open_, head.classes.index(right) if known else -1))


def _fit(material: Material, chosen: Numbers) -> Learned:
    examples = [material.examples[one] for one in chosen]
    answers = {name: _answers(examples, name) for name in material.questions}
    answers = {name: found for name, found in answers.items() if len(found) > 1}
    codes_max = CELLS_MAX // max(1, sum(len(found) for found in answers.values()))
    learned = _space(examples, codes_max)
    encoded = [encode(learned, one.text, one.jurisdiction) for one in examples]
    rows = _rows(encoded, len(learned.codes))
    weights = np.array([one.weight for one in examples])
    heads = {}
    for name, found in answers.items():
        places_of = {answer: place for place, answer in enumerate(found)}
        asked = np.array([places_of.get(one.answers[name] or "", -1) for one in examples])
        given = asked >= 0
        heads[name] = _head(found, rows[given], asked[given], weights[given])
    return learned._replace(heads=heads)


def _answers(examples: Sequence[Example], question: str) -> tuple[str, ...]:
    counted = Counter(one.answers[question] for one in examples)
    counted.pop(None, None)
    common = [
        answer
        for answer, number in counted.most_common(ANSWERS_MAX)
        if number >= EXAMPLES_OF_AN_ANSWER_MIN
    ]
    return tuple(sorted(one for one in common if one is not None))


def _space(examples: Sequence[Example], codes_max: int) -> Learned:
    """The codes that are common enough, and how rare each is; no head yet."""
    found = [np.concatenate([count(one.text).codes, places(one.jurisdiction)]) for one in examples]
    codes, occurrences = np.unique(np.concatenate(found), return_counts=True)
    order = np.argsort(-occurrences, kind="stable")[:codes_max]
    kept = np.sort(order[occurrences[order] >= OCCURRENCES_MIN])
    rarity = np.log((1 + len(examples)) / (1 + occurrences[kept])) + 1
    return Learned(codes[kept], rarity.astype(np.float32), {}, {"examples": len(examples)})


def _rows(encoded: Sequence[Encoded], width: int) -> sparse.csr_matrix:
    ends = np.cumsum([0, *(len(one.positions) for one in encoded)])
    positions = np.concatenate([one.positions for one in encoded])
    values = np.concatenate([one.values for one in encoded]).astype(np.float64)
    return sparse.csr_matrix((values, positions, ends), shape=(len(encoded), width))


def _head(
    answers: tuple[str, ...], rows: sparse.csr_matrix, asked: Numbers, weights: Vector
) -> Head:
    learned = [_machine(rows, asked == place, weights) for place in range(len(answers))]
    has = (rows > 0).astype(np.uint32)
    seen = [np.asarray(has[asked == place].sum(axis=0)).ravel() for place in range(len(answers))]
    return Head(
        classes=answers,
        weights=np.column_stack([weight for weight, _ in learned]).astype(np.float32),
        biases=np.array([bias for _, bias in learned], dtype=np.float32),
        seen=np.column_stack(seen).astype(np.uint32),
        examples=np.bincount(asked, minlength=len(answers)).astype(np.uint32),
        temperature=1.0,
        threshold=None,
        figures={},
    )


def _machine(
    rows: sparse.csr_matrix, is_answer: NDArray[np.bool_], weights: Vector
) -> tuple[Floats, float]:
    """One answer against the others: the weight of each code, and the bias."""
    with_it = rows[is_answer].T @ weights[is_answer] + _SMOOTHING
    without = rows[~is_answer].T @ weights[~is_answer] + _SMOOTHING
    leaning = np.abs(np.log((with_it / with_it.sum()) / (without / without.sum())))
    machine = LinearSVC(C=_PENALTY, tol=_TOLERANCE, class_weight="balanced", random_state=0)
    machine.fit(rows @ sparse.diags(leaning), is_answer, sample_weight=weights)
    weighed: Floats = leaning * machine.coef_.ravel()
    return weighed, float(machine.intercept_[0])


if __name__ == "__main__":
    main()
