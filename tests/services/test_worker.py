"""The working side: what fails is started again, what is our own fault stops and shows."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import asyncpg
import httpx
import pytest

from shared import worker
from shared.bus.postgres import PostgresBus
from shared.bus.protocol import Message
from shared.database import plain_url
from shared.events.catalogue import TOPICS
from shared.events.envelope import Event, Payload, encode
from shared.events.intake import TicketAmended
from shared.events.words import Service
from shared.inbox import Handlers, Heard, TooManyParked, Wait
from shared.runtime import Runtime
from shared.service import create_app
from shared.worker import Health, heard_topics, run_worker, supervise
from tests.conftest import run_sql
from tests.harness import eventually

INTAKE = "/530000/intake"


async def test_a_task_that_fails_is_started_again_after_a_growing_delay() -> None:
    health, starts = Health(), list[float]()

    async def fail() -> None:
        starts.append(time.monotonic())
        raise ConnectionError("gone")

    async with _running(supervise("intake.relay", fail, health=health, delay_seconds_max=0.3)):
        await eventually(lambda: _is(len(starts) >= 5))
    waits = [later - earlier for earlier, later in pairwise(starts)]
    assert waits[0] >= 0.1
    assert waits[1] >= 0.2
    assert all(0.3 <= wait < 3 for wait in waits[2:4])
    assert "gone" in health.failures["intake.relay"]


async def test_a_task_that_ends_by_itself_is_started_again() -> None:
    runs = list[int]()

    async def end() -> None:
        runs.append(1)

    async with _running(supervise("intake.relay", end, health=Health(), delay_seconds_max=0.1)):
        await eventually(lambda: _is(len(runs) >= 2))


async def test_a_task_that_runs_on_after_a_failure_counts_as_well_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "WELL_AFTER_SECONDS", 0.05)
    health, starts = Health(), list[int]()

    async def fail_once() -> None:
        starts.append(1)
        if len(starts) == 1:
            raise ConnectionError("gone")
        await asyncio.Event().wait()

    async with _running(supervise("intake.relay", fail_once, health=health, delay_seconds_max=0.1)):
        await eventually(lambda: _is("intake.relay" in health.failures))
        await eventually(lambda: _is("intake.relay" not in health.failures))
        assert len(starts) == 2


async def test_too_many_parked_stops_the_task_and_shows_in_readiness(frame: Runtime) -> None:
    health, starts = Health(), list[int]()

    async def fail() -> None:
        starts.append(1)
        raise TooManyParked("100 in a row")

    task = supervise("dispatch.consumer", fail, health=health, delay_seconds_max=0.1)
    await asyncio.wait_for(task, timeout=30)
    assert starts == [1]
    transport = httpx.ASGITransport(app=create_app(frame, [], health=health))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert "100 in a row" in answer.json()["failures"]["dispatch.consumer"]


@pytest.mark.parametrize(
    ("service", "topics"),
    [
        (Service.DISPATCH, ["oversight", "tickets"]),
        (Service.GATEWAY, ["directory", "knowledge", "oversight", "tickets"]),
        (Service.KNOWLEDGE, ["directory", "mirror", "tickets"]),
    ],
)
def test_a_service_reads_the_topics_that_carry_what_it_hears(
    service: Service, topics: list[str]
) -> None:
    heard = heard_topics(service)
    assert set(topics) <= set(heard)
    assert set(heard) <= set(TOPICS)


async def test_a_worker_sends_hears_and_goes_on_after_its_connections_are_killed(
    frame: Runtime,
) -> None:
    heard: list[tuple[str, int]] = []

    async def note(_: Heard, events: list[Event[Any]]) -> None:
        heard.extend((event.subject, event.sequence) for event in events)

    bus = await _bus(frame)
    health = Health()
    async with _running(run_worker(frame, bus, {TicketAmended: note}, health=health)):
        await _publish(bus, [("t1", 1), ("t2", 1)])
        await eventually(lambda: _is(len(heard) == 2))
        await run_sql(
            frame.settings.database_url,
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND application_name LIKE 'hotline-%'""",
        )
        await _publish(bus, [("t1", 2)])
        await eventually(lambda: _is(len(heard) == 3))
        await _say(frame, "own")
        await eventually(lambda: _is_sent(frame))
        await eventually(lambda: _is(not health.failures), what="a clean bill of health")
    assert heard == [("t1", 1), ("t2", 1), ("t1", 2)]


