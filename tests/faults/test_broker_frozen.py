"""A broker that answers nobody for a while: its clients are let go, and none stays behind."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from shared.bus.protocol import Message
from tests.harness import eventually
from tests.kafka import KafkaForTests
from tests.services.bus_at_hand import kafka_bus, nothing_stored, read

READERS = 4
HANGS_SECONDS = 60


async def test_clients_of_a_frozen_broker_are_let_go_and_leave_when_it_answers(
    breakable_kafka: KafkaForTests,
) -> None:
    tasks_before = len(asyncio.all_tasks())
    bus, topic = kafka_bus(breakable_kafka), f"topic-{uuid4()}"
    await bus.create_topics([topic])
    publisher = await bus.open_publisher()
    readers = [
        await bus.open_reader(f"{topic}-{n}", [topic], nothing_stored) for n in range(READERS)
    ]
    await publisher.publish([Message(topic, "a", b"0")])
    for reader in readers:
        await read(reader, 1)
    with frozen(breakable_kafka):
        async with asyncio.timeout(HANGS_SECONDS):
            await asyncio.gather(publisher.close(), *(reader.close() for reader in readers))

    async def all_have_left() -> bool:
        return len(asyncio.all_tasks()) <= tasks_before

    await eventually(all_have_left, what="the end of every task of the clients")


@contextmanager
def frozen(kafka: KafkaForTests) -> Iterator[None]:
    """The broker stands still, as on a machine that has no time for it."""
    assert kafka.broker is not None
    os.kill(kafka.broker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(kafka.broker.pid, signal.SIGCONT)
