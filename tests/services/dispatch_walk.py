"""Random acts of random persons on real tickets of dispatch, for the stateful test."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import uvloop

from services.dispatch.app import make_app
from services.dispatch.consumer import handlers
from shared.clock import Clock
from shared.events.dispatch import TicketDispatched
from shared.events.knowledge import ArticlePublished
from shared.events.words import Act, Role, Service
from shared.settings import Settings
from tests.harness import Harness
from tests.services.dispatch_desk import COUNTY, HOUSING, REPLY, RETURN, WATER, Desk, get, post, put

PLANT, GOVERNMENT, PROVINCE = "512000-plant", "512000-government", "510000-office"
UNITS: dict[str, dict[str, Any]] = {
    PROVINCE: {"name": "省某厅", "jurisdiction": "510000"},
    GOVERNMENT: {"name": "市政府", "jurisdiction": "512000"},
    WATER: {"name": "水务局", "jurisdiction": "512000", "superior": GOVERNMENT},
    PLANT: {"name": "水厂", "jurisdiction": "512000", "superior": WATER},
    HOUSING: {"name": "住建局", "jurisdiction": "512000", "superior": GOVERNMENT},
    COUNTY: {"name": "安岳县信访局", "jurisdiction": "512021"},
}
PEOPLE: dict[str, tuple[Role, dict[str, Any]]] = {
    "operator": (Role.OPERATOR, {}),
    "provincial operator": (Role.OPERATOR, {"jurisdiction": "510000"}),
    "county supervisor": (Role.SUPERVISOR, {"jurisdiction": "512021"}),
    "supervisor": (Role.SUPERVISOR, {}),
    "follow-up": (Role.FOLLOW_UP, {}),
    "coordination": (Role.COORDINATION, {}),
    "leader": (Role.LEADER, {}),
    "elsewhere": (Role.SUPERVISOR, {"jurisdiction": "530000"}),
    **{f"{unit} first": (Role.UNIT, {"unit": unit}) for unit in UNITS},
    **{f"{unit} second": (Role.UNIT, {"unit": unit}) for unit in (WATER, GOVERNMENT)},
}
NOT_HERE = {
    # Intake's own, which come as events; a case has its own test and a road of its own.
    *(Act.WITHDRAW, Act.RATE, Act.FOLLOW_UP, Act.SCREEN, Act.DECIDE_SCREENING),
    *(Act.DECIDE_CASE, Act.CLOSE, Act.AMEND),
}


@dataclass
class Walk:
    """Dispatch with its people, its units and what was filed before."""

    desk: Desk
    runner: asyncio.Runner
    people: dict[str, httpx.AsyncClient]
    earlier: str = ""
    article: str = ""
    mains: dict[str | None, str] = field(default_factory=dict)
    """Open tickets that others may be linked to, by the unit complained of."""
    cases: dict[str, str] = field(default_factory=dict)

    def run(self, coroutine: Any) -> Any:
        """Do something in the walk's own loop."""
        return self.runner.run(coroutine)

    def body(self, act: Act, shown: dict[str, Any], about_unit: str | None) -> dict[str, Any]:
        """Good input for an act on a ticket as it stands."""
        handled = shown["handled_in"]
        lead = WATER if about_unit != WATER else GOVERNMENT
        lead = {"512021": COUNTY, "510000": PROVINCE}.get(handled or "", lead)
        other = next(unit for unit in (HOUSING, GOVERNMENT) if unit != (shown["unit"] or lead))
        reply = {key: value for key, value in REPLY.items() if key != "checked_by"}
        bodies: dict[Act, dict[str, Any]] = {
            Act.DISPATCH: {"unit": lead, "reason": "属其职责", "co_units": [other]},
            Act.MOVE: {
                "to_jurisdiction": "512021" if handled is None else "512000",
                "reason": "转",
            },
            Act.LINK: {"main": self.mains[about_unit], "reason": "同一事项"},
            Act.SPLIT: {"reason": "不是一事"},
            Act.RESPOND: {"text": "已到场"},
            Act.REFUSE: {"ground": "litigation", "reason": "法院已立案"},
            Act.ANSWER: {"article": self.article, "text": "凭身份证到窗口办理"},
            Act.HAND_OVER: {"line": "110", "way": "transfer", "note": "已与接警员核对"},
            Act.RETURN: RETURN,
            Act.SEND_BACK: RETURN,
            Act.PROGRESS: {"text": "已更换"},
            Act.INTERIM_CLOSE: {
                "progress": "已立案",
                "next_step": "调查",
                "promised_at": "2099-12-31T17:30:00+08:00",
            },
            Act.REPLY: reply | {"without": "协办意见已口头征询"},
            Act.TERMINATE: {
                "opinion": "已三次依法处理",
                "script": "不予退费",
                "explanation": "已当面解释",
                "earlier": [self.earlier],
            },
            Act.DECIDE_RETURN: {"decision": "rejected", "reason": "属其职责"},
            Act.CHECK_REPLY: {"passed": True},
            Act.CHOOSE_CO_UNITS: {"co_units": [other], "reason": "涉及其职责"},
            Act.CO_REPLY: {"findings": "属实", "basis": "条例", "result": "已恢复"},
            Act.COORDINATE: {"kind": "no_lead", "reason": "职责不清"},
            Act.REDO: {"reason": "结果不实"},
        }
        return bodies.get(act, {})


@contextmanager
def open_walk(url: str) -> Iterator[Walk]:
    """Dispatch on a migrated database, with a loop of its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = AsyncExitStack()
        harness = Harness(Settings(database_url=url), Clock(), stack)
        walk = runner.run(_open(harness, runner))
        yield walk
        runner.run(stack.aclose())


async def _open(harness: Harness, runner: asyncio.Runner) -> Walk:
    runtime = await harness.runtime(Service.DISPATCH)
    desk = Desk(harness, runtime, make_app(runtime), handlers(runtime))
    administrator = await desk.person(Role.ADMINISTRATOR, jurisdiction="510000")
    for code, facts in UNITS.items():
        await put(administrator, f"/v1/units/{code}", facts)
    people = {
        name: await desk.person(role, subject=name, **claims)
        for name, (role, claims) in PEOPLE.items()
    }
    walk = Walk(desk, runner, people)
    walk.mains = {about: await desk.file(about_unit=about) for about in (None, WATER, PLANT)}
    walk.earlier, walk.article = await desk.file(), str(uuid4())
    facts = {"jurisdiction": "512000", "unit": WATER, "title": "须知", "body": "免费"}
    await desk.tell(walk.article, ArticlePublished(**facts, version=1))
    water = people[f"{WATER} first"]
    path = f"/v1/tickets/{walk.earlier}"
    await post(people["operator"], f"{path}/dispatch", {"unit": WATER, "reason": "属其职责"})
    await post(water, f"{path}/sign", {})
    await post(water, f"{path}/reply", REPLY)
    assert (await get(water, path))["state"] == "replied"
    assert TicketDispatched.type in await desk.said_types(walk.earlier)
    return walk
