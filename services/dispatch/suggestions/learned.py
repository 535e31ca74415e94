"""What was learned, and what it says of a text: arrays and a softmax, nothing that was pickled."""

import hashlib
import io
import json
import zipfile
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.dispatch.suggestions.features import SCHEME, Codes, count, places, plain, word_of
from services.dispatch.suggestions.rules import (
    CATEGORY,
    REQUEST_TYPE,
    UNIT,
    Place,
    open_units,
)

GUESSES = 3
GROUNDS = 5
PLACE_VALUE = 0.5
"""How much a place weighs beside a text, whose length is 1."""

_MAGIC = b"hotline-suggestions\n"
_DIGEST_BYTES = 32
_COLUMNS = ("weights", "seen", "biases", "examples")

Floats = NDArray[np.float32]


class BadModel(ValueError):
    """These bytes are no model that can be used; the message says why, in Chinese."""


class Head(NamedTuple):
    """One question, such as which unit: a weight for each code and answer."""

    classes: tuple[str, ...]
    weights: Floats
    biases: Floats
    seen: NDArray[np.uint32]
    """In how many examples of an answer a code occurred."""
    examples: NDArray[np.uint32]
    temperature: float
    threshold: float | None
    """From this confidence on, 97 % of what was held back was right; none where that is never."""
    figures: dict[str, Any]


class Learned(NamedTuple):
    """A model: known codes in order, how rare each is, and a head for each question."""

    codes: Codes
    rarity: Floats
    heads: Mapping[str, Head]
    facts: dict[str, Any]


class Encoded(NamedTuple):
    """A text and its place in a model's terms."""

    positions: NDArray[np.intp]
    values: Floats
    text: str
    """With its marks: what stands on both sides of one is no ground to show."""


class Ground(NamedTuple):
    """Characters that spoke for an answer; in how many past tickets, and how many had it."""

    word: str
    tickets: int
    of_all: int


class Guess(NamedTuple):
    """One answer with its confidence, from 0 to 1, and its grounds."""

    value: str
    confidence: float
    grounds: list[Ground]
    examples: int
    """How many tickets with this answer were learned from."""
    is_claimed: bool
    """Whether the answer's own machine says yes, not only louder than the others."""


class Suggested(NamedTuple):
    """What is suggested for a ticket, the likeliest of each first."""

    request_types: list[Guess]
    categories: list[Guess]
    units: list[Guess]


def encode(learned: Learned, text: str, jurisdiction: str = "") -> Encoded:
    """A text in the model's terms; what the model never saw is left out."""
    found = count(text)
    at, known = _find(learned.codes, found.codes)
    values = (1 + np.log(found.counts[known])) * learned.rarity[at]
    length = float(np.linalg.norm(values)) or 1.0
    place_at, _ = _find(learned.codes, places(jurisdiction))
    placed = np.full(len(place_at), PLACE_VALUE)
    together = np.concatenate([values / length, placed])
    return Encoded(np.concatenate([at, place_at]), together.astype(np.float32), plain(text))


def score(head: Head, encoded: Encoded) -> Floats:
    """How strongly the text speaks for each answer."""
    scores: Floats = encoded.values @ head.weights[encoded.positions] + head.biases
    return scores


def confidences(scores: Floats, temperature: float, is_open: NDArray[np.bool_]) -> Floats:
    """Scores of a text, or of a text a row, as shares of 1 among the open answers; 0 elsewhere."""
    heated = np.where(is_open, scores / temperature, -np.inf)
    highest = heated.max(axis=-1, keepdims=True, initial=-1e9)
    raised = np.exp(heated - highest)
    shares: Floats = raised / np.maximum(raised.sum(axis=-1, keepdims=True), 1e-9)
    return shares.astype(np.float32)


def guess(
    head: Head, learned: Learned, encoded: Encoded, *, only: Collection[str] | None = None
) -> list[Guess]:
    """The likeliest answers, among those in `only` where it is given, with their grounds."""
    is_open = np.array([only is None or one in only for one in head.classes], dtype=np.bool_)
    scores = score(head, encoded)
    shares = confidences(scores, head.temperature, is_open)
    order = np.argsort(-shares, kind="stable")[: min(GUESSES, int(is_open.sum()))]
    spoken = encoded.values[:, None] * head.weights[encoded.positions][:, is_open]
    usual = spoken.mean(axis=1) if len(order) else spoken
    return [
        Guess(
            head.classes[k],
            float(shares[k]),
            _grounds(head, learned, encoded, answer=int(k), usual=usual),
            int(head.examples[k]),
            is_claimed=bool(scores[k] > 0),
        )
        for k in order
    ]


