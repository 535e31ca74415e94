"""Sketching tickets behind their event, and finding at once what each one repeats (A7, A8)."""

import asyncio
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.dispatch.repeats.features import SCHEME, Frequencies, distinct_pairs
from services.dispatch.repeats.rows import COLUMNS, NOW, FrequencyBook, Like, like_of
from services.dispatch.repeats.rules import Text
from services.dispatch.repeats.terms import area_of, keys_to_keep
from shared.database import Connection

# One at a time: a batch joins what the batch before it began.
LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('dispatch.repeats', 0))"
QUEUE = """INSERT INTO repeat_queue SELECT * FROM unnest($1::uuid[]) ON CONFLICT DO NOTHING"""
CLAIM = """WITH claimed AS MATERIALIZED (
    SELECT ticket_id FROM repeat_queue ORDER BY ticket_id LIMIT $1 FOR UPDATE SKIP LOCKED)
DELETE FROM repeat_queue q USING claimed c WHERE q.ticket_id = c.ticket_id RETURNING q.ticket_id"""
TICKETS = f"""SELECT {COLUMNS} FROM tickets t WHERE t.id = ANY($1::uuid[]) ORDER BY t.id"""
KNOWN = "SELECT ticket_id FROM repeat_sketches WHERE ticket_id = ANY($1::uuid[])"
FORGET_TERMS = """DELETE FROM repeat_terms t USING (
    SELECT ticket_id, unnest(keys) AS key FROM repeat_sketches WHERE ticket_id = ANY($1::uuid[])) o
WHERE t.key = o.key AND t.ticket_id = o.ticket_id"""
KEEP_SKETCHES = """INSERT INTO repeat_sketches
    (ticket_id, scheme, documents, jurisdiction, caller_id, filed_at, keys)
SELECT ticket_id, $6, $7, jurisdiction, caller_id, filed_at, keys::bigint[]
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[], $5::text[])
    AS s (ticket_id, jurisdiction, caller_id, filed_at, keys)
ON CONFLICT (ticket_id) DO UPDATE SET scheme = excluded.scheme, documents = excluded.documents,
    keys = excluded.keys"""
KEEP_TERMS = """INSERT INTO repeat_terms (key, ticket_id)
SELECT * FROM unnest($1::bigint[], $2::uuid[]) ON CONFLICT DO NOTHING"""
KEEP_FREQUENCIES = """WITH gone AS (DELETE FROM repeat_frequencies RETURNING version)
INSERT INTO repeat_frequencies (version, scheme, documents, counts)
SELECT coalesce((SELECT max(version) FROM gone), 0) + 1, $1, $2, $3"""
QUEUE_STALE = """INSERT INTO repeat_queue
SELECT ticket_id FROM repeat_sketches WHERE documents < $1
ORDER BY documents, ticket_id LIMIT $2 ON CONFLICT DO NOTHING"""
FORGET = (
    "DELETE FROM repeat_queue WHERE ticket_id = ANY($1::uuid[])",
    FORGET_TERMS,
    "DELETE FROM repeat_sketches WHERE ticket_id = ANY($1::uuid[])",
    "DELETE FROM repeat_finds WHERE ticket_id = ANY($1::uuid[]) OR earlier_id = ANY($1::uuid[])",
    "DELETE FROM master_offer_tickets WHERE ticket_id = ANY($1::uuid[])",
)

DOCUMENTS_MAX = 200_000
GROWTH_MIN = 200
GROWTH_SHARE = 0.1
"""Frequencies are written again when they grew so much: 90 times on the way to a million."""
STALE_TIMES = 8
"""A sketch whose terms were chosen when so much less was known is made anew."""
STALE_BATCH_MAX = 500


class Sketch(NamedTuple):
    """A ticket, and the keys under which it is found."""

    ticket: Like
    keys: Sequence[int]


