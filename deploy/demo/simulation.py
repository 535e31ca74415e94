"""The engine: what is planned is done in order, the clock moved only when all was heard."""

import asyncio
import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx

from deploy.demo.desk import Desk
from deploy.demo.drained import open_watch
from deploy.demo.habits import Scale, draw_cases
from deploy.demo.people import People, Plan
from deploy.demo.stories import opening, set_the_stage
from deploy.demo.tales import STORIES
from deploy.platform import Platform
from deploy.trial import load_trial
from shared.events.words import Service

WINDOW = timedelta(minutes=30)
"""What is planned within one window is done together, at its first moment: early, never late."""
LOOK_AFTER_MAX = timedelta(minutes=10)
"""How far the clock may be past a deadline when it asks: nothing is done in between."""
AT_ONCE_MAX = 16

Progress = Callable[[datetime], None]


@dataclass
class Agenda:
    """What is planned, the earliest first."""

    _heap: list[tuple[datetime, int, Plan]] = field(default_factory=list)
    _count: int = 0

    def add(self, plans: Iterable[Plan]) -> None:
        """Plan more."""
        for plan in plans:
            self._count += 1
            heapq.heappush(self._heap, (plan[0], self._count, plan))

    def next_at(self) -> datetime | None:
        """When the first is planned."""
        return self._heap[0][0] if self._heap else None

    def take(self, *, until: datetime) -> list[Plan]:
        """What is planned up to `until`, in order; it is no longer planned."""
        taken = []
        while self._heap and self._heap[0][0] <= until:
            taken.append(heapq.heappop(self._heap)[2])
        return taken


async def simulate(
    platform: Platform, scale: Scale, client: httpx.AsyncClient, progress: Progress | None = None
) -> Desk:
    """Live through `scale` on a platform whose clock is stepped and stands at its start.

    Returns the desk, whose ledger holds all that the gateway acknowledged; everything said has
    then been heard. Raises `Refused` or `NotDrained`.
    """
    settings = platform.runtimes[Service.GATEWAY].settings
    clock = platform.runtimes[Service.GATEWAY].clock
    await load_trial(client, settings)
    desk = Desk(client, settings)
    people = People(desk, clock)
    agenda = Agenda()
    agenda.add((case.at, partial(people.file, case)) for case in draw_cases(scale))
    agenda.add(opening(STORIES, desk))
    end = scale.end.astimezone(UTC)
    gate = asyncio.Semaphore(AT_ONCE_MAX)
    async with open_watch(platform) as watch:
        await watch.wait()
        await people.publish_guides()
        await set_the_stage(desk)
        while people.now < end:
            next_due = await watch.wait()
            moments = [end, agenda.next_at() or end]
            if next_due is not None:
                moments.append(next_due + LOOK_AFTER_MAX)
            clock.step_to(max(people.now, min(moments).astimezone(UTC)))
            if progress is not None:
                progress(people.now)
            if people.now < end:
                agenda.add(await _do(agenda.take(until=people.now + WINDOW), gate))
        await watch.wait()
    return desk


async def _do(plans: list[Plan], gate: asyncio.Semaphore) -> list[Plan]:
    """Do what was planned, side by side; return what comes of it."""

    async def do(plan: Plan) -> list[Plan]:
        async with gate:
            return await plan[1]()

    async with asyncio.TaskGroup() as group:
        done = [group.create_task(do(plan)) for plan in plans]
    return [plan for task in done for plan in task.result()]
