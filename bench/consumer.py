"""One consumer process: a batch in, its effects, its events and its offsets in one transaction.

dispatch hears new tickets, each of which it sends to a unit; sla and analytics hear whole lives.
"""

import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from uuid import uuid4

import uvloop

from bench.events import CATEGORIES, PLACES, PLATFORM, created_events, lives, unit_of
from bench.ground import Ground
from bench.report import Aim, Figure
from deploy import registry
from deploy.listen import keep_loaded
from services.analytics.operations import make_months
from shared.bus.choose import open_bus
from shared.bus.protocol import Message
from shared.clock import Clock
from shared.events.catalogue import TOPICS
from shared.events.envelope import Event, Payload, encode
from shared.events.words import Service
from shared.runtime import Runtime, open_runtime
from shared.settings import Settings
from shared.worker import heard_topics, make_inbox

EVENTS = 40_000
ROUNDS = 3
TARGET = 3_000
PUBLISH_BATCH = 2_000
QUIET_SECONDS_MAX = 30.0
ADD_UNITS = """INSERT INTO units (code, name, jurisdiction, is_active, sequence)
SELECT code, '承办单位', place, true, 1 FROM unnest($1::text[], $2::text[]) AS u (code, place)"""
ADD_RULES = """INSERT INTO duty_rules (id, jurisdiction, category, unit, priority)
SELECT code, place, category, code, 100
FROM unnest($1::text[], $2::text[], $3::text[]) AS r (code, place, category)"""
MAKE_BARE = """CREATE TABLE bare (subject text, source text, sequence int,
    PRIMARY KEY (subject, source, sequence))"""
HEAR_BARE = """INSERT INTO bare SELECT * FROM unnest($1::text[], $2::text[], $3::int[])
ON CONFLICT DO NOTHING"""


def run(ground: Ground) -> list[Figure]:
    """Each service alone on a fresh database, all on the same topics; the median of rounds."""
    return uvloop.run(_run(ground))


async def _run(ground: Ground) -> list[Figure]:
    assert ground.kafka is not None, "the runner skips this bench where there is no Kafka"
    count, rounds = (8_000, 1) if ground.is_quick else (EVENTS, ROUNDS)
    new, whole = created_events(count), lives(count // 4)
    figures = []
    for service, events, what in (
        (Service.DISPATCH, new, "new tickets, each sent to a unit"),
        (Service.SLA, whole, "lives of tickets"),
        (Service.ANALYTICS, whole, "lives of tickets"),
    ):
        settings = Settings(
            platform=PLATFORM,
            kafka_bootstrap_servers=ground.kafka.bootstrap_servers,
            topic_prefix=f"{uuid4().hex[:8]}.",
        )
        await _publish(settings, events)
        ours, bare = [], []
        for _ in range(rounds):
            async with ground.database() as url:
                at = settings.model_copy(update={"database_url": url})
                bare_seconds, our_seconds = await _measure(service, at, events)
            bare.append(len(events) / bare_seconds)
            ours.append(len(events) / our_seconds)
        figures.append(_figure(service, what, statistics.median(ours), statistics.median(bare)))
    return figures


def _figure(service: Service, what: str, ours: float, limit: float) -> Figure:
    return Figure(
        name=f"consumer of {service}: {what}",
        unit="events/s",
        ours=ours,
        limit=limit,
        ratio=ours / limit,
        aim=Aim.OURS_MIN,
        target=TARGET,
    )


async def _publish(settings: Settings, events: Sequence[Event[Payload]]) -> None:
    bus = open_bus(settings)
    await bus.create_topics(list(TOPICS))
    publisher = await bus.open_publisher()
    try:
        for begin in range(0, len(events), PUBLISH_BATCH):
            failures = await publisher.publish(
                [
                    Message(event.data.topic, event.subject, encode(event))
                    for event in events[begin : begin + PUBLISH_BATCH]
                ]
            )
            assert not any(failures)
    finally:
        await publisher.close()


async def _measure(
    service: Service, settings: Settings, events: Sequence[Event[Payload]]
) -> tuple[float, float]:
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(open_runtime(service, settings, Clock()))
        if service is Service.DISPATCH:
            await _fill_directory(runtime)
        if service is Service.ANALYTICS:
            async with runtime.database.pool.acquire() as connection:
                await make_months(connection, now=None, months_ahead=0)
        bare_seconds = await _hear_bare(runtime, events)
        our_seconds = await _consume(runtime, len(events))
        assert not await runtime.database.pool.fetchval("SELECT count(*) FROM parked")
        assert await runtime.database.pool.fetchval("SELECT sum(sequence) FROM heard") == (
            _heard_last(events)
        )
        if service is Service.DISPATCH:
            said = await runtime.database.pool.fetchval("SELECT count(*) FROM outbox")
            assert said == len(events), "not every ticket was dispatched"
    return bare_seconds, our_seconds


async def _fill_directory(runtime: Runtime) -> None:
    kinds = [(place, category) for place in PLACES for category in CATEGORIES]
    codes = [unit_of(place, category) for place, category in kinds]
    places, categories = [place for place, _ in kinds], [category for _, category in kinds]
    await runtime.database.pool.execute(ADD_UNITS, codes, places)
    await runtime.database.pool.execute(ADD_RULES, codes, places, categories)


async def _hear_bare(runtime: Runtime, events: Sequence[Event[Payload]]) -> float:
    size = runtime.settings.consumer_batch_max
    batches = [events[begin : begin + size] for begin in range(0, len(events), size)]
    async with runtime.database.pool.acquire() as connection:
        await connection.execute(MAKE_BARE)
        began = time.perf_counter()
        for batch in batches:
            async with connection.transaction():
                await connection.execute(
                    HEAR_BARE,
                    [event.subject for event in batch],
                    [event.source for event in batch],
                    [event.sequence for event in batch],
                )
        return time.perf_counter() - began


async def _consume(runtime: Runtime, count: int) -> float:
    """Seconds from the first batch at hand to the last commit."""
    inbox = make_inbox(runtime, registry.handlers_of(runtime))
    keep_loaded()
    reader = await open_bus(runtime.settings).open_reader(
        f"{PLATFORM}.{runtime.service}", heard_topics(runtime.service), inbox.load_offsets
    )
    try:
        handled, began, fetched_at = 0, 0.0, time.perf_counter()
        while handled < count:
            records = await reader.fetch(runtime.settings.consumer_batch_max, wait_seconds=1.0)
            if not records:
                assert time.perf_counter() - fetched_at < QUIET_SECONDS_MAX, "no records come"
                continue
            fetched_at = time.perf_counter()
            began = began or fetched_at
            await inbox.handle(records, now=None)
            handled += len(records)
        return time.perf_counter() - began
    finally:
        await reader.close()


def _heard_last(events: Sequence[Event[Payload]]) -> int:
    """The sum of the last sequence of each source and subject."""
    last = {(event.source, event.subject): event.sequence for event in events}
    return sum(last.values())
