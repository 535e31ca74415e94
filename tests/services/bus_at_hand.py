"""A bus with topics of its own, and what a service would have stored beside its effects."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from shared.bus.kafka import KafkaBus
from shared.bus.protocol import Bus, Message, Publisher, Reader, Record, TopicPartition
from tests.harness import eventually
from tests.kafka import KafkaForTests


@dataclass
class BusAtHand:
    """A bus with topics of its own, and what a service would have stored beside its effects."""

    bus: Bus
    kind: str
    stack: AsyncExitStack
    topics: list[str]
    group: str = field(default_factory=lambda: f"group-{uuid4()}")
    offsets: dict[TopicPartition, int] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        """The first topic."""
        return self.topics[0]

    async def load_offsets(self) -> dict[TopicPartition, int]:
        """The stored offsets."""
        return dict(self.offsets)

    def store(self, records: list[Record]) -> None:
        """Store the offsets after these records, as a consumer does with its effects."""
        for record in records:
            self.offsets[TopicPartition(record.topic, record.partition)] = record.offset + 1

    async def publisher(self) -> Publisher:
        """A publisher, closed at the test's end."""
        publisher = await self.bus.open_publisher()
        self.stack.push_async_callback(publisher.close)
        return publisher

    async def reader(self) -> Reader:
        """A member of the group, closed at the test's end."""
        # The mock cluster waits 12 s before a group whose member has left takes another.
        group = f"group-{uuid4()}" if self.kind == "mock" else self.group
        reader = await self.bus.open_reader(group, self.topics, self.load_offsets)
        self.stack.push_async_callback(reader.close)
        return reader

    def needs_a_broker(self, why: str) -> None:
        """Skip on the mock cluster."""
        if self.kind == "mock":
            pytest.skip(f"librdkafka's mock cluster {why}")


async def read(reader: Reader, count: int, *, limit: int = 500) -> list[Record]:
    found: list[Record] = []

    async def has_all() -> bool:
        found.extend(await reader.fetch(limit, wait_seconds=0.2))
        return len(found) >= count

    await eventually(has_all, what=f"{count} records")
    assert len(found) == count
    return found


async def nothing_stored() -> dict[TopicPartition, int]:
    return {}


def kafka_bus(kafka: KafkaForTests, *, partitions: int = 3) -> KafkaBus:
    return KafkaBus(
        kafka.bootstrap_servers,
        partitions=partitions,
        replication=1,
        retention_days=1,
        stall_seconds_max=30,
    )


def messages(topic: str, keys: list[str], number: int) -> list[Message]:
    return [Message(topic, key, f"{number}".encode()) for key in keys]


def number_of(record: Record) -> int:
    return int(record.value)


def place_of(record: Record) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset
