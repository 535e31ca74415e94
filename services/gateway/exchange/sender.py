"""Sending to a peer: signed batches of what waits, in order, one sender a peer anywhere."""

import asyncio
import random
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import aiohttp
import asyncpg
import orjson
from pydantic import ValidationError

from services.gateway.exchange.outgoing import Waiting, block, claim, note_failure, settle
from services.gateway.exchange.rules import (
    ID_REUSED,
    Answered,
    Narrowing,
    Outcome,
    delay,
    outcome_of,
)
from services.gateway.peers.queries import NoOwnKey, read_signing_key
from services.gateway.peers.signing import sign_headers
from shared import telemetry
from shared.database import DirectConnection, plain_url, server_settings
from shared.exchange import MESSAGES_PATH, NDJSON, LineAnswer
from shared.problems import ProblemBody
from shared.runtime import Runtime
from shared.telemetry import log

LOOK_SECONDS = 0.5
PEERS_SECONDS = 2.0
RETRY_AFTER_SECONDS_MAX = 3600
OF_CONTENT = frozenset({400, 413, 422})
"""With these a peer takes nothing of a request because of what is in it."""
PEERS = "SELECT code, url FROM peers WHERE is_active AND url IS NOT NULL ORDER BY code"
LOCK = "SELECT pg_try_advisory_lock(hashtextextended('exchange to ' || $1, 0))"
UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('exchange to ' || $1, 0))"
STATE = """SELECT failures, greatest(extract(epoch FROM next_at - clock_timestamp()), 0)::float8
    AS seconds FROM exchange_states WHERE peer = $1"""


class Target(NamedTuple):
    """Where a peer's door is."""

    code: str
    url: str