def suggest(
    learned: Learned,
    text: str,
    jurisdiction: str,
    *,
    units: Mapping[str, Place],
    excluded: Collection[str] = (),
) -> Suggested:
    """Type, category and units for a text of a place; `units` are those that the model knows."""
    encoded = encode(learned, text, jurisdiction)
    open_ = open_units(units, jurisdiction, excluded=excluded)
    only: dict[str, Collection[str] | None] = {REQUEST_TYPE: None, CATEGORY: None, UNIT: open_}
    found = {
        name: guess(learned.heads[name], learned, encoded, only=among)
        for name, among in only.items()
        if name in learned.heads
    }
    return Suggested(*(found.get(name, []) for name in only))


def as_data(guesses: Sequence[Guess]) -> list[dict[str, Any]]:
    """Guesses as they are kept and shown."""
    return [
        {
            "value": one.value,
            "confidence": round(one.confidence, 4),
            "examples": one.examples,
            "is_claimed": one.is_claimed,
            "grounds": [ground._asdict() for ground in one.grounds],
        }
        for one in guesses
    ]


def dump(learned: Learned) -> bytes:
    """A model as bytes, with a checksum."""
    arrays: dict[str, Any] = {"codes": learned.codes, "rarity": learned.rarity}
    for number, head in enumerate(learned.heads.values()):
        arrays |= {f"{column}{number}": getattr(head, column) for column in _COLUMNS}
    heads = [
        {
            "name": name,
            "classes": head.classes,
            "temperature": head.temperature,
            "threshold": head.threshold,
            "figures": head.figures,
        }
        for name, head in learned.heads.items()
    ]
    meta = json.dumps({"scheme": SCHEME, "facts": learned.facts, "heads": heads})
    arrays["meta"] = np.frombuffer(meta.encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    body = buffer.getvalue()
    return _MAGIC + hashlib.sha256(body).digest() + body


def load(data: bytes) -> Learned:
    """The model in these bytes. Raises `BadModel`; nothing in them is ever run."""
    body = data[len(_MAGIC) + _DIGEST_BYTES :]
    digest = data[len(_MAGIC) : len(_MAGIC) + _DIGEST_BYTES]
    if not data.startswith(_MAGIC):
        raise BadModel("不是派单建议的模型文件")
    if hashlib.sha256(body).digest() != digest:
        raise BadModel("模型文件不完整或被改动（校验值不符），请重新训练")
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
            return _read(arrays)
    except (KeyError, ValueError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise BadModel(f"模型文件与本版本（{SCHEME}）不符，请重新训练") from error


def _read(arrays: Any) -> Learned:  # noqa: ANN401  numpy's own type is not public
    meta = json.loads(arrays["meta"].tobytes())
    if meta["scheme"] != SCHEME:
        raise ValueError(meta["scheme"])
    heads = {
        one["name"]: Head(
            classes=tuple(one["classes"]),
            temperature=one["temperature"],
            threshold=one["threshold"],
            figures=one["figures"],
            **{column: arrays[f"{column}{number}"] for column in _COLUMNS},
        )
        for number, one in enumerate(meta["heads"])
    }
    return Learned(arrays["codes"], arrays["rarity"], heads, meta["facts"])


def _find(codes: Codes, wanted: Codes) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where those of `wanted` that are known stand in `codes`, and which they are."""
    if not len(codes):
        return np.zeros(0, dtype=np.intp), np.zeros(len(wanted), dtype=np.bool_)
    at = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    known = codes[at] == wanted
    return at[known], known


def _grounds(
    head: Head, learned: Learned, encoded: Encoded, *, answer: int, usual: Floats
) -> list[Ground]:
    """The pairs that spoke most for an answer, beyond what they said for all."""
    spoke = encoded.values * head.weights[encoded.positions, answer] - usual
    grounds: list[Ground] = []
    for place in np.argsort(-spoke, kind="stable"):
        if spoke[place] <= 0 or len(grounds) == GROUNDS:
            break
        position = encoded.positions[place]
        word = word_of(int(learned.codes[position]))
        if len(word) < 2 or "0" in word or word not in encoded.text:
            continue
        seen = head.seen[position]
        grounds.append(Ground(word, int(seen[answer]), int(seen.sum())))
    return grounds