async def test_a_waiting_key_is_tried_again_by_itself(
    frame: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RETRY_WAITING_SECONDS", 0.05)
    known: set[str] = set()
    heard: list[tuple[str, int]] = []

    async def note(_: Heard, events: list[Event[Any]]) -> None:
        for event in events:
            if event.subject not in known:
                raise Wait(event.subject)
            heard.append((event.subject, event.sequence))

    bus = await _bus(frame)
    handlers: Handlers = {TicketAmended: note}
    async with _running(run_worker(frame, bus, handlers, health=Health())):
        await _publish(bus, [("t1", 1), ("t1", 2)])
        await eventually(lambda: _is_parked(frame, 2))
        known.add("t1")
        await eventually(lambda: _is_parked(frame, 0))
    assert heard == [("t1", 1), ("t1", 2)]


async def test_a_worker_forgets_messages_that_are_past_their_retention(frame: Runtime) -> None:
    bus = await _bus(frame, retention_days=0)
    await _publish(bus, [("t1", 1)])
    async with _running(run_worker(frame, bus, {}, health=Health())):
        await eventually(lambda: _is_forgotten(frame))


async def test_a_worker_forgets_answers_that_are_older_than_a_day(frame: Runtime) -> None:
    await frame.database.pool.execute(
        """INSERT INTO kept_answers (caller, path, key, body_hash, status, answer, kept_at)
        SELECT 'c', '/v1', n::text, '', 200, '', clock_timestamp() - n * interval '10 hours'
        FROM generate_series(1, 4) n"""
    )
    bus = await _bus(frame)
    async with _running(run_worker(frame, bus, {}, health=Health())):
        await eventually(lambda: _are_kept(frame, ["1", "2"]))


@asynccontextmanager
async def _running(work: Any) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _bus(frame: Runtime, *, retention_days: int = 30) -> PostgresBus:
    url = plain_url(frame.settings.database_url)
    await run_sql(url, "DROP SCHEMA IF EXISTS bus CASCADE")
    bus = PostgresBus(url, retention_days=retention_days)
    await bus.create_topics(list(TOPICS))
    return bus


async def _publish(bus: PostgresBus, events: Iterable[tuple[str, int]]) -> None:
    publisher = await bus.open_publisher()
    try:
        await publisher.publish(
            [
                Message("tickets", subject, encode(_event(INTAKE, subject, sequence)))
                for subject, sequence in events
            ]
        )
    finally:
        await publisher.close()


async def _say(frame: Runtime, subject: str) -> None:
    event = _event(frame.source, subject, 1)
    await frame.database.pool.execute(
        """INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
        VALUES ($1, 'tickets', $2, $3, $4)""",
        event.id,
        subject,
        event.data.type,
        encode(event).decode(),
    )


def _event(source: str, subject: str, sequence: int) -> Event[Payload]:
    time = datetime(2026, 7, 1, 9, tzinfo=UTC)
    return Event(source, subject, sequence, time, TicketAmended(addition="补充"))


async def _is(claim: object) -> bool:
    return bool(claim)


async def _is_sent(frame: Runtime) -> bool:
    return await frame.database.pool.fetchval("SELECT count(*) FROM outbox") == 0


async def _is_parked(frame: Runtime, count: int) -> bool:
    return bool(await frame.database.pool.fetchval("SELECT count(*) FROM parked") == count)


async def _is_forgotten(frame: Runtime) -> bool:
    connection = await asyncpg.connect(plain_url(frame.settings.database_url))
    try:
        return bool(await connection.fetchval("SELECT count(*) FROM bus.log") == 0)
    finally:
        await connection.close()


async def _are_kept(frame: Runtime, keys: list[str]) -> bool:
    rows = await frame.database.pool.fetch("SELECT key FROM kept_answers ORDER BY key")
    return [row["key"] for row in rows] == keys
