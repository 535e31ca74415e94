"""What a service hears: effects and offsets together, faults set aside, nothing dropped."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from shared.bus.protocol import Record, TopicPartition
from shared.database import is_transient
from shared.events.intake import TicketAmended
from shared.inbox import Fenced, Heard, Inbox, TooManyParked
from shared.runtime import Runtime, source_of
from tests.conftest import run_sql
from tests.harness import eventually
from tests.services.inbox_desk import SLA, Desk, Poison, said


@pytest.fixture
def desk(frame: Runtime) -> Desk:
    """Dispatch's inbox, empty."""
    return Desk(frame)


LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


async def test_an_event_has_its_effect_and_moves_the_offset(desk: Desk) -> None:
    await desk.hear(said("t1", 1), said("t1", 2), said("t2", 1))
    assert await desk.effects("t1") == [1, 2]
    assert await desk.effects("t2") == [1]
    assert await desk.offset() == 3


async def test_a_repeat_is_dropped_by_its_sequence(desk: Desk) -> None:
    await desk.hear(said("t1", 1), said("t1", 2), said("t1", 1))
    await desk.hear(said("t1", 2), said("t1", 1), said("t1", 3))
    assert await desk.effects("t1") == [1, 2, 3]
    assert await desk.parked("t1") == []


async def test_sequences_are_counted_for_each_source(desk: Desk) -> None:
    await desk.hear(said("t1", 1), said("t1", 1, source=SLA), said("t1", 2, source=SLA))
    await desk.hear(said("t1", 2), said("t1", 3, source=SLA))
    assert await desk.effects("t1") == [1, 1, 2, 2, 3]


async def test_events_without_a_handler_are_counted_all_the_same(desk: Desk) -> None:
    inbox = Inbox(
        desk.frame.database.pool,
        {TicketAmended: desk.handle},
        service="dispatch",
        source=desk.frame.source,
        parked_in_a_row_max=4,
    )
    records = [said("t1", 1), said("t1", 2, wish=True), said("t1", 3)]
    await inbox.handle([replace(r, offset=n) for n, r in enumerate(records)], now=None)
    assert await desk.effects("t1") == [1, 3]
    assert await desk.parked("t1") == []


async def test_what_the_service_said_itself_is_passed_over(desk: Desk) -> None:
    own = source_of("530000", desk.frame.service)
    await desk.hear(said("t1", 5, source=own), said("t1", 1))
    assert await desk.effects("t1") == [1]
    assert await desk.parked("t1") == []


async def test_a_killed_connection_parks_nothing_and_changes_nothing(desk: Desk) -> None:
    async def kill(heard: Heard) -> None:
        pid = heard.connection.get_server_pid()
        await run_sql(desk.frame.settings.database_url, f"SELECT pg_terminate_backend({pid})")
        await heard.connection.execute("SELECT 1")

    await desk.hear(said("t1", 1))
    desk.hook = kill
    with pytest.raises(LOST) as caught:
        await desk.hear(said("t1", 2), said("t2", 1))
    assert is_transient(caught.value)
    assert await desk.effects("t1") == [1]
    assert await desk.reasons("t1") == []
    assert await desk.offset() == 1
    desk.hook, desk.next_offset = None, 1
    await desk.hear(said("t1", 2), said("t2", 1))
    assert await desk.effects("t1") == [1, 2]


async def test_a_connection_killed_while_going_key_by_key_changes_nothing(desk: Desk) -> None:
    async def kill_alone(heard: Heard) -> None:
        if desk.batches[-1] != [("t2", 1)]:
            return
        pid = heard.connection.get_server_pid()
        await run_sql(desk.frame.settings.database_url, f"SELECT pg_terminate_backend({pid})")
        await heard.connection.execute("SELECT 1")

    desk.hook = kill_alone
    desk.failures["t1", 1] = Poison("broken")
    with pytest.raises(LOST):
        await desk.hear(said("t1", 1), said("t2", 1))
    assert await desk.reasons("t1") == []
    assert await desk.offset() is None


async def test_a_postgres_that_is_gone_parks_nothing(desk: Desk) -> None:
    async def gone(_: Heard) -> None:
        raise ConnectionRefusedError("no server")

    desk.hook = gone
    with pytest.raises(ConnectionRefusedError):
        await desk.hear(said("t1", 1))
    assert await desk.reasons("t1") == []
    assert await desk.offset() is None


async def test_a_replay_that_loses_its_connection_changes_nothing(desk: Desk) -> None:
    async def gone(_: Heard) -> None:
        if desk.batches[-1] == [("t1", 2)]:
            raise ConnectionResetError("lost")

    desk.failures["t1", 1] = Poison("broken")
    await desk.hear(said("t1", 1), said("t1", 2))
    desk.failures, desk.hook = {}, gone
    with pytest.raises(ConnectionResetError):
        await desk.replay("t1")
    assert await desk.effects("t1") == []
    assert await desk.reasons("t1") == ["poison", "waiting"]


