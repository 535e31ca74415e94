"""Several platforms in one process, each on a database of its own, joined by signed HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx

from deploy.platform import open_platform
from deploy.trial import PLACES, load_trial
from services.gateway.peers.operations import KeyWords, PeerWords, put_peer, register_key
from services.gateway.peers.operations import rotate_own_key as make_own_key
from services.gateway.peers.queries import list_own_keys
from services.gateway.peers.rules import Algorithm, PeerKind
from shared.clock import Clock
from shared.events.words import Role, Service
from shared.settings import Settings
from tests.conftest import TEMPLATE, at_database, run_sql
from tests.harness import eventually
from tests.journeys.city import City
from tests.journeys.town import MONDAY, SETTLED_SECONDS_MAX, Town, open_town
from tests.services.gateway_exchange import listening

PROVINCE, PREFECTURE, ZIYANG = "530000", "532800", "512000"
CALLER = {"name": "岩温", "phone": "13912345678", "address": "景洪市勐海路9号"}
OTHERS = {PeerKind.PARENT: PeerKind.CHILD, PeerKind.CHILD: PeerKind.PARENT}
WAITS = """SELECT (SELECT count(*) FROM gateway.outgoing o WHERE NOT EXISTS (
    SELECT FROM gateway.outgoing_subjects s WHERE s.peer = o.peer AND s.subject = o.subject
        AND s.problem IS NOT NULL))
    + (SELECT count(*) FROM gateway.deliveries)
    + (SELECT count(*) FROM gateway.forwarded_out WHERE state = 'waiting')
    + (SELECT count(*) FROM gateway.files_in WHERE state = 'waiting')"""


@dataclass
class Federated:
    """One of several platforms: its people, and the address of its door."""

    town: Town
    url: str

    @property
    def code(self) -> str:
        """Its own code."""
        return self.town.city.settings.platform

    def pool(self, service: Service = Service.GATEWAY) -> Any:
        """The database of one of its services."""
        return self.town.city.platform.runtimes[service].database.pool

    async def make_key(self) -> None:
        """A key of its own, good at once."""
        runtime = self.town.city.platform.runtimes[Service.GATEWAY]
        async with runtime.database.sessions() as session, session.begin():
            await make_own_key(
                session,
                runtime.settings,
                algorithm=Algorithm.ED25519,
                signs_after=timedelta(0),
                overlap=timedelta(days=1),
                by="HW02",
            )

    async def knows(self, other: "Federated", kind: PeerKind) -> None:
        """Register another platform, its keys, and the unit that stands for it."""
        mine, theirs = (
            one.town.city.platform.runtimes[Service.GATEWAY].database for one in (self, other)
        )
        unit = f"{other.code}-platform"
        async with mine.sessions() as session, session.begin(), theirs.sessions() as reading:
            words = PeerWords(other.code, kind, other.url, unit, is_active=True)
            await put_peer(session, other.code, words, by="HW01")
            for key in await list_own_keys(reading):
                algorithm = Algorithm(key.algorithm)
                words_of_key = KeyWords(key.key_id, algorithm, key.public_key, None, None)
                await register_key(session, other.code, words_of_key, by="HW02")
        facts = {
            "name": f"{other.code} 平台",
            "jurisdiction": other.code,
            "platform": other.code,
        }
        put = await self.town.administrator.put(f"/v1/units/{unit}", json=facts)
        assert put.is_success, put.text

    async def linked(self, origin: str) -> str:
        """The path of the ticket that came of another platform's, given that one's path."""
        row = await self.pool().fetchrow(
            "SELECT ticket_id FROM forwarded_in WHERE origin_ticket = $1::uuid",
            origin.rpartition("/")[2],
        )
        assert row is not None, f"{self.code} has nothing of {origin}"
        assert row["ticket_id"] is not None, f"{self.code} has not filed {origin}"
        return f"/v1/tickets/{row['ticket_id']}"

    async def person(self, role: Role, *, unit: str | None = None) -> httpx.AsyncClient:
        """Somebody at its gateway."""
        return await self.town.city.person(role, jurisdiction=self.code, unit=unit)


@dataclass
class Federation:
    """All of them, with one clock."""

    members: Mapping[str, Federated]

    def __getitem__(self, code: str) -> Federated:
        return self.members[code]

    async def settle(self) -> None:
        """Wait until all that was said, here and there, was heard by everybody."""
        give_up_at = time.monotonic() + SETTLED_SECONDS_MAX
        quiet = 0
        while time.monotonic() < give_up_at:
            for one in self.members.values():
                await one.town.settle()
            waits = [await one.pool().fetchval(WAITS) for one in self.members.values()]
            quiet = 0 if any(waits) else quiet + 1
            if quiet == 2:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"not settled: {waits}; {await self._why()}")

    async def until(self, moment: str) -> None:
        """Let time pass for all of them, looking at each deadline on the way."""
        await self.settle()
        for one in self.members.values():
            await one.town.until(moment)
        await self.settle()

    async def post(self, person: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
        """An act that is accepted, and heard by everybody on all platforms."""
        answer = await person.post(path, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        await self.settle()
        found: dict[str, Any] = answer.json()
        return found

    async def _why(self) -> list[Any]:
        found = []
        for one in self.members.values():
            pool = one.pool()
            found += [
                dict(row)
                for table in ("forwarded_out", "deliveries", "exchange_states", "set_aside")
                for row in await pool.fetch(f"SELECT * FROM {table} LIMIT 3")
            ]
        return found


@asynccontextmanager
async def open_federation(
    postgres: str, *codes: str, kinds: Mapping[tuple[str, str], PeerKind]
) -> AsyncIterator[Federation]:
    """A platform for each code; `kinds` say what the second of two is to the first."""
    names = {code: f"t_{uuid4().hex[:16]}" for code in codes}
    make = [f"CREATE DATABASE {n} TEMPLATE {TEMPLATE} STRATEGY file_copy" for n in names.values()]
    await run_sql(postgres, *make)
    clock = Clock(stepped=MONDAY)
    async with AsyncExitStack() as stack:
        members = {}
        for code, name in names.items():
            url = at_database(postgres, name)
            settings = Settings(
                database_url=url,
                platform=code,
                exchange_delay_seconds_max=0.2,
                attachment_store=stack.enter_context(TemporaryDirectory()),
            )
            members[code] = await _open(settings, stack, clock)
        for (mine, theirs), kind in kinds.items():
            await members[mine].knows(members[theirs], kind)
            back = OTHERS.get(kind, kind)
            await members[theirs].knows(members[mine], back)
        federation = Federation(members)
        await federation.settle()
        yield federation
    await run_sql(postgres, *(f"DROP DATABASE {n} WITH (FORCE)" for n in names.values()))


async def _open(settings: Settings, stack: AsyncExitStack, clock: Clock) -> Federated:
    platform = await stack.enter_async_context(open_platform(settings, clock))
    city = City(platform, settings, stack)
    administrator = await city.person(Role.ADMINISTRATOR, jurisdiction="000000")
    places = [settings.platform] if settings.platform in PLACES else []
    await load_trial(administrator, settings, places=places)

    async def is_ready() -> bool:
        return (await administrator.get("/readyz")).is_success

    await eventually(is_ready, seconds=60, what="readiness")
    url = await stack.enter_async_context(listening(platform.app))
    town = await stack.enter_async_context(open_town(city, clock, place=settings.platform))
    found = Federated(town, url)
    await found.make_key()
    return found
