"""The whole platform in this process, on either bus."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from shared.clock import Clock
from shared.settings import Settings
from tests.journeys.city import City, open_city
from tests.journeys.town import MONDAY, Town, open_town
from tests.kafka import KafkaForTests


@pytest.fixture
def bus_settings(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Settings for Kafka where there is a real broker, else for the PostgreSQL bus.

    `BOTH_BUSES` asks for one after the other.
    """
    wanted: str | None = getattr(request, "param", None)
    if wanted == "postgres":
        return settings
    kafka: KafkaForTests = request.getfixturevalue("kafka")
    if kafka.kind != "broker":
        if wanted is None:
            return settings
        pytest.skip("journeys on Kafka need a real broker")
    return settings.model_copy(
        update={
            "kafka_bootstrap_servers": kafka.bootstrap_servers,
            "topic_prefix": f"{uuid4().hex[:8]}.",
            "kafka_partitions": 3,
        }
    )


@pytest.fixture
async def city(bus_settings: Settings) -> AsyncIterator[City]:
    """A platform whose clock is the database's."""
    async with AsyncExitStack() as stack:
        yield await open_city(bus_settings, stack, Clock())


@pytest.fixture
async def town(bus_settings: Settings) -> AsyncIterator[Town]:
    """A platform whose clock stands at `MONDAY` until a test moves it."""
    async with AsyncExitStack() as stack:
        clock = Clock(stepped=MONDAY)
        city = await open_city(bus_settings, stack, clock)
        yield await stack.enter_async_context(open_town(city, clock))
