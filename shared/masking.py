"""Masked values: how they look, and that none of them is ever taken for the thing itself."""

import re

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from shared.personal import MARKS

# One • is in names such as 买买提•吐尔逊.
_SIGNS = re.compile(r"[*＊✱●█]|•{2}")
# Other systems mask numbers by letters x. A single one is an extension, and mail addresses and
# accounts have any.
_CROSSED = re.compile(r"(?=.*\d)[\d+()\s-]*[xX×]{2,}[\d+()\s-]*")


def is_masked(value: str) -> bool:
    """Whether a value shows only a part of a name, number or address."""
    if _SIGNS.search(value) or _CROSSED.fullmatch(value):
        return True
    return any(mark in value for mark in MARKS.values())


def _refuse(value: object) -> object:
    if isinstance(value, str) and is_masked(value):
        raise PydanticCustomError("masked", "a masked value is not written back")
    return value


Unmasked = BeforeValidator(_refuse)
"""Last in the type of a field that takes a name, number or address: code `masked`."""
