"""What the gateway does by itself: pushes the feed, writes units' topics, forgets what is old."""

import asyncio
import contextlib
import random
import time
from collections.abc import Mapping

import aiohttp
from asyncpg import Record
from starlette.types import ASGIApp

from services.gateway.exchange import worker as exchange
from services.gateway.federation import worker as federation
from services.gateway.feeds import topics
from services.gateway.feeds.operations import forget
from services.gateway.feeds.queries import read_feed
from services.gateway.feeds.schemas import Feed
from services.gateway.hops import open_session
from services.gateway.login.worker import forget_logins
from services.gateway.peers.operations import forget_nonces
from services.gateway.subscriptions.operations import Due, claim_due, move_on, note_failure
from services.gateway.subscriptions.rules import (
    PUSH_ITEMS_MAX,
    PUSH_SECONDS_MAX,
    SIGNATURE_HEADER,
    SubscriptionState,
    delay,
    signature,
)
from services.gateway.subscriptions.sealing import unseal
from shared.events.words import Service
from shared.runtime import Runtime
from shared.settings import Settings
from shared.telemetry import log
from shared.worker import Task

LOOK_SECONDS = 0.5
FORGET_SECONDS = 600.0
CLAIM_MAX = 20
FORGET_MAX = 10_000
PUSH_TIMEOUT = aiohttp.ClientTimeout(total=PUSH_SECONDS_MAX)


def tasks(runtime: Runtime, hops: Mapping[Service, ASGIApp]) -> dict[str, Task]:
    """The loops of the gateway, by name; `hops` lead to the five services."""
    return {
        "pushes": lambda: push_subscriptions(runtime),
        "unit-topics": lambda: topics.write_topics(runtime),
        "feed": lambda: forget_feed(runtime),
        **exchange.tasks(runtime),
        **federation.tasks(runtime, hops),
        "logins": lambda: forget_logins(runtime),
        "nonces": lambda: forget_old_nonces(runtime),
    }


async def push_subscriptions(runtime: Runtime) -> None:
    """Push what waits, each subscription in its order; after an empty look, wait a little."""
    async with open_session() as session:
        while True:
            if await push_due(runtime, session) == 0:
                await asyncio.sleep(LOOK_SECONDS)


async def push_due(runtime: Runtime, session: aiohttp.ClientSession) -> int:
    """One look: push to all subscriptions that are due; return how many they were."""
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        due = await claim_due(connection, limit=CLAIM_MAX)
    await asyncio.gather(*(_push(runtime, session, one) for one in due))
    return len(due)


async def forget_feed(runtime: Runtime) -> None:
    """Delete items that are older than topics keep events."""
    while True:
        days = runtime.settings.bus_retention_days
        async with runtime.database.pool.acquire() as connection:
            while await forget(connection, days=days, limit=FORGET_MAX) == FORGET_MAX:
                pass
        await asyncio.sleep(FORGET_SECONDS)


async def forget_old_nonces(runtime: Runtime) -> None:
    """Delete nonces of signatures that are too old to be taken again."""
    while True:
        async with runtime.database.pool.acquire() as connection:
            while await forget_nonces(connection, limit=FORGET_MAX) == FORGET_MAX:
                pass
        await asyncio.sleep(FORGET_SECONDS)


async def _push(runtime: Runtime, session: aiohttp.ClientSession, due: Due) -> None:
    async with runtime.database.pool.acquire() as connection:
        rows = await read_feed(connection, due.unit, after=due.position, limit=PUSH_ITEMS_MAX)
    if not rows:
        return
    error = await _send(session, due, rows, settings=runtime.settings)
    async with runtime.database.pool.acquire() as connection:
        if error is None:
            await move_on(connection, due, position=rows[-1]["position"])
            return
        wait = delay(due.attempts, random.random())  # noqa: S311  it only spreads the load
        state = await note_failure(connection, due, error=error, delay=wait)
    dead = state is SubscriptionState.DEAD
    log.warning("push_failed", subscription=str(due.id), unit=due.unit, error=error, dead=dead)


async def _send(
    session: aiohttp.ClientSession, due: Due, rows: list[Record], *, settings: Settings
) -> str | None:
    body = Feed.of(rows, due.position).model_dump_json().encode()
    secret = unseal(due.secret, due.id, settings=settings)
    headers = {
        "Content-Type": "application/json",
        SIGNATURE_HEADER: signature(secret, body, at_seconds=int(time.time())),
    }
    try:
        async with session.post(
            due.url, data=body, headers=headers, timeout=PUSH_TIMEOUT, allow_redirects=False
        ) as answer:
            with contextlib.suppress(aiohttp.ClientError):
                await answer.content.read(1)
            return None if 200 <= answer.status < 300 else f"HTTP {answer.status}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return repr(error)
