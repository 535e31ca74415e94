"""People who ask for more time, decide it, and enter limits, for the tests of sla."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from services.sla.app import make_app
from shared.events.intake import TicketCreated
from shared.events.words import RequestType, Role
from tests.harness import token
from tests.services.sla_tickets import UNIT, Sla, created, dispatched, signed

PLACES = {"512000": "512000-001", "532800": "532800-001", "530000": "530000-001"}


@dataclass
class Desk:
    """A unit and the hotline office of one place, at one ticket."""

    sla: Sla
    unit: str
    of_unit: httpx.AsyncClient
    office: httpx.AsyncClient

    async def act(
        self, who: httpx.AsyncClient, act: str, body: dict[str, Any], *, at: str | None = None
    ) -> httpx.Response:
        """Step the clock to a time in Beijing, and act on the ticket."""
        if at is not None:
            self.sla.harness.clock.step_to(beijing(at))
        return await who.post(f"/v1/tickets/{self.sla.ticket}/{act}", json=body)

    async def extend(
        self, working_days: int, *, at: str | None = None, **more: Any
    ) -> httpx.Response:
        """The unit asks for more time."""
        body = {"working_days": working_days, "reason": "需更换整段地下电缆", **more}
        return await self.act(self.of_unit, "extend", body, at=at)

    async def explain(self, *, at: str | None = None) -> httpx.Response:
        """The unit tells the caller of its last application."""
        shown = await self.of_unit.get(f"/v1/tickets/{self.sla.ticket}/deadlines")
        number = len(shown.json().get("extensions", ())) or 1
        body = {"extension": number, "contact": "3月9日电话说明延期原因"}
        return await self.act(self.of_unit, "explain-extension", body, at=at)

    async def decide(self, decision: str, *, at: str | None = None, **more: Any) -> httpx.Response:
        """The hotline office decides; what it grants, the unit has told the caller."""
        if decision == "granted":
            await self.explain(at=at)
        body = {"decision": decision, "reason": "情况属实", **more}
        return await self.act(self.office, "decide-extension", body, at=at)

    async def set_limit(self, *, at: str | None = None, **more: Any) -> httpx.Response:
        """The unit enters a limit set by law."""
        body = {
            "ground": "law",
            "law": "中华人民共和国行政处罚法",
            "article": "第六十条",
            "amount": 90,
            "unit": "calendar_days",
            **more,
        }
        return await self.act(self.of_unit, "set-limit", body, at=at)

    async def decide_limit(
        self, *, at: str | None = None, is_confirmed: bool = True
    ) -> httpx.Response:
        """The hotline office confirms it, or does not."""
        body = {"is_confirmed": is_confirmed, "reason": "经核属实"}
        return await self.act(self.office, "decide-limit", body, at=at)

    async def handle(self, version: int = 1) -> tuple[str, str]:
        """The state and due time, in Beijing, of a version of the handling time."""
        row = await self.sla.runtime.database.pool.fetchrow(
            "SELECT state, due_at FROM deadlines WHERE ticket_id = $1 AND step = 'handle'"
            " AND version = $2",
            self.sla.ticket,
            version,
        )
        assert row is not None, f"there is no version {version}"
        return row["state"], clock_time(row["due_at"])


async def open_desk(
    sla: Sla,
    request_type: RequestType = RequestType.COMPLAINT,
    *,
    jurisdiction: str = "512000",
    at: str = "2026-03-02T09:00",
    policy: str | None = None,
) -> Desk:
    """A ticket that was accepted, dispatched and signed at one moment, and its people."""
    unit = PLACES.get(jurisdiction, UNIT)
    moment = beijing(at)
    filed = created(jurisdiction, policy=policy).model_copy(update={"request_type": request_type})
    assert isinstance(filed, TicketCreated)
    await sla.hear(filed, moment)
    await sla.hear(dispatched(unit), moment)
    await sla.hear(signed(unit), moment)
    return Desk(
        sla,
        unit,
        of_unit=await person(sla, Role.UNIT, jurisdiction=jurisdiction, unit=unit),
        office=await person(sla, Role.SUPERVISOR, jurisdiction=jurisdiction),
    )


async def person(sla: Sla, role: Role, **where: Any) -> httpx.AsyncClient:
    """A client of sla with a role."""
    return await sla.harness.client(
        make_app(sla.runtime), token(sla.harness.settings, role, **where)
    )


def beijing(text: str) -> datetime:
    """A time without a zone, in Beijing."""
    return datetime.fromisoformat(f"{text}+08:00")


def clock_time(at: datetime) -> str:
    """A time as these tests write it: in Beijing, to the minute."""
    offset = beijing("2026-01-01T00:00").tzinfo
    return f"{at.astimezone(offset):%Y-%m-%dT%H:%M}"


async def said_of(sla: Sla, kind: type[Any]) -> list[Any]:
    """What sla said of its ticket, of one kind."""
    return [one for one in await sla.said() if isinstance(one, kind)]


async def nothing_changed(desk: Desk) -> None:
    """A refused call left no row, said nothing and moved nothing."""
    pool = desk.sla.runtime.database.pool
    for table in ("extensions", "limits"):
        count = await pool.fetchval(
            f"SELECT count(*) FROM {table} WHERE ticket_id = $1", desk.sla.ticket
        )
        assert count == 0
    assert await desk.sla.said() == []
    assert set(await desk.sla.states()) == {"dispatch 1", "sign 1", "handle 1"}


def refused(answer: httpx.Response, code: str, allowed: list[str]) -> None:
    """A call was refused with this code, and with what is allowed."""
    assert answer.status_code == 409, answer.text
    assert (answer.json()["code"], answer.json()["allowed"]) == (code, allowed)
