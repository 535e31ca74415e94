"""The clock itself: looks for deadlines whose moment has come, and for owners that are silent."""

import asyncio
from datetime import timedelta

from services.sla.orders import worker as orders
from services.sla.policies.worker import keep_law
from services.sla.questions import operations, queries
from shared import telemetry
from shared.runtime import Runtime
from shared.worker import Task

CLAIM_BATCH_MAX = 1000
LOOK_SECONDS = 0.5
# A stepped clock moves weeks in a minute: it must not wait for us.
LOOK_STEPPED_SECONDS = 0.02
SILENCE_MAX = timedelta(minutes=10)
SILENCE_LOOK_SECONDS = 30.0
SILENT_SHOWN_MAX = 10


def tasks(runtime: Runtime) -> dict[str, Task]:
    """The loops of sla, beside its relay and consumer."""
    return {
        "deadlines": lambda: watch_deadlines(runtime),
        "unanswered": lambda: watch_unanswered(runtime),
        "law": lambda: keep_law(runtime),
        **orders.tasks(runtime),
    }


async def watch_deadlines(runtime: Runtime) -> None:
    """Claim what has come due, batch after batch; after an empty look, wait a little."""
    while True:
        if await claim_batch(runtime, limit=CLAIM_BATCH_MAX) == 0:
            is_stepped = runtime.clock.stepped is not None
            await asyncio.sleep(LOOK_STEPPED_SECONDS if is_stepped else LOOK_SECONDS)


async def claim_batch(runtime: Runtime, *, limit: int) -> int:
    """One look, in one transaction; return how many deadlines were claimed."""
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        return await operations.claim_due(
            connection, source=runtime.source, now=runtime.clock.stepped, limit=limit
        )


async def watch_unanswered(runtime: Runtime) -> None:
    """Raise the alarm while an owner of an act does not answer the clock, and ask again."""
    while True:
        await report_unanswered(runtime)
        await ask_again(runtime)
        await asyncio.sleep(SILENCE_LOOK_SECONDS)


async def report_unanswered(runtime: Runtime) -> int:
    """Count the deadlines asked longer ago than `SILENCE_MAX`, in the gauge and in the log."""
    async with runtime.database.pool.acquire() as connection:
        silent = await queries.find_unanswered(
            connection, now=runtime.clock.stepped, silence=SILENCE_MAX, limit=SILENT_SHOWN_MAX
        )
    telemetry.DEADLINES_UNANSWERED.set(silent.deadlines)
    if silent.deadlines:
        telemetry.log.error(
            "deadlines_unanswered",
            count=silent.deadlines,
            tickets=[str(one) for one in silent.tickets],
        )
    return silent.deadlines


async def ask_again(runtime: Runtime) -> int:
    """Ask silent owners again, each at most once in `SILENCE_MAX`; return how many deadlines."""
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        return await operations.ask_again(
            connection,
            source=runtime.source,
            now=runtime.clock.stepped,
            silence=SILENCE_MAX,
            limit=CLAIM_BATCH_MAX,
        )
