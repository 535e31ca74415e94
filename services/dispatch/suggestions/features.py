"""A text as the learner sees it: characters and pairs of characters, each a number. Pure.

Chinese needs no word list for this. A pair is two code points side by side in one number, so a
number can be read again, and no two pairs share one.
"""

import re
import unicodedata
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SCHEME = "pairs-1"
"""Names all that is below: a model is read only by the scheme that it was learned with."""
TEXT_LENGTH_MAX = 5_000
"""Characters that are looked at: what a matter is about is said by then."""

_BITS = np.uint64(21)
_CHARACTER = (1 << 21) - 1
_PLACE = 1 << 63
_BETWEEN = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\d+")

Codes = NDArray[np.uint64]


class Counted(NamedTuple):
    """What occurs in a text, in the order of the codes, and how often."""

    codes: Codes
    counts: NDArray[np.float32]


def normalise(text: str) -> str:
    """Full width as half width, small letters, no spaces or marks; all numbers are the same."""
    return _DIGITS.sub("0", _BETWEEN.sub("", plain(text)))


def plain(text: str) -> str:
    """Full width as half width, and small letters, as far as a text is looked at."""
    return unicodedata.normalize("NFKC", text[:TEXT_LENGTH_MAX]).lower()


def count(text: str) -> Counted:
    """The characters and pairs of a text."""
    points = np.frombuffer(
        normalise(text).encode("utf-32-le", "surrogatepass"), dtype="<u4"
    ).astype(np.uint64)
    pairs = (points[:-1] << _BITS) | points[1:]
    codes, counts = np.unique(np.concatenate([points, pairs]), return_counts=True)
    return Counted(codes, counts.astype(np.float32))


def places(jurisdiction: str) -> Codes:
    """The province, city and county of a ticket: one unit is competent here, another there."""
    digits = jurisdiction[:6]
    codes = sorted({int(digits[:length].ljust(6, "0")) for length in (2, 4, 6)}) if digits else []
    return np.array([_PLACE | code for code in codes], dtype=np.uint64)


def word_of(code: int) -> str:
    """The characters of a code; nothing for that of a place."""
    if code & _PLACE:
        return ""
    return "".join(chr(one) for one in (code >> 21, code & _CHARACTER) if one)
