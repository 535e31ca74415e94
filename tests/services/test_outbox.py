"""What a service says is sent in order, by one relay, and nothing of it is ever lost."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
import pytest

from shared import outbox
from shared.bus.protocol import Message, Publisher
from shared.database import is_transient, plain_url, server_settings
from shared.events.dispatch import TicketSigned, TicketWithdrawn
from shared.events.envelope import Event, Payload, parse
from shared.runtime import Runtime
from tests.conftest import run_sql
from tests.harness import eventually

LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
END_RELAY = """SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


@dataclass
class RecordingPublisher:
    """A bus in memory that fails where a test says so."""

    sent: list[tuple[str, int]] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    refuses: Callable[[Message], bool] = lambda _: False
    is_gone: bool = False

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        """Take the messages, or refuse some of them."""
        if self.is_gone:
            raise ConnectionError("the bus is gone")
        self.calls.append(len(messages))
        results: list[Exception | None] = []
        for message in messages:
            if self.refuses(message):
                results.append(ValueError("too large"))
                continue
            self.sent.append((message.key, parse(message.value).sequence))
            results.append(None)
        return results

    async def close(self) -> None:
        """Nothing is open."""

    async def open(self) -> Publisher:
        """Itself."""
        return self


async def test_a_said_event_is_a_cloudevent_in_debezium_columns(frame: Runtime) -> None:
    await _say(frame, _event(frame, "t1", 1))
    row = await frame.database.pool.fetchrow("SELECT * FROM outbox")
    assert row is not None
    assert (row["aggregatetype"], row["aggregateid"]) == ("tickets", "t1")
    assert (row["id"], row["type"]) == ("t1.1", "ticket.signed")
    envelope = parse(row["payload"].encode())
    assert (envelope.subject, envelope.sequence, envelope.source) == ("t1", 1, "/530000/dispatch")


async def test_what_a_rolled_back_transaction_said_was_never_said(frame: Runtime) -> None:
    async with frame.database.sessions() as session:
        await outbox.add(session, _event(frame, "t1", 1))
        await session.rollback()
    assert await _waiting(frame) == 0


async def test_saying_nothing_many_times_is_allowed(frame: Runtime) -> None:
    await _say(frame)
    assert await _waiting(frame) == 0


async def test_events_of_a_key_are_sent_in_order_and_then_gone(frame: Runtime) -> None:
    await _say(frame, *[_event(frame, key, n) for n in range(1, 6) for key in ("t1", "t2")])
    bus = RecordingPublisher()
    assert await _relay(frame, bus) == 10
    assert [number for key, number in bus.sent if key == "t1"] == [1, 2, 3, 4, 5]
    assert [number for key, number in bus.sent if key == "t2"] == [1, 2, 3, 4, 5]
    assert await _waiting(frame) == 0


async def test_a_later_event_of_a_key_leaves_after_the_earlier_is_acknowledged(
    frame: Runtime,
) -> None:
    await _say(frame, *[_event(frame, "t1", n) for n in (1, 2, 3)], _event(frame, "t2", 1))
    bus = RecordingPublisher()
    await _relay(frame, bus)
    assert bus.calls == [2, 1, 1]


async def test_one_failing_message_blocks_its_own_key_alone(frame: Runtime) -> None:
    await _say(frame, *[_event(frame, key, n) for n in (1, 2, 3) for key in ("bad", "good")])
    bus = RecordingPublisher(
        refuses=lambda message: message.key == "bad" and parse(message.value).sequence == 2
    )
    await _relay(frame, bus)
    assert [pair for pair in bus.sent if pair[0] == "good"] == [("good", n) for n in (1, 2, 3)]
    assert [pair for pair in bus.sent if pair[0] == "bad"] == [("bad", 1)]
    assert await _waiting(frame) == 2
    bus.refuses = lambda _: False
    await _relay(frame, bus)
    assert [pair for pair in bus.sent if pair[0] == "bad"] == [("bad", n) for n in (1, 2, 3)]


async def test_blocked_keys_do_not_fill_the_batch_and_starve_the_others(frame: Runtime) -> None:
    await _say(frame, *[_event(frame, f"bad{n}", 1) for n in range(5)], _event(frame, "good", 1))
    bus = RecordingPublisher(refuses=lambda message: message.key.startswith("bad"))
    assert await _relay(frame, bus, limit=5) == 1
    assert bus.sent == [("good", 1)]


