"""Removes what was uploaded and never used."""

import asyncio

from services.intake.attachments.operations import sweep
from services.intake.attachments.store import open_store
from shared.runtime import Runtime
from shared.telemetry import log
from shared.worker import Task

SWEEP_SECONDS = 600.0
SECONDS_PER_HOUR = 3600


def tasks(runtime: Runtime) -> dict[str, Task]:
    """The sweep; it says nothing and changes no ticket."""
    return {"attachments": lambda: _sweep_always(runtime)}


async def _sweep_always(runtime: Runtime) -> None:
    store = open_store(runtime.settings)
    while True:
        hours = runtime.settings.attachment_hours
        removed = await sweep(runtime.database.pool, store, seconds=hours * SECONDS_PER_HOUR)
        if removed:
            log.info("attachments_swept", count=removed)
        await asyncio.sleep(SWEEP_SECONDS)
