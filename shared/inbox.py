"""What a service hears: batches of events, their effects and their offsets in one transaction.

`heard` keeps the last sequence of each source and subject: a repeat is dropped, a gap is seen.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared import telemetry
from shared.bus.protocol import Record, TopicPartition
from shared.database import Connection, Pool, is_transient
from shared.erasure import without_erased_words
from shared.events.envelope import BadEvent, Envelope, Payload, read
from shared.hearing import Queue, Taken, in_sequence, queues, waves
from shared.parked import BEHIND, GAP, POISON, WAITING, keep, lock_key, park, parked_keys

HEARD = """SELECT h.subject, h.source, h.sequence
FROM unnest($1::text[], $2::text[]) AS w (subject, source) JOIN heard h USING (subject, source)"""
HEAR = """INSERT INTO heard (subject, source, sequence)
SELECT * FROM unnest($1::text[], $2::text[], $3::int[])
ON CONFLICT (subject, source) DO UPDATE SET sequence = excluded.sequence"""
LOCK_OFFSETS = """SELECT o.topic, o.partition, o.next FROM offsets o
JOIN unnest($1::text[], $2::int[]) AS w (topic, partition) USING (topic, partition)
ORDER BY 1, 2 FOR UPDATE OF o"""
FIRST_OFFSETS = """INSERT INTO offsets (topic, partition, next)
SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[]) ON CONFLICT DO NOTHING"""
MOVE_OFFSETS = """UPDATE offsets o SET next = w.next
FROM unnest($1::text[], $2::int[], $3::bigint[]) AS w (topic, partition, next)
WHERE (o.topic, o.partition) = (w.topic, w.partition)"""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a handler works with: a connection inside the batch's transaction, and the time.

    `now` is none in ordinary life: statements then use the database's `clock_timestamp()`.
    """

    connection: Connection
    now: datetime | None


Handler = Callable[[Heard, list[Any]], Awaitable[None]]
"""Handles events of one kind; each subject stands in the list at most once."""
Handlers = Mapping[type[Payload], Handler]


class Fenced(Exception):
    """Another worker has moved on with these offsets: rejoin."""


class TooManyParked(Exception):
    """So many keys failed in a row that the fault is ours: stop, and let a person look."""


class Wait(Exception):
    """The handler needs something that it has not heard yet; the key is tried again by itself."""


class Gap(Exception):
    """An event is missing between the last one heard and this one."""


