"""The launcher brings a real broker, keeps its data through a crash, and says soon if it cannot."""

import asyncio
import time
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.kafka.broker import Broker, BrokerUnavailable, fetch_jars
from tests.kafka import KafkaForTests, mock_cluster


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A PATH of our own, with a java that is never called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    _script(folder / "java", "exit 1")
    return folder


async def test_a_message_survives_a_killed_broker(breakable_kafka: KafkaForTests) -> None:
    broker, servers = breakable_kafka.broker, breakable_kafka.bootstrap_servers
    assert broker
    topic = f"crash-{uuid4()}"
    await _create_topic(servers, topic)
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer:
        await producer.send_and_wait(topic, "投诉".encode(), key=b"ticket-1")

    broker.kill()
    assert not broker.is_running
    broker.restart()

    assert broker.bootstrap_servers == servers
    record = await _first_record(servers, topic)
    assert (record.key, record.value) == (b"ticket-1", "投诉".encode())


async def test_the_shared_kafka_takes_a_message(kafka: KafkaForTests) -> None:
    await _send_and_read(kafka)


async def test_the_mock_cluster_takes_a_message() -> None:
    with mock_cluster() as mock:
        await _send_and_read(mock)


def test_a_missing_java_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnavailable, match="java is not installed"):
        fetch_jars(tmp_path / "cache", environment={"PATH": str(tmp_path)})


def test_a_missing_maven_is_said_at_once(tmp_path: Path, programs: Path) -> None:
    with pytest.raises(BrokerUnavailable, match="mvn is not installed"):
        fetch_jars(tmp_path / "cache", environment={"PATH": str(programs)})


def test_a_silent_registry_is_decided_within_the_deadline(tmp_path: Path, programs: Path) -> None:
    _script(programs / "mvn", f"echo $$ > {tmp_path}/pid; /bin/sleep 600 & wait")
    started = time.monotonic()
    with pytest.raises(BrokerUnavailable, match="did not answer within 1 seconds"):
        fetch_jars(tmp_path / "cache", 1, environment={"PATH": str(programs)})
    assert time.monotonic() - started < 5
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()


def test_a_registry_that_refuses_is_named(tmp_path: Path, programs: Path) -> None:
    _script(programs / "mvn", "echo 'unknown host'; exit 1")
    with pytest.raises(BrokerUnavailable, match="cannot be reached: unknown host"):
        fetch_jars(tmp_path / "cache", environment={"PATH": str(programs)})


def test_a_broken_download_leaves_nothing_in_the_cache(tmp_path: Path, programs: Path) -> None:
    answers_probe_only = 'case "$*" in *validate) exit 0;; *) echo half; exit 1;; esac'
    _script(programs / "mvn", answers_probe_only)
    with pytest.raises(BrokerUnavailable, match="could not fetch Kafka: half"):
        fetch_jars(tmp_path / "cache", environment={"PATH": str(programs)})
    assert not list((tmp_path / "cache").rglob("jars*"))


def test_a_full_cache_needs_no_maven(tmp_path: Path, programs: Path) -> None:
    makes_jars = 'for each; do case "$each" in *Directory=*) /bin/mkdir "${each#*=}";; esac; done'
    _script(programs / "mvn", makes_jars)
    jars = fetch_jars(tmp_path / "cache", environment={"PATH": str(programs)})
    (programs / "mvn").unlink()
    assert fetch_jars(tmp_path / "cache", environment={"PATH": str(programs)}) == jars


def test_a_broker_that_cannot_start_says_why(tmp_path: Path, programs: Path) -> None:
    _script(programs / "java", "echo 'no room'; exit 1")
    broker = Broker(tmp_path, environment={"PATH": str(programs)})
    with pytest.raises(BrokerUnavailable, match="no room"):
        broker.start(tmp_path / "data")
    assert not broker.is_running


async def _send_and_read(kafka: KafkaForTests) -> None:
    topic = f"shared-{uuid4()}"
    servers = kafka.bootstrap_servers
    if kafka.kind == "broker":
        await _create_topic(servers, topic)
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer:
        await producer.send_and_wait(topic, b"value", key=b"key")
    record = await _first_record(servers, topic)
    assert (record.key, record.value) == (b"key", b"value")


async def _create_topic(servers: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=3, replication_factor=1)])
    finally:
        await admin.close()


async def _first_record(servers: str, topic: str) -> ConsumerRecord:
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=servers, group_id=topic, auto_offset_reset="earliest"
    ) as consumer:
        return await asyncio.wait_for(consumer.getone(), 60)


def _script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n", "utf-8")
    path.chmod(0o755)
