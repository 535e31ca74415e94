"""Dispatch with its neighbours absent, and the people who work at it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from services.dispatch.app import make_app
from services.dispatch.consumer import handlers
from shared.events.dispatch import DeadlineJudged
from shared.events.envelope import Event, Payload
from shared.events.intake import TicketCreated
from shared.events.sla import PolicyPublished
from shared.events.words import Channel, RequestType, Role, Service
from shared.inbox import Handlers
from shared.policy.load import dump_pack, pack_for
from shared.policy.model import Pack
from shared.runtime import Runtime
from tests.harness import Harness, token

WATER, HOUSING, COUNTY = "512000-water", "512000-housing", "512021-office"
UNITS = {
    WATER: {"name": "资阳市水务局", "jurisdiction": "512000"},
    HOUSING: {"name": "资阳市住房和城乡建设局", "jurisdiction": "512000"},
    COUNTY: {"name": "安岳县信访局", "jurisdiction": "512021"},
}
RETURN = {
    "ground": "not_our_duty",
    "reason": "该路段由住建部门管养",
    "legal_basis": "《城市道路管理条例》第六条",
    "proposed_unit": HOUSING,
}
REPLY = {
    "findings": "管网破损属实",
    "basis": "《城市供水条例》第二十二条",
    "result": "已更换管段，恢复供水",
    "contact": "9月30日电话告知",
    "checked_by": "YJ0201",
}
Json = dict[str, Any]


@dataclass
class Desk:
    """Everything that a test of dispatch needs at hand."""

    harness: Harness
    runtime: Runtime
    app: FastAPI
    handlers: Handlers

    async def person(self, role: Role, **claims: Any) -> httpx.AsyncClient:
        """A client with a token for this role."""
        bearer = token(self.harness.settings, role, **claims)
        return await self.harness.client(self.app, bearer)

    async def unit(self, code: str) -> httpx.AsyncClient:
        """A client for somebody of a unit."""
        return await self.person(Role.UNIT, unit=code)

    async def hear(self, *events: Event[Payload]) -> None:
        """Let dispatch hear events."""
        await self.harness.hear(self.runtime, self.handlers, *events)

    async def tell(self, ticket_id: str, payload: Payload, *, time: datetime | None = None) -> None:
        """Let dispatch hear one event of a ticket."""
        await self.hear(self.harness.event(payload, ticket_id, time=time))

    async def file(self, *, time: datetime | None = None, **fields: Any) -> str:
        """A ticket as intake says it was created; its id."""
        ticket_id = str(uuid7())
        await self.tell(ticket_id, created(**fields), time=time)
        return ticket_id

    async def publish(self, pack: Pack) -> None:
        """A pack as sla publishes it."""
        payload = PolicyPublished(
            jurisdiction=pack.code,
            version=pack.version,
            effective_from=datetime(2026, 1, 1, tzinfo=UTC),
            hash=pack.content_hash,
            pack=orjson.dumps(dump_pack(pack)).decode(),
        )
        await self.tell(pack.code, payload)

    async def said(self, ticket_id: str | None = None) -> list[Event[Payload]]:
        """What dispatch said, of one ticket or of all subjects."""
        events = await self.harness.said(self.runtime)
        return [event for event in events if ticket_id in (None, event.subject)]

    async def said_types(self, ticket_id: str) -> list[str]:
        """The names of what dispatch said of a ticket; sequences without a gap."""
        events = await self.said(ticket_id)
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        return [event.data.type for event in events]

    async def judgements(self, ticket_id: str) -> list[DeadlineJudged]:
        """How dispatch answered the clock."""
        return [
            event.data
            for event in await self.said(ticket_id)
            if isinstance(event.data, DeadlineJudged)
        ]

    async def timeline(self, ticket_id: str) -> list[Json]:
        """The timeline as a supervisor sees it."""
        supervisor = await self.person(Role.SUPERVISOR)
        items: list[Json] = (await get(supervisor, f"/v1/tickets/{ticket_id}/timeline"))["items"]
        return items


def created(**fields: Any) -> TicketCreated:
    """What intake says of a request that was accepted."""
    values: Json = {
        "number": "512000-260914-0000001",
        "jurisdiction": "512000",
        "request_type": RequestType.COMPLAINT,
        "title": "停水三天",
        "content": "小区停水三天，无人处理。",
        "channel": Channel.PHONE,
        "category": "010203",
        "policy": pack_for("512000").content_hash,
        "caller_id": UUID(int=7),
        "filed_at": datetime(2026, 9, 14, 8, tzinfo=UTC),
    }
    return TicketCreated.model_validate(values | fields)


async def get(client: httpx.AsyncClient, path: str) -> Json:
    """What a call that must succeed answers."""
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


async def post(client: httpx.AsyncClient, path: str, body: Json, *, status: int = 200) -> Json:
    """What an act answers, with the status that it must have."""
    answer = await client.post(path, json=body)
    assert answer.status_code == status, answer.text
    told: Json = answer.json()
    return told


async def put(client: httpx.AsyncClient, path: str, body: Json, *, status: int = 200) -> Json:
    """The same for what is put."""
    answer = await client.put(path, json=body)
    assert answer.status_code == status, answer.text
    told: Json = answer.json()
    return told


@pytest.fixture
async def desk(harness: Harness) -> Desk:
    """Dispatch with three units and no duty rule."""
    runtime = await harness.runtime(Service.DISPATCH)
    desk = Desk(harness, runtime, make_app(runtime), handlers(runtime))
    administrator = await desk.person(Role.ADMINISTRATOR)
    for code, facts in UNITS.items():
        await put(administrator, f"/v1/units/{code}", facts)
    return desk


@pytest.fixture
async def ruled_desk(desk: Desk) -> Desk:
    """The same with rules: water to the water bureau, all else to the housing bureau."""
    administrator = await desk.person(Role.ADMINISTRATOR)
    water = {"jurisdiction": "512000", "category": "01", "unit": WATER}
    await put(administrator, "/v1/duty-rules/512000-0100", water)
    default = {"jurisdiction": "512000", "unit": HOUSING}
    await put(administrator, "/v1/duty-rules/512000-0000", default)
    return desk
