"""The relay: ours beside the barest loop that claims, sends, waits and deletes."""

import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from uuid import uuid4

import aiokafka
import asyncpg
import uvloop

from bench.events import created_events
from bench.ground import Ground
from bench.report import Figure, of_limit
from shared.bus.choose import open_bus
from shared.bus.kafka import BATCH_BYTES_MAX
from shared.bus.protocol import Publisher
from shared.database import DirectConnection, plain_url, server_settings
from shared.events.envelope import encode
from shared.events.words import Service
from shared.outbox import DELETE, relay_batch
from shared.settings import Settings

EVENTS = 60_000
ROUNDS = 5
RATIO_MIN = 0.6
TOPIC = "tickets"
MAKE_BARE = """CREATE TABLE bare (LIKE outbox INCLUDING ALL);
ALTER TABLE bare SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)"""
FILL = """INSERT INTO {table} (id, aggregatetype, aggregateid, type, payload)
SELECT key || '.1', $2, key, 'ticket.created', replace($3, $4, key)
FROM (SELECT gen_random_uuid()::text AS key FROM generate_series(1, $1)) keys"""
CLAIM_BARE = "SELECT position, aggregateid, payload FROM bare ORDER BY position LIMIT $1"
DELETE_BARE = DELETE.replace("outbox", "bare")


def run(ground: Ground) -> list[Figure]:
    """The median of rounds taken in turn; the outbox is full before each."""
    return uvloop.run(_run(ground))


async def _run(ground: Ground) -> list[Figure]:
    assert ground.kafka is not None, "the runner skips this bench where there is no Kafka"
    events, rounds = (10_000, 1) if ground.is_quick else (EVENTS, ROUNDS)
    async with AsyncExitStack() as stack:
        settings = Settings(
            database_url=await stack.enter_async_context(ground.database()),
            kafka_bootstrap_servers=ground.kafka.bootstrap_servers,
            topic_prefix=f"{uuid4().hex[:8]}.",
        )
        connection = await asyncpg.connect(
            plain_url(settings.database_url),
            server_settings=server_settings(Service.INTAKE, settings),
        )
        stack.push_async_callback(connection.close)
        bus = open_bus(settings)
        await bus.create_topics([TOPIC])
        publisher = await bus.open_publisher()
        stack.push_async_callback(publisher.close)
        producer = await stack.enter_async_context(_bare_producer(settings))
        await connection.execute(MAKE_BARE)
        ours, bare = [], []
        # One round more than counts: a new topic has no leaders yet, a new producer knows none.
        for _ in range(rounds + 1):
            await _fill(connection, "bare", events)
            bare.append(events / await _relay_bare(connection, producer, settings))
            await _fill(connection, "outbox", events)
            ours.append(events / await _relay_ours(connection, publisher, settings))
    return [
        of_limit(
            "relay: outbox → Kafka, 500 a batch",
            "events/s",
            ours=statistics.median(ours[1:]),
            limit=statistics.median(bare[1:]),
            ratio_min=RATIO_MIN,
        )
    ]


def _bare_producer(settings: Settings) -> aiokafka.AIOKafkaProducer:
    """A producer that keeps the same promise and is tuned the same: the limit is the loop's."""
    return aiokafka.AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        acks="all",
        enable_idempotence=True,
        linger_ms=2,
        max_batch_size=BATCH_BYTES_MAX,
    )


async def _fill(connection: DirectConnection, table: str, events: int) -> None:
    event = created_events(1)[0]
    await connection.execute(f"TRUNCATE {table}")
    payload = encode(event).decode()
    await connection.execute(FILL.format(table=table), events, TOPIC, payload, event.subject)
    await connection.execute(f"VACUUM ANALYZE {table}")
    await connection.execute("SET ROLE NONE")
    await connection.execute("CHECKPOINT")
    await connection.execute("RESET ROLE")


async def _relay_ours(
    connection: DirectConnection, publisher: Publisher, settings: Settings
) -> float:
    began = time.perf_counter()
    while await relay_batch(connection, publisher, settings.relay_batch_max):
        pass
    return time.perf_counter() - began


async def _relay_bare(
    connection: DirectConnection, producer: aiokafka.AIOKafkaProducer, settings: Settings
) -> float:
    topic = settings.topic_prefix + TOPIC
    began = time.perf_counter()
    while rows := await connection.fetch(CLAIM_BARE, settings.relay_batch_max):
        sent = [
            await producer.send(
                topic, value=row["payload"].encode(), key=row["aggregateid"].encode()
            )
            for row in rows
        ]
        await asyncio.gather(*sent)
        await connection.execute(DELETE_BARE, [row["position"] for row in rows])
    return time.perf_counter() - began
