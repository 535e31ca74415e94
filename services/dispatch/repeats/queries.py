"""What is looked up of similar tickets, while the caller speaks and afterwards."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record

from services.dispatch.repeats.features import Frequencies
from services.dispatch.repeats.rows import COLUMNS, NOW, Like, like_of
from services.dispatch.repeats.rules import (
    COMPARED_MAX,
    MATTER_WINDOW,
    NEWEST_PER_TERM_MAX,
    OWN_TICKETS_MAX,
    PLACE_SHARE_MANY_CALLERS,
    PLACE_SHARE_SAME_CALLER,
    REPEAT_WINDOW,
    SAME_CALLER_MIN,
    SAME_MATTER_MIN,
    Grounds,
    Text,
    grounds_of,
    scores,
)
from services.dispatch.repeats.terms import area_of, keys_to_ask
from services.dispatch.sight.rules import is_seen
from shared.database import Connection
from shared.events.words import State
from shared.security import Principal

# A caller's terminated matter stays answered, however long ago (ZY 15).
OWN = f"""SELECT q.asker, {COLUMNS}
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS q (asker, caller_id, filed_at)
CROSS JOIN LATERAL (
    SELECT ticket_id, s.filed_at FROM repeat_sketches s
    WHERE s.caller_id = q.caller_id AND s.ticket_id < q.asker
    ORDER BY s.ticket_id DESC LIMIT $4) s
JOIN tickets t ON t.id = s.ticket_id
WHERE s.filed_at BETWEEN q.filed_at - $5::interval AND q.filed_at + $5::interval
    OR t.state = 'terminated'"""
# The newest under each term, then those under most and rarest terms: no list is read to its end.
ALIKE = f"""WITH found AS MATERIALIZED (
    SELECT q.asker, s.ticket_id, sum(q.weight) AS weight
    FROM unnest($1::uuid[], $2::bigint[], $3::real[]) AS q (asker, key, weight)
    CROSS JOIN LATERAL (SELECT ticket_id FROM repeat_terms WHERE key = q.key
        ORDER BY ticket_id DESC LIMIT $4) s
    WHERE s.ticket_id <> q.asker
    GROUP BY q.asker, s.ticket_id
), first AS MATERIALIZED (
    SELECT * FROM (SELECT *, row_number() OVER (
        PARTITION BY asker ORDER BY weight DESC, ticket_id DESC) AS place FROM found) ranked
    WHERE place <= 3 * $5
), open AS (
    SELECT f.asker, f.place AS nth, {COLUMNS} FROM first f JOIN tickets t ON t.id = f.ticket_id
    WHERE t.state = ANY($6::text[])
)
SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY asker ORDER BY nth) AS rank FROM open) o
WHERE rank <= $5"""
SCRIPTS = """SELECT DISTINCT ON (ticket_id) ticket_id, script FROM terminations
WHERE ticket_id = ANY($1::uuid[]) AND sent_back_at IS NULL ORDER BY ticket_id, filed_at DESC"""
REPLIES = """SELECT DISTINCT ON (ticket_id) ticket_id, text FROM timeline
WHERE ticket_id = ANY($1::uuid[]) AND event = 'ticket.replied'
ORDER BY ticket_id, position DESC"""
FINDS = f"""SELECT f.ticket_id = $1 AS is_own, f.score, {COLUMNS}
FROM repeat_finds f
JOIN tickets t ON t.id = CASE WHEN f.ticket_id = $1 THEN f.earlier_id ELSE f.ticket_id END
WHERE f.ticket_id = $1 OR f.earlier_id = $1 ORDER BY t.id DESC LIMIT $2"""
TICKET = f"SELECT {COLUMNS} FROM tickets t WHERE t.id = $1"
OFFER_OF = "SELECT offer_id FROM master_offer_tickets WHERE ticket_id = $1"
SHOWN_STATES = (
    *(State.ACCEPTED, State.DISPATCHED, State.SIGNED, State.RETURN_REQUESTED),
    *(State.INTERIM_CLOSED, State.CHECKING, State.COORDINATING, State.LINKED),
)
"""Tickets that are not answered yet: theirs a new caller may share."""
NOBODY = UUID(int=(1 << 128) - 1)
"""Who asks before there is a ticket: later than any."""


class Match(NamedTuple):
    """A ticket that is like what was asked for, how much, and why."""

    ticket: Like
    score: float
    grounds: Grounds
    reply: str | None = None
    """The result that was told, or what is recorded for a terminated matter."""
    script: str | None = None


class Asked(NamedTuple):
    """What a caller says, as far as it is written down."""

    jurisdiction: str
    title: str
    content: str
    place: Mapping[str, Any] | None
    caller_id: UUID | None
    limit: int


class Found(NamedTuple):
    """This caller's tickets of the same matter, and other callers' open ones."""

    same_caller: list[Match]
    same_matter: list[Match]


class Repeated(NamedTuple):
    """What was found of one ticket."""

    earlier: Match | None
    later: list[Like]
    offer: UUID | None


async def search(
    connection: Connection,
    known: Frequencies,
    asked: Asked,
    *,
    caller: Principal,
    now: datetime | None,
) -> Found:
    """What is like that which a caller says, best first; only what the asker may see."""
    text = Text(asked.title, asked.content, asked.place, known)
    at = await connection.fetchval(NOW, now)
    own = []
    if asked.caller_id is not None:
        rows = await find_own(connection, [(NOBODY, asked.caller_id, at)])
        own = [row for row in rows.get(NOBODY, []) if is_seen(row, caller)]
    keys = keys_to_ask(text.features, asked.place, known, area=area_of(asked.jurisdiction))
    alike = await find_alike(connection, {NOBODY: keys}, states=SHOWN_STATES)
    others = [row for row in alike.get(NOBODY, []) if _is_other(row, asked, caller, at)]

    def compare_both() -> Found:
        return Found(
            best(text, own, PLACE_SHARE_SAME_CALLER, SAME_CALLER_MIN, limit=asked.limit),
            best(text, others, PLACE_SHARE_MANY_CALLERS, SAME_MATTER_MIN, limit=asked.limit),
        )

    # In a thread: other calls are answered meanwhile.
    found = await asyncio.to_thread(compare_both)
    return Found(await with_answers(connection, found.same_caller), found.same_matter)


async def find_repeats_of(
    connection: Connection, known: Frequencies, ticket_id: UUID, *, caller: Principal
) -> Repeated:
    """The earlier and later tickets of a ticket's caller that were found to be its matter."""
    row = await connection.fetchrow(TICKET, ticket_id)
    assert row is not None, "who may see it was asked before"
    this, earlier, later = like_of(row), list[Match](), list[Like]()
    for found in await connection.fetch(FINDS, ticket_id, OWN_TICKETS_MAX):
        one = like_of(found)
        if not is_seen(one, caller):
            continue
        if not found["is_own"]:
            later.append(one)
            continue
        texts = [Text(ticket.title, ticket.content, ticket.place, known) for ticket in (this, one)]
        earlier.append(Match(one, found["score"], grounds_of(texts[0], texts[1:])))
    offer = await connection.fetchval(OFFER_OF, ticket_id)
    answered = await with_answers(connection, earlier)
    return Repeated(answered[0] if answered else None, later, offer)


