"""The queue to each peer: messages are numbered, wait, are taken, and are kept for a while."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from services.gateway.exchange.rules import ERASED, Outcome, message_id
from shared.database import Connection
from shared.exchange import Kind, canonical, digest_of

# The row of a subject is locked until the commit: its messages become visible in their order.
NUMBER = """INSERT INTO outgoing_subjects AS s (peer, subject, last)
SELECT * FROM unnest($1::text[], $2::text[], $3::int[])
ON CONFLICT (peer, subject) DO UPDATE SET last = s.last + excluded.last
RETURNING peer, subject, last"""
QUEUE = """INSERT INTO outgoing
    (peer, subject, sequence, id, kind, time, payload, digest, digest_before)
SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::uuid[], $5::text[],
    $6::timestamptz[], $7::text[], $8::bytea[], $9::bytea[])"""
BLOCKED = "SELECT subject FROM outgoing_subjects WHERE peer = $1 AND problem IS NOT NULL"
CLAIM = """SELECT position, id, subject, sequence, kind, time, payload, digest, digest_before
FROM outgoing WHERE peer = $1 AND subject <> ALL($2::text[]) ORDER BY position LIMIT $3"""
MOVE = """WITH taken AS (
    DELETE FROM outgoing o USING unnest($1::bigint[], $2::bytea[]) AS w (position, digest)
    WHERE o.position = w.position
    RETURNING o.peer, o.id, o.subject, o.sequence, o.kind, o.time, o.payload, w.digest)
INSERT INTO sent (peer, id, subject, sequence, kind, time, payload, digest)
SELECT * FROM taken ON CONFLICT DO NOTHING"""
BLOCK = """UPDATE outgoing_subjects s SET problem = w.problem, problem_at = clock_timestamp()
FROM unnest($2::text[], $3::text[]) AS w (subject, problem)
WHERE s.peer = $1 AND s.subject = w.subject"""
LOCK_SUBJECTS = """SELECT FROM outgoing_subjects WHERE peer = $1 AND subject = ANY($2::text[])
ORDER BY subject FOR UPDATE"""
TAKE_WAITING = """DELETE FROM outgoing WHERE peer = $1 AND subject = ANY($2::text[])
RETURNING id, subject, sequence, kind, time, payload, digest, digest_before"""
TAKE_SENT = """DELETE FROM sent s
USING unnest($1::text[], $2::text[], $3::int[]) AS w (peer, subject, expected)
WHERE (s.peer, s.subject) = (w.peer, w.subject) AND s.sequence >= w.expected
RETURNING s.id, s.subject, s.sequence, s.kind, s.time, s.payload, s.digest,
    NULL::bytea AS digest_before"""
TAKE_SENT_BY_ID = """DELETE FROM sent WHERE peer = $1 AND id = ANY($2::uuid[])
RETURNING id, subject, sequence, kind, time, payload, digest, NULL::bytea AS digest_before"""
GO_ON = """UPDATE outgoing_subjects SET problem = NULL, problem_at = NULL
WHERE peer = $1 AND subject = $2 AND problem IS NOT NULL"""
EMPTY = canonical({"type": ERASED, "data": {}}).decode()
NOT_KEPT = "gap_not_kept"
NOTE_FAILURE = """INSERT INTO exchange_states AS s (peer, failures, next_at, last_error)
VALUES ($1, 1, clock_timestamp() + $2, $3)
ON CONFLICT (peer) DO UPDATE SET failures = s.failures + 1, next_at = excluded.next_at,
    last_error = excluded.last_error"""
NOTE_SENT = """INSERT INTO exchange_states (peer, last_sent_at) VALUES ($1, clock_timestamp())
ON CONFLICT (peer) DO UPDATE SET failures = 0, next_at = NULL, last_error = NULL,
    last_sent_at = excluded.last_sent_at"""


@dataclass(frozen=True, slots=True)
class Telling:
    """What a peer is to be told; `key` makes the message's id, the same when told again."""

    peer: str
    subject: str
    kind: Kind
    time: datetime
    key: str
    type: str
    data: Mapping[str, Any]


class Waiting(NamedTuple):
    """A message that waits for its peer."""

    position: int
    id: UUID
    subject: str
    sequence: int
    kind: str
    time: datetime
    payload: str
    digest: bytes
    digest_before: bytes | None
    """What it had before its words were erased: the peer may have taken it so."""