class Learner:
    """Frequencies that grow with what is sketched; kept now and then, for a sample is enough."""

    def __init__(self) -> None:
        self._book = FrequencyBook()
        self._base = self._known = Frequencies.empty()
        self._new = 0

    async def learn(self, connection: Connection, tickets: Sequence[Like]) -> Frequencies:
        """What is known with these new tickets; written down once it has grown enough."""
        kept = await self._book.read(connection)
        if kept is not self._base:
            self._base, self._known, self._new = kept, kept, 0
        pairs = [distinct_pairs(one.title, one.content) for one in tickets]
        self._known = self._known.counting(pairs, documents_max=DOCUMENTS_MAX)
        self._new += len(tickets)
        if self._new >= max(GROWTH_MIN, kept.documents * GROWTH_SHARE):
            await keep_frequencies(connection, self._known)
        return self._known

    async def queue_stale(self, connection: Connection) -> int:
        """Queue sketches of a time when little was known; return how many."""
        known = await self._book.read(connection)
        done: str = await connection.execute(
            QUEUE_STALE, known.documents // STALE_TIMES, STALE_BATCH_MAX
        )
        return int(done.split()[-1])


async def keep_frequencies(connection: Connection, known: Frequencies) -> None:
    """Write frequencies down in place of those before."""
    counts = zlib.compress(known.counts.astype("<u4").tobytes(), 1)
    await connection.execute(KEEP_FREQUENCIES, SCHEME, known.documents, counts)


async def queue_tickets(connection: Connection, ticket_ids: Sequence[UUID]) -> None:
    """Let tickets be sketched by the task, in the transaction that wrote their words."""
    await connection.execute(QUEUE, ticket_ids)


async def sketch_batch(
    connection: Connection, learner: Learner, *, now: datetime | None, limit: int
) -> tuple[list[Like], Frequencies] | None:
    """Claim what waits and keep its sketches, in the caller's transaction.

    Returns the tickets and what was known; none where nothing waits, or another worker is at it.
    """
    if not await connection.fetchval(LOCK):
        return None
    ids = [row["ticket_id"] for row in await connection.fetch(CLAIM, limit)]
    if not ids:
        return None
    at = await connection.fetchval(NOW, now)
    tickets = [
        one if one.filed_at is not None else one._replace(filed_at=at)
        for one in map(like_of, await connection.fetch(TICKETS, ids))
    ]
    sketched = {row["ticket_id"] for row in await connection.fetch(KNOWN, ids)}
    known = await learner.learn(connection, [one for one in tickets if one.id not in sketched])
    # In a thread: the consumer beside us goes on.
    sketches = await asyncio.to_thread(make_sketches, tickets, known)
    await keep_sketches(connection, sketches, known)
    return tickets, known


def make_sketches(tickets: Sequence[Like], known: Frequencies) -> list[Sketch]:
    """The keys of tickets, half a millisecond each."""
    sketches = []
    for one in tickets:
        features = Text(one.title, one.content, one.place, known).features
        area = area_of(one.jurisdiction)
        sketches.append(Sketch(one, keys_to_keep(features, one.place, known, area=area)))
    return sketches


async def keep_sketches(
    connection: Connection, sketches: Sequence[Sketch], known: Frequencies
) -> None:
    """Write sketches, in place of earlier ones of the same tickets."""
    tickets = [one.ticket for one in sketches]
    ids = [ticket.id for ticket in tickets]
    await connection.execute(FORGET_TERMS, ids)
    await connection.execute(
        KEEP_SKETCHES,
        ids,
        [ticket.jurisdiction for ticket in tickets],
        [ticket.caller_id for ticket in tickets],
        [ticket.filed_at for ticket in tickets],
        [f"{{{','.join(map(str, one.keys))}}}" for one in sketches],
        SCHEME,
        known.documents,
    )
    terms = [(key, one.ticket.id) for one in sketches for key in one.keys]
    await connection.execute(
        KEEP_TERMS, [key for key, _ in terms], [ticket_id for _, ticket_id in terms]
    )


async def forget_tickets(connection: Connection, ticket_ids: Sequence[UUID]) -> None:
    """Remove all that similarity holds of tickets whose words are erased."""
    for statement in FORGET:
        await connection.execute(statement, ticket_ids)
