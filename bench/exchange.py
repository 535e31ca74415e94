"""The exchange: messages taken in bulk beside requests filed in bulk, and a queue that drains."""

import json
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import aiohttp
import orjson
import uvloop

from bench.events import created_events
from bench.filing import CONTENT, prepare, servers
from bench.ground import Ground
from bench.report import Figure, of_limit
from services.gateway.exchange.consumer import telling
from services.gateway.exchange.outgoing import queue
from services.gateway.exchange.sender import Target, send_batch
from services.gateway.peers.operations import (
    KeyWords,
    PeerWords,
    put_peer,
    register_key,
    rotate_own_key,
)
from services.gateway.peers.queries import list_own_keys, read_signing_key
from services.gateway.peers.rules import Algorithm, PeerKind
from services.gateway.peers.signing import sign_headers
from shared.clock import Clock
from shared.events.words import Role, Service
from shared.exchange import MESSAGES_PATH, NDJSON
from shared.runtime import Runtime, open_runtime
from shared.security import Principal, issue_token
from shared.settings import Settings

CITY, PROVINCE = "532800", "530000"
LINES = 1_000
ROUNDS, ROUNDS_QUICK = 10, 3
WAITING, WAITING_QUICK = 100_000, 10_000
IN_RATIO_MIN, DRAIN_RATIO_MIN = 0.8, 0.5


def run(ground: Ground) -> list[Figure]:
    """Lines a second: filed, taken, and drained by a sender in a process of its own."""
    return uvloop.run(_run(ground))


async def _run(ground: Ground) -> list[Figure]:
    rounds = ROUNDS_QUICK if ground.is_quick else ROUNDS
    waiting = WAITING_QUICK if ground.is_quick else WAITING
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(ground.database())
        own_url = await stack.enter_async_context(ground.database())
        await prepare(url)
        port = stack.enter_context(servers(("gateway", "intake"), url))
        target = Target(PROVINCE, f"http://127.0.0.1:{port}")
        session = await stack.enter_async_context(aiohttp.ClientSession())
        city = await stack.enter_async_context(open_gateway(own_url, CITY))
        province = await stack.enter_async_context(open_gateway(url, PROVINCE))
        await introduce(city, province, target)
        filed, taken = [], []
        # In turn, and one round more than counts.
        for _ in range(rounds + 1):
            filed.append(await _rate(lambda: _file(session, port + 1)))
            taken.append(await _rate(lambda: _tell(city, session, target)))
        await _fill(city, waiting)
        started = time.perf_counter()
        while await send_batch(city, session, target, limit=LINES):
            pass
        drained = waiting / (time.perf_counter() - started)
        has = await province.database.pool.fetchval("SELECT count(*) FROM received_messages")
        assert has == waiting + LINES * (rounds + 1), "every message is there once"
    plain = statistics.median(taken[1:])
    return [
        of_limit(
            f"exchange in, {LINES:,} lines a request / bulk filing",
            "messages/s",
            ours=plain,
            limit=statistics.median(filed[1:]),
            ratio_min=IN_RATIO_MIN,
        ),
        of_limit(
            f"drain of {waiting:,} waiting messages / exchange in",
            "messages/s",
            ours=drained,
            limit=plain,
            ratio_min=DRAIN_RATIO_MIN,
        ),
    ]


def open_gateway(url: str, platform: str) -> AbstractAsyncContextManager[Runtime]:
    settings = Settings(database_url=url, platform=platform)
    return open_runtime(Service.GATEWAY, settings, Clock())


async def introduce(city: Runtime, province: Runtime, target: Target) -> None:
    """Join the two: the city gets a key, the province its address at the city, and the key."""
    async with city.database.sessions() as session, session.begin():
        words = PeerWords("province", PeerKind.PARENT, target.url, None, is_active=True)
        await put_peer(session, PROVINCE, words, by="bench")
        await rotate_own_key(
            session,
            city.settings,
            algorithm=Algorithm.ED25519,
            signs_after=timedelta(0),
            overlap=timedelta(days=1),
            by="bench",
        )
    async with (
        city.database.sessions() as ours,
        province.database.sessions() as session,
        session.begin(),
    ):
        words = PeerWords("city", PeerKind.CHILD, None, None, is_active=True)
        await put_peer(session, CITY, words, by="bench")
        for key in await list_own_keys(ours):
            algorithm = Algorithm(key.algorithm)
            words_of_key = KeyWords(key.key_id, algorithm, key.public_key, None, None)
            await register_key(session, CITY, words_of_key, by="bench")


async def _rate(work: Callable[[], Awaitable[float]]) -> float:
    return LINES / await work()


async def _file(session: aiohttp.ClientSession, port: int) -> float:
    principal = Principal("bench", Role.OPERATOR, "512000")
    token = issue_token(principal, Settings().token_secret, lifetime=timedelta(hours=1))
    run_id = uuid4().hex
    lines = [
        {
            "jurisdiction": "512000",
            "type": "help",
            "title": "小区停水",
            "content": CONTENT,
            "channel": "web",
            "channel_ref": f"{run_id}-{number}",
            "category": "01",
            "caller": {"name": "测试", "phone": f"138{number:08d}"},
        }
        for number in range(LINES)
    ]
    body = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": NDJSON}
    started = time.perf_counter()
    url = f"http://127.0.0.1:{port}/v1/tickets/bulk"
    async with session.post(url, data=body, headers=headers) as answer:
        text = await answer.text()
    seconds = time.perf_counter() - started
    assert text.count('"status":201') == LINES, text[:500]
    return seconds


def new_messages(count: int) -> bytes:
    """Lines of tickets that the city's province has not heard of yet."""
    lines = []
    for event in created_events(count):
        told = telling(PROVINCE, event)
        lines.append(
            orjson.dumps(
                {
                    "id": str(uuid4()),
                    "from": CITY,
                    "to": PROVINCE,
                    "subject": str(uuid4()),
                    "sequence": 1,
                    "time": datetime.now(UTC),
                    "kind": told.kind,
                    "payload": {"type": told.type, "data": told.data},
                }
            )
        )
    return b"\n".join(lines)


async def _tell(city: Runtime, session: aiohttp.ClientSession, target: Target) -> float:
    body = new_messages(LINES)
    async with city.database.pool.acquire() as connection:
        key = await read_signing_key(connection, city.settings)
    url = target.url + MESSAGES_PATH
    started = time.perf_counter()
    headers = sign_headers("POST", url, body, key) | {"Content-Type": NDJSON}
    async with session.post(url, data=body, headers=headers) as answer:
        text = await answer.text()
    seconds = time.perf_counter() - started
    assert text.count('"accepted"') == LINES, text[:500]
    return seconds


async def _fill(city: Runtime, count: int) -> None:
    for _ in range(count // LINES):
        tellings = [telling(PROVINCE, event) for event in created_events(LINES)]
        async with city.database.pool.acquire() as connection, connection.transaction():
            await queue(connection, tellings)
