"""How a sender finds the message that its peer cannot take, whatever waits around it."""

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.exchange.rules import Narrowing

BATCH = 16


def drained(queue: list[tuple[str, bool]]) -> tuple[list[str], set[str], int]:
    """What a peer took of a queue that refuses some whole, who was at fault, in how many tries."""
    narrowing = Narrowing(BATCH, BATCH)
    waiting, taken, blocked, tries = list(queue), list[str](), set[str](), 0
    while waiting:
        limit, without = narrowing.next()
        sent = [one for one in waiting if one[0] not in {*without, *blocked}][:limit]
        if not sent:
            if all(subject in blocked for subject, _ in waiting):
                break
            if not any(subject not in blocked and not bad for subject, bad in waiting):
                break
            narrowing.waited()
            continue
        tries += 1
        if any(is_bad for _, is_bad in sent):
            at_fault = narrowing.refused([subject for subject, _ in sent])
            blocked |= {at_fault} - {None}  # type: ignore[arg-type]
            continue
        narrowing.took()
        taken += [subject for subject, _ in sent]
        waiting = [one for one in waiting if one not in sent]
    return taken, blocked, tries


@given(bad=st.lists(st.booleans(), min_size=1, max_size=60))
def test_all_but_the_bad_ones_go_and_only_bad_ones_are_at_fault(bad: list[bool]) -> None:
    queue = [(str(place), is_bad) for place, is_bad in enumerate(bad)]
    taken, blocked, tries = drained(queue)
    good = [subject for subject, is_bad in queue if not is_bad]
    assert sorted(taken) == sorted(good)
    assert blocked <= {subject for subject, is_bad in queue if is_bad}
    # A message costs no more than finding it, proving the peer, and finding it again.
    assert tries <= 2 + 12 * (sum(bad) + 1) + len(good)


@given(count=st.integers(1, 200))
def test_a_peer_that_takes_nothing_blocks_nothing(count: int) -> None:
    narrowing = Narrowing(BATCH, BATCH)
    found = set[str | None]()
    for place in range(count):
        limit, _ = narrowing.next()
        found.add(narrowing.refused([f"{place}.{one}" for one in range(limit)]))
    assert found == {None}


def test_a_peer_that_does_not_answer_is_sent_as_much_as_before() -> None:
    narrowing = Narrowing(BATCH, BATCH)
    narrowing.took()
    narrowing.unanswered()
    assert narrowing.next() == (BATCH, [])
    assert narrowing.refused(["alone"]) is None


def test_after_one_at_fault_more_is_tried_again() -> None:
    narrowing = Narrowing(BATCH, BATCH)
    narrowing.took()
    while narrowing.refused([f"{one}" for one in range(narrowing.next()[0])]) is None:
        pass
    limits = []
    for _ in range(5):
        limits.append(narrowing.next()[0])
        narrowing.took()
    assert limits == [1, 2, 4, 8, 16]
