"""What the exchange does by itself: sends, compares days, forgets what is old, counts queues."""

import asyncio

import aiohttp

from services.gateway.exchange.forgetting import forget_old
from services.gateway.exchange.queries import read_lengths
from services.gateway.exchange.reconciling import reconcile_due
from services.gateway.exchange.sender import send_to_peers
from shared import telemetry
from shared.runtime import Runtime
from shared.telemetry import log
from shared.worker import Task

FORGET_SECONDS = 600.0
COUNT_SECONDS = 15.0
RECONCILE_LOOK_SECONDS = 60.0


def tasks(runtime: Runtime) -> dict[str, Task]:
    """The loops of the exchange, by name."""
    return {
        "exchange": lambda: send_to_peers(runtime),
        "reconcile": lambda: _reconcile(runtime),
        "exchange-queues": lambda: _count(runtime),
        "exchange-forget": lambda: _forget(runtime),
    }


async def _reconcile(runtime: Runtime) -> None:
    timeout = aiohttp.ClientTimeout(total=runtime.settings.exchange_timeout_seconds)
    async with aiohttp.ClientSession(
        timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        while True:
            await reconcile_due(runtime, session)
            await asyncio.sleep(RECONCILE_LOOK_SECONDS)


async def _count(runtime: Runtime) -> None:
    long = set[str]()
    while True:
        async with runtime.database.pool.acquire() as connection:
            lengths = await read_lengths(connection)
        for peer, waiting in lengths:
            telemetry.MESSAGES_WAITING.labels(peer).set(waiting)
            if waiting <= runtime.settings.exchange_waiting_long:
                long.discard(peer)
            elif peer not in long:
                long.add(peer)
                log.error("queue_long", peer=peer, waiting=waiting)
        await asyncio.sleep(COUNT_SECONDS)


async def _forget(runtime: Runtime) -> None:
    while True:
        await forget_old(runtime)
        await asyncio.sleep(FORGET_SECONDS)
