"""Sessions: opaque tokens that stand for a person in one role, and end by themselves.

The door calls `principal_of_session` for each call that carries such a token, in the header
(`Authorization: Bearer hs_…`) or in the cookie, and `refuse_cross_site` when it was the cookie.
What matches `OF_SESSIONS` the door passes on unread: there a person chooses a role or logs out.
All times are the database's real ones.
"""

import hashlib
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from starlette.requests import cookie_parser
from uuid_utils.compat import uuid7

from services.gateway.people.problems import CrossSite, NoRoleChosen, SessionOver
from services.gateway.people.rules import seen_every
from shared.database import Connection
from shared.events.words import Role
from shared.runtime import Runtime
from shared.security import Principal
from shared.settings import Settings

TOKEN_PREFIX = "hs_"  # noqa: S105  it tells what kind of token this is
TOKEN_BYTES = 32
COOKIE = "hotline_session"
OF_SESSIONS = re.compile(r"/v1/(me|sessions)(/.*)?")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
KNOWN_MAX = 20_000
FIND = """SELECT s.id, s.person_id, p.work_number, p.name, a.id AS assignment_id, a.role,
    a.jurisdiction, a.unit, s.ends_at, s.seen_at < clock_timestamp() - $3::interval AS is_stale
FROM sessions s
JOIN people p ON p.id = s.person_id
LEFT JOIN assignments a ON a.id = s.assignment_id AND a.revoked_at IS NULL
WHERE s.token_hash = $1 AND s.ends_at > clock_timestamp()
AND s.seen_at > clock_timestamp() - $2::interval
AND p.is_active AND p.locked_at IS NULL
AND (s.assignment_id IS NULL OR a.id IS NOT NULL)"""
SEE = "UPDATE sessions SET seen_at = clock_timestamp() WHERE token_hash = $1"
OPEN = """INSERT INTO sessions
    (token_hash, id, person_id, assignment_id, created_at, seen_at, ends_at)
SELECT $1, $2, $3, $4, t.now, t.now, t.now + $5::interval FROM clock_timestamp() t (now)"""
ONLY_ONE = """SELECT CASE WHEN count(*) = 1 THEN (array_agg(id))[1] END FROM assignments
WHERE person_id = $1 AND revoked_at IS NULL"""
END_OLDEST = """DELETE FROM sessions WHERE token_hash IN (
    SELECT token_hash FROM sessions WHERE person_id = $1 ORDER BY created_at DESC OFFSET $2)"""
LOCK_PERSON = "SELECT id FROM people WHERE id = $1 FOR UPDATE"
CHOOSE = """UPDATE sessions SET assignment_id = a.id FROM assignments a
WHERE token_hash = $1 AND a.id = $2 AND a.person_id = sessions.person_id AND a.revoked_at IS NULL
RETURNING a.role"""
END = "DELETE FROM sessions WHERE token_hash = $1"
END_ALL = "DELETE FROM sessions WHERE person_id = $1"
FORGET = """DELETE FROM sessions WHERE token_hash IN (SELECT token_hash FROM sessions
WHERE ends_at < clock_timestamp() OR seen_at < clock_timestamp() - $1::interval LIMIT $2)"""


class Found(NamedTuple):
    """A session that is not over; the role's fields are none until one is chosen."""

    id: UUID
    person_id: UUID
    work_number: str
    name: str
    assignment_id: UUID | None
    principal: Principal | None


class _Known(NamedTuple):
    principal: Principal
    until: float


_known: OrderedDict[tuple[str, bytes], _Known] = OrderedDict()
"""Principals for a few seconds, by database and token: most calls of a seat cost no query."""


async def principal_of_session(runtime: Runtime, token: str) -> Principal:
    """Whom a session's token stands for; the subject is the work number.

    The answer may be `session_cache_seconds` old. Raises `SessionOver` (a kind of
    `Unauthenticated`) or `NoRoleChosen`.
    """
    key = (runtime.settings.database_url, hash_token(token))
    known = _known.get(key)
    if known is not None and known.until > time.monotonic():
        return known.principal
    found = await find_session(runtime, token)
    if found.principal is None:
        raise NoRoleChosen
    _known[key] = _Known(found.principal, time.monotonic() + runtime.settings.session_cache_seconds)
    _known.move_to_end(key)
    if len(_known) > KNOWN_MAX:
        _known.popitem(last=False)
    return found.principal


