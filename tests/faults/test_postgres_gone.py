"""PostgreSQL is away for ten seconds while tickets flow: nothing is parked, nothing is lost."""

import asyncio
from typing import Any

from deploy.platform import migrate_all
from shared.settings import Settings
from tests.faults import postgres
from tests.faults.town import Town, open_town
from tests.faults.traffic import Traffic
from tests.faults.truth import check_truth
from tests.harness import eventually

PEOPLE = 8
DOWN_SECONDS = 10
TICKETS_AROUND = 10


async def test_ten_seconds_without_postgres_park_nothing_and_lose_nothing(
    kafka_settings: Settings,
) -> None:
    with postgres.own_server() as server:
        settings = kafka_settings.model_copy(update={"database_url": server.get_uri()})
        await asyncio.to_thread(migrate_all, settings.database_url)
        async with open_town(settings) as town:
            await outlive(town, server)


async def outlive(town: Town, server: Any) -> None:
    """Go on working while the server is gone; then look."""
    traffic = Traffic(town)
    working = asyncio.create_task(traffic.run(people=PEOPLE))

    async def work() -> None:
        before = len(traffic.replied)

        async def is_done() -> bool:
            return working.done() or len(traffic.replied) >= before + TICKETS_AROUND

        await eventually(is_done, seconds=150, what="work")

    try:
        await work()
        await postgres.kill_and_restart(server, down_seconds=DOWN_SECONDS)
        await work()
        traffic.is_running = False
        async with asyncio.timeout(150):
            await working
    finally:
        working.cancel()
    await eventually(town.drained, seconds=150, what="a drained town")
    await check_truth(town, traffic)

    async def is_well() -> bool:
        return town.health.failures == {}

    await eventually(is_well, seconds=30, what="every task well again")
