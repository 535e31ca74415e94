"""The whole platform in this process, on either bus."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from deploy.platform import Platform, open_platform
from deploy.trial import load_trial, trial_token
from shared.clock import Clock
from shared.events.words import Role
from shared.settings import Settings
from tests.harness import eventually
from tests.kafka import KafkaForTests


@dataclass
class City:
    """A platform with its trial directory, and the people who use it."""

    platform: Platform
    settings: Settings
    stack: AsyncExitStack

    async def person(
        self, role: Role, *, jurisdiction: str | None = None, unit: str | None = None
    ) -> httpx.AsyncClient:
        """Somebody at the gateway."""
        bearer = trial_token(self.settings, role, jurisdiction=jurisdiction, unit=unit)
        return await self.stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=self.platform.app, raise_app_exceptions=False),
                base_url="http://gateway",
                headers={"Authorization": f"Bearer {bearer}"},
                timeout=30,
            )
        )


async def open_city(settings: Settings, stack: AsyncExitStack) -> City:
    """A platform that is ready to take requests."""
    platform = await stack.enter_async_context(open_platform(settings, Clock()))
    city = City(platform, settings, stack)
    administrator = await city.person(Role.ADMINISTRATOR, jurisdiction="000000")
    await load_trial(administrator, settings, places=("512000", "532800"))

    async def is_ready() -> bool:
        return (await administrator.get("/readyz")).is_success

    await eventually(is_ready, seconds=30, what="readiness")
    return city


@pytest.fixture(params=["postgres", "kafka"])
async def city(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[City]:
    """A platform on the PostgreSQL bus, then one on Kafka."""
    if request.param == "kafka":
        kafka: KafkaForTests = request.getfixturevalue("kafka")
        if kafka.kind != "broker":
            pytest.skip("journeys on Kafka need a real broker")
        settings = settings.model_copy(
            update={
                "kafka_bootstrap_servers": kafka.bootstrap_servers,
                "topic_prefix": f"{uuid4().hex[:8]}.",
                "kafka_partitions": 3,
            }
        )
    async with AsyncExitStack() as stack:
        yield await open_city(settings, stack)
