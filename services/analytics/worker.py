"""What analytics does by itself."""

import asyncio

from services.analytics.operations import make_months
from shared.runtime import Runtime
from shared.worker import Task

MONTHS_AHEAD = 3
SECONDS_BETWEEN_LOOKS = 6 * 3600


def tasks(runtime: Runtime) -> dict[str, Task]:
    """The loops of analytics, by name."""

    async def make_coming_months() -> None:
        while True:
            async with runtime.database.pool.acquire() as connection, connection.transaction():
                await make_months(connection, now=runtime.clock.stepped, months_ahead=MONTHS_AHEAD)
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)

    return {"months": make_coming_months}
