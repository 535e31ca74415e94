"""Taking messages once and in order, whatever order and however often they come."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.exchange.rules import (
    NAMESPACE,
    Answered,
    Book,
    Outcome,
    Seen,
    Verdict,
    message_id,
    outcome_of,
    poison_in,
    unsayable_in,
)
from shared.exchange import Kind, LineStatus, Told, canonical, digest_of, sum_of

SUBJECTS = ("a", "b")
FILE: dict[str, Any] = {
    "attachment": str(UUID(int=1)),
    "kind": "evidence",
    "media_type": "image/png",
    "bytes": 5,
    "sha256": "a" * 64,
    "attached_by": "HW0107",
}
CALL: dict[str, Any] = {
    "jurisdiction": "512000",
    "queued_at": "2026-11-20T09:00:00+08:00",
    "ended_at": "2026-11-20T09:01:00+08:00",
    "seat_kind": "call",
}
YEAR_1, BARE = "0001-01-01T00:00:00+08:00", "2026-11-20T09:01:00"
LENGTH = 12


def id_of(subject: str, sequence: int) -> UUID:
    return uuid5(NAMESPACE, f"{subject}{sequence}")


def seen(subject: str, sequence: int) -> Seen:
    return Seen(subject, sequence, f"{subject}{sequence}".encode())


def reopened(book: Book, taken: dict[str, list[int]], *, pruned: int) -> Book:
    """The book of the next request: what the database knows, the oldest forgotten."""
    standings = {
        subject: replace(one, pruned=min(pruned, one.last))
        for subject, one in book.standings.items()
    }
    kept = {
        (subject, number)
        for subject, numbers in taken.items()
        for number in numbers
        if number > min(pruned, book.standings[subject].last)
    }
    by_id = {id_of(*place): seen(*place) for place in kept}
    return Book(standings, by_id, {place: id_of(*place) for place in kept})


arrivals = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(SUBJECTS), st.integers(1, LENGTH)),
        st.integers(0, 4),
    ),
    max_size=120,
)


@given(arrivals)
def test_each_message_is_taken_once_and_in_order(steps: list[tuple[str, int] | int]) -> None:
    """A number among the steps begins a new request, with so many places forgotten."""
    book, taken = Book(), {subject: list[int]() for subject in SUBJECTS}
    pruned = 0
    for step in steps:
        if isinstance(step, int):
            pruned = max(pruned, step)
            book = reopened(book, taken, pruned=pruned)
            continue
        subject, sequence = step
        verdict = book.take(id_of(subject, sequence), seen(subject, sequence))
        last = len(taken[subject])
        if sequence == last + 1:
            assert verdict == Verdict(LineStatus.ACCEPTED)
            taken[subject].append(sequence)
        elif sequence <= last:
            assert verdict == Verdict(LineStatus.DUPLICATE)
        else:
            assert verdict == Verdict(LineStatus.OUT_OF_ORDER, expected=last + 1)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in taken.values())


@given(st.sets(st.integers(1, LENGTH)), st.integers(0, LENGTH), st.permutations(range(1, LENGTH)))
def test_a_place_that_was_lost_is_taken_again_and_one_that_was_forgotten_is_not(
    lost: set[int], pruned: int, order: list[int]
) -> None:
    book = Book()
    for number in range(1, LENGTH + 1):
        book.take(id_of("a", number), seen("a", number))
    kept = [number for number in range(1, LENGTH + 1) if number not in lost]
    book = reopened(book, {"a": kept}, pruned=pruned)
    found = {n for n in order if book.take(id_of("a", n), seen("a", n)).status == "accepted"}
    assert found == {number for number in lost if number > pruned and number in order}
    assert book.standings["a"].last == LENGTH


@given(
    st.lists(st.sampled_from(LineStatus), max_size=8),
    st.integers(1, 3),
)
def test_the_first_message_that_is_not_taken_decides_about_its_subject(
    statuses: list[LineStatus], back: int
) -> None:
    answers = [
        Answered(id_of("a", place), place + 10, status, place + 10 - back, "refused: why")
        for place, status in enumerate(statuses)
    ]
    found = outcome_of(answers)
    good = (LineStatus.ACCEPTED, LineStatus.DUPLICATE, LineStatus.SET_ASIDE)
    first = next((n for n, one in enumerate(statuses) if one not in good), len(statuses))
    assert found.taken == {one.id for one in answers[:first]}
    if first == len(statuses):
        assert found == Outcome(found.taken)
    elif statuses[first] is LineStatus.OUT_OF_ORDER:
        assert (found.expected, found.problem) == (answers[first].expected, None)
    else:
        assert (found.expected, found.problem) == (None, "refused: why")


def test_a_receiver_that_expects_what_comes_later_is_not_believed() -> None:
    answer = Answered(id_of("a", 3), 3, LineStatus.OUT_OF_ORDER, 7, None)
    assert outcome_of([answer]) == Outcome(problem="out_of_order")


def test_the_same_event_told_again_has_the_same_id_and_another_peer_another() -> None:
    ids = {message_id(peer, "/512000/intake x.1") for peer in ("510000", "510000", "513000")}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("kind", "told", "poison"),
    [
        (Kind.ACT, Told(type="ticket.signed", data={"unit": "a", "signed_by": "b"}), None),
        (Kind.ACT, Told(type="ticket.signed", data={"unit": "a"}), "data.signed_by"),
        (Kind.TICKET, Told(type="ticket.signed", data={"unit": "a", "signed_by": "b"}), "kind"),
        (Kind.ACT, Told(type="ticket.of_tomorrow", data={}), None),
        (Kind.FORWARD, Told(type="ticket.forward", data={"number": "1"}), "data.jurisdiction"),
        (Kind.ACT, Told(type="ticket.forward", data={}), "kind"),
        (Kind.ACT, Told(type="ticket.attached", data=FILE), None),
        (Kind.ACT, Told(type="ticket.attached", data=FILE | {"bytes": -1}), "data.bytes"),
        (Kind.ACT, Told(type="ticket.attached", data=FILE | {"sha256": "a" * 65}), "data.sha256"),
        (
            *(Kind.ACT, Told(type="ticket.attached", data=FILE | {"media_type": "a" * 201})),
            "data.media_type",
        ),
        (Kind.CALL, Told(type="call.recorded", data=CALL), None),
        (Kind.CALL, Told(type="call.recorded", data=CALL | {"ended_at": YEAR_1}), "data.ended_at"),
        (Kind.CALL, Told(type="call.recorded", data=CALL | {"ended_at": BARE}), "data.ended_at"),
    ],
)
def test_what_does_not_read_as_its_event_is_poison(
    kind: Kind, told: Told, poison: str | None
) -> None:
    found = poison_in(kind, told)
    assert (found is None) == (poison is None)
    assert found is None or found.startswith(poison or "")


@pytest.mark.parametrize(
    ("text", "is_unsayable"),
    [("路灯", False), ("\\u0000", False), ("\x00", True), ("\\\x00", True), ("\\\\u0000", False)],
)
def test_a_nul_is_poison_and_what_only_looks_like_one_is_not(
    text: str, *, is_unsayable: bool
) -> None:
    found = unsayable_in(canonical({"type": "x", "data": {"text": text}}).decode())
    assert (found is not None) == is_unsayable


json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), json, max_size=5))
def test_the_fast_way_to_write_a_payload_is_that_of_rfc_8785(payload: dict[str, Any]) -> None:
    assert canonical(payload) == rfc8785.dumps(payload)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=6), st.randoms())
def test_a_sum_of_digests_knows_no_order(digests: list[bytes], dice: object) -> None:
    mixed = list(digests)
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    assert sum_of(digests) == sum_of(mixed)
    assert len(sum_of(digests)) == 64


def test_a_digest_depends_on_id_and_payload() -> None:
    one, other = UUID(int=1), UUID(int=2)
    assert len({digest_of(one, b"{}"), digest_of(other, b"{}"), digest_of(one, b"[]")}) == 3
