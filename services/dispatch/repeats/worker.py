"""Sketches new tickets behind their event, and finds what they repeat."""

import asyncio
import time
from collections.abc import Mapping

from services.dispatch.repeats.finds import end_offers, find_batch
from services.dispatch.repeats.operations import Learner, sketch_batch
from shared.runtime import Runtime
from shared.worker import Task

BATCH_MAX = 50
"""A few hundred milliseconds of work; the consumer beside us goes on meanwhile."""
LOOK_SECONDS = 1.0
# A stepped clock moves weeks in a minute: it must not wait for us.
LOOK_STEPPED_SECONDS = 0.05
TIDY_SECONDS = 600.0


def tasks(runtime: Runtime) -> Mapping[str, Task]:
    """The loop of similarity."""
    return {"repeats": lambda: watch_tickets(runtime)}


async def watch_tickets(runtime: Runtime) -> None:
    """Sketch and find, batch after batch; after an empty look, tidy up and wait a little."""
    learner, tidied = Learner(), 0.0
    while True:
        if await look(runtime, learner, limit=BATCH_MAX):
            continue
        if time.monotonic() - tidied > TIDY_SECONDS:
            tidied = time.monotonic()
            if await tidy(runtime, learner):
                continue
        is_stepped = runtime.clock.stepped is not None
        await asyncio.sleep(LOOK_STEPPED_SECONDS if is_stepped else LOOK_SECONDS)


async def look(runtime: Runtime, learner: Learner, *, limit: int) -> int:
    """One batch in one transaction; return how many tickets were sketched."""
    now = runtime.clock.stepped
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        done = await sketch_batch(connection, learner, now=now, limit=limit)
        if done is None:
            return 0
        tickets, known = done
        await find_batch(connection, tickets, known, now=now)
        return len(tickets)


async def tidy(runtime: Runtime, learner: Learner) -> int:
    """End offers of the past, and queue sketches of a time when little was known; how many."""
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        await end_offers(connection, now=runtime.clock.stepped)
        return await learner.queue_stale(connection)
