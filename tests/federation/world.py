"""A province, two cities and a foreign city, joined as the documentation says, each cut by itself.

Whoever talks to the province, or is talked to by it, does so through a proxy of the test's own.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from shared.events.words import Role
from tests.faults import held
from tests.federation.processes import (
    DOWN,
    EVERYWHERE,
    Foreign,
    Ours,
    Platform,
    ready,
    start,
)
from tests.federation.proxy import Proxy, Weather
from tests.harness import eventually
from tests.ports import free_ports

PROVINCE, FIRST, SECOND, FOREIGN = "530000", "532800", "512000", "532600"
"""Yunnan, Xishuangbanna, Ziyang as if it were a city of the province, Wenshan of another vendor."""
CITIES = (FIRST, SECOND)
OURS = (PROVINCE, *CITIES)
TO_SECOND, TO_FIRST, TO_FOREIGN, OF_FOREIGN = "11", "12", "13", "14"
"""Categories of what crosses; each is sent on by duty rules until it is where it belongs."""
HOME = {TO_SECOND: FIRST, TO_FOREIGN: FIRST, TO_FIRST: SECOND}
"""Where those of our cities are filed."""
WAYS: Mapping[str, Mapping[str, str]] = {
    FIRST: {
        TO_SECOND: f"{PROVINCE}-platform",
        TO_FOREIGN: f"{PROVINCE}-platform",
        TO_FIRST: f"{FIRST}-02",
        OF_FOREIGN: f"{FIRST}-03",
    },
    SECOND: {TO_FIRST: f"{PROVINCE}-platform", TO_SECOND: f"{SECOND}-02"},
    PROVINCE: {
        TO_SECOND: f"{SECOND}-platform",
        TO_FIRST: f"{FIRST}-platform",
        TO_FOREIGN: f"{FOREIGN}-platform",
        OF_FOREIGN: f"{FIRST}-platform",
    },
}
SETTINGS = {
    "EXCHANGE_TIMEOUT_SECONDS": "5",
    "EXCHANGE_DELAY_SECONDS_MAX": "2",
    "RETRY_DELAY_SECONDS_MAX": "1",
}
WAITS = """SELECT (SELECT count(*) FROM gateway.outgoing)
    + (SELECT count(*) FROM gateway.deliveries) + (SELECT count(*) FROM gateway.set_aside)
    + (SELECT count(*) FROM gateway.forwarded_out WHERE state = 'waiting')"""
LEFT = (
    """SELECT category, state, count(*) FROM dispatch.tickets
    WHERE category <> '01' GROUP BY 1, 2 ORDER BY 1, 2""",
    "SELECT peer, failures, next_at, last_error FROM gateway.exchange_states",
    """SELECT peer, subject, problem FROM gateway.outgoing_subjects
    WHERE problem IS NOT NULL LIMIT 3""",
    "SELECT from_platform, kind, attempts, problem FROM gateway.deliveries LIMIT 3",
    "SELECT from_platform, kind, reason FROM gateway.set_aside LIMIT 3",
    "SELECT peer, attempts, problem FROM gateway.forwarded_out WHERE state = 'waiting' LIMIT 3",
    "SELECT count(*) FROM gateway.outgoing",
    *(f"SELECT '{one}', reason, detail FROM {one}.parked LIMIT 3" for one in held.WORKERS),
)


@dataclass
class World:
    """All platforms, and the lines between them and the province."""

    ours: Mapping[str, Ours]
    foreign: Foreign
    lines: list[Proxy]

    @property
    def processes(self) -> list[Platform]:
        """Whatever may be killed."""
        return [*self.ours.values(), self.foreign]

    def turn(self, weather: Weather) -> None:
        """The province's weather."""
        for line in self.lines:
            line.turn(weather)

    async def waiting(self) -> dict[str, int]:
        """What each of ours still has to send, to deliver, or has set aside."""
        return {code: (await one.fetch(WAITS))[0][0] for code, one in self.ours.items()}

    async def count(self, table: str) -> int:
        """How many messages ours hold in one of the exchange's tables."""
        query = f"SELECT count(*) FROM gateway.{table}"
        return sum([(await one.fetch(query))[0][0] for one in self.ours.values()])

    async def left(self) -> str:
        """What is not done yet, for whoever must find out why."""
        found = [f"the foreign city: {await self.foreign.ask('GET', '/foreign/state')}"]
        for code, one in self.ours.items():
            for query in LEFT:
                found += [f"{code}: {dict(row)}" for row in await one.fetch(query)]
        return "\n".join(found)

    async def drained(self) -> bool:
        """Whether everybody has heard all that was said, here and there."""
        with suppress(*DOWN, httpx.HTTPError):
            if any((await self.waiting()).values()):
                return False
            if (await self.foreign.ask("GET", "/foreign/state"))["waiting"]:
                return False
            return all([await held.drained(one.settings) for one in self.ours.values()])
        return False


