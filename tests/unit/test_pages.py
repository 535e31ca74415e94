"""Cursors go on after the last row, and a cursor that is none of ours is refused."""

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pages import read_cursor, write_cursor
from shared.problems import Malformed

PARTS = st.lists(st.text() | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4)


@given(key=PARTS)
def test_a_cursor_reads_back_as_it_was_written(key: list[str | int]) -> None:
    assert read_cursor(write_cursor(*key), parts=len(key)) == key


@given(key=PARTS)
def test_a_cursor_fits_into_an_address(key: list[str | int]) -> None:
    assert set(write_cursor(*key)) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


def test_the_first_page_has_no_cursor() -> None:
    assert read_cursor(None, parts=2) is None


@given(cursor=st.text())
def test_any_text_is_read_or_refused_and_nothing_else(cursor: str) -> None:
    with suppress(Malformed):
        assert len(read_cursor(cursor, parts=2) or []) == 2


@pytest.mark.parametrize(
    "inside", [b"", b"{}", b'"a"', b"[1]", b"[1, 2, 3]", b"[1, null]", b"[1, [2]]", b"[1, 1.5]"]
)
def test_a_cursor_of_another_form_is_refused(inside: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        read_cursor(base64.urlsafe_b64encode(inside).decode(), parts=2)
    assert [error.field for error in caught.value.errors] == ["after"]
