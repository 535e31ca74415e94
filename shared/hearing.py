"""The pure part of hearing: records sorted by key, by sequence and into rounds."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from shared.bus.protocol import Record
from shared.events.envelope import BadEvent, Envelope, parse


@dataclass(frozen=True, slots=True)
class Taken:
    """A record and the event in it."""

    record: Record
    envelope: Envelope


@dataclass(slots=True)
class Queue:
    """What came for one key: events to handle, then a bad one, then what must wait behind it."""

    events: list[Taken] = field(default_factory=list)
    bad: tuple[Record, str] | None = None
    behind: list[Record] = field(default_factory=list)


def read_record(record: Record) -> Taken:
    """The record's event. Raises `BadEvent`, also where its subject is not the record's key."""
    envelope = parse(record.value)
    if envelope.subject != record.key:
        raise BadEvent("subject: must be the message's key")
    return Taken(record, envelope)


def queues(
    records: Iterable[Record], *, waiting: Collection[str], own_source: str
) -> dict[str, Queue]:
    """The records by key, in their order; what this service said itself is left out.

    All of a key that is `waiting` stands behind, as does what follows a record that is no event.
    """
    found: dict[str, Queue] = {}
    for record in records:
        queue = found.setdefault(record.key, Queue())
        try:
            taken = read_record(record)
        except BadEvent as error:
            if queue.bad is None and record.key not in waiting:
                queue.bad = (record, str(error))
            else:
                queue.behind.append(record)
            continue
        if taken.envelope.source == own_source:
            continue
        if queue.bad is None and record.key not in waiting:
            queue.events.append(taken)
        else:
            queue.behind.append(record)
    return found


def in_sequence(events: Sequence[Taken]) -> list[Taken]:
    """Each source's places filled with its own events in ascending sequence."""
    by_source: dict[str, list[Taken]] = {}
    for one in events:
        by_source.setdefault(one.envelope.source, []).append(one)
    ordered = {
        source: iter(sorted(own, key=lambda one: one.envelope.sequence))
        for source, own in by_source.items()
    }
    return [next(ordered[one.envelope.source]) for one in events]


def waves(events: Iterable[Envelope]) -> list[dict[str, list[Envelope]]]:
    """Events in rounds: each subject once in each, in order; a round is sorted by type."""
    rounds: list[dict[str, list[Envelope]]] = []
    depths: dict[str, int] = {}
    for envelope in events:
        depth = depths.get(envelope.subject, 0)
        depths[envelope.subject] = depth + 1
        if depth == len(rounds):
            rounds.append({})
        rounds[depth].setdefault(envelope.type, []).append(envelope)
    return rounds