@asynccontextmanager
async def open_world(folder: Path) -> AsyncIterator[World]:
    """Start all four in `folder`, join them, and end them."""
    async with AsyncExitStack() as stack:
        ports = dict(zip((*OURS, FOREIGN), free_ports(4), strict=True))
        ours = {
            code: Ours(code, folder / code, ports[code], settings_given=SETTINGS) for code in OURS
        }
        foreign = Foreign(FOREIGN, folder / FOREIGN, ports[FOREIGN])
        for one in ours.values():
            stack.callback(one.stop)
        stack.callback(foreign.kill)
        platforms: list[Platform] = [*ours.values(), foreign]
        for platform in platforms:
            start(platform)
        doors = {}
        for seed, (code, port) in enumerate(ports.items()):
            doors[code] = await stack.enter_async_context(Proxy(port, seed=seed).listening())
        await asyncio.gather(*map(ready, platforms))
        world = World(ours, foreign, list(doors.values()))
        await _join(world, doors, folder)
        await asyncio.gather(*(_direct(one) for one in ours.values()))
        yield world


async def _join(world: World, doors: Mapping[str, Proxy], folder: Path) -> None:
    """The commands of docs/federation.md; the foreign city is registered by its own small door."""
    cards = {}
    for code, one in world.ours.items():
        cards[code] = folder / f"{code}.json"
        cards[code].write_text(await _run(one, "peers", "own-key"))
    cards[FOREIGN] = folder / f"{FOREIGN}.json"
    shown = await world.foreign.ask("GET", "/v1/exchange/keys")
    cards[FOREIGN].write_text(json.dumps(shown))
    province = world.ours[PROVINCE]
    for code in (*CITIES, FOREIGN):
        unit = ("--unit", f"{code}-platform")
        await _run(province, *_add(code, "child", doors[code].url, cards[code]), *unit)
    for code in CITIES:
        unit = ("--unit", f"{PROVINCE}-platform")
        add = _add(PROVINCE, "parent", doors[PROVINCE].url, cards[PROVINCE])
        await _run(world.ours[code], *add, *unit)
    keys = json.loads(cards[PROVINCE].read_text())["keys"]
    known = {one["key_id"]: one["public_key"] for one in keys}
    told = {"code": PROVINCE, "url": doors[PROVINCE].url, "keys": known}
    await world.foreign.ask("PUT", "/foreign/peers", told)


def _add(code: str, kind: str, url: str, card: Path) -> tuple[str, ...]:
    whom = ("peers", "add", code, "--name", f"{code} 平台", "--kind", kind)
    return (*whom, "--url", url, "--card", str(card))


async def _run(one: Ours, *words: str) -> str:
    code, shown = await one.command(*words)
    assert code == 0, shown
    return shown


async def _direct(one: Ours) -> None:
    """Units that stand for platforms, and rules that send what crosses on its way."""
    ways = WAYS[one.code]
    calls: list[tuple[str, dict[str, Any]]] = [
        (f"/v1/categories/{category}", {"name": f"跨市事项{category}"}) for category in ways
    ]
    for unit in sorted({unit for unit in ways.values() if unit.endswith("-platform")}):
        place = unit.partition("-")[0]
        facts = {"name": f"{place} 平台", "jurisdiction": place, "platform": place}
        calls.append((f"/v1/units/{unit}", facts))
    for category, unit in ways.items():
        rule = {"jurisdiction": one.code, "category": category, "unit": unit}
        calls.append((f"/v1/duty-rules/{one.code}-{category}", rule))
    async with one.client(Role.ADMINISTRATOR, place=EVERYWHERE) as administrator:
        for path, body in calls:
            answer = await administrator.put(path, json=body)
            assert answer.is_success, f"{path}: {answer.text}"
    heard = "SELECT count(*) FROM gateway.platform_units"
    wanted = len({unit for unit in ways.values() if unit.endswith("-platform")})

    async def is_heard() -> bool:
        found: int = (await one.fetch(heard))[0][0]
        return found == wanted

    await eventually(is_heard, seconds=60, what=f"{one.code}'s units")
