"""How records are sorted before they are handled: for whatever comes, in whatever order."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.bus.protocol import Record
from shared.events.envelope import Envelope, Event, encode
from shared.events.intake import TicketAmended, TicketWithdrawalRequested
from shared.hearing import Taken, in_sequence, queues, read_record, waves

OWN = "/530000/dispatch"
TIME = datetime(2026, 7, 1, 9, tzinfo=UTC)
ENVELOPES = st.builds(
    Envelope,
    type=st.sampled_from(["ticket.created", "ticket.amended", "ticket.rated"]),
    source=st.sampled_from(["/530000/intake", "/530000/sla"]),
    subject=st.sampled_from(["t1", "t2", "t3"]),
    sequence=st.integers(1, 9),
    time=st.just(TIME),
    data=st.just({}),
    traceparent=st.none(),
)


@st.composite
def records(draw: st.DrawFn) -> list[Record]:
    """Events of a few keys, some of them the service's own, some of them no events."""
    made = []
    for offset in range(draw(st.integers(0, 25))):
        key = draw(st.sampled_from(["t1", "t2", "t3"]))
        kind = draw(st.sampled_from(["event", "event", "event", "own", "bad", "strange"]))
        source = OWN if kind == "own" else "/530000/intake"
        subject = "another" if kind == "strange" else key
        data = TicketWithdrawalRequested(reason="已解决") if offset % 2 else TicketAmended()
        value = encode(Event(source, subject, draw(st.integers(1, 9)), TIME, data))
        made.append(Record("tickets", 0, offset, key, b"?" if kind == "bad" else value))
    return made


@given(events=st.lists(ENVELOPES, max_size=30))
def test_a_round_has_each_subject_at_most_once(events: list[Envelope]) -> None:
    for wave in waves(events):
        subjects = [one.subject for chunk in wave.values() for one in chunk]
        assert len(subjects) == len(set(subjects))
        assert all(one.type == kind for kind, chunk in wave.items() for one in chunk)


@given(events=st.lists(ENVELOPES, max_size=30))
def test_rounds_keep_the_order_of_each_subject_and_lose_nothing(events: list[Envelope]) -> None:
    flat = [one for wave in waves(events) for chunk in wave.values() for one in chunk]
    assert len(flat) == len(events)
    for subject in {one.subject for one in events}:
        before = [one for one in events if one.subject == subject]
        after = [one for one in flat if one.subject == subject]
        assert all(a is b for a, b in zip(before, after, strict=True))


@given(events=st.lists(ENVELOPES, max_size=30))
def test_there_are_as_many_rounds_as_the_longest_subject_has_events(
    events: list[Envelope],
) -> None:
    subjects = [one.subject for one in events]
    assert len(waves(events)) == max((subjects.count(s) for s in subjects), default=0)


@given(events=st.lists(ENVELOPES, max_size=30))
def test_each_source_is_put_in_sequence_at_its_own_places(events: list[Envelope]) -> None:
    taken = [Taken(Record("tickets", 0, n, "t1", b""), one) for n, one in enumerate(events)]
    ordered = in_sequence(taken)
    assert sorted(one.record.offset for one in ordered) == list(range(len(taken)))
    assert [one.envelope.source for one in ordered] == [one.source for one in events]
    for source in {one.source for one in events}:
        own = [one.envelope.sequence for one in ordered if one.envelope.source == source]
        assert own == sorted(own)


@given(events=st.lists(ENVELOPES, max_size=15, unique_by=lambda e: (e.source, e.sequence)))
def test_what_is_in_sequence_stays_as_it_is(events: list[Envelope]) -> None:
    taken = [Taken(Record("tickets", 0, n, "t1", b""), one) for n, one in enumerate(events)]
    once = in_sequence(taken)
    assert in_sequence(once) == once


@given(batch=records(), waiting=st.sets(st.sampled_from(["t1", "t2"])))
def test_every_record_goes_somewhere_in_its_order(batch: list[Record], waiting: set[str]) -> None:
    found = queues(batch, waiting=waiting, own_source=OWN)
    for key, queue in found.items():
        bad = [] if queue.bad is None else [queue.bad[0]]
        placed = [one.record for one in queue.events] + bad + queue.behind
        expected = [one for one in batch if one.key == key and not _is_own(one)]
        assert placed == expected
        if key in waiting:
            assert not queue.events
            assert queue.bad is None
        elif queue.bad is None:
            assert not queue.behind


def test_a_record_is_read_with_its_subject() -> None:
    subject = str(UUID(int=7))
    value = encode(Event("/530000/intake", subject, 3, TIME, TicketAmended()))
    assert read_record(Record("tickets", 0, 0, subject, value)).envelope.sequence == 3


def _is_own(record: Record) -> bool:
    return OWN.encode() in record.value
