"""The bus on Kafka. The one module that knows aiokafka."""

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

import aiokafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, for_code

from shared import telemetry
from shared.bus.protocol import LoadOffsets, Message, Publisher, Reader, Record, TopicPartition

REQUEST_TIMEOUT_MILLISECONDS = 10_000
SESSION_TIMEOUT_MILLISECONDS = 10_000
JOIN_TIMEOUT_MILLISECONDS = 15_000
"""Longer than a session: a broker answers who joins when members that are gone have run out."""
ANSWER_SECONDS_MAX = 30
STOP_SECONDS_MAX = 10
TOPIC_EXISTS = 36
MESSAGE_BYTES_MAX = 4_194_304
BATCH_BYTES_MAX = 262_144
"""What the relay sends at once must fit into one batch a partition: with aiokafka's own 16 KB it
takes several round trips, one after the other."""
TOPIC_BYTES_MAX = 2 * MESSAGE_BYTES_MAX
"""A broker that refused what the producer takes would refuse all that is sent along with it."""
LEAVING: set[asyncio.Future[None]] = set()
"""Clients that are on their way out, so that nobody collects them before."""


class Client(Protocol):
    """What aiokafka's clients have in common."""

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Say goodbye and disconnect."""


class Stalled(Exception):
    """Records wait and none come: the reader must be made anew."""


class KafkaBus:
    """Opens publishers and readers on one cluster."""

    def __init__(
        self,
        bootstrap_servers: str,
        *,
        partitions: int,
        replication: int,
        retention_days: int,
        stall_seconds_max: float,
        prefix: str = "",
    ) -> None:
        self._prefix = prefix
        self._bootstrap_servers = bootstrap_servers
        self._partitions = partitions
        self._replication = replication
        self._retention_days = retention_days
        self._stall_seconds_max = stall_seconds_max

    async def create_topics(self, topics: Sequence[str]) -> None:
        """Make the topics that are missing. Raises `KafkaError`, or `TimeoutError`."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap_servers)
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                await admin.start()
                answer = await admin.create_topics([self._topic(topic) for topic in topics])
            for topic, code, *_ in answer.topic_errors:
                if code not in (0, TOPIC_EXISTS):
                    raise for_code(code)(topic)
        finally:
            await admin.close()

    def _topic(self, name: str) -> NewTopic:
        return NewTopic(
            name=self._prefix + name,
            num_partitions=self._partitions,
            replication_factor=self._replication,
            topic_configs={
                "retention.ms": str(self._retention_days * 86_400_000),
                "max.message.bytes": str(TOPIC_BYTES_MAX),
            },
        )

    async def open_publisher(self) -> Publisher:
        """A publisher that waits for all replicas and sends nothing twice by itself."""
        producer = aiokafka.AIOKafkaProducer(
            bootstrap_servers=self._bootstrap_servers,
            acks="all",
            enable_idempotence=True,
            linger_ms=2,
            max_batch_size=BATCH_BYTES_MAX,
            request_timeout_ms=REQUEST_TIMEOUT_MILLISECONDS,
            max_request_size=MESSAGE_BYTES_MAX,
        )
        await _start(producer)
        return KafkaPublisher(producer, self._prefix)

    async def open_reader(
        self, group: str, topics: Sequence[str], load_offsets: LoadOffsets
    ) -> Reader:
        """A member of the group; partitions are read from the stored offsets on."""
        consumer = aiokafka.AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap_servers,
            group_id=self._prefix + group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION_TIMEOUT_MILLISECONDS,
            heartbeat_interval_ms=2_000,
            max_poll_interval_ms=300_000,
            request_timeout_ms=JOIN_TIMEOUT_MILLISECONDS,
        )
        reader = KafkaReader(consumer, load_offsets, self._stall_seconds_max, self._prefix)
        consumer.subscribe(
            topics=[self._prefix + topic for topic in topics], listener=_SeekStored(reader)
        )
        await _start(consumer)
        return reader

    async def forget_old(self) -> int:
        """Nothing: the brokers do it by themselves."""
        return 0


