"""One contract for both buses: the log in PostgreSQL, and Kafka."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from itertools import groupby
from uuid import uuid4

import pytest
from aiokafka.errors import KafkaError

import shared.bus.kafka
from shared.bus.choose import open_bus
from shared.bus.kafka import KafkaBus
from shared.bus.postgres import PostgresBus, UnknownTopic
from shared.bus.protocol import Bus, Message, Record, TopicPartition
from shared.settings import Settings
from tests.kafka import KafkaForTests
from tests.services.bus_at_hand import (
    BusAtHand,
    kafka_bus,
    messages,
    nothing_stored,
    number_of,
    place_of,
    read,
)

WRITERS = 8
MESSAGES_PER_WRITER = 60


@pytest.fixture(params=["postgres", "kafka"])
async def at_hand(request: pytest.FixtureRequest, log_url: str) -> AsyncIterator[BusAtHand]:
    """Each bus in turn."""
    topics = [f"topic-{uuid4()}" for _ in range(2)]
    bus: Bus
    if request.param == "postgres":
        bus, kind = PostgresBus(log_url, retention_days=30), "postgres"
    else:
        kafka: KafkaForTests = request.getfixturevalue("kafka")
        kind = kafka.kind
        bus = kafka_bus(kafka)
    if kind != "mock":
        await bus.create_topics(topics)
    async with AsyncExitStack() as stack:
        yield BusAtHand(bus, kind, stack, topics)


async def test_messages_of_one_key_keep_their_order(at_hand: BusAtHand) -> None:
    publisher = await at_hand.publisher()
    for number in range(40):
        await publisher.publish(messages(at_hand.topic, ["a", "b", "c"], number))
    records = await read(await at_hand.reader(), 120)
    for key in ("a", "b", "c"):
        assert [number_of(record) for record in records if record.key == key] == list(range(40))


async def test_one_call_keeps_the_order_of_a_key(at_hand: BusAtHand) -> None:
    publisher = await at_hand.publisher()
    batch = [m for number in range(50) for m in messages(at_hand.topic, ["a", "b"], number)]
    assert await publisher.publish(batch) == [None] * 100
    records = await read(await at_hand.reader(), 100)
    assert [number_of(record) for record in records if record.key == "a"] == list(range(50))


async def test_offsets_of_a_partition_go_up(at_hand: BusAtHand) -> None:
    publisher = await at_hand.publisher()
    await publisher.publish([m for n in range(30) for m in messages(at_hand.topic, ["a"], n)])
    records = await read(await at_hand.reader(), 30)
    assert {record.partition for record in records} == {records[0].partition}
    offsets = [record.offset for record in records]
    assert offsets == sorted(set(offsets))


async def test_a_reader_starts_where_the_stored_offsets_say(at_hand: BusAtHand) -> None:
    publisher = await at_hand.publisher()
    await publisher.publish([m for n in range(10) for m in messages(at_hand.topic, ["a"], n)])
    first = await at_hand.reader()
    at_hand.store((await read(first, 10))[:4])
    await first.close()
    again = await read(await at_hand.reader(), 6)
    assert [number_of(record) for record in again] == [4, 5, 6, 7, 8, 9]


async def test_offsets_restored_from_a_backup_skip_nothing(at_hand: BusAtHand) -> None:
    publisher = await at_hand.publisher()
    await publisher.publish([m for n in range(10) for m in messages(at_hand.topic, ["a"], n)])
    first = await at_hand.reader()
    records = await read(first, 10)
    at_hand.store(records)
    await first.close()
    at_hand.store(records[:2])
    again = await read(await at_hand.reader(), 8)
    assert [number_of(record) for record in again] == list(range(2, 10))


async def test_a_batch_that_failed_is_given_again_after_a_rewind(at_hand: BusAtHand) -> None:
    publisher = await at_hand.publisher()
    await publisher.publish([m for n in range(6) for m in messages(at_hand.topic, ["a", "b"], n)])
    reader = await at_hand.reader()
    first = await read(reader, 12)
    await reader.rewind()
    again = await read(reader, 12)
    assert sorted(map(place_of, again)) == sorted(map(place_of, first))


async def test_a_second_member_takes_over_when_the_first_closes(at_hand: BusAtHand) -> None:
    at_hand.needs_a_broker("lets members of a group race")
    publisher = await at_hand.publisher()
    await publisher.publish([m for n in range(5) for m in messages(at_hand.topic, ["a"], n)])
    first = await at_hand.reader()
    at_hand.store(await read(first, 5))
    joining = asyncio.create_task(at_hand.reader())
    await first.close()
    second = await asyncio.wait_for(joining, timeout=60)
    await publisher.publish([m for n in range(5, 9) for m in messages(at_hand.topic, ["a"], n)])
    assert [number_of(record) for record in await read(second, 4)] == [5, 6, 7, 8]


async def test_nothing_is_skipped_when_several_write_at_once(at_hand: BusAtHand) -> None:
    """A reader at `id > last` loses what commits later with a smaller id; ours must not."""
    reader = await at_hand.reader()
    total = WRITERS * MESSAGES_PER_WRITER
    reading = asyncio.create_task(read(reader, total, limit=7))
    async with asyncio.TaskGroup() as group:
        for writer in range(WRITERS):
            group.create_task(_write(at_hand, f"writer-{writer}"))
    records = await reading
    assert len({place_of(record) for record in records}) == total
    for key, own in groupby(sorted(records, key=lambda record: record.key), lambda r: r.key):
        assert [number_of(record) for record in own] == list(range(MESSAGES_PER_WRITER)), key


async def test_a_position_never_shows_before_a_smaller_one(log_url: str) -> None:
    """The trap itself: an append that is not committed holds back all later ones of its topic."""
    bus = PostgresBus(log_url, retention_days=30)
    topic = f"topic-{uuid4()}"
    await bus.create_topics([topic])
    async with AsyncExitStack() as stack:
        slow, quick = [await bus.open_publisher() for _ in range(2)]
        stack.push_async_callback(slow.close)
        stack.push_async_callback(quick.close)
        reader = await bus.open_reader(topic, [topic], nothing_stored)
        stack.push_async_callback(reader.close)
        async with slow._connection.transaction():  # type: ignore[attr-defined]
            await slow.publish([Message(topic, "slow", b"0")])
            waiting = asyncio.create_task(quick.publish([Message(topic, "quick", b"0")]))
            assert await reader.fetch(10, wait_seconds=0.1) == []
            assert not waiting.done()
        await waiting
        assert [record.key for record in await read(reader, 2)] == ["slow", "quick"]


async def test_messages_of_all_topics_come(at_hand: BusAtHand) -> None:
    publisher = await at_hand.publisher()
    for topic in at_hand.topics:
        await publisher.publish(messages(topic, ["a"], 1))
    records = await read(await at_hand.reader(), 2)
    assert {record.topic for record in records} == set(at_hand.topics)


async def test_a_topic_in_the_second_place_is_not_starved(at_hand: BusAtHand) -> None:
    publisher = await at_hand.publisher()
    await publisher.publish([m for n in range(30) for m in messages(at_hand.topics[0], ["a"], n)])
    await publisher.publish(messages(at_hand.topics[1], ["b"], 0))
    records = await read(await at_hand.reader(), 31, limit=5)
    assert {record.topic for record in records} == set(at_hand.topics)


async def test_a_fetch_gives_no_more_than_its_limit(at_hand: BusAtHand) -> None:
    publisher = await at_hand.publisher()
    for topic in at_hand.topics:
        await publisher.publish(messages(topic, ["a", "b", "c", "d"], 1))
    reader = await at_hand.reader()
    found: list[Record] = []
    while len(found) < 8:
        records = await reader.fetch(3, wait_seconds=5)
        assert len(records) <= 3
        found += records
    assert len(set(map(place_of, found))) == 8


async def test_an_empty_fetch_returns_within_its_wait(at_hand: BusAtHand) -> None:
    reader = await at_hand.reader()
    async with asyncio.timeout(20):
        assert await reader.fetch(10, wait_seconds=0.3) == []


async def test_a_waiting_fetch_is_woken_by_a_message(at_hand: BusAtHand) -> None:
    publisher, reader = await at_hand.publisher(), await at_hand.reader()
    await reader.fetch(10, wait_seconds=0.5)
    waiting = asyncio.create_task(read(reader, 1))
    await publisher.publish(messages(at_hand.topic, ["a"], 7))
    assert [number_of(record) for record in await asyncio.wait_for(waiting, 30)] == [7]


async def test_values_come_back_byte_for_byte(at_hand: BusAtHand) -> None:
    publisher = await at_hand.publisher()
    value = "路灯不亮\x00".encode() + bytes(range(256))
    await publisher.publish([Message(at_hand.topic, "键", value)])
    [record] = await read(await at_hand.reader(), 1)
    assert (record.key, record.value) == ("键", value)


async def test_making_topics_again_keeps_what_is_in_them(at_hand: BusAtHand) -> None:
    at_hand.needs_a_broker("has no topic admin")
    publisher = await at_hand.publisher()
    await publisher.publish(messages(at_hand.topic, ["a"], 1))
    await at_hand.bus.create_topics([*at_hand.topics, f"topic-{uuid4()}"])
    assert len(await read(await at_hand.reader(), 1)) == 1


async def test_a_topic_that_nobody_made_fails_loudly(
    at_hand: BusAtHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared.bus.kafka, "REQUEST_TIMEOUT_MILLISECONDS", 1_500)
    at_hand.needs_a_broker("makes any topic that is named")
    publisher = await at_hand.publisher()
    with pytest.raises((UnknownTopic, KafkaError)):
        await publisher.publish([Message(f"nobody-made-{uuid4()}", "a", b"0")])


async def test_a_message_that_is_too_large_fails_alone(kafka: KafkaForTests) -> None:
    if kafka.kind == "mock":
        pytest.skip("librdkafka's mock cluster has no topic admin, so no limits of its own")
    bus, topic = kafka_bus(kafka, partitions=1), f"topic-{uuid4()}"
    await bus.create_topics([topic])
    publisher = await bus.open_publisher()
    try:
        sizes = [10, 1_500_000, 4_300_000, 10]
        failures = await publisher.publish([Message(topic, "a", b"x" * size) for size in sizes])
    finally:
        await publisher.close()
    assert [failure is None for failure in failures] == [True, True, False, True]


async def test_the_postgres_bus_forgets_what_is_older_than_its_retention(
    log_url: str,
) -> None:
    bus = PostgresBus(log_url, retention_days=0)
    topic = f"topic-{uuid4()}"
    await bus.create_topics([topic])
    publisher = await bus.open_publisher()
    try:
        await publisher.publish(messages(topic, ["a", "b"], 1))
        assert await bus.forget_old() >= 2
        await publisher.publish(messages(topic, ["a"], 2))
    finally:
        await publisher.close()
    reader = await bus.open_reader(topic, [topic], nothing_stored)
    try:
        assert [record.offset for record in await read(reader, 1)] == [2]
    finally:
        await reader.close()


async def test_a_reader_that_cannot_load_its_offsets_leaves_no_lock(log_url: str) -> None:
    bus = PostgresBus(log_url, retention_days=30)
    topic = f"topic-{uuid4()}"
    await bus.create_topics([topic])

    async def fail() -> dict[TopicPartition, int]:
        raise ConnectionError("the database is gone")

    with pytest.raises(ConnectionError):
        await bus.open_reader(topic, [topic], fail)
    reader = await asyncio.wait_for(bus.open_reader(topic, [topic], nothing_stored), timeout=30)
    await reader.close()


@pytest.mark.parametrize(("servers", "kind"), [("", PostgresBus), ("127.0.0.1:9092", KafkaBus)])
def test_the_settings_choose_the_bus(servers: str, kind: Callable[..., Bus]) -> None:
    settings = Settings(database_url="postgresql://localhost/none", kafka_bootstrap_servers=servers)
    assert type(open_bus(settings)) is kind


async def _write(at_hand: BusAtHand, key: str) -> None:
    publisher = await at_hand.publisher()
    for number in range(0, MESSAGES_PER_WRITER, 3):
        chunk = range(number, number + 3)
        await publisher.publish([m for n in chunk for m in messages(at_hand.topic, [key], n)])
