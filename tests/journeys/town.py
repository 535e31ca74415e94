"""A city whose clock the test moves, and only when all that was said was heard."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiokafka
import httpx

from deploy.demo.drained import Watch, hearing, open_watch
from deploy.platform import Platform
from shared.calendars import BEIJING
from shared.clock import Clock
from shared.events.words import Role, Service
from shared.settings import Settings
from tests.journeys.city import City

ZIYANG = "512000"
FIRST, SECOND, THIRD = (f"{ZIYANG}-0{number}" for number in (1, 2, 3))
"""Units of Ziyang; the first has all matters of category 01."""
REQUEST = {
    "jurisdiction": ZIYANG,
    "type": "complaint",
    "title": "道路破损",
    "content": "建设路路面破损多日，行人和车辆通行不便，请尽快修复。",
    "channel": "phone",
    "category": "01",
}
REPLY = {
    "findings": "现场核实，路面破损约二十平方米。",
    "basis": "城市道路管理条例",
    "result": "已修复。",
    "contact": "已电话告知诉求人。",
    "checked_by": "YJ0201",
}
RETURN = {
    "ground": "not_our_duty",
    "reason": "该路段由交通部门养护。",
    "legal_basis": "公路法",
    "proposed_unit": THIRD,
}
LOOK_AFTER = timedelta(minutes=1)
"""How far the clock is past a deadline when it looks: nothing is done in between."""
SETTLED_SECONDS_MAX = 60.0
POLL_SECONDS = 0.005
LATE_ORDERS = """SELECT count(*) FILTER (WHERE due_at < $1) AS unmarked, min(due_at) AS due_at
FROM sla.orders WHERE state = 'issued' AND NOT is_overdue"""
OVERDUE = """SELECT data ->> 'step' AS step FROM analytics.events
WHERE type = 'ticket.overdue' AND subject = $1 ORDER BY 1"""


def beijing(moment: str) -> datetime:
    """A moment as people in the town write it."""
    return datetime.fromisoformat(moment).replace(tzinfo=BEIJING)


MONDAY = beijing("2026-03-02 10:00").astimezone(UTC)


@dataclass
class KafkaEnds:
    """How far Kafka's topics reach."""

    consumer: aiokafka.AIOKafkaConsumer
    settings: Settings

    async def read(self, topics: set[str]) -> dict[tuple[str, int], int]:
        """The offset that the next record of each partition will have."""
        partitions = range(self.settings.kafka_partitions)
        parts = {
            aiokafka.TopicPartition(self.settings.topic_prefix + topic, number): (topic, number)
            for topic in topics
            for number in partitions
        }
        ends = await self.consumer.end_offsets(list(parts))
        return {parts[part]: end for part, end in ends.items()}


