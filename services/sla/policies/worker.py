"""What sla does for the law by itself: publishes what is built in, finishes what was begun."""

import asyncio

from services.sla.calendars.recompute import recompute
from services.sla.policies.operations import publish_builtin
from shared import telemetry
from shared.runtime import Runtime

LOOK_SECONDS = 2.0


async def keep_law(runtime: Runtime) -> None:
    """Publish the built-in packs, once; then carry every new calendar to its end."""
    await publish_builtin_packs(runtime)
    while True:
        await recompute(runtime)
        await asyncio.sleep(LOOK_SECONDS)


async def publish_builtin_packs(runtime: Runtime) -> None:
    """Publish those built-in packs that are not published yet; any number of workers may try."""
    async with runtime.database.sessions() as session, session.begin():
        published = await publish_builtin(session, runtime)
    new = [one.pack.code for one in published if one.is_new]
    if new:
        telemetry.log.info("builtin_policies_published", jurisdictions=new)
