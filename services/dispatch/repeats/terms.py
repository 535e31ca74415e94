"""The terms that a ticket is looked up by: a sketch of its pairs and of where it is. Pure.

A key is a number: the city (the first four digits of its code), one bit that tells a cell of the
map from a pair, and the bucket. So a look into one city never reads another one's tickets.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.dispatch.repeats.features import BUCKETS, Features, Frequencies, Numbers

TERMS_KEPT_MAX = 24
TERMS_ASKED_MAX = 24
SEEN_OFTEN = 2.0
"""A pair seen six times says all that it can; one seen once may be a slip, and finds nothing."""
CELL_DEGREES = 0.005
"""About 500 m: who asks looks into the cells around as well."""

Keys = NDArray[np.int64]


def area_of(jurisdiction: str) -> int:
    """The city that a place lies in, as a number; a matter of many callers is one city's."""
    return int(jurisdiction[:4])


def telling(features: Features, known: Frequencies, limit: int) -> tuple[Numbers, list[float]]:
    """The pairs that tell most of a text, and their weights: rare ones, but not slips."""
    seen = np.maximum(known.counts[features.buckets], 1)
    weights = features.weights * np.minimum(1.0, np.log1p(seen) / SEEN_OFTEN)
    order = np.argsort(-weights, kind="stable")[:limit]
    return features.buckets[order], [float(weight) for weight in weights[order]]


def keys_to_keep(
    features: Features, place: Mapping[str, Any] | None, known: Frequencies, *, area: int
) -> list[int]:
    """The keys under which a ticket is found."""
    terms, _ = telling(features, known, TERMS_KEPT_MAX)
    keys = {_key(area, int(term)) for term in terms}
    cell = _cell_of(place)
    return sorted(keys if cell is None else keys | {_cell_key(area, *cell)})


def keys_to_ask(
    features: Features, place: Mapping[str, Any] | None, known: Frequencies, *, area: int
) -> dict[int, float]:
    """The keys to look under, and what it weighs that a ticket is found there."""
    terms, weights = telling(features, known, TERMS_ASKED_MAX)
    asked = {_key(area, int(term)): weight for term, weight in zip(terms, weights, strict=True)}
    cell = _cell_of(place)
    if cell is None:
        return asked
    heavy = max(weights, default=1.0)
    around = [(cell[0] + east, cell[1] + north) for east in (-1, 0, 1) for north in (-1, 0, 1)]
    return asked | {_cell_key(area, *one): heavy for one in around}


def _key(area: int, bucket: int) -> int:
    return (area << 21) | bucket


def _cell_key(area: int, east: int, north: int) -> int:
    return (area << 21) | BUCKETS | ((east * 73_856_093 ^ north * 19_349_663) % BUCKETS)


def _cell_of(place: Mapping[str, Any] | None) -> tuple[int, int] | None:
    longitude, latitude = (place or {}).get("longitude"), (place or {}).get("latitude")
    if longitude is None or latitude is None:
        return None
    return math.floor(longitude / CELL_DEGREES), math.floor(latitude / CELL_DEGREES)