class NotTaken(Exception):
    """The peer could not be reached or cannot take anything now; everything goes on waiting."""

    def __init__(self, reason: str, *, seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.seconds = seconds


class NotTakenAsWhole(NotTaken):
    """The peer took nothing because of what was sent, or gave no answer that can be read."""

    def __init__(self, reason: str, waiting: Sequence[Waiting]) -> None:
        super().__init__(reason)
        self.subjects = [one.subject for one in waiting]


async def send_to_peers(runtime: Runtime) -> None:
    """Send what waits for each peer, until cancelled; where another process does, leave it."""
    settings = runtime.settings
    senders: dict[Target, asyncio.Task[None]] = {}
    connection = await asyncpg.connect(
        plain_url(settings.database_url),
        server_settings=server_settings(runtime.service, settings),
    )
    timeout = aiohttp.ClientTimeout(total=settings.exchange_timeout_seconds)
    try:
        async with aiohttp.ClientSession(
            timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            while True:
                await _assign(runtime, connection, session, senders)
                await asyncio.sleep(PEERS_SECONDS)
    finally:
        for task in senders.values():
            task.cancel()
        await asyncio.gather(*senders.values(), return_exceptions=True)
        await connection.close(timeout=5)


async def send_batch(
    runtime: Runtime,
    session: aiohttp.ClientSession,
    target: Target,
    *,
    limit: int,
    without: Collection[str] = (),
) -> int:
    """Send one batch and write down what became of it; return how many messages it had.

    Raises `NotTaken`: then nothing is changed.
    """
    bytes_max = runtime.settings.bulk_bytes_max // 2
    async with runtime.database.pool.acquire() as connection:
        waiting = await claim(
            connection, target.code, limit=limit, bytes_max=bytes_max, without=without
        )
    if not waiting:
        return 0
    answers = await _post(runtime, session, target, waiting)
    outcomes = _outcomes(waiting, answers)
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        await settle(connection, target.code, waiting, outcomes)
    for answer in answers.values():
        telemetry.MESSAGES_SENT.labels(target.code, answer.status).inc()
    refused = {subject: one.problem for subject, one in outcomes.items() if one.problem}
    if refused:
        log.error("messages_refused", peer=target.code, subjects=len(refused))
    return len(waiting)


async def _assign(
    runtime: Runtime,
    connection: DirectConnection,
    session: aiohttp.ClientSession,
    senders: dict[Target, asyncio.Task[None]],
) -> None:
    for target, task in list(senders.items()):
        if task.done():
            del senders[target]
            await connection.execute(UNLOCK, target.code)
            # What ended it is for the supervisor to say, and to begin anew.
            if not task.cancelled():
                task.result()
    wanted = {Target(row["code"], row["url"]) for row in await connection.fetch(PEERS)}
    for target in set(senders) - wanted:
        senders[target].cancel()
    held = {target.code for target in senders}
    for target in sorted(wanted - set(senders)):
        if target.code not in held and await connection.fetchval(LOCK, target.code):
            senders[target] = asyncio.create_task(
                _send(runtime, session, target), name=f"exchange {target.code}"
            )


async def _send(runtime: Runtime, session: aiohttp.ClientSession, target: Target) -> None:
    settings = runtime.settings
    narrowing = Narrowing(settings.exchange_batch_max, settings.exchange_batch_max)
    while True:
        state = await runtime.database.pool.fetchrow(STATE, target.code)
        failures = 0 if state is None else state["failures"]
        if state is not None and state["seconds"]:
            await asyncio.sleep(min(state["seconds"], PEERS_SECONDS))
            continue
        # While the breaker is open one message tries the way: a probe.
        is_open = failures >= settings.exchange_failures_max
        limit, without = narrowing.next()
        try:
            count = await send_batch(
                runtime, session, target, limit=1 if is_open else limit, without=without
            )
        except NotTakenAsWhole as error:
            is_sure = await _narrow(runtime, target, error, narrowing)
            if not is_sure:
                await _rest(runtime, target, error, failures=failures + 1)
        except NotTaken as error:
            narrowing.unanswered()
            await _rest(runtime, target, error, failures=failures + 1)
        else:
            if count:
                narrowing.took()
            else:
                narrowing.waited()
                await asyncio.sleep(LOOK_SECONDS)


async def _narrow(
    runtime: Runtime, target: Target, error: NotTakenAsWhole, narrowing: Narrowing
) -> bool:
    """Try less, or leave out the one that is at fault; false where it may be the peer."""
    at_fault = narrowing.refused(error.subjects)
    if at_fault is None:
        return len(error.subjects) > 1
    async with runtime.database.pool.acquire() as connection:
        await block(connection, target.code, at_fault, str(error))
    log.error("messages_refused", peer=target.code, subjects=1)
    return True


async def _rest(runtime: Runtime, target: Target, error: NotTaken, *, failures: int) -> None:
    settings = runtime.settings
    jitter = random.random()  # noqa: S311  it only spreads the load
    wait = delay(failures, jitter, seconds_max=settings.exchange_delay_seconds_max)
    wait = max(wait, timedelta(seconds=error.seconds))
    async with runtime.database.pool.acquire() as connection:
        await note_failure(connection, target.code, error=str(error), wait=wait)
    is_open = failures >= settings.exchange_failures_max
    log.warning("peer_not_reached", peer=target.code, error=str(error), breaker_open=is_open)


async def _post(
    runtime: Runtime, session: aiohttp.ClientSession, target: Target, waiting: Sequence[Waiting]
) -> dict[int, LineAnswer]:
    url = target.url.rstrip("/") + MESSAGES_PATH
    body = b"\n".join(_line(runtime.settings.platform, target.code, one) for one in waiting)
    try:
        async with runtime.database.pool.acquire() as connection:
            key = await read_signing_key(connection, runtime.settings)
        headers = sign_headers("POST", url, body, key) | {"Content-Type": NDJSON}
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            content = await answer.read()
    except (aiohttp.ClientError, TimeoutError, NoOwnKey) as error:
        raise NotTaken(repr(error)) from error
    if answer.status != 200:
        reason = f"HTTP {answer.status} {content[:200].decode(errors='replace')}"
        if answer.status in OF_CONTENT:
            raise NotTakenAsWhole(reason, waiting)
        raise NotTaken(reason, seconds=_retry_after(answer.headers.get("Retry-After", "")))
    return _read(content, waiting)


def _read(content: bytes, waiting: Sequence[Waiting]) -> dict[int, LineAnswer]:
    try:
        read = [LineAnswer.model_validate_json(one) for one in content.split(b"\n") if one.strip()]
    except ValidationError as error:
        reason = f"the answer cannot be read: {error.error_count()} errors"
        raise NotTakenAsWhole(reason, waiting) from error
    answers = {one.line: one for one in read}
    for place, one in enumerate(waiting, start=1):
        if place not in answers or answers[place].id not in (None, one.id):
            raise NotTakenAsWhole(f"the answer has no line {place} for {one.id}", waiting)
    return answers


def _line(platform: str, peer: str, one: Waiting) -> bytes:
    envelope = {
        "specversion": "1.0",
        "id": str(one.id),
        "from": platform,
        "to": peer,
        "subject": one.subject,
        "sequence": one.sequence,
        "time": one.time,
        "kind": one.kind,
        "payload": orjson.Fragment(one.payload),
    }
    return orjson.dumps(envelope)


def _outcomes(waiting: Sequence[Waiting], answers: Mapping[int, LineAnswer]) -> dict[str, Outcome]:
    by_subject: dict[str, list[Answered]] = {}
    for place, one in enumerate(waiting, start=1):
        answer = answers[place]
        problem, was_taken = None, False
        if answer.problem is not None:
            problem = f"{answer.problem.code} {_fields(answer.problem)}".strip()
            codes = {error.code for error in answer.problem.errors}
            # Its answer was lost, and its words were erased before it went again.
            was_taken = one.digest_before is not None and ID_REUSED in codes
        answered = Answered(
            *(one.id, one.sequence, answer.status, answer.expected, problem, was_taken)
        )
        by_subject.setdefault(one.subject, []).append(answered)
    return {subject: outcome_of(found) for subject, found in by_subject.items()}


def _fields(problem: ProblemBody) -> str:
    return "; ".join(f"{one.field} {one.code}" for one in problem.errors)


def _retry_after(value: str) -> float:
    return float(min(int(value), RETRY_AFTER_SECONDS_MAX)) if value.isdigit() else 0.0
