"""Looks for orders whose time is over without an answer."""

import asyncio

from services.sla.orders import operations
from shared.runtime import Runtime
from shared.worker import Task

LATE_BATCH_MAX = 500
LOOK_SECONDS = 5.0
# A stepped clock moves weeks in a minute: it must not wait for us.
LOOK_STEPPED_SECONDS = 0.05


def tasks(runtime: Runtime) -> dict[str, Task]:
    """The loop of orders, beside the clock's own."""
    return {"orders": lambda: watch_orders(runtime)}


async def watch_orders(runtime: Runtime) -> None:
    """Mark what is late, batch after batch; after an empty look, wait a little."""
    while True:
        if await mark_batch(runtime, limit=LATE_BATCH_MAX) == 0:
            is_stepped = runtime.clock.stepped is not None
            await asyncio.sleep(LOOK_STEPPED_SECONDS if is_stepped else LOOK_SECONDS)


async def mark_batch(runtime: Runtime, *, limit: int) -> int:
    """One look, in one transaction; return how many orders were marked late."""
    now = runtime.clock.stepped
    async with runtime.database.pool.acquire() as connection, connection.transaction():
        if not await operations.is_any_late(connection, now=now):
            return 0
        law = await runtime.law_book.read(connection)
        return await operations.mark_late(
            connection, law, source=runtime.source, now=now, limit=limit
        )
