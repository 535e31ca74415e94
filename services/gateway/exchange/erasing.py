"""Erased tickets: their words leave what waits to be sent, and what came and was not used yet.

Each message stays in its place, with the codes, numbers and times that it tells: the order of its
subject holds, an end that is on its way still ends, and figures stay right.
"""

from collections.abc import Collection, Sequence

import orjson
from pydantic import ValidationError

from services.gateway.exchange.outgoing import EMPTY
from shared.database import Connection
from shared.erasure import without_words
from shared.events.catalogue import PAYLOADS
from shared.exchange import canonical, digest_of

FIND_WAITING = """SELECT o.position, o.id, o.payload FROM peers p
JOIN outgoing o ON o.peer = p.code AND o.subject = ANY($1::text[])"""
KEEP_WAITING = """UPDATE outgoing o SET payload = w.payload, digest = w.digest,
    digest_before = coalesce(o.digest_before, nullif(o.digest, w.digest))
FROM unnest($1::bigint[], $2::text[], $3::bytea[]) AS w (position, payload, digest)
WHERE o.position = w.position"""
ERASE_SENT = """UPDATE sent s SET payload = NULL
FROM peers p, unnest($1::text[]) AS w (subject) WHERE (s.peer, s.subject) = (p.code, w.subject)"""
FIND_CAME = """SELECT t.{key} AS key, t.payload FROM unnest($1::text[], $2::text[])
    AS w (from_platform, subject)
JOIN {table} t ON (t.from_platform, t.subject) = (w.from_platform, w.subject)"""
KEEP_CAME = """UPDATE {table} t SET payload = w.payload
FROM unnest($1::{type}[], $2::text[]) AS w (key, payload) WHERE t.{key} = w.key"""
CAME = (
    {"table": "deliveries", "key": "position", "type": "bigint"},
    {"table": "set_aside", "key": "id", "type": "uuid"},
)


def bare(payload: str) -> str:
    """A message's payload without words.

    Of what is no event that we know, such as a forward, nothing stays: anything may be a word.
    """
    told = orjson.loads(payload)
    known = PAYLOADS.get(told["type"])
    if known is None:
        return EMPTY
    try:
        read = known.model_validate(told["data"])
    except ValidationError:
        return EMPTY
    data = without_words(read.model_dump(mode="json", exclude_none=True))
    return canonical({"type": known.type, "data": data}).decode()


async def erase_queued(connection: Connection, subjects: Collection[str]) -> None:
    """Remove the words of subjects from what waits for other platforms and from what is kept."""
    rows = await connection.fetch(FIND_WAITING, list(subjects))
    if rows:
        payloads = [bare(row["payload"]) for row in rows]
        digests = [
            digest_of(row["id"], payload.encode())
            for row, payload in zip(rows, payloads, strict=True)
        ]
        await connection.execute(KEEP_WAITING, [row["position"] for row in rows], payloads, digests)
    await connection.execute(ERASE_SENT, list(subjects))


async def erase_received(connection: Connection, places: Sequence[tuple[str, str]]) -> None:
    """Remove the words of subjects, each of a sender, from deliveries and what was set aside.

    Hold the lock on what the senders sent: a message goes from one table to the other.
    """
    if not places:
        return
    columns = [list(column) for column in zip(*places, strict=True)]
    for names in CAME:
        rows = await connection.fetch(FIND_CAME.format(**names), *columns)
        if rows:
            payloads = [bare(row["payload"]) for row in rows]
            keys = [row["key"] for row in rows]
            await connection.execute(KEEP_CAME.format(**names), keys, payloads)
