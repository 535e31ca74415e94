"""What is read of requests that came by Open311: each client its own."""

from datetime import datetime

from asyncpg import Record

from services.gateway.open311.rules import Asked
from shared.database import Connection

FIND_KEY = """SELECT name, jurisdiction FROM open311_keys
WHERE key_hash = $1 AND revoked_at IS NULL"""
LIST_KEYS = "SELECT name, jurisdiction, created_at, revoked_at FROM open311_keys ORDER BY name"
LIST = """SELECT * FROM open311_requests
WHERE key_name = $1 AND requested_at >= $2 AND requested_at <= $3
AND ($4::text[] = '{}' OR service_code = ANY($4)) AND ($5::text[] = '{}' OR status = ANY($5))
ORDER BY requested_at DESC, id DESC LIMIT $6 OFFSET $7"""
# A number that is asked for is shown however old it is.
BY_NUMBER = """SELECT * FROM open311_requests WHERE number = ANY($2::text[]) AND key_name = $1
ORDER BY requested_at DESC, id DESC LIMIT $3 OFFSET $4"""
BY_ID = "SELECT * FROM open311_requests WHERE id = $2 AND key_name = $1"
UPDATES = """SELECT u.*, r.number FROM open311_updates u
JOIN open311_requests r ON r.id = u.request_id
WHERE u.key_name = $1 AND u.at >= $2 AND u.at <= $3 ORDER BY u.at, u.id LIMIT $4 OFFSET $5"""


async def find_key(connection: Connection, key_hash: bytes) -> Record | None:
    """The client of an api_key, and the place that it files for."""
    return await connection.fetchrow(FIND_KEY, key_hash)


async def list_keys(connection: Connection) -> list[Record]:
    """All clients."""
    return await connection.fetch(LIST_KEYS)


async def list_requests(connection: Connection, key_name: str, asked: Asked) -> list[Record]:
    """A page of a client's requests, newest first."""
    skipped = (asked.page - 1) * asked.page_size
    if asked.numbers:
        numbers = list(asked.numbers)
        return await connection.fetch(BY_NUMBER, key_name, numbers, asked.page_size, skipped)
    codes, statuses = list(asked.service_codes), list(asked.statuses)
    return await connection.fetch(
        LIST, key_name, asked.begin, asked.end, codes, statuses, asked.page_size, skipped
    )


async def list_updates(
    connection: Connection, key_name: str, begin: datetime, end: datetime, *, page: tuple[int, int]
) -> list[Record]:
    """The news of a client's requests in a span of time, oldest first; `page` is size, place."""
    size, place = page
    return await connection.fetch(UPDATES, key_name, begin, end, size, (place - 1) * size)
