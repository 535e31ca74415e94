"""Calendars for the tests of sla: files loaded over REST, tickets that they touch or do not."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from services.sla.app import make_app
from shared.events.words import Role, Step
from tests.harness import token
from tests.services.sla_tickets import HOUR, Sla, created, dispatched, signed

YEARS_END = datetime.fromisoformat("2026-12-28T09:00+08:00")
"""A Monday: seven working days later is 6 January if New Year's Day works, else the 7th."""
STATE = """SELECT ticket_id, step, version, due_at, warn_at, next_at, state, provisional, rule
FROM deadlines ORDER BY ticket_id, step, version"""


async def load(sla: Sla, text: str, *, status: int = 201) -> dict[str, Any]:
    bearer = token(sla.harness.settings, Role.ADMINISTRATOR, jurisdiction="000000")
    office = await sla.harness.client(make_app(sla.runtime), bearer)
    body = {"file": "notice.toml", "text": text}
    answer = await office.post("/v1/calendars", json=body)
    assert answer.status_code == status, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def handled(sla: Sla, at: datetime, *, place: str = "512000") -> UUID:
    """A complaint that was accepted, dispatched and signed within an hour."""
    ticket = uuid4()
    await sla.hear(created(place), at, ticket=ticket)
    await sla.hear(dispatched(), at + HOUR / 2, ticket=ticket)
    await sla.hear(signed(), at + HOUR, ticket=ticket)
    return ticket


async def due(sla: Sla, ticket: UUID) -> str:
    """When handling is due, in Beijing time, by its last version."""
    rows = [row for row in await everything(sla) if row["ticket_id"] == ticket]
    row = [one for one in rows if one["step"] == Step.HANDLE][-1]
    return f"{row['due_at'].astimezone(YEARS_END.tzinfo):%m-%d %H:%M}"


async def everything(sla: Sla) -> list[asyncpg.Record]:
    return await sla.runtime.database.pool.fetch(STATE)
