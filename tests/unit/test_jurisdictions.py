"""Which place lies within which."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jurisdictions import CODE_PATTERN, covers, is_province, prefix

CODES = st.from_regex(CODE_PATTERN.replace("[0-9]", "[0-9]"), fullmatch=True).filter(str.isascii)


@pytest.mark.parametrize(
    ("code", "digits"),
    [
        ("000000", ""),
        ("530000", "53"),
        ("532800", "5328"),
        ("532801", "532801"),
        ("512000", "5120"),
        ("220100", "2201"),
        ("512081", "512081"),
        ("512081100", "512081100"),
        ("512081100201", "512081100201"),
    ],
)
def test_the_digits_that_all_places_within_share(code: str, digits: str) -> None:
    assert prefix(code) == digits


@pytest.mark.parametrize(
    ("outer", "inner", "is_within"),
    [
        ("530000", "532800", True),
        ("530000", "532801", True),
        ("532800", "532801", True),
        ("532800", "530000", False),
        ("532800", "532900", False),
        ("512000", "512081100", True),
        ("512000", "511000", False),
        ("512081", "512081100", True),
        ("512081", "512000", False),
        ("000000", "220100", True),
    ],
)
def test_a_province_covers_its_cities_and_a_city_its_counties(
    outer: str, inner: str, is_within: bool
) -> None:
    assert covers(outer, inner) is is_within


@given(code=CODES)
def test_a_place_covers_itself(code: str) -> None:
    assert covers(code, code)


@given(outer=CODES, middle=CODES, inner=CODES)
def test_what_covers_a_cover_covers(outer: str, middle: str, inner: str) -> None:
    if covers(outer, middle) and covers(middle, inner):
        assert covers(outer, inner)


@pytest.mark.parametrize("code", ["51200", "5120000", "51200a", "", "5120811002011", "512081\n"])
def test_what_is_no_code_does_not_match(code: str) -> None:
    assert re.fullmatch(CODE_PATTERN, code) is None


@pytest.mark.parametrize(
    ("code", "is_one"),
    [
        *(("530000", True), ("110000", True)),
        *(("000000", False), ("532800", False), ("530102", False), ("530102001", False)),
    ],
)
def test_a_province_is_known_by_its_code(code: str, is_one: bool) -> None:
    assert is_province(code) is is_one