class KafkaPublisher:
    """Sends through one producer."""

    def __init__(self, producer: aiokafka.AIOKafkaProducer, prefix: str) -> None:
        self._producer = producer
        self._prefix = prefix

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        """Send all and wait. A message that can never be sent is its own failure.

        Raises `KafkaError`, or `TimeoutError`, for anything else: an idempotent producer may have
        to be made anew, and one that a broker has forgotten may wait without an end.
        """
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            return await self._publish(messages)

    async def _publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        results: list[Exception | None] = [None] * len(messages)
        pending: list[asyncio.Future[object]] = []
        for place, message in enumerate(messages):
            try:
                pending.append(
                    await self._producer.send(
                        self._prefix + message.topic, value=message.value, key=message.key.encode()
                    )
                )
            except MessageSizeTooLargeError as error:
                results[place] = error
        for outcome in await asyncio.gather(*pending, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
        return results

    async def close(self) -> None:
        """Stop the producer; what it still holds is sent again by the next one."""
        await _stop(self._producer)


class KafkaReader:
    """Reads as a member of a group; Kafka itself keeps no offsets of ours."""

    def __init__(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        load_offsets: LoadOffsets,
        stall_seconds_max: float,
        prefix: str,
    ) -> None:
        self._prefix = prefix
        self._consumer = consumer
        self._load_offsets = load_offsets
        self._stall_seconds_max = stall_seconds_max
        self._progress_at = time.monotonic()
        self.seek_failure: Exception | None = None

    async def fetch(self, limit: int, wait_seconds: float) -> list[Record]:
        """Up to `limit` records.

        Raises `Stalled`, `KafkaError`, `TimeoutError`, or why the offsets are unknown.
        """
        if self.seek_failure is not None:
            raise self.seek_failure
        # Its own limit does not count while the group shares out its partitions.
        async with asyncio.timeout(wait_seconds + ANSWER_SECONDS_MAX):
            found = await self._consumer.getmany(
                timeout_ms=int(wait_seconds * 1000), max_records=limit
            )
        records = [
            Record(
                part.topic.removeprefix(self._prefix),
                part.partition,
                record.offset,
                (record.key or b"").decode(errors="replace"),
                record.value,
            )
            for part, chunk in found.items()
            for record in chunk
        ]
        if records:
            self._progress_at = time.monotonic()
        elif time.monotonic() - self._progress_at > self._stall_seconds_max:
            # A position that nobody knows is waited for without an end.
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                await self._check_progress()
        return records

    async def rewind(self) -> None:
        """Seek all partitions at hand to the stored offsets."""
        await self.seek_stored(self._consumer.assignment())

    async def seek_stored(self, parts: set[aiokafka.TopicPartition]) -> None:
        """Seek to the stored offsets, or to the begin where none is stored."""
        stored = await self._load_offsets()
        unknown = []
        for part in parts:
            offset = stored.get(
                TopicPartition(part.topic.removeprefix(self._prefix), part.partition)
            )
            if offset is None:
                unknown.append(part)
            else:
                self._consumer.seek(part, offset)
        if unknown:
            await self._consumer.seek_to_beginning(*unknown)

    async def close(self) -> None:
        """Leave the group."""
        await _stop(self._consumer)

    async def _check_progress(self) -> None:
        """Nothing came for long: all is well only where the ends of the log are reached."""
        parts = self._consumer.assignment()
        if not parts:
            # Another member may hold all partitions; a new membership is cheap and certain.
            raise Stalled("no partition assigned")
        ends = await self._consumer.end_offsets(list(parts))
        for part, end in ends.items():
            if await self._consumer.position(part) < end:
                raise Stalled(f"{part.topic}/{part.partition}")
        self._progress_at = time.monotonic()


class _SeekStored(aiokafka.ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, reader: KafkaReader) -> None:
        self._reader = reader

    async def on_partitions_revoked(self, revoked: list[aiokafka.TopicPartition]) -> None:
        """Offsets are fenced where they are stored: nothing to finish here."""

    async def on_partitions_assigned(self, assigned: list[aiokafka.TopicPartition]) -> None:
        try:
            await self._reader.seek_stored(set(assigned))
        except Exception as error:
            # aiokafka only logs it, and would read from the begin of the log.
            self._reader.seek_failure = error


async def _start(client: Client) -> None:
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            await client.start()
    except BaseException:
        await _stop(client)
        raise


async def _stop(client: Client) -> None:
    """A client that cannot say goodbye in time goes on trying, and we go on without it.

    It is never cancelled: aiokafka takes a cancellation for the end of a task of its own, and
    then waits for the others without an end.
    """
    stopping = asyncio.ensure_future(client.stop())
    LEAVING.add(stopping)
    stopping.add_done_callback(_has_left)
    await asyncio.wait({stopping}, timeout=STOP_SECONDS_MAX)


def _has_left(stopping: asyncio.Future[None]) -> None:
    LEAVING.discard(stopping)
    if not stopping.cancelled() and (error := stopping.exception()):
        telemetry.log.info("client_left_in_disorder", error=repr(error))


__all__ = ["KafkaBus", "KafkaError", "Stalled"]
