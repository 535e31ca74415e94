"""What happens to them: tickets flow, some across; the province is cut off; everybody is killed."""

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

from tests.federation.desks import working
from tests.federation.filing import Ledger, Scale, file_share
from tests.federation.processes import DOWN, Ours, Platform, ready, start
from tests.federation.proxy import Weather
from tests.federation.world import CITIES, World
from tests.harness import eventually

LOOK_SECONDS = 0.5
"""Looking costs those who are looked at."""


async def live(world: World, scale: Scale) -> Ledger:
    """Let all of it happen; return when everything is drained."""
    ledger, chance = Ledger(scale), random.Random(scale.seed)
    async with working(world):
        world.turn(Weather.ROUGH)
        with _timed(ledger, "filing the first third"):
            await file_share(world, ledger, 0)
        world.turn(Weather.BLACK_HOLE)
        with _timed(ledger, "cut off"):
            await file_share(world, ledger, 1)
            await _kill_half(world, chance, 0)
            world.turn(Weather.RESETS)
            await _until_queued(world, ledger)
        began = time.monotonic()
        world.turn(Weather.ROUGH)
        await file_share(world, ledger, 2)
        for half in range(1, 2 * scale.kills):
            await _kill_half(world, chance, half)
        world.turn(Weather.FAIR)
        await _until_over(world, ledger)
        ledger.seconds["until all was drained and closed"] = time.monotonic() - began
    return ledger


@contextmanager
def _timed(ledger: Ledger, name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    ledger.seconds[name] = time.monotonic() - began


async def _kill_half(world: World, chance: random.Random, half: int) -> None:
    """SIGKILL every other process at a moment by chance, and start it again.

    Of ours every other one loses its PostgreSQL as well, and those the other time that do not.
    """
    async with asyncio.TaskGroup() as group:
        for place, one in enumerate(world.processes):
            if place % 2 == half % 2:
                with_postgres = (place // 2 + one.kills) % 2 == 0
                group.create_task(_kill(one, chance.uniform(0, 2), with_postgres=with_postgres))


async def _kill(one: Platform, after_seconds: float, *, with_postgres: bool) -> None:
    # When it dies is by chance: nothing is waited for.
    await asyncio.sleep(after_seconds)
    kill = one.cut_power if with_postgres and isinstance(one, Ours) else one.kill
    await asyncio.to_thread(kill)
    one.kills += 1
    start(one)
    await ready(one)


async def _until_queued(world: World, ledger: Ledger) -> None:
    async def is_long() -> bool:
        await asyncio.sleep(LOOK_SECONDS)
        ledger.queued = await world.count("outgoing")
        return ledger.queued >= ledger.scale.queued_min

    await eventually(is_long, seconds=ledger.scale.seconds_max, what="a long queue")
    ledger.sent = await world.count("sent")


async def _until_over(world: World, ledger: Ledger) -> None:
    async def is_over() -> bool:
        await asyncio.sleep(LOOK_SECONDS)
        with suppress(*DOWN):
            return await _is_closed(world, ledger) and await world.drained()
        return False

    try:
        await eventually(is_over, seconds=ledger.scale.seconds_max, what="the end")
    except AssertionError as error:
        raise AssertionError(f"{error}\n{await world.left()}") from error


async def _is_closed(world: World, ledger: Ledger) -> bool:
    """Whether everything that crosses is closed where it is at home."""
    query = """SELECT count(*) FROM dispatch.tickets
        WHERE id = ANY($1::uuid[]) AND state = 'closed'"""
    for city in CITIES:
        tickets = [UUID(one) for one in ledger.filed[city] if one in ledger.across]
        if (await world.ours[city].fetch(query, tickets))[0][0] < len(tickets):
            return False
    return True
