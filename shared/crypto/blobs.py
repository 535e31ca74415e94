"""The form of what is sealed: one byte for the suite, four for the key, then the cipher's own."""

from typing import NamedTuple

from shared.crypto.provider import CannotOpen, Suite

HEADER_BYTES = 5
KEY_ID_MAX = 2**32 - 1
_CODES = {Suite.INTERNATIONAL: 0x11, Suite.NATIONAL: 0x12}
_SUITES = {code: suite for suite, code in _CODES.items()}


class Header(NamedTuple):
    """What sealed a blob."""

    suite: Suite
    key_id: int


def write_header(suite: Suite, key_id: int) -> bytes:
    """The first bytes of a blob; they are bound to its content."""
    return bytes((_CODES[suite],)) + key_id.to_bytes(4)


def read_header(blob: bytes) -> Header:
    """What sealed it. Raises `CannotOpen` for what is no blob of this form."""
    if len(blob) < HEADER_BYTES or blob[0] not in _SUITES:
        raise CannotOpen
    return Header(_SUITES[blob[0]], int.from_bytes(blob[1:HEADER_BYTES]))
