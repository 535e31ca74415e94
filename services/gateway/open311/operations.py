"""Keeping requests that came by Open311, and what is heard of them."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.gateway.open311.news import STATES, words_of
from services.gateway.open311.rules import status_of, update_id
from shared.database import Connection
from shared.events.envelope import Event, Payload
from shared.events.intake import TicketErased
from shared.inbox import Heard

KEY_BYTES = 24
ADD_KEY = """INSERT INTO open311_keys (name, key_hash, jurisdiction) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET key_hash = excluded.key_hash,
    jurisdiction = excluded.jurisdiction, revoked_at = NULL"""
REVOKE_KEY = """UPDATE open311_keys SET revoked_at = clock_timestamp()
WHERE name = $1 AND revoked_at IS NULL"""
ADD = """INSERT INTO open311_requests (id, key_name, number, service_code, description, address,
    address_id, latitude, longitude, media_url, requested_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) ON CONFLICT (id) DO NOTHING"""
# News that came before the request was written down here is added by who writes it down.
HEAR = """WITH told AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
        AS t (id, request_id, status, description, at)
), marked AS (
    UPDATE open311_requests r SET is_stale = true, updated_at = greatest(r.updated_at, t.at),
        status = coalesce(t.status, r.status)
    FROM (SELECT request_id, max(at) AS at,
        (array_agg(status ORDER BY at DESC) FILTER (WHERE status <> ''))[1] AS status
        FROM told GROUP BY 1) t WHERE r.id = t.request_id
    RETURNING r.id, r.key_name
)
INSERT INTO open311_updates (id, request_id, key_name, status, description, at)
SELECT t.id, t.request_id, m.key_name, t.status, t.description, t.at
FROM told t JOIN marked m ON m.id = t.request_id WHERE t.status <> ''
ON CONFLICT (id) DO NOTHING"""
LOOKED_UP = """UPDATE open311_requests r SET agency = g.agency, expected_at = g.expected_at,
    is_stale = false
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[])
    AS g (id, agency, expected_at, seen_at)
WHERE r.id = g.id AND r.updated_at = g.seen_at"""
ERASE = """WITH requests AS (
    UPDATE open311_requests SET description = NULL, address = NULL, address_id = NULL,
        latitude = NULL, longitude = NULL, media_url = NULL WHERE id = ANY($1::uuid[])
) UPDATE open311_updates SET description = '' WHERE request_id = ANY($1::uuid[])"""


class New(NamedTuple):
    """A request that was filed, in the order of its columns."""

    id: UUID
    key_name: str
    number: str
    service_code: str
    description: str
    address: str | None
    address_id: str | None
    latitude: float | None
    longitude: float | None
    media_url: str | None
    requested_at: datetime


class News(NamedTuple):
    """A piece of news in the order of its columns; without a status it only says: look again."""

    id: UUID
    request_id: UUID
    status: str
    description: str
    at: datetime


class Found(NamedTuple):
    """Who handles a request, until when; `seen_at` is when it last changed before."""

    id: UUID
    agency: str | None
    expected_at: datetime | None
    seen_at: datetime


def hash_key(key: str) -> bytes:
    """What is kept of an api_key."""
    return hashlib.sha256(key.encode()).digest()


async def add_key(connection: Connection, name: str, jurisdiction: str) -> str:
    """A new api_key for a client; one that it had before ends."""
    key = secrets.token_urlsafe(KEY_BYTES)
    await connection.execute(ADD_KEY, name, hash_key(key), jurisdiction)
    return key


async def revoke_key(connection: Connection, name: str) -> bool:
    """End a client's api_key; say whether it had one."""
    done: str = await connection.execute(REVOKE_KEY, name)
    return done.endswith(" 1")


async def add(connection: Connection, new: New, news: Sequence[News]) -> None:
    """Write down what was filed, with what was said of it before."""
    async with connection.transaction():
        await connection.execute(ADD, *new)
        if news:
            await connection.execute(HEAR, *map(list, zip(*news, strict=True)))


async def keep_found(connection: Connection, found: Sequence[Found]) -> None:
    """Keep who handles requests and until when, unless something was heard of them since."""
    await connection.execute(LOOKED_UP, *map(list, zip(*found, strict=True)))


async def hear(heard: Heard, events: Sequence[Event[Payload]]) -> None:
    """Keep the news of requests that came by Open311; who handles them is looked up again."""
    told = [_news(event) for event in events]
    await heard.connection.execute(HEAR, *map(list, zip(*told, strict=True)))


async def erase(heard: Heard, events: Sequence[Event[TicketErased]]) -> None:
    """Remove the words of requests here."""
    await heard.connection.execute(ERASE, [UUID(event.subject) for event in events])


def news_of(ticket_id: UUID, entries: Sequence[Mapping[str, str]]) -> list[News]:
    """What a ticket's timeline tells that was said before the request was written down here."""
    types = {payload.type: state for payload, state in STATES.items()}
    found = []
    for entry in entries:
        state = types.get(entry["event"])
        if state is not None:
            at = datetime.fromisoformat(entry["at"])
            words = entry.get("text") or entry["event_name"]
            news = update_id(ticket_id, entry["event"], at)
            found.append(News(news, ticket_id, status_of(state), words, at))
    return found


def _news(event: Event[Payload]) -> News:
    ticket_id, state = UUID(event.subject), STATES.get(type(event.data))
    status = "" if state is None else status_of(state)
    words = "" if state is None else words_of(event.data)
    news = update_id(ticket_id, event.data.type, event.time)
    return News(news, ticket_id, status, words, event.time)
