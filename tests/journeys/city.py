"""The whole platform in this process with its trial directory, and the people who use it."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import pytest

from deploy.platform import Platform, open_platform
from deploy.trial import load_trial, trial_token
from shared.clock import Clock
from shared.events.words import Role
from shared.settings import Settings
from tests.harness import eventually

BOTH_BUSES = pytest.mark.parametrize("bus_settings", ["postgres", "kafka"], indirect=True)
"""For what must be seen on the bus of one machine and on a broker."""


@dataclass
class City:
    """A platform with its trial directory, and the people who use it."""

    platform: Platform
    settings: Settings
    stack: AsyncExitStack

    async def person(
        self,
        role: Role,
        *,
        jurisdiction: str | None = None,
        unit: str | None = None,
        person: str = "",
    ) -> httpx.AsyncClient:
        """Somebody at the gateway; `person` tells colleagues of one role apart."""
        bearer = trial_token(
            self.settings, role, jurisdiction=jurisdiction, unit=unit, person=person
        )
        return await self.stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=self.platform.app, raise_app_exceptions=False),
                base_url="http://gateway",
                headers={"Authorization": f"Bearer {bearer}"},
                timeout=30,
            )
        )


async def open_city(settings: Settings, stack: AsyncExitStack, clock: Clock) -> City:
    """A platform that is ready to take requests."""
    platform = await stack.enter_async_context(open_platform(settings, clock))
    city = City(platform, settings, stack)
    administrator = await city.person(Role.ADMINISTRATOR, jurisdiction="000000")
    await load_trial(administrator, settings, places=("512000", "532800"))

    async def is_ready() -> bool:
        return (await administrator.get("/readyz")).is_success

    await eventually(is_ready, seconds=60, what="readiness")
    return city
