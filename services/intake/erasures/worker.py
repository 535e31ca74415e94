"""Erases by night what was kept as long as it was needed."""

import asyncio
from datetime import datetime

from services.intake.attachments.store import Store, open_store
from services.intake.erasures.operations import erase_over_time, remove_files
from services.intake.erasures.rules import NIGHT_HOURS
from shared.calendars import BEIJING
from shared.runtime import Runtime
from shared.telemetry import log
from shared.worker import Task

LOOK_SECONDS = 600.0


def tasks(runtime: Runtime) -> dict[str, Task]:
    """The nightly erasure; it says `ticket.erased` for each ticket."""
    return {"erasures": lambda: _erase_by_night(runtime)}


async def erase_batch(runtime: Runtime, store: Store) -> int:
    """Erase one batch of what is over its time; return how many tickets."""
    pool = runtime.database.pool
    async with pool.acquire() as connection, connection.transaction():
        limit = runtime.settings.erasure_batch_max
        erased = await erase_over_time(connection, runtime, limit=limit)
    await remove_files(pool, store, erased.files)
    return erased.tickets


async def _erase_by_night(runtime: Runtime) -> None:
    store = open_store(runtime.settings)
    while True:
        is_night = datetime.now(BEIJING).hour in NIGHT_HOURS
        if is_night and runtime.settings.identity_retention_days > 0:
            while count := await erase_batch(runtime, store):
                log.info("tickets_erased", count=count)
        await asyncio.sleep(LOOK_SECONDS)