async def find_own(
    connection: Connection, askers: Sequence[tuple[UUID, UUID, datetime]]
) -> dict[UUID, list[Like]]:
    """Tickets of callers that came before; an asker is a ticket, its caller, when it was filed.

    Before means by id, the order in which they came: history is not always taken over in order.
    """
    if not askers:
        return {}
    columns = zip(*askers, strict=True)
    rows = await connection.fetch(OWN, *map(list, columns), OWN_TICKETS_MAX, REPEAT_WINDOW)
    return _by_asker(rows)


async def find_alike(
    connection: Connection, askers: Mapping[UUID, Mapping[int, float]], *, states: Sequence[State]
) -> dict[UUID, list[Like]]:
    """Tickets in these states that share terms with each asker, most terms first."""
    asked = [(asker, *term) for asker, keys in askers.items() for term in keys.items()]
    if not asked:
        return {}
    columns = zip(*asked, strict=True)
    rows = await connection.fetch(
        ALIKE, *map(list, columns), NEWEST_PER_TERM_MAX, COMPARED_MAX, list(states)
    )
    return _by_asker(rows)


def best(
    text: Text, rows: Sequence[Like], place_share: float, score_min: float, *, limit: int
) -> list[Match]:
    """Those that are like a text, best first."""
    others = [Text(row.title, row.content, row.place, text.known) for row in rows]
    reached = scores(text, others, place_share=place_share)
    scored = sorted(zip(reached, rows, others, strict=True), key=lambda one: (-one[0], one[1].id))
    return [
        Match(row, value, grounds_of(text, [other]))
        for value, row, other in scored[:limit]
        if value >= score_min
    ]


async def with_answers(connection: Connection, matches: Sequence[Match]) -> list[Match]:
    """The matches with the last reply of each, and what is recorded for terminated ones."""
    if not matches:
        return []
    ids = [match.ticket.id for match in matches]
    replies = {row["ticket_id"]: row["text"] for row in await connection.fetch(REPLIES, ids)}
    ended = [match.ticket.id for match in matches if match.ticket.state is State.TERMINATED]
    rows = await connection.fetch(SCRIPTS, ended) if ended else []
    scripts = {row["ticket_id"]: row["script"] for row in rows}
    return [
        match._replace(reply=replies.get(match.ticket.id), script=scripts.get(match.ticket.id))
        for match in matches
    ]


def _by_asker(rows: Sequence[Record]) -> dict[UUID, list[Like]]:
    found: dict[UUID, list[Like]] = {}
    for row in rows:
        found.setdefault(row["asker"], []).append(like_of(row))
    return found


def _is_other(row: Like, asked: Asked, caller: Principal, at: datetime) -> bool:
    is_same = row.caller_id is not None and row.caller_id == asked.caller_id
    return not is_same and row.filed_at > at - MATTER_WINDOW and is_seen(row, caller)
