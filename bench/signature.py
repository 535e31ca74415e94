"""What the door takes of a signed request: signature, durable nonce, routing, beside the whole."""

import statistics
import time
from contextlib import AsyncExitStack

import httpx
import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.exchange import CITY, PROVINCE, introduce, new_messages, open_gateway
from bench.ground import Ground
from bench.report import Aim, Figure
from services.gateway.app import behind_door, make_own_app
from services.gateway.exchange.sender import Target
from services.gateway.limits import Limits
from services.gateway.peers.queries import read_signing_key
from services.gateway.peers.signing import sign_headers
from shared.exchange import MESSAGES_PATH, NDJSON

LINES = 500
ROUNDS, ROUNDS_QUICK, WARM_UP = 60, 10, 5
SHARE_MAX = 0.25
URL = "http://province"


class Timed:
    """An app, and how long each of its answers took, in seconds."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.seconds: list[float] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        started = time.perf_counter()
        await self._app(scope, receive, send)
        self.seconds.append(time.perf_counter() - started)


def run(ground: Ground) -> list[Figure]:
    """The door's milliseconds beside the whole request's, both in this process."""
    return uvloop.run(_run(ground))


async def _run(ground: Ground) -> list[Figure]:
    rounds = ROUNDS_QUICK if ground.is_quick else ROUNDS
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(ground.database())
        own_url = await stack.enter_async_context(ground.database())
        city = await stack.enter_async_context(open_gateway(own_url, CITY))
        province = await stack.enter_async_context(open_gateway(url, PROVINCE))
        await introduce(city, province, Target(PROVINCE, URL))
        async with city.database.pool.acquire() as connection:
            key = await read_signing_key(connection, city.settings)
        inner = Timed(make_own_app(province))
        whole = Timed(behind_door(province, inner, {}, Limits(province.settings)))
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=httpx.ASGITransport(whole), base_url=URL)
        )
        for _ in range(rounds + WARM_UP):
            body = new_messages(LINES)
            headers = sign_headers("POST", URL + MESSAGES_PATH, body, key)
            headers["Content-Type"] = NDJSON
            answer = await client.post(MESSAGES_PATH, content=body, headers=headers)
            assert answer.text.count('"accepted"') == LINES, answer.text[:500]
        kept = await province.database.pool.fetchval("SELECT count(*) FROM nonces")
        assert kept == rounds + WARM_UP, "every nonce is durable"
    door = [
        all_of_it - behind for all_of_it, behind in zip(whole.seconds, inner.seconds, strict=True)
    ]
    ours = statistics.median(door[WARM_UP:]) * 1000
    limit = statistics.median(whole.seconds[WARM_UP:]) * 1000
    return [
        Figure(
            name=f"signature, durable nonce and routing / a request of {LINES} messages",
            unit="ms",
            ours=ours,
            limit=limit,
            ratio=ours / limit,
            aim=Aim.RATIO_MAX,
            target=SHARE_MAX,
            parts=f"{len(body) / 1024:.0f} KiB of body, digest and all",
        )
    ]