async def queue(connection: Connection, tellings: Sequence[Telling]) -> None:
    """Number messages and let them wait, in the connection's transaction, in their order."""
    if not tellings:
        return
    counts: dict[tuple[str, str], int] = {}
    for one in tellings:
        counts[one.peer, one.subject] = counts.get((one.peer, one.subject), 0) + 1
    places = sorted(counts)
    rows = await connection.fetch(
        NUMBER,
        [peer for peer, _ in places],
        [subject for _, subject in places],
        [counts[place] for place in places],
    )
    last = {
        (row["peer"], row["subject"]): row["last"] - counts[row["peer"], row["subject"]]
        for row in rows
    }
    columns: list[tuple[Any, ...]] = []
    for one in tellings:
        sequence = last[one.peer, one.subject] = last[one.peer, one.subject] + 1
        payload = canonical({"type": one.type, "data": one.data})
        made = message_id(one.peer, one.key)
        columns.append(
            (
                *(one.peer, one.subject, sequence, made, one.kind, one.time),
                *(payload.decode(), digest_of(made, payload), None),
            )
        )
    await connection.execute(QUEUE, *map(list, zip(*columns, strict=True)))


async def claim(
    connection: Connection, peer: str, *, limit: int, bytes_max: int, without: Collection[str] = ()
) -> list[Waiting]:
    """The oldest messages that may go, up to so many of them and so many bytes."""
    blocked = [row["subject"] for row in await connection.fetch(BLOCKED, peer)]
    rows = await connection.fetch(CLAIM, peer, [*blocked, *without], limit)
    found, size = list[Waiting](), 0
    for row in rows:
        size += len(row["payload"])
        if found and size > bytes_max:
            break
        found.append(Waiting(*row))
    return found


async def settle(
    connection: Connection,
    peer: str,
    sent: Sequence[Waiting],
    outcomes: Mapping[str, Outcome],
) -> None:
    """Write down what became of messages that were answered, by subject."""
    taken = [one for one in sent if one.id in outcomes[one.subject].taken]
    if taken:
        # As it went, or as the peer had it before: its words may be erased at this moment.
        digests = [
            one.digest_before if one.id in outcomes[one.subject].taken_before else one.digest
            for one in taken
        ]
        await connection.execute(MOVE, [one.position for one in taken], digests)
    problems = {subject: one.problem for subject, one in outcomes.items() if one.problem}
    back = {subject: one.expected for subject, one in outcomes.items() if one.expected}
    problems |= await _send_again(connection, peer, back)
    if problems:
        await connection.execute(BLOCK, peer, list(problems), list(problems.values()))
    await connection.execute(NOTE_SENT, peer)


async def block(connection: Connection, peer: str, subject: str, problem: str) -> None:
    """The peer takes nothing that holds the subject's next message: a person must look."""
    await connection.execute(BLOCK, peer, [subject], [problem[:500]])


async def send_again(connection: Connection, peer: str, ids: Sequence[UUID]) -> int:
    """Queue messages that the peer has lost once more; return how many there still are."""
    rows = await connection.fetch(TAKE_SENT_BY_ID, peer, list(ids))
    await _queue_rows(connection, peer, rows)
    return len(rows)


async def go_on(connection: Connection, peer: str, subject: str) -> bool:
    """Try a subject again that the peer refused; whether there was such a one."""
    done: str = await connection.execute(GO_ON, peer, subject)
    return done != "UPDATE 0"


async def note_failure(connection: Connection, peer: str, *, error: str, wait: timedelta) -> None:
    """The peer could not be reached, or could not answer: it rests for a while."""
    await connection.execute(NOTE_FAILURE, peer, wait, error[:500])


async def _send_again(connection: Connection, peer: str, back: Mapping[str, int]) -> dict[str, str]:
    """Queue each subject anew from what the peer expects; those where that is not kept."""
    if not back:
        return {}
    # New messages of these subjects must not be queued between the old and the waiting ones.
    await connection.execute(LOCK_SUBJECTS, peer, list(back))
    rows = await connection.fetch(TAKE_WAITING, peer, list(back))
    rows += await connection.fetch(TAKE_SENT, [peer for _ in back], list(back), list(back.values()))
    await _queue_rows(connection, peer, rows)
    found: dict[str, int] = {}
    for row in rows:
        found[row["subject"]] = min(row["sequence"], found.get(row["subject"], row["sequence"]))
    return {subject: NOT_KEPT for subject, first in back.items() if found.get(subject) != first}


async def _queue_rows(connection: Connection, peer: str, rows: Sequence[Any]) -> None:
    if not rows:
        return
    ordered = sorted(rows, key=lambda row: (row["subject"], row["sequence"]))
    payloads = [EMPTY if row["payload"] is None else row["payload"] for row in ordered]
    digests = [
        digest_of(row["id"], payload.encode())
        for row, payload in zip(ordered, payloads, strict=True)
    ]
    # Whatever had other words before may be there with those.
    before = [
        row["digest_before"] if row["digest"] == digest else row["digest"]
        for row, digest in zip(ordered, digests, strict=True)
    ]
    await connection.execute(
        QUEUE,
        [peer for _ in ordered],
        [row["subject"] for row in ordered],
        [row["sequence"] for row in ordered],
        [row["id"] for row in ordered],
        [row["kind"] for row in ordered],
        [row["time"] for row in ordered],
        payloads,
        digests,
        before,
    )
