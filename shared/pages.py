"""Keyset pages: `{items, next}`, where `next` is a cursor that the caller only carries."""

import base64
import binascii
from collections.abc import Sequence
from typing import Generic, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, Field

from shared.answers import Input
from shared.problems import Malformed, field_error

T = TypeVar("T", bound=BaseModel)


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is none on the last."""

    items: list[T]
    next: str | None = None


class PageQuery(Input):
    """列表的分页。"""

    after: str | None = Field(None, description="上一页的 next")
    limit: int = Field(50, ge=1, le=200, description="每页条数")

    def after_id(self) -> UUID | None:
        """The id in the cursor, where the list goes by id. Raises `Malformed`."""
        return id_in(self.after)

    def after_key(self) -> str | None:
        """The key in the cursor, where the list goes by another one. Raises `Malformed`."""
        key = read_cursor(self.after, parts=1)
        return None if key is None else str(key[0])


def page_of(items: Sequence[T], limit: int, *, by: str = "id") -> Page[T]:
    """The first `limit` of the items, each known by its field `by`.

    Who asks reads one more than are shown: that says whether a page follows.
    """
    shown = list(items[:limit])
    more = len(items) > limit
    return Page(items=shown, next=write_cursor(str(getattr(shown[-1], by))) if more else None)


def write_cursor(*key: str | int) -> str:
    """The cursor that goes on after a row with this key."""
    return base64.urlsafe_b64encode(orjson.dumps(list(key))).decode().rstrip("=")


def read_cursor(cursor: str | None, *, parts: int) -> list[str | int] | None:
    """The key in a cursor, none for the first page. Raises `Malformed`."""
    if cursor is None:
        return None
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, orjson.JSONDecodeError, ValueError):
        key = None
    if (
        not isinstance(key, list)
        or len(key) != parts
        or not all(isinstance(part, str | int) for part in key)
    ):
        raise bad_cursor()
    return key


def id_in(cursor: str | None) -> UUID | None:
    """The id in a cursor, none for the first page. Raises `Malformed`."""
    key = read_cursor(cursor, parts=1)
    try:
        return None if key is None else UUID(str(key[0]))
    except ValueError as error:
        raise bad_cursor() from error


def bad_cursor() -> Malformed:
    """The problem of a cursor that nobody here gave out."""
    return field_error("after", "bad_cursor", "游标无效，请从第一页重新读取")
