"""Fetching files that other platforms named, and putting them on our tickets.

The signed message that names a file says its digest: other content is not taken. A file whose
platform does not answer waits, however long; one that cannot be taken is left out, and our
ticket says so. Nothing else waits for it but the reply that names it, for a while.
"""

import asyncio
import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

import aiohttp
from starlette.types import ASGIApp

from services.gateway.calls import OURS, Answered, Calls, Unanswered, for_platform, for_unit
from services.gateway.peers.queries import NoOwnKey, read_signing_key
from services.gateway.peers.signing import sign_headers
from shared import seen
from shared.events.kinds import AttachmentKind
from shared.events.words import Service
from shared.exchange import ATTACHMENTS_PATH, SHA256_PATTERN
from shared.runtime import Runtime
from shared.security import Principal
from shared.telemetry import log

LOOK_SECONDS = 0.2
AT_ONCE_MAX = 4
"""Each is held whole: so many times `ATTACHMENT_BYTES_MAX` is the most memory that it takes."""
ATTEMPTS_MAX = 6
"""So often is tried what may be right a little later."""
DELAY_SECONDS_MAX = 300
REST_SECONDS = 10
"""So long nothing is fetched from a platform that cannot be reached: others go on."""
PIECE_BYTES = 262_144
MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,100}/[a-z0-9.+-]{1,100}", re.IGNORECASE | re.ASCII)
TIMEOUT = aiohttp.ClientTimeout(total=900, connect=3, sock_read=60)
LOCK = "SELECT pg_advisory_lock(hashtextextended('federation files', 0))"
DUE = """SELECT f.ticket_id, f.origin_attachment, f.peer, f.unit, f.kind, f.media_type, f.bytes,
    f.sha256, f.attempts, p.url
FROM files_in f LEFT JOIN peers p ON p.code = f.peer AND p.is_active
WHERE f.state = 'waiting' AND f.next_at <= clock_timestamp() ORDER BY f.next_at LIMIT $1"""
KEEP = """UPDATE files_in SET state = 'kept', attachment = $3, sequence = $4, problem = NULL
WHERE ticket_id = $1 AND origin_attachment = $2"""
LEAVE_OUT = """UPDATE files_in
SET state = 'left_out', problem = $3, left_out_at = clock_timestamp()
WHERE ticket_id = $1 AND origin_attachment = $2"""
FAIL = """UPDATE files_in SET attempts = attempts + 1, problem = $3,
    next_at = clock_timestamp() + make_interval(secs => least(0.5 * 2 ^ least(attempts, 20), $4))
WHERE ticket_id = $1 AND origin_attachment = $2"""
REST = """UPDATE files_in
SET next_at = greatest(next_at, clock_timestamp() + make_interval(secs => $2))
WHERE peer = $1 AND state = 'waiting'"""


class Wanted(NamedTuple):
    """A file that another platform named."""

    ticket_id: UUID
    origin_attachment: UUID
    peer: str
    unit: str | None
    kind: str
    media_type: str
    bytes: int
    sha256: str
    attempts: int
    url: str | None

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return f"{self.ticket_id} {self.origin_attachment}"

    @property
    def who(self) -> Principal:
        """Who puts it on our ticket: its platform, as its unit where the ticket is at home."""
        return for_platform(self.peer) if self.unit is None else for_unit(self.peer, self.unit)


class NotNow(Exception):
    """It cannot be fetched now, and is tried again however long that lasts."""


class NotReached(NotNow):
    """Its platform cannot be reached."""


class Unfit(Exception):
    """It cannot be taken; tried again a few times where that `may_change`."""

    def __init__(self, reason: str, *, may_change: bool = False) -> None:
        super().__init__(reason)
        self.may_change = may_change


