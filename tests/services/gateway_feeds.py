"""A gateway that hears, and units' systems that read their feed."""

from typing import Any
from uuid import UUID, uuid4

import httpx

from services.gateway.app import make_app
from services.gateway.consumer import handlers
from services.gateway.feeds.topics import WAITING
from shared.events.dispatch import TicketDispatched
from shared.events.intake import TicketCreated
from shared.events.words import Channel, RequestType, Role
from shared.runtime import Runtime
from tests.harness import Harness, token

WATER, ROADS, HOUSING = "512000-water", "512000-roads", "512000-housing"
CALLER = UUID("019f3a52-7c1e-7000-8000-00000000c001")


class Feeds:
    """A gateway that hears, and units' systems that read."""

    def __init__(self, harness: Harness, runtime: Runtime) -> None:
        self.harness, self.runtime = harness, runtime
        self.app = make_app(runtime, {})

    async def unit(self, code: str) -> httpx.AsyncClient:
        return await self.harness.client(
            self.app, token(self.harness.settings, Role.UNIT, unit=code)
        )

    async def hear(self, subject: str, *payloads: Any) -> None:
        events = [self.harness.event(payload, subject) for payload in payloads]
        await self.harness.hear(self.runtime, handlers(self.runtime), *events)

    async def dispatch(self, unit: str, *co_units: str, **more: Any) -> str:
        ticket = str(uuid4())
        await self.hear(ticket, created(**more), dispatched(unit, *co_units))
        return ticket

    async def all_written(self) -> bool:
        """Whether no unit's topic lacks a record."""
        return not await self.runtime.database.pool.fetch(WAITING)


def created(**more: Any) -> TicketCreated:
    filed: dict[str, Any] = {
        "number": "512000-261009-0000001",
        "jurisdiction": "512000",
        "request_type": RequestType.COMPLAINT,
        "title": "水管破裂",
        "content": "建设路水管破裂，路面积水。",
        "channel": Channel.PHONE,
        "caller_id": CALLER,
        "policy": "abc",
    }
    return TicketCreated(**(filed | more))


def dispatched(unit: str, *co_units: str, round_: int = 1) -> TicketDispatched:
    return TicketDispatched(
        unit=unit, unit_name=unit, round=round_, dispatched_by="system", co_units=co_units
    )