async def test_a_crash_between_send_and_delete_sends_again_and_loses_nothing(
    frame: Runtime,
) -> None:
    await _say(frame, _event(frame, "t1", 1), _event(frame, "t1", 2))
    bus = RecordingPublisher()
    connection = await asyncpg.connect(
        plain_url(frame.settings.database_url),
        server_settings=server_settings(frame.service, frame.settings),
    )
    pid = connection.get_server_pid()

    async def die_after_sending(messages: Sequence[Message]) -> list[Exception | None]:
        results = await RecordingPublisher.publish(bus, messages)
        await run_sql(frame.settings.database_url, f"SELECT pg_terminate_backend({pid})")
        return results

    dying = RecordingPublisher()
    dying.publish = die_after_sending  # type: ignore[method-assign]
    with pytest.raises(LOST) as caught:
        await outbox.relay_batch(connection, dying, 500)
    assert is_transient(caught.value)
    assert bus.sent == [("t1", 1)]
    await _relay(frame, bus)
    assert bus.sent == [("t1", 1), ("t1", 1), ("t1", 2)]
    assert await _waiting(frame) == 0


async def test_a_bus_that_is_gone_loses_nothing(frame: Runtime) -> None:
    await _say(frame, _event(frame, "t1", 1))
    with pytest.raises(ConnectionError):
        await _relay(frame, RecordingPublisher(is_gone=True))
    assert await _waiting(frame) == 1


async def test_a_relay_is_woken_at_once(frame: Runtime) -> None:
    bus = RecordingPublisher()
    async with _running_relay(frame, bus):
        await _say(frame, _event(frame, "t0", 1))
        await eventually(lambda: _has_sent(bus, 1))
        started = time.monotonic()
        await _say(frame, _event(frame, "t1", 1))
        await eventually(lambda: _has_sent(bus, 2))
        assert time.monotonic() - started < 0.8, "the relay looks by itself each second only"


async def test_of_two_relays_one_sends_and_the_other_takes_over(frame: Runtime) -> None:
    first, second = RecordingPublisher(), RecordingPublisher()
    async with _running_relay(frame, first):
        await _say(frame, _event(frame, "t1", 1))
        await eventually(lambda: _has_sent(first, 1))
        async with _running_relay(frame, second):
            await eventually(lambda: _is_waiting_for_lock(frame))
            await _say(frame, *[_event(frame, f"u{n}", 1) for n in range(20)])
            await eventually(lambda: _has_sent(first, 21))
            assert second.sent == []
            await run_sql(frame.settings.database_url, END_RELAY)
            await _say(frame, _event(frame, "t2", 1))
            await eventually(lambda: _has_sent(second, 1))
    assert sorted(first.sent + second.sent) == sorted(set(first.sent + second.sent))


async def test_nothing_is_lost_while_many_speak_and_the_relay_runs(frame: Runtime) -> None:
    bus = RecordingPublisher()

    async def speak(key: str) -> None:
        for number in range(1, 26):
            await _say(frame, _event(frame, key, number))

    async with _running_relay(frame, bus):
        await asyncio.gather(*[speak(f"t{n}") for n in range(6)])
        await eventually(lambda: _has_sent(bus, 150))
    for n in range(6):
        own = [number for key, number in bus.sent if key == f"t{n}"]
        assert own == list(range(1, 26))


@asynccontextmanager
async def _running_relay(frame: Runtime, bus: RecordingPublisher) -> AsyncIterator[None]:
    task = asyncio.create_task(
        outbox.run_relay(
            plain_url(frame.settings.database_url),
            server_settings(frame.service, frame.settings),
            service=frame.service,
            open_publisher=bus.open,
            limit=100,
        )
    )
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


async def _relay(frame: Runtime, bus: RecordingPublisher, *, limit: int = 500) -> int:
    async with frame.database.pool.acquire() as connection:
        return await outbox.relay_batch(connection, bus, limit)


async def _say(frame: Runtime, *events: Event[Payload]) -> None:
    """Half the time through the one door, half through the other."""
    if len(events) == 1:
        async with frame.database.sessions() as session, session.begin():
            await outbox.add(session, events[0])
        return
    async with frame.database.pool.acquire() as connection, connection.transaction():
        await outbox.add_many(connection, events)


def _event(frame: Runtime, subject: str, sequence: int) -> Event[Payload]:
    data: Payload = (
        TicketSigned(unit="512000001", signed_by="ZY0001") if sequence == 1 else TicketWithdrawn()
    )
    return Event(frame.source, subject, sequence, datetime.now(UTC), data)


async def _waiting(frame: Runtime) -> int:
    count: int = await frame.database.pool.fetchval("SELECT count(*) FROM outbox")
    return count


async def _has_sent(bus: RecordingPublisher, count: int) -> bool:
    return len(bus.sent) >= count


async def _is_waiting_for_lock(frame: Runtime) -> bool:
    count: int = await frame.database.pool.fetchval(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    )
    return count > 0
