"""Which rows lie in a place, in SQL."""

from typing import Any

from sqlalchemy import ColumnElement, and_, true
from sqlalchemy.orm import InstrumentedAttribute

from shared.jurisdictions import prefix

AFTER_DIGITS = ":"
"""The sign after 9."""


def lies_in(column: InstrumentedAttribute[Any], jurisdiction: str) -> ColumnElement[bool]:
    """The condition that a code is `jurisdiction` or lies within it: a range.

    Beneath row-level security an index serves comparisons, which are known to tell nothing of
    the rows that a policy hides, and does not serve LIKE.
    """
    first = prefix(jurisdiction)
    if not first:
        return true()
    code = column.collate("C")
    return and_(code >= first, code < first + AFTER_DIGITS)
