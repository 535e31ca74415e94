"""What is looked up of the exchange: how it goes, what is set aside, what two sides compare."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record

from shared.database import Connection
from shared.exchange import Kind, Mark, Tally, sum_of

# A day is read in one piece of time on an index; only what is summed leaves the database.
READ = """SELECT id, kind, digest, extract(hour FROM time AT TIME ZONE 'UTC')::int AS hour
FROM {table} WHERE {peer} = $1 AND time >= $2 AND time < $3 AND ($4::text IS NULL OR kind = $4)"""
SENT = READ.format(table="sent", peer="peer")
RECEIVED = READ.format(table="received_messages", peer="from_platform")
PREFETCH = 5_000
STATUS = """SELECT p.code, p.name, p.kind, p.url, p.is_active, s.failures, s.next_at, s.last_error,
    s.last_sent_at, s.last_received_at, o.waiting, o.oldest_at, b.blocked, a.aside,
    d.deliveries, r.day, r.at AS compared_at, r.result
FROM peers p LEFT JOIN exchange_states s ON s.peer = p.code
LEFT JOIN LATERAL (SELECT count(*) AS waiting, min(queued_at) AS oldest_at FROM outgoing
    WHERE peer = p.code) o ON true
LEFT JOIN LATERAL (SELECT count(*) AS blocked FROM outgoing_subjects
    WHERE peer = p.code AND problem IS NOT NULL) b ON true
LEFT JOIN LATERAL (SELECT count(*) AS aside FROM set_aside WHERE from_platform = p.code) a ON true
LEFT JOIN LATERAL (SELECT count(*) AS deliveries FROM deliveries
    WHERE from_platform = p.code) d ON true
LEFT JOIN LATERAL (SELECT day, at, result FROM reconciliations
    WHERE peer = p.code ORDER BY id DESC LIMIT 1) r ON true
ORDER BY p.code LIMIT $1"""
LENGTHS = """SELECT p.code, (SELECT count(*) FROM outgoing WHERE peer = p.code) AS waiting
FROM peers p ORDER BY p.code"""
SET_ASIDE = """SELECT s.id, s.from_platform, s.message_id, s.subject, s.sequence, s.kind, s.time,
    s.payload, s.reason, s.set_aside_at,
    (SELECT count(*) FROM set_aside b WHERE b.from_platform = s.from_platform
        AND b.subject = s.subject AND b.reason IS NULL) AS behind
FROM set_aside s WHERE s.reason IS NOT NULL AND ($1::uuid IS NULL OR s.id < $1)
ORDER BY s.id DESC LIMIT $2"""
REFUSED = """SELECT s.peer, s.subject, s.problem, s.problem_at, o.id, o.sequence, o.kind,
    (SELECT count(*) FROM outgoing w WHERE w.peer = s.peer AND w.subject = s.subject) AS waiting
FROM outgoing_subjects s LEFT JOIN LATERAL (
    SELECT id, sequence, kind FROM outgoing o WHERE o.peer = s.peer AND o.subject = s.subject
    ORDER BY sequence LIMIT 1) o ON true
WHERE s.problem IS NOT NULL ORDER BY s.problem_at DESC, s.peer, s.subject LIMIT $1"""
RECONCILIATIONS = """SELECT id, peer, day, at, result, kinds, problem FROM reconciliations
WHERE ($1::uuid IS NULL OR id < $1) AND ($2::text IS NULL OR peer = $2)
ORDER BY id DESC LIMIT $3"""


class Group(NamedTuple):
    """Messages that are summed together."""

    kind: str
    hour: int | None


async def tally(
    connection: Connection, statement: str, peer: str, day: date, kind: Kind | None
) -> list[Tally]:
    """A day's messages by kind; those of one kind by hour. In a transaction."""
    digests: dict[Group, list[bytes]] = {}
    async for row in connection.cursor(statement, peer, *span_of(day), kind, prefetch=PREFETCH):
        group = Group(row["kind"], None if kind is None else row["hour"])
        digests.setdefault(group, []).append(row["digest"])
    return [
        Tally(kind=Kind(group.kind), hour=group.hour, count=len(found), digest=sum_of(found))
        for group, found in sorted(digests.items())
    ]


async def marks(
    connection: Connection, statement: str, peer: str, span: tuple[datetime, datetime], kind: Kind
) -> list[Mark]:
    """The messages of one kind in a span of time, one by one."""
    rows = await connection.fetch(statement, peer, *span, kind)
    return [
        Mark(id=one["id"], digest=one["digest"].hex())
        for one in sorted(rows, key=lambda one: one["id"])
    ]


def span_of(day: date, hour: int | None = None) -> tuple[datetime, datetime]:
    """The beginning and end of a day, or of an hour of it, in UTC."""
    begin = datetime.combine(day, time(hour or 0), UTC)
    return begin, begin + (timedelta(days=1) if hour is None else timedelta(hours=1))


async def read_status(connection: Connection, *, limit: int) -> list[Record]:
    """How the exchange with each peer goes."""
    rows: list[Record] = await connection.fetch(STATUS, limit)
    return rows


async def read_lengths(connection: Connection) -> Sequence[tuple[str, int]]:
    """How many messages wait for each peer."""
    return [(row["code"], row["waiting"]) for row in await connection.fetch(LENGTHS)]


async def list_set_aside(connection: Connection, *, after: UUID | None, limit: int) -> list[Record]:
    """What was set aside, newest first, each with how many wait behind it."""
    rows: list[Record] = await connection.fetch(SET_ASIDE, after, limit)
    return rows


async def list_refused(connection: Connection, *, limit: int) -> list[Any]:
    """What peers refused, newest first."""
    return await connection.fetch(REFUSED, limit)


async def list_reconciliations(
    connection: Connection, *, peer: str | None, after: UUID | None, limit: int
) -> list[Record]:
    """How days were compared, newest first."""
    rows: list[Record] = await connection.fetch(RECONCILIATIONS, after, peer, limit)
    return rows
