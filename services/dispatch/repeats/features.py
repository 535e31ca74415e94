"""A text as similarity sees it: which pairs of characters it has, and how much each one says. Pure.

Pairs need no word list and no word boundaries, which Chinese does not write. They are counted in
a fixed number of buckets, so that the table of their frequencies never grows.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

SCHEME = 1
"""Names all that is below, and `terms.py`: a sketch of another scheme is made anew."""
BUCKETS = 1 << 20
"""At 200,000 known pairs one in six shares its bucket, and says a little less than it could."""
TEXT_LENGTH_MAX = 3_000
"""Characters that are looked at: a matter is said by then, and the rest is story."""
TITLE_TIMES = 2.0
"""A pair in the title counts as one that occurs so many times more."""
DOCUMENTS_PRIOR = 50
"""A young platform has seen nothing: so many documents are assumed, without any known pair."""

_KEPT = re.compile(r"[^\W_]+")
# Two odd numbers of Knuth's kind: neighbours in Unicode spread over all buckets.
_FIRST, _SECOND = np.uint32(2_654_435_761), np.uint32(2_246_822_519)
_SHIFT = np.uint32(12)

Numbers = NDArray[np.uint32]
Weights = NDArray[np.float32]


def normalise(text: str) -> str:
    """Full width as half width, small letters, nothing but letters, digits and characters."""
    # Without marks first: what is left of most Chinese is in its normal form already.
    kept = "".join(_KEPT.findall(text[:TEXT_LENGTH_MAX]))
    plain = unicodedata.normalize("NFKC", kept)
    return kept.lower() if plain == kept else "".join(_KEPT.findall(plain.lower()))


def pairs_of(plain: str) -> Numbers:
    """The bucket of each pair of a normalised text, in order; a lone character pairs with none."""
    points = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    if len(points) == 1:
        points = np.append(points, np.uint32(0))
    return _bucket(points[:-1], points[1:])


def _bucket(firsts: Numbers, seconds: Numbers) -> Numbers:
    buckets: Numbers = (firsts * _FIRST + seconds * _SECOND) >> _SHIFT
    return buckets


class Frequencies(NamedTuple):
    """In how many documents each bucket was seen."""

    documents: int
    counts: Numbers

    @classmethod
    def empty(cls) -> Self:
        """Nothing was seen."""
        return cls(0, np.zeros(BUCKETS, dtype=np.uint32))

    def idf(self, buckets: Numbers) -> Weights:
        """How much each pair says: little where many have it, in nats."""
        seen = self.counts[buckets].astype(np.float32)
        weights: Weights = np.log1p((self.documents + DOCUMENTS_PRIOR) / (seen + 1))
        return weights.astype(np.float32)

    def counting(self, documents: Iterable[Numbers], *, documents_max: int) -> Self:
        """With some more documents, each given by its distinct buckets.

        Above `documents_max` all counts are halved: what was common long ago is forgotten slowly.
        """
        counts, total = self.counts.copy(), self.documents
        for buckets in documents:
            counts[buckets] += np.uint32(1)
            total += 1
        if total > documents_max:
            counts, total = counts >> np.uint32(1), total // 2
        return type(self)(total, counts)


class Features(NamedTuple):
    """The distinct pairs of a text in the order of their buckets, and what each weighs."""

    buckets: Numbers
    weights: Weights
    plain: str
    """The normalised title and content."""


def distinct_pairs(title: str, content: str) -> Numbers:
    """The distinct buckets of a request: one document of the frequencies."""
    return np.unique(np.concatenate([pairs_of(normalise(title)), pairs_of(normalise(content))]))


def features_of(title: str, content: str, known: Frequencies) -> Features:
    """The features of a request; the title counts more, for it names the matter."""
    read = _read([(title, content)], known)
    return Features(read.buckets, read.weights, read.plains[0])


def cosines(one: Features, others: Sequence[tuple[str, str]], known: Frequencies) -> list[float]:
    """The cosine of weighted pairs with each other title and content.

    0 where one has no pairs, 1 for the same text. All are read at once: a text by itself costs ten
    times more.
    """
    if not others or len(one.buckets) == 0:
        return [0.0] * len(others)
    read = _read(others, known)
    at = np.minimum(np.searchsorted(one.buckets, read.buckets), len(one.buckets) - 1)
    shared = read.weights * one.weights[at] * (one.buckets[at] == read.buckets)
    products = np.bincount(read.owners, weights=shared, minlength=len(others))
    squares = np.bincount(read.owners, weights=read.weights**2, minlength=len(others))
    norms = np.sqrt(squares) * float(np.linalg.norm(one.weights))
    reached = np.divide(products, norms, out=np.zeros(len(others)), where=norms > 0)
    return [
        1.0 if plain == one.plain else min(1.0, float(value))
        for plain, value in zip(read.plains, reached, strict=True)
    ]


class _Read(NamedTuple):
    """The distinct pairs of many texts, by text and bucket: whose, which, what each weighs."""

    owners: NDArray[np.int64]
    buckets: Numbers
    weights: Weights
    plains: list[str]


def _read(texts: Sequence[tuple[str, str]], known: Frequencies) -> _Read:
    parts = [normalise(part) for text in texts for part in text]
    lengths = np.array([max(2, len(part)) if part else 0 for part in parts])
    # A lone character is followed by none, which makes one pair.
    points = np.frombuffer(
        "".join(f"{part}\0" if len(part) == 1 else part for part in parts).encode(
            "utf-32-le", "surrogatepass"
        ),
        dtype=np.uint32,
    )
    part_of = np.repeat(np.arange(len(parts)), lengths)
    within = np.flatnonzero(part_of[:-1] == part_of[1:])
    pairs = _bucket(points[within], points[within + 1]).astype(np.int64)
    counted = np.where(part_of[within] % 2 == 0, TITLE_TIMES, 1.0)
    every = part_of[within] // 2 * BUCKETS + pairs
    distinct, places = np.unique(every, return_inverse=True)
    often = np.bincount(places, weights=counted, minlength=len(distinct))
    buckets = (distinct % BUCKETS).astype(np.uint32)
    weights = (known.idf(buckets) * (1 + np.log(often))).astype(np.float32)
    plains = [f"{head} {body}" for head, body in zip(parts[::2], parts[1::2], strict=True)]
    return _Read(distinct // BUCKETS, buckets, weights, plains)