@dataclass
class Town:
    """Ziyang's people, at the gateway, and its clock."""

    city: City
    clock: Clock
    watch: Watch
    kafka: KafkaEnds | None
    operator: httpx.AsyncClient
    unit: httpx.AsyncClient
    asker: httpx.AsyncClient
    supervisor: httpx.AsyncClient
    administrator: httpx.AsyncClient

    async def until(self, moment: str) -> None:
        """Let time pass, looking at each deadline on the way."""
        end = beijing(moment).astimezone(UTC)
        while True:
            next_at = await self.settle()
            assert self.clock.stepped is not None
            if self.clock.stepped >= end:
                return
            self.clock.step_to(end if next_at is None else min(end, next_at + LOOK_AFTER))

    async def settle(self) -> datetime | None:
        """Wait until all that was said was heard; return when the clock must look next."""
        sla = self.city.platform.runtimes[Service.SLA].database.pool
        failure, give_up_at = "", time.monotonic() + SETTLED_SECONDS_MAX
        while time.monotonic() < give_up_at:
            ends = await self._kafka_ends()
            unheard = await self._unheard(ends)
            (late,) = await sla.fetch(LATE_ORDERS, self.clock.stepped)
            # What came of the last event heard is in an outbox, or beyond the ends.
            waits, next_at = await self.watch.drained()
            if not (waits or late["unmarked"] or unheard) and await self._kafka_ends() == ends:
                moments = [at for at in (next_at, late["due_at"]) if at is not None]
                return min(moments, default=None)
            failure = f"{waits}, {late['unmarked']} orders, {unheard}"
            await asyncio.sleep(POLL_SECONDS)
        raise AssertionError(f"not heard: {failure}; {self.city.platform.health.failures}")

    async def file(self, **fields: Any) -> str:
        """The operator files a complaint, or what `fields` say; returns the ticket's path."""
        ticket = await self.post(self.operator, "/v1/tickets", **(REQUEST | fields))
        return f"/v1/tickets/{ticket['id']}"

    async def post(self, person: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
        """An act that is accepted, and heard by everybody."""
        answer = await person.post(path, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        await self.settle()
        found: dict[str, Any] = answer.json()
        return found

    async def refuse(self, person: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
        """An act that is refused; returns the problem."""
        answer = await person.post(path, json=body)
        assert answer.is_client_error, f"{path}: {answer.status_code} {answer.text}"
        problem: dict[str, Any] = answer.json()
        return problem

    async def get(self, person: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
        """What somebody looks up."""
        answer = await person.get(path, params=query)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    async def steps(self, path: str) -> dict[str, list[str]]:
        """The states of each step's deadlines, one for each version."""
        states: dict[str, list[str]] = {}
        for one in (await self.get(self.supervisor, f"{path}/deadlines"))["items"]:
            states.setdefault(one["step"], []).append(one["state"])
        return states

    async def running(self, path: str) -> dict[str, tuple[str, str]]:
        """When each step that runs is due, by which article; sla and dispatch must agree."""
        everything = (await self.get(self.supervisor, f"{path}/deadlines"))["items"]
        # The caller's time to answer is intake's own: dispatch does not show it.
        counted = [one for one in everything if one["step"] != "follow-up"]
        by_sla = {one["step"]: _due(one) for one in counted if one["state"] == "running"}
        shown = (await self.get(self.supervisor, path))["deadlines"]
        by_dispatch = {one["step"]: _due(one) for one in shown}
        over = {one["step"] for one in counted if one["state"] == "overdue"}
        assert by_dispatch.keys() <= by_sla.keys() | over
        assert {step: by_dispatch.get(step) for step in by_sla} == by_sla
        return by_sla

    async def overdue(self, path: str) -> list[str]:
        """The steps of which `ticket.overdue` was said, each as often as it was said."""
        pool = self.city.platform.runtimes[Service.ANALYTICS].database.pool
        return [row["step"] for row in await pool.fetch(OVERDUE, path.rpartition("/")[2])]

    async def _kafka_ends(self) -> dict[tuple[str, int], int]:
        if self.kafka is None:
            return {}
        topics = {topic for heard in hearing(self.city.platform).values() for topic in heard}
        return await self.kafka.read(topics)

    async def _unheard(self, ends: dict[tuple[str, int], int]) -> list[str]:
        if not ends:
            return []
        return await _behind(self.city.platform, ends)


@asynccontextmanager
async def open_town(city: City, clock: Clock, *, place: str = ZIYANG) -> AsyncIterator[Town]:
    """A place's people in a city whose directory everybody knows."""
    people = {
        "operator": await city.person(Role.OPERATOR, jurisdiction=place),
        "unit": await city.person(Role.UNIT, unit=f"{place}-01"),
        "asker": await city.person(Role.FOLLOW_UP, jurisdiction=place),
        "supervisor": await city.person(Role.SUPERVISOR, jurisdiction=place),
        "administrator": await city.person(Role.ADMINISTRATOR, jurisdiction="000000"),
    }
    async with open_watch(city.platform) as watch, _open_ends(city.settings) as ends:
        town = Town(city, clock, watch, ends, **people)
        await town.settle()
        yield town


@asynccontextmanager
async def _open_ends(settings: Settings) -> AsyncIterator[KafkaEnds | None]:
    if not settings.kafka_bootstrap_servers:
        yield None
        return
    consumer = aiokafka.AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers)
    await consumer.start()
    try:
        yield KafkaEnds(consumer, settings)
    finally:
        await consumer.stop()


async def _behind(platform: Platform, ends: dict[tuple[str, int], int]) -> list[str]:
    """The services that have not heard a topic to its end."""
    behind = []
    for service, topics in hearing(platform).items():
        rows = await platform.runtimes[service].database.pool.fetch(
            "SELECT topic, partition, next FROM offsets"
        )
        heard = {(row["topic"], row["partition"]): row["next"] for row in rows}
        behind += [
            f"{service} {topic}/{partition}"
            for (topic, partition), end in ends.items()
            if topic in topics and heard.get((topic, partition), 0) < end
        ]
    return behind


def _due(deadline: dict[str, Any]) -> tuple[str, str]:
    due_at = datetime.fromisoformat(deadline["due_at"]).astimezone(BEIJING)
    return f"{due_at:%Y-%m-%d %H:%M}", deadline["source"]
