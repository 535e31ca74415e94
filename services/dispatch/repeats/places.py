"""Where a matter is, as far as its words, its address and its coordinates tell. Pure."""

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from services.dispatch.repeats.features import (
    TEXT_LENGTH_MAX,
    Frequencies,
    Numbers,
    Weights,
    normalise,
    pairs_of,
)
from shared.jurisdictions import covers

NEAR_METRES = 300.0
"""So near two points are one place: many matters lie there, so that alone says little."""
NEAR_AGREEMENT = 0.25
FAR_METRES = 3_000.0
"""So far apart they are two places, whatever they are called."""
PLACE_WORDS_MAX = 60
EARTH_METRES = 6_371_000.0

# What a place is called ends so; two characters before it make a name without word boundaries.
_ENDINGS = (
    *("小区", "新城", "花园", "家园", "公园", "社区", "街道", "大道", "国际", "学校", "小学"),
    *("中学", "医院", "广场", "大厦", "之城", "安置", "车站", "(?<!小)区", "苑", "府", "湾", "村"),
    *("镇", "乡", "县", "路", "街", "站", "桥", "组"),
)
_PLACE = re.compile(rf"(?=(\w\w(?:{'|'.join(_ENDINGS)})))")


class Places(NamedTuple):
    """The place of a request; each part may be unknown."""

    words: tuple[str, ...]
    names: Numbers
    """The bucket of each word's name, its first two characters."""
    weights: Weights
    division: str | None
    point: tuple[float, float] | None
    """Longitude and latitude in degrees."""


def places_of(
    title: str, content: str, place: Mapping[str, Any] | None, known: Frequencies
) -> Places:
    """The places that a request names, in its address, its title and its content, in that order."""
    given = place or {}
    plain = " ".join(
        normalise(text) for text in (given.get("address") or "", title, content[:TEXT_LENGTH_MAX])
    )
    words = tuple(dict.fromkeys(_PLACE.findall(plain)))[:PLACE_WORDS_MAX]
    names = (
        np.concatenate([pairs_of(word[:2]) for word in words])
        if words
        else np.empty(0, dtype=np.uint32)
    )
    longitude, latitude = given.get("longitude"), given.get("latitude")
    return Places(
        words=words,
        names=names,
        weights=known.idf(names),
        division=given.get("division"),
        point=None if longitude is None or latitude is None else (longitude, latitude),
    )


def agreement(one: Places, other: Places) -> float | None:
    """How far two places agree, from 0 to 1; none where one of them is unknown."""
    if _lie_apart(one.division, other.division):
        return 0.0
    named = _names_agreement(one, other)
    if one.point is None or other.point is None:
        return named
    metres = metres_between(one.point, other.point)
    if metres > FAR_METRES:
        return 0.0
    return max(named or 0.0, NEAR_AGREEMENT) if metres <= NEAR_METRES else named


def _names_agreement(one: Places, other: Places) -> float | None:
    if not one.words or not other.words:
        return None
    mine = dict(zip(one.words, one.weights.tolist(), strict=True))
    theirs = dict(zip(other.words, other.weights.tolist(), strict=True))
    shared: float = sum(mine[word] * theirs[word] for word in mine if word in theirs)
    return min(1.0, shared / (_norm(one.weights) * _norm(other.weights)))


def shared_places(one: Places, other: Places) -> list[str]:
    """The place names that both have, the first one's order."""
    theirs = set(other.words)
    return [word for word in one.words if word in theirs]


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The distance of two points of longitude and latitude, along the earth."""
    (west, south), (east, north) = (tuple(map(math.radians, point)) for point in (one, other))
    across = math.sin((north - south) / 2) ** 2
    along = math.cos(south) * math.cos(north) * math.sin((east - west) / 2) ** 2
    return 2 * EARTH_METRES * math.asin(min(1.0, math.sqrt(across + along)))


def _norm(weights: Weights) -> float:
    return math.sqrt(sum(weight * weight for weight in weights.tolist()))


def _lie_apart(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return False
    return not (covers(one, other) or covers(other, one))
