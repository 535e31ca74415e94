"""Dispatch shows the very deadlines that sla counts, whatever is done to a ticket."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.sla.app import make_app as make_clock_app
from services.sla.consumer import handlers as clock_handlers
from shared.events.envelope import Event, Payload
from shared.events.intake import TicketAmended
from shared.events.words import RequestType, Role, Service, Urgency
from shared.inbox import Handlers
from shared.policy.load import pack_for
from shared.runtime import Runtime
from tests.harness import token
from tests.services.dispatch_desk import REPLY, RETURN, Desk, created, desk, get, ruled_desk

__all__ = ["desk", "ruled_desk"]

MONDAY = datetime(2026, 9, 14, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ACTS = 14
BODIES: dict[str, dict[str, Any]] = {
    "sign": {},
    "respond": {"text": "已到场"},
    "return": RETURN,
    "progress": {"text": "已更换"},
    "interim-close": {
        "progress": "已立案",
        "next_step": "调查",
        "promised_at": "2027-12-31T17:30:00+08:00",
    },
    "reply": REPLY,
    "redo": {"reason": "要素不齐"},
    "extend": {"working_days": 1, "reason": "情况复杂", "exceptional": True},
}
LIMIT = {"law": "《行政处罚法》", "article": "第六十条", "amount": 90, "unit": "calendar_days"}
RUNNING = """SELECT step, due_at, rule, source FROM sla.deadlines
WHERE ticket_id = $1 AND state IN ('running', 'asked') AND step <> 'follow-up'"""
# What the caller is asked is intake's to show: no unit owes it, and nothing of dispatch's ends it.


@dataclass
class Town:
    """Dispatch and sla on one database, and the words that pass between them."""

    desk: Desk
    clock: Runtime
    clock_handlers: Handlers
    passed: dict[Service, int] = field(default_factory=dict)

    async def hear(self, event: Event[Payload]) -> None:
        """Let both hear what intake says, then each the other."""
        await self.desk.hear(event)
        await self.desk.harness.hear(self.clock, self.clock_handlers, event)
        await self.pass_on()

    async def pass_on(self) -> None:
        """Let each hear what the other said, until both are silent."""
        harness = self.desk.harness
        while True:
            dispatch_said = await self._fresh(self.desk.runtime)
            clock_said = await self._fresh(self.clock)
            if not dispatch_said and not clock_said:
                return
            await harness.hear(self.clock, self.clock_handlers, *dispatch_said)
            await self.desk.hear(*clock_said)

    async def _fresh(self, runtime: Runtime) -> list[Event[Payload]]:
        said = await self.desk.harness.said(runtime)
        fresh = said[self.passed.get(runtime.service, 0) :]
        self.passed[runtime.service] = len(said)
        return fresh

    async def counted(self, ticket: str) -> dict[str, tuple[datetime, str, str]]:
        """What sla counts."""
        rows = await self.clock.database.pool.fetch(RUNNING, ticket)
        return {row["step"]: (row["due_at"], row["rule"], row["source"]) for row in rows}


async def open_town(desk: Desk) -> Town:
    clock = await desk.harness.runtime(Service.SLA)
    return Town(desk, clock, clock_handlers(clock))


async def clients(town: Town, unit: str) -> dict[str, httpx.AsyncClient]:
    """Who acts at which service."""
    harness, app = town.desk.harness, make_clock_app(town.clock)
    bearers = {
        "unit": token(harness.settings, Role.UNIT, unit=unit),
        "office": token(harness.settings, Role.SUPERVISOR),
    }
    return {
        **{name: await harness.client(town.desk.app, one) for name, one in bearers.items()},
        **{f"{name} at sla": await harness.client(app, one) for name, one in bearers.items()},
    }


async def act(town: Town, ticket: str, chance: random.Random) -> str:
    """Something that somebody does now; most of what is refused is refused for its state."""
    path = f"/v1/tickets/{ticket}"
    office = await town.desk.person(Role.SUPERVISOR)
    shown = await get(office, path)
    people = await clients(town, shown["unit"] or "")
    name = chance.choice([*BODIES, "sign", "reply", "redo", "decide-return", "amend", "set-limit"])
    if name == "amend":
        amended = TicketAmended(
            request_type=chance.choice(list(RequestType)),
            urgency=chance.choice([None, *Urgency]),
            reason="更正",
        )
        await town.hear(
            town.desk.harness.event(amended, ticket, time=town.desk.harness.clock.stepped)
        )
        return name
    if name == "decide-return":
        body: dict[str, Any] = {"decision": chance.choice(["granted", "rejected"])}
        body["reason"] = "经核实"
        await people["office"].post(f"{path}/{name}", json=body)
    elif name == "extend":
        await people["unit at sla"].post(f"{path}/extend", json=BODIES[name])
        told = {"extension": 1, "contact": "电话说明"}
        await people["unit at sla"].post(f"{path}/explain-extension", json=told)
        body = {"decision": "granted", "reason": "属实"}
        await people["office at sla"].post(f"{path}/decide-extension", json=body)
    elif name == "set-limit":
        body = LIMIT | {"ground": "law"}
        await people["unit at sla"].post(f"{path}/set-limit", json=body)
        body = {"is_confirmed": True, "reason": "属实"}
        await people["office at sla"].post(f"{path}/decide-limit", json=body)
    else:
        who = "office" if name == "redo" else "unit"
        await people[who].post(f"{path}/{name}", json=BODIES[name])
    await town.pass_on()
    return name


@pytest.mark.parametrize("place", ["512000", "530000", "532800", "620000"])
@pytest.mark.parametrize("seed", range(3))
async def test_answers_show_the_deadlines_that_the_clock_counts(
    ruled_desk: Desk, place: str, seed: int
) -> None:
    chance, clock = random.Random(f"{place}{seed}"), ruled_desk.harness.clock
    clock.stepped = MONDAY
    town = await open_town(ruled_desk)
    await town.pass_on()
    filed = created(
        policy=pack_for(place).content_hash,
        request_type=chance.choice(list(RequestType)),
        urgency=chance.choice(list(Urgency)),
    )
    ticket = "019a0000-0000-7000-8000-0000000000aa"
    await town.hear(ruled_desk.harness.event(filed, ticket, time=MONDAY))
    supervisor, done = await ruled_desk.person(Role.SUPERVISOR), list[str]()
    for _ in range(ACTS):
        shown = {
            one["step"]: (datetime.fromisoformat(one["due_at"]), one["rule"], one["source"])
            for one in (await get(supervisor, f"/v1/tickets/{ticket}"))["deadlines"]
        }
        counted = await town.counted(ticket)
        dues = [due_at for due_at, _, _ in (*shown.values(), *counted.values())]
        if min(dues, default=clock.stepped + MINUTE) <= clock.stepped:
            return  # A correction gave a time that is over: from here on it is for the judge.
        assert shown == counted, done
        wait = min(dues, default=clock.stepped + 3000 * MINUTE) - clock.stepped - MINUTE
        wait = max(min(wait, chance.randint(1, 2000) * MINUTE), timedelta(0))
        clock.step_to(clock.stepped + wait)
        done.append(await act(town, ticket, chance))