async def find_session(runtime: Runtime, token: str) -> Found:
    """A session as it stands in the database now, and note that it was used.

    Raises `SessionOver`.
    """
    if not token.startswith(TOKEN_PREFIX):
        raise SessionOver
    idle = idle_of(runtime.settings)
    hashed = hash_token(token)
    async with runtime.database.pool.acquire() as connection:
        row = await connection.fetchrow(FIND, hashed, idle, seen_every(idle))
        if row is None:
            raise SessionOver
        if row["is_stale"]:
            await connection.execute(SEE, hashed)
    principal = None
    if row["assignment_id"] is not None:
        principal = Principal(
            row["work_number"],
            Role(row["role"]),
            row["jurisdiction"],
            row["unit"],
            is_person=True,
        )
    return Found(
        row["id"],
        row["person_id"],
        row["work_number"],
        row["name"],
        row["assignment_id"],
        principal,
    )


async def open_session(connection: Connection, person_id: UUID, settings: Settings) -> str:
    """A new session's token; who holds one role works in it, who holds several must choose.

    The oldest session beyond `sessions_per_person_max` ends.
    """
    token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    await connection.execute(LOCK_PERSON, person_id)
    only = await connection.fetchval(ONLY_ONE, person_id)
    lifetime = timedelta(hours=settings.session_hours_max)
    await connection.execute(OPEN, hash_token(token), uuid7(), person_id, only, lifetime)
    await connection.execute(END_OLDEST, person_id, settings.sessions_per_person_max)
    return token


async def choose_assignment(connection: Connection, token: str, assignment_id: UUID) -> Role | None:
    """Work in another role from now on; none where the person does not hold it."""
    role = await connection.fetchval(CHOOSE, hash_token(token), assignment_id)
    return None if role is None else Role(role)


async def end_session(connection: Connection, token: str) -> None:
    """Log out."""
    await connection.execute(END, hash_token(token))


async def end_sessions(connection: Connection, person_id: UUID) -> None:
    """Log a person out everywhere."""
    await connection.execute(END_ALL, person_id)


async def forget_sessions(connection: Connection, settings: Settings, *, limit: int) -> int:
    """Delete sessions that are over; return how many they were."""
    done = await connection.execute(FORGET, idle_of(settings), limit)
    return int(done.split()[-1])


def forget_known(runtime: Runtime, token: str) -> None:
    """Let this process look a token up again at its next call."""
    _known.pop((runtime.settings.database_url, hash_token(token)), None)


def hash_token(token: str) -> bytes:
    """What is stored of a token; it is long and random, so one round is enough."""
    return hashlib.sha256(token.encode()).digest()


def idle_of(settings: Settings) -> timedelta:
    """After how long without a call a session is over."""
    return timedelta(minutes=settings.session_idle_minutes)


def token_in(headers: Mapping[bytes, bytes]) -> tuple[str | None, bool]:
    """A session's token among a call's headers, and whether it came as the cookie.

    `headers` have lower-case names, as ASGI gives them. The header goes before the cookie: what
    carries another kind of bearer token is no session.
    """
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme:
        is_ours = scheme.lower() == "bearer" and token.startswith(TOKEN_PREFIX)
        return (token if is_ours else None), False
    cookie = cookie_parser(headers.get(b"cookie", b"").decode("latin-1")).get(COOKIE)
    return cookie or None, True


def refuse_cross_site(method: str, headers: Mapping[bytes, bytes], settings: Settings) -> None:
    """Let nobody's page but ours use the cookie for an unsafe method. Raises `CrossSite`.

    Browsers say where a call began, and pages cannot change that; what says nothing is no page of
    ours.
    """
    if method in SAFE_METHODS:
        return
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        if site in (b"same-origin", b"none"):
            return
    elif headers.get(b"origin", b"").decode("latin-1") == origin_of(settings.public_url):
        return
    raise CrossSite


def origin_of(url: str) -> str:
    """The origin of an address: scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