async def test_too_many_failures_in_a_row_stop_and_change_nothing(desk: Desk) -> None:
    for n in range(6):
        desk.failures[f"t{n}", 1] = Poison("our own fault")
    with pytest.raises(TooManyParked, match="our own fault"):
        await desk.hear(*[said(f"t{n}", 1) for n in range(6)])
    assert await desk.reasons("t0") == []
    assert await desk.offset() is None


async def test_failures_in_a_row_are_counted_across_batches(desk: Desk) -> None:
    """At a quiet time each batch is one event: a fault of ours must stop then as well."""
    for n in range(4):
        desk.failures[f"t{n}", 1] = Poison("our own fault")
    for n in range(3):
        await desk.hear(said(f"t{n}", 1))
    with pytest.raises(TooManyParked):
        await desk.hear(said("t3", 1))
    assert await desk.reasons("t2") == ["poison"]
    assert await desk.reasons("t3") == []
    assert await desk.offset() == 3


async def test_a_success_between_failures_starts_the_count_anew(desk: Desk) -> None:
    for n in (0, 1, 2, 4, 5, 6):
        desk.failures[f"t{n}", 1] = Poison("broken")
    await desk.hear(*[said(f"t{n}", 1) for n in range(4)])
    await desk.hear(*[said(f"t{n}", 1) for n in range(4, 7)])
    assert await desk.reasons("t6") == ["poison"]


async def test_bad_messages_count_among_the_failures_in_a_row(desk: Desk) -> None:
    with pytest.raises(TooManyParked):
        await desk.hear(*[Record("tickets", 0, 0, f"t{n}", b"no JSON") for n in range(4)])
    assert await desk.reasons("t0") == []


async def test_offsets_move_with_the_effects_in_one_transaction(desk: Desk) -> None:
    seen: list[int | None] = []

    async def look(heard: Heard) -> None:
        seen.append(await heard.connection.fetchval("SELECT next FROM offsets"))
        seen.append(await desk.offset())

    desk.hook = look
    await desk.hear(said("t1", 1))
    assert seen == [1, None], "inside the transaction only"
    assert await desk.offset() == 1


async def test_an_older_worker_is_fenced_and_changes_nothing(desk: Desk) -> None:
    records = [replace(said("t1", n), offset=n - 1) for n in (1, 2)]
    await desk.inbox.handle(records, now=None)
    late = [replace(said("t2", 1), offset=1), replace(said("t3", 1), offset=2)]
    with pytest.raises(Fenced):
        await desk.new_inbox().handle(late, now=None)
    assert await desk.effects("t2") == []
    assert await desk.effects("t3") == []
    assert await desk.offset() == 2


async def test_two_workers_that_come_to_a_new_partition_at_once_fence_each_other(
    desk: Desk,
) -> None:
    meet = asyncio.Event()

    async def wait(_: Heard) -> None:
        await meet.wait()

    desk.hook = wait
    first = asyncio.create_task(desk.inbox.handle([replace(said("t1", 1), offset=0)], now=None))
    await eventually(lambda: _is_true(bool(desk.batches)))
    bad = Record("tickets", 0, 0, "t2", b"no JSON")
    second = asyncio.create_task(desk.new_inbox().handle([bad], now=None))
    await eventually(lambda: _waits_for_a_transaction(desk.frame))
    meet.set()
    await first
    with pytest.raises(Fenced):
        await second
    assert await desk.reasons("t2") == []
    assert await desk.offset() == 1


async def test_partitions_of_all_topics_have_offsets_of_their_own(desk: Desk) -> None:
    records = [
        replace(said("t1", 1), offset=4),
        replace(said("t2", 1), offset=9, partition=3),
        replace(said("t3", 1), offset=2, topic="directory"),
        replace(said("t2", 2), offset=12, partition=3),
    ]
    await desk.inbox.handle(records, now=None)
    assert await desk.inbox.load_offsets() == {
        TopicPartition("tickets", 0): 5,
        TopicPartition("tickets", 3): 13,
        TopicPartition("directory", 0): 3,
    }


async def test_a_batch_that_is_whole_is_handled_by_kind_and_not_one_by_one(desk: Desk) -> None:
    await desk.hear(*[said(f"t{n}", s, wish=s == 2) for n in range(30) for s in (1, 2)])
    assert [len(batch) for batch in desk.batches] == [30, 30]


async def _is_true(claim: bool) -> bool:
    return claim


async def _waits_for_a_transaction(frame: Runtime) -> bool:
    count: int = await frame.database.pool.fetchval(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted"
    )
    return count > 0