async def fetch_files(runtime: Runtime, hops: Mapping[Service, ASGIApp]) -> None:
    """Fetch what others named, until cancelled; one process does at a time."""
    calls = Calls(hops, runtime.settings)
    async with (
        runtime.database.pool.acquire() as connection,
        aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        await connection.execute("SET statement_timeout = 0")
        await connection.execute(LOCK)
        while True:
            if await fetch_due(runtime, calls, session) == 0:
                await asyncio.sleep(LOOK_SECONDS)


async def fetch_due(runtime: Runtime, calls: Calls, session: aiohttp.ClientSession) -> int:
    """One look: fetch what is due, a few at once; how many there were."""
    rows = await runtime.database.pool.fetch(DUE, AT_ONCE_MAX)
    await asyncio.gather(*(_fetch(runtime, calls, session, Wanted(*row)) for row in rows))
    return len(rows)


async def _fetch(
    runtime: Runtime, calls: Calls, session: aiohttp.ClientSession, one: Wanted
) -> None:
    pool, place = runtime.database.pool, (one.ticket_id, one.origin_attachment)
    try:
        try:
            content = await _content(runtime, session, one)
            attachment, sequence = await _attach(calls, one, content)
            await pool.execute(KEEP, *place, attachment, sequence)
        except Unfit as error:
            if error.may_change and one.attempts + 1 < ATTEMPTS_MAX:
                raise NotNow(str(error)) from error
            await _say_left_out(calls, one, str(error))
            await pool.execute(LEAVE_OUT, *place, str(error)[:500])
            log.error("file_left_out", peer=one.peer, ticket=str(one.ticket_id), reason=str(error))
    except (NotNow, Unanswered) as error:
        log.warning("file_not_fetched", peer=one.peer, error=str(error))
        await pool.execute(FAIL, *place, str(error)[:500], DELAY_SECONDS_MAX)
        if isinstance(error, NotReached):
            await pool.execute(REST, one.peer, REST_SECONDS)


async def _content(runtime: Runtime, session: aiohttp.ClientSession, one: Wanted) -> bytes:
    _require_fit(one, bytes_max=runtime.settings.attachment_bytes_max)
    if one.url is None:
        raise NotNow("没有登记该平台，或其已停用、没有地址")
    url = f"{one.url.rstrip('/')}{ATTACHMENTS_PATH}/{one.sha256}"
    try:
        async with runtime.database.pool.acquire() as connection:
            key = await read_signing_key(connection, runtime.settings)
        headers = sign_headers("GET", url, b"", key) | {"Accept-Encoding": "identity"}
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            content = await _read(answer, bytes_max=one.bytes)
    except (aiohttp.ClientError, TimeoutError, OSError, NoOwnKey) as error:
        raise NotReached(repr(error)) from error
    if len(content) != one.bytes:
        raise Unfit("bytes：内容的字节数与所称的不符", may_change=True)
    if await asyncio.to_thread(_digest, content) != one.sha256:
        raise Unfit("sha256：内容的摘要与所称的不符", may_change=True)
    return bytes(content)


def _require_fit(one: Wanted, *, bytes_max: int) -> None:
    if not re.fullmatch(SHA256_PATTERN, one.sha256):
        raise Unfit("sha256：应为 64 位小写十六进制")
    if not MEDIA_TYPE.fullmatch(one.media_type):
        raise Unfit("media_type：应形如 image/png")
    if one.bytes > bytes_max:
        raise Unfit(f"bytes：附件过大，最多 {bytes_max} 字节")


async def _read(answer: aiohttp.ClientResponse, *, bytes_max: int) -> bytearray:
    if answer.status in (404, 410):
        raise Unfit("来源平台没有给出该附件的内容", may_change=True)
    if answer.status != 200:
        raise NotNow(f"HTTP {answer.status}")
    content = bytearray()
    async for piece in answer.content.iter_chunked(PIECE_BYTES):
        content += piece
        if len(content) > bytes_max:
            break
    return content


async def _attach(calls: Calls, one: Wanted, content: bytes) -> tuple[UUID, int]:
    kept = await calls.upload(content, one.media_type, one.who)
    _require_done(kept, finals=(413, 422))
    attachment = kept.body["id"]
    kind = one.kind if one.kind in set(AttachmentKind) else AttachmentKind.EVIDENCE
    on_ticket = await calls.post(
        Service.INTAKE,
        f"/v1/tickets/{one.ticket_id}/attachments",
        {"attachments": [attachment], "kind": kind},
        who=one.who,
        key=one.key,
    )
    # 404: our ticket has gone to another unit, or intake has not heard yet whose it is.
    if on_ticket.status == 404:
        raise Unfit("工单已不由该平台办理", may_change=True)
    _require_done(on_ticket, finals=(422,))
    _, said = seen.read_seen(on_ticket.seen)
    return UUID(attachment), said.get(Service.INTAKE, 1)


async def _say_left_out(calls: Calls, one: Wanted, reason: str) -> None:
    """Our ticket says which file is missing and why; what is over says nothing more."""
    text = f"对方平台的一个附件未能接收（{one.media_type}，{one.bytes} 字节）：{reason}。"
    said = await calls.post(
        Service.INTAKE,
        f"/v1/tickets/{one.ticket_id}/amend",
        {"addition": text},
        who=OURS,
        key=f"left out {one.key}",
    )
    if said.is_passing:
        raise Unanswered(said.problem)


def _require_done(answered: Answered, *, finals: tuple[int, ...]) -> None:
    if answered.status in finals:
        raise Unfit(answered.told)
    if not answered.is_done:
        raise NotNow(answered.problem)


def _digest(content: bytearray) -> str:
    return hashlib.sha256(content).hexdigest()
