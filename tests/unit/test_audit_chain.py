"""The chain of the audit: whatever is changed in an export is found."""

from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import assume, given
from hypothesis import strategies as st

from shared import audit_chain
from shared.audit_chain import GENESIS, Link, chain_hash, line, verify

SECRET = "a-key-that-only-the-platform-knows-of"
AT = datetime(2026, 3, 2, 1, tzinfo=UTC)


def sealed(service: str, count: int) -> tuple[list[bytes], Link]:
    """An export of one service's chain."""
    link, lines = Link(), list[bytes]()
    for number in range(1, count + 1):
        entry: dict[str, Any] = {
            "service": service,
            "number": number,
            "at": audit_chain.moment(AT),
            "action": "caller.revealed",
            "subject": f"ticket-{number % 3}",
            "by": "HW0107",
            "purpose": None if number % 2 else "回电核实",
            "detail": {"rows": number},
            "algorithm": "sha256",
        }
        own = chain_hash(link.hash, entry)
        lines.append(line(entry, link.hash, own) + b"\n")
        link = Link(number, own)
    return lines, link


DISPATCH, DISPATCH_END = sealed("dispatch", 4)
INTAKE, INTAKE_END = sealed("intake", 6)
WHOLE = DISPATCH + INTAKE
KEPT = [
    audit_chain.sign(end, service=service, platform="530000", at=AT, secret=SECRET)
    for service, end in (("dispatch", DISPATCH_END), ("intake", INTAKE_END))
]
places = st.integers(0, len(WHOLE) - 1)


def test_what_nobody_touched_is_whole() -> None:
    assert list(verify(WHOLE, KEPT)) == []
    assert list(verify([], ())) == []
    assert INTAKE_END.hash != GENESIS


@given(st.integers(0, len(b"".join(WHOLE)) - 1), st.integers(1, 255))
def test_a_changed_byte_is_found(place: int, flip: int) -> None:
    content = bytearray(b"".join(WHOLE))
    content[place] ^= flip
    assert list(verify(bytes(content).splitlines(keepends=True)))


@given(places, st.sets(places, min_size=1))
def test_removed_lines_are_found(place: int, more: set[int]) -> None:
    left = [one for at, one in enumerate(WHOLE) if at not in more | {place}]
    faults = list(verify(left, KEPT))
    assert faults
    first = min(more | {place})
    service = "dispatch" if first < len(DISPATCH) else "intake"
    number = first + 1 if first < len(DISPATCH) else first + 1 - len(DISPATCH)
    assert (service, number) in {(fault.service, fault.number) for fault in faults}


@given(places, places)
def test_two_lines_that_changed_places_are_found(one: int, other: int) -> None:
    assume(one != other)
    swapped = list(WHOLE)
    swapped[one], swapped[other] = swapped[other], swapped[one]
    assert list(verify(swapped))


@given(places, places)
def test_an_inserted_line_is_found(source: int, place: int) -> None:
    assert list(verify([*WHOLE[:place], WHOLE[source], *WHOLE[place:]]))


def test_a_tail_that_is_cut_off_is_found_by_a_checkpoint_alone() -> None:
    assert list(verify(WHOLE[:-2])) == []
    assert list(verify(WHOLE[:-2], KEPT)) == [("intake", 5, "cut")]
    assert list(verify(INTAKE, KEPT)) == [("dispatch", 1, "cut")]


def test_a_chain_that_was_made_anew_does_not_fit_its_checkpoint() -> None:
    other, _ = sealed("intake", 7)
    forged = [one.replace(b"HW0107", b"HW0108") for one in other]
    assert {fault.kind for fault in verify(forged)} == {"changed"}
    link, anew = Link(), list[bytes]()
    for content in forged:
        entry = orjson.loads(content)
        own = chain_hash(link.hash, entry)
        anew.append(line(entry, link.hash, own) + b"\n")
        link = Link(entry["number"], own)
    assert list(verify(anew)) == [], "nothing but a checkpoint can tell"
    assert ("intake", 6, "changed") in list(verify(anew, KEPT[1:]))


def test_a_checkpoint_that_was_changed_or_signed_by_another_is_no_checkpoint() -> None:
    [kept, _] = KEPT
    assert audit_chain.is_signed(kept)
    assert kept["public_key"] == audit_chain.public_key_of(SECRET)
    assert not audit_chain.is_signed(kept | {"public_key": audit_chain.public_key_of("another")})
    moved = kept | {"number": 3}
    assert list(verify(DISPATCH, [moved])) == [("dispatch", 0, "bad_key")]
    assert not audit_chain.is_signed({})