class Inbox:
    """The hearing of one service."""

    def __init__(
        self,
        pool: Pool,
        handlers: Handlers,
        *,
        service: str,
        source: str,
        parked_in_a_row_max: int,
    ) -> None:
        self._pool = pool
        self._handlers = {payload.type: (payload, handler) for payload, handler in handlers.items()}
        self._service = service
        self._source = source
        self._parked_in_a_row_max = parked_in_a_row_max
        self._parked_in_a_row = 0

    async def load_offsets(self) -> dict[TopicPartition, int]:
        """The offsets kept beside the effects."""
        rows = await self._pool.fetch("SELECT topic, partition, next FROM offsets")
        return {TopicPartition(row["topic"], row["partition"]): row["next"] for row in rows}

    async def handle(self, records: Sequence[Record], *, now: datetime | None) -> None:
        """Handle a batch, whole; if that fails, key by key, parking the keys that cannot succeed.

        Raises `Fenced`, `TooManyParked`, or what is transient: then nothing is changed.
        """
        try:
            await self._transaction(records, now, is_by_key=False)
        except (Fenced, TooManyParked):
            raise
        except Exception as error:
            if is_transient(error):
                raise
            telemetry.log.warning("batch_failed", service=self._service, error=repr(error))
            await self._transaction(records, now, is_by_key=True)

    async def replay(self, key: str, *, now: datetime | None, accept_gap: bool) -> int:
        """Handle the parked events of a key, in order; return how many left the parking place.

        Raises what the first event that cannot be handled raises: those before it are done with,
        it and the later ones stay. Raises what is transient: then nothing is changed.
        """
        failure: Exception | None = None
        async with self._pool.acquire() as connection, connection.transaction():
            await lock_key(connection, key)
            rows = await connection.fetch(
                "SELECT position, topic, key, message FROM parked WHERE key = $1 ORDER BY position",
                key,
            )
            records = [
                Record(row["topic"], 0, row["position"], row["key"], row["message"]) for row in rows
            ]
            queue = queues(records, waiting=(), own_source=self._source).get(key, Queue())
            queue.events = in_sequence(queue.events)
            done, failure = await self._until_failure(
                Heard(connection, now), queue.events, accept_gap=accept_gap
            )
            rest = [one.record for one in queue.events[done:]]
            if queue.bad is not None:
                failure = failure or BadEvent(queue.bad[1])
                rest += [queue.bad[0], *queue.behind]
            reason = _reason(failure) if failure else WAITING
            await keep(connection, key, rest, reason, repr(failure))
        if failure is not None:
            raise failure
        return len(rows)

    async def _transaction(
        self, records: Sequence[Record], now: datetime | None, *, is_by_key: bool
    ) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await self._advance(connection, records)
            heard = Heard(connection, now)
            waiting = await self._waiting_keys(connection, sorted({one.key for one in records}))
            found = queues(records, waiting=waiting, own_source=self._source)
            if is_by_key or any(queue.bad for queue in found.values()):
                in_a_row = await self._by_key(heard, found)
            else:
                events = [one for queue in found.values() for one in queue.events]
                await self._effect(heard, events, accept_gap=False)
                for queue in found.values():
                    await self._park_behind(connection, queue.behind)
                in_a_row = 0 if events else self._parked_in_a_row
        self._parked_in_a_row = in_a_row

    async def _advance(self, connection: Connection, records: Sequence[Record]) -> None:
        first: dict[TopicPartition, int] = {}
        last: dict[TopicPartition, int] = {}
        for record in records:
            part = TopicPartition(record.topic, record.partition)
            first.setdefault(part, record.offset)
            last[part] = record.offset + 1
        topics, partitions = [part.topic for part in last], [part.partition for part in last]
        stored = await connection.fetch(LOCK_OFFSETS, topics, partitions)
        if len(stored) < len(last):
            # Two workers may come to a new partition at once: both must lock the same row.
            await connection.execute(FIRST_OFFSETS, topics, partitions, list(first.values()))
            stored = await connection.fetch(LOCK_OFFSETS, topics, partitions)
        for row in stored:
            if row["next"] > first[TopicPartition(row["topic"], row["partition"])]:
                raise Fenced(f"{row['topic']}/{row['partition']}")
        await connection.execute(MOVE_OFFSETS, topics, partitions, list(last.values()))

    async def _waiting_keys(self, connection: Connection, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that have parked events; nobody replays them until our commit."""
        waiting = await parked_keys(connection, keys)
        for key in sorted(waiting):
            await lock_key(connection, key)
        return await parked_keys(connection, keys) if waiting else waiting

    async def _by_key(self, heard: Heard, found: Mapping[str, Queue]) -> int:
        """Handle key by key; return how many keys in a row failed, up to the last one.

        Raises `TooManyParked`. A key that only waits is no fault of anybody: it is not counted.
        """
        in_a_row = self._parked_in_a_row
        for queue in found.values():
            done, failure = await self._until_failure(heard, queue.events, accept_gap=False)
            in_a_row = 0 if done else in_a_row
            rest = [one.record for one in queue.events[done:]]
            if queue.bad is not None:
                failure = failure or BadEvent(queue.bad[1])
                rest += [queue.bad[0]]
            if failure is not None:
                in_a_row += not isinstance(failure, Wait)
                if in_a_row >= self._parked_in_a_row_max:
                    raise TooManyParked(f"{in_a_row} in a row: {failure!r}") from failure
                await self._park(heard.connection, rest[:1], _reason(failure), repr(failure))
            await self._park_behind(heard.connection, rest[1:] + queue.behind)
        return in_a_row

    async def _until_failure(
        self, heard: Heard, events: Sequence[Taken], *, accept_gap: bool
    ) -> tuple[int, Exception | None]:
        """Handle one after the other; how many were done, and why the next one was not.

        Raises what is transient.
        """
        for done, one in enumerate(events):
            try:
                async with heard.connection.transaction():
                    await self._effect(heard, [one], accept_gap=accept_gap)
            except Exception as error:
                if is_transient(error):
                    raise
                return done, error
        return len(events), None

    async def _park_behind(self, connection: Connection, records: Sequence[Record]) -> None:
        if records:
            await self._park(connection, records, WAITING, BEHIND)

    async def _park(
        self, connection: Connection, records: Sequence[Record], reason: str, detail: str
    ) -> None:
        telemetry.EVENTS_PARKED.labels(self._service, reason).inc(len(records))
        telemetry.log.error(
            "events_parked",
            service=self._service,
            key=records[0].key,
            count=len(records),
            reason=reason,
            detail=detail,
        )
        await park(connection, records, reason, detail)

    async def _effect(self, heard: Heard, parsed: Sequence[Taken], *, accept_gap: bool) -> None:
        fresh = await self._drop_repeats(heard.connection, parsed, accept_gap=accept_gap)
        fresh = await without_erased_words(heard.connection, fresh)
        for wave in waves(fresh):
            for name, envelopes in wave.items():
                payload, handler = self._handlers[name]
                events = [read(envelope, payload) for envelope in envelopes]
                await handler(heard, events)
        kinds: dict[str, int] = {}
        for envelope in fresh:
            kinds[envelope.type] = kinds.get(envelope.type, 0) + 1
        for kind, count in kinds.items():
            telemetry.EVENTS_HANDLED.labels(self._service, kind).inc(count)

    async def _drop_repeats(
        self, connection: Connection, parsed: Sequence[Taken], *, accept_gap: bool
    ) -> list[Envelope]:
        pairs = {(one.envelope.subject, one.envelope.source) for one in parsed}
        ordered = sorted(pairs)
        rows = await connection.fetch(
            HEARD, [subject for subject, _ in ordered], [source for _, source in ordered]
        )
        last = {(row["subject"], row["source"]): row["sequence"] for row in rows}
        fresh: list[Envelope] = []
        for one in parsed:
            envelope = one.envelope
            pair = (envelope.subject, envelope.source)
            before = last.get(pair, 0)
            if envelope.sequence <= before:
                telemetry.EVENTS_REPEATED.labels(self._service).inc()
                continue
            if envelope.sequence > before + 1 and not accept_gap:
                raise Gap(
                    f"{envelope.source} {envelope.subject}: {envelope.sequence} after {before}"
                )
            last[pair] = envelope.sequence
            if envelope.type in self._handlers:
                fresh.append(envelope)
        await connection.execute(
            HEAR,
            [subject for subject, _ in ordered],
            [source for _, source in ordered],
            [last[pair] for pair in ordered],
        )
        return fresh


def _reason(error: Exception) -> str:
    if isinstance(error, Gap):
        return GAP
    return WAITING if isinstance(error, Wait) else POISON
