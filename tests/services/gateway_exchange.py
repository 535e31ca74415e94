"""Two gateways over real HTTP, a city and its province, and weather between them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg
import httpx
import orjson
import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.app import make_app
from services.gateway.consumer import handlers
from services.gateway.exchange.outgoing import Telling, queue
from services.gateway.exchange.sender import NotTaken, Target, send_batch
from services.gateway.peers.operations import KeyWords, PeerWords, put_peer, register_key
from services.gateway.peers.operations import rotate_own_key as make_own_key
from services.gateway.peers.queries import list_own_keys, read_signing_key
from services.gateway.peers.rules import Algorithm, PeerKind
from services.gateway.peers.signing import sign_headers
from shared.bus.protocol import Record
from shared.clock import Clock
from shared.events.envelope import Event, Payload, encode
from shared.events.intake import TicketErased
from shared.events.words import Role, Service
from shared.exchange import MESSAGES_PATH, NDJSON
from shared.runtime import Runtime, open_runtime, source_of
from shared.settings import Settings
from shared.worker import make_inbox
from tests.conftest import TEMPLATE, at_database, run_sql
from tests.harness import eventually, token
from tests.services.exchange_messages import CITY, DAY, PROVINCE

Lucky = Callable[[], bool]


class Weather:
    """What lies between two platforms: answers get lost, and sometimes nothing gets through."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.is_cut = False
        self.loses: Lucky = lambda: False
        self.lost = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or not, and its answer back, or not."""
        if self.is_cut:
            await Response(status_code=503)(scope, receive, send)
            return
        if not self.loses():
            await self.app(scope, receive, send)
            return

        async def nowhere(_: Message) -> None:
            """Whatever was done is done."""

        await self.app(scope, receive, nowhere)
        self.lost += 1
        await Response(status_code=502)(scope, receive, send)


@dataclass
class Platform:
    """One gateway on its own database, and the address of its door."""

    runtime: Runtime
    weather: Weather
    url: str = ""
    session: aiohttp.ClientSession = field(kw_only=True)
    heard: int = 0
    sequences: dict[tuple[Service, str], int] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """Its own code."""
        return self.runtime.settings.platform

    async def knows(self, other: "Platform", kind: PeerKind) -> None:
        """Register another platform and its keys."""
        async with self.runtime.database.sessions() as session, session.begin():
            words = PeerWords(other.code, kind, other.url, None, is_active=True)
            await put_peer(session, other.code, words, by="HW01")
            async with other.runtime.database.sessions() as theirs:
                for key in await list_own_keys(theirs):
                    algorithm = Algorithm(key.algorithm)
                    words_of_key = KeyWords(key.key_id, algorithm, key.public_key, None, None)
                    await register_key(session, other.code, words_of_key, by="HW02")

    async def make_key(self) -> None:
        """A key of its own, good at once."""
        async with self.runtime.database.sessions() as session, session.begin():
            await make_own_key(
                session,
                self.runtime.settings,
                algorithm=Algorithm.ED25519,
                signs_after=timedelta(0),
                overlap=timedelta(days=1),
                by="HW02",
            )

    async def tell(self, peer: "Platform", *tellings: Telling) -> None:
        """Queue messages for a peer."""
        async with self.runtime.database.pool.acquire() as connection, connection.transaction():
            await queue(connection, [one for one in tellings if one.peer == peer.code])

    async def send(self, peer: "Platform", *, limit: int = 1000) -> int:
        """Send one batch, as the sender does."""
        return await send_batch(
            self.runtime, self.session, Target(peer.code, peer.url), limit=limit
        )

    async def send_all(self, peer: "Platform", *, limit: int = 1000) -> None:
        """Send until nothing may go any more, whatever the weather."""
        for _ in range(500):
            try:
                if await self.send(peer, limit=limit) == 0:
                    return
            except NotTaken:
                continue
        raise AssertionError("the queue never ends")

    async def hear(self, subject: str, *payloads: Payload) -> None:
        """Hear what its own services said of a subject, all of it at once."""
        events = [
            Event(source_of(self.code, one.said_by), subject, self.next(one, subject), DAY, one)
            for one in payloads
        ]
        offset = self.heard
        self.heard += len(events)
        records = [
            Record(one.data.topic, 0, offset + place, subject, encode(one))
            for place, one in enumerate(events)
        ]
        inbox = make_inbox(self.runtime, handlers(self.runtime))
        for topic in dict.fromkeys(one.topic for one in records):
            await inbox.handle([one for one in records if one.topic == topic], now=None)

    def next(self, payload: Payload, subject: str) -> int:
        """The next sequence of a producer for a subject."""
        place = (payload.said_by, subject)
        self.sequences[place] = self.sequences.get(place, 0) + 1
        return self.sequences[place]

    async def erase(self, subject: str) -> None:
        """Hear that a ticket was erased."""
        await self.hear(subject, TicketErased(source_article="ZY 22"))

    async def post(self, peer: "Platform", lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Send lines of one's own making, signed, and read their answers."""
        status, text = await self._post(peer, lines, NDJSON)
        assert status == 200, text
        return [_load(one) for one in text.splitlines()]

    async def post_raw(
        self, peer: "Platform", lines: Sequence[dict[str, Any]], *, media_type: str = NDJSON
    ) -> tuple[int, dict[str, Any]]:
        """Send lines, and read the one answer."""
        status, text = await self._post(peer, lines, media_type)
        return status, _load(text)

    async def _post(
        self, peer: "Platform", lines: Sequence[dict[str, Any]], media_type: str
    ) -> tuple[int, str]:
        url = peer.url + MESSAGES_PATH
        async with self.runtime.database.pool.acquire() as connection:
            key = await read_signing_key(connection, self.runtime.settings)
        body = b"\n".join(_dump(line) for line in lines)
        headers = sign_headers("POST", url, body, key) | {"Content-Type": media_type}
        async with self.session.post(url, data=body, headers=headers) as answer:
            return answer.status, await answer.text()

    def client(self, role: Role) -> httpx.AsyncClient:
        """Somebody at this gateway's door."""
        bearer = token(self.runtime.settings, role, jurisdiction=self.code)
        transport = httpx.ASGITransport(self.weather.app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {bearer}"}
        return httpx.AsyncClient(transport=transport, base_url="http://gate", headers=headers)

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """Rows of its database."""
        return await self.runtime.database.pool.fetch(statement, *values)

    async def count(self, what: str) -> int:
        """How many rows there are of a table, or of a part of it."""
        number: int = await self.runtime.database.pool.fetchval(f"SELECT count(*) FROM {what}")
        return number


Pair = tuple[Platform, Platform]


@asynccontextmanager
async def platforms(urls: dict[str, str], **more: Any) -> AsyncIterator[list[Platform]]:
    """A gateway for each code on its own database, all of them listening."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        found = []
        for code, url in urls.items():
            settings = Settings(database_url=url, platform=code, **more)
            runtime = await stack.enter_async_context(
                open_runtime(Service.GATEWAY, settings, Clock())
            )
            one = Platform(runtime, Weather(make_app(runtime, {})), session=session)
            one.url = await stack.enter_async_context(listening(one.weather))
            await one.make_key()
            found.append(one)
        yield found


@asynccontextmanager
async def open_pair(postgres: str) -> AsyncIterator[Pair]:
    """A city and its province that know each other, each on a database of its own."""
    names = {code: f"t_{uuid4().hex[:16]}" for code in (CITY, PROVINCE)}
    make = [f"CREATE DATABASE {n} TEMPLATE {TEMPLATE} STRATEGY file_copy" for n in names.values()]
    await run_sql(postgres, *make)
    async with platforms(
        {code: at_database(postgres, name) for code, name in names.items()},
        exchange_failures_max=2,
        exchange_delay_seconds_max=0.2,
        bulk_lines_max=2_000,
    ) as (city, province):
        await city.knows(province, PeerKind.PARENT)
        await province.knows(city, PeerKind.CHILD)
        yield city, province
    await run_sql(postgres, *(f"DROP DATABASE {n} WITH (FORCE)" for n in names.values()))


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[str]:
    """The address of an app that answers over real HTTP."""
    config = uvicorn.Config(app, port=0, lifespan="off", ws="none", log_level="error")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())

    async def is_listening() -> bool:
        return server.started

    try:
        await eventually(is_listening, what="listening")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


async def said(platform: Platform) -> dict[str, list[tuple[int, int]]]:
    """For each subject what was said of it: the event's sequence and the message's."""
    found: dict[str, list[tuple[int, int]]] = {}
    for row in await platform.fetch("SELECT payload FROM outbox ORDER BY position"):
        event = orjson.loads(row["payload"])
        if event["type"] == "message.received":
            found.setdefault(event["data"]["subject"], []).append(
                (event["sequence"], event["data"]["sequence"])
            )
    return found


def statuses(answers: list[dict[str, Any]]) -> list[str]:
    return [answer["status"] for answer in answers]


def _dump(line_: dict[str, Any]) -> bytes:
    return orjson.dumps(line_)


def _load(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(text)
    return loaded
