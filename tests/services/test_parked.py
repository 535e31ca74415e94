"""What cannot be handled is set aside with its reason, its key with it, and can be replayed."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared import parked
from shared.bus.protocol import Record
from shared.erasure import MARK
from shared.events.envelope import BadEvent, Event, encode
from shared.events.intake import TicketErased
from shared.inbox import Gap, Heard, Wait
from shared.runtime import Runtime, source_of
from tests.services.inbox_desk import INTAKE, SLA, Desk, Poison, said


@pytest.fixture
def desk(frame: Runtime) -> Desk:
    """Dispatch's inbox, empty."""
    return Desk(frame)


async def test_own_events_are_not_parked_behind_a_parked_one(desk: Desk) -> None:
    own = source_of("530000", desk.frame.service)
    desk.failures["t1", 1] = Poison("broken")
    await desk.hear(said("t1", 1))
    await desk.hear(said("t1", 7, source=own), said("t1", 2))
    assert await desk.reasons("t1") == ["poison", "waiting"]
    desk.failures.clear()
    assert await desk.replay("t1") == 2
    assert await desk.effects("t1") == [1, 2]


async def test_a_gap_parks_the_key_with_its_reason(desk: Desk) -> None:
    await desk.hear(said("t1", 1), said("t2", 1))
    await desk.hear(said("t1", 3), said("t2", 2))
    [(reason, detail)] = await desk.parked("t1")
    assert reason == "gap"
    assert f"{INTAKE} t1: 3 after 1" in detail
    assert await desk.effects("t2") == [1, 2]
    assert await desk.offset() == 4


async def test_a_poisoned_event_parks_its_key_and_no_other(desk: Desk) -> None:
    desk.failures["t2", 1] = Poison("broken")
    await desk.hear(*[said(f"t{n}", 1) for n in range(5)])
    assert [await desk.effects(f"t{n}") for n in range(5)] == [[1], [1], [], [1], [1]]
    [(reason, detail)] = await desk.parked("t2")
    assert (reason, "broken" in detail) == ("poison", True)


async def test_events_of_the_key_before_the_poisoned_one_have_their_effect(desk: Desk) -> None:
    desk.failures["t1", 2] = Poison("broken")
    await desk.hear(said("t1", 1), said("t1", 2), said("t1", 3), said("t2", 1))
    assert await desk.effects("t1") == [1]
    assert await desk.reasons("t1") == ["poison", "waiting"]
    async with desk.frame.database.pool.acquire() as connection:
        assert "broken" in str(await parked.discard_first(connection, "t1"))
    assert await desk.replay("t1", accept_gap=True) == 1
    assert await desk.effects("t1") == [1, 3]


async def test_later_events_of_a_parked_key_wait_behind_it(desk: Desk) -> None:
    desk.failures["t1", 1] = Poison("broken")
    await desk.hear(said("t1", 1), said("t1", 2))
    desk.failures.clear()
    await desk.hear(said("t1", 3), said("t1", 1, source=SLA), said("t2", 1))
    assert await desk.effects("t1") == []
    assert await desk.effects("t2") == [1]
    assert await desk.reasons("t1") == ["poison", "waiting", "waiting", "waiting"]


async def test_a_replay_drains_the_key_in_order(desk: Desk) -> None:
    desk.failures["t1", 1] = Poison("broken")
    await desk.hear(said("t1", 1), said("t1", 1, source=SLA), said("t1", 2))
    desk.failures.clear()
    assert await desk.replay("t1") == 3
    rows = await desk.frame.database.pool.fetch(
        "SELECT source, sequence FROM effects ORDER BY position"
    )
    assert [tuple(row) for row in rows] == [(INTAKE, 1), (SLA, 1), (INTAKE, 2)]
    assert await desk.parked("t1") == []
    await desk.hear(said("t1", 3))
    assert await desk.effects("t1") == [1, 1, 2, 3]


async def test_a_replay_that_fails_again_keeps_what_it_could_do(desk: Desk) -> None:
    desk.failures["t1", 1] = Poison("broken")
    await desk.hear(*[said("t1", n) for n in (1, 2, 3)])
    desk.failures = {("t1", 2): Poison("broken too")}
    with pytest.raises(Poison, match="broken too"):
        await desk.replay("t1")
    assert await desk.effects("t1") == [1]
    [(reason, detail), (behind, _)] = await desk.parked("t1")
    assert (reason, behind) == ("poison", "waiting")
    assert "broken too" in detail
    desk.failures.clear()
    assert await desk.replay("t1") == 2
    assert await desk.effects("t1") == [1, 2, 3]


async def test_a_replay_sorts_an_out_of_order_pair_by_sequence(desk: Desk) -> None:
    await desk.hear(said("t1", 1))
    await desk.hear(said("t1", 3))
    await desk.hear(said("t1", 1, source=SLA))
    await desk.hear(said("t1", 2))
    assert await desk.reasons("t1") == ["gap", "waiting", "waiting"]
    assert await desk.replay("t1") == 3
    rows = await desk.frame.database.pool.fetch(
        "SELECT source, sequence FROM effects ORDER BY position"
    )
    assert [tuple(row) for row in rows] == [(INTAKE, 1), (INTAKE, 2), (SLA, 1), (INTAKE, 3)]


async def test_after_a_sorted_replay_the_first_parked_is_the_one_that_fails(desk: Desk) -> None:
    await desk.hear(said("t1", 1))
    await desk.hear(said("t1", 3))
    await desk.hear(said("t1", 2))
    desk.failures["t1", 2] = Poison("second")
    with pytest.raises(Poison):
        await desk.replay("t1")
    async with desk.frame.database.pool.acquire() as connection:
        assert "second" in str(await parked.discard_first(connection, "t1"))
    await desk.replay("t1", accept_gap=True)
    assert await desk.effects("t1") == [1, 3]


async def test_a_replay_says_that_a_gap_is_still_open_unless_told_to_accept_it(
    desk: Desk,
) -> None:
    await desk.hear(said("t1", 1))
    await desk.hear(said("t1", 4), said("t1", 5))
    with pytest.raises(Gap):
        await desk.replay("t1")
    assert await desk.effects("t1") == [1]
    assert await desk.replay("t1", accept_gap=True) == 2
    assert await desk.effects("t1") == [1, 4, 5]


async def test_replaying_a_key_that_has_nothing_parked_does_nothing(desk: Desk) -> None:
    assert await desk.replay("nobody") == 0


@pytest.mark.parametrize(
    "value",
    [b"no JSON", b"[]", b'{"specversion": "0.3"}', b'{"specversion": "1.0", "type": "x"}'],
)
async def test_a_message_that_is_no_event_is_parked_alone(desk: Desk, value: bytes) -> None:
    await desk.hear(Record("tickets", 0, 0, "t1", value), said("t2", 1))
    assert await desk.reasons("t1") == ["poison"]
    assert await desk.effects("t2") == [1]
    assert await desk.offset() == 2


async def test_good_events_beside_a_bad_one_of_the_same_key_are_not_lost(desk: Desk) -> None:
    bad = Record("tickets", 0, 0, "t1", b"no JSON")
    await desk.hear(said("t1", 1), bad, said("t1", 2), bad, said("t1", 3))
    assert await desk.effects("t1") == [1]
    assert await desk.reasons("t1") == ["poison", "waiting", "waiting", "waiting"]
    async with desk.frame.database.pool.acquire() as connection:
        await parked.discard_first(connection, "t1")
        with pytest.raises(BadEvent, match="not JSON"):
            await desk.replay("t1")
        await parked.discard_first(connection, "t1")
    await desk.replay("t1")
    assert await desk.effects("t1") == [1, 2, 3]


async def test_an_event_with_another_subject_than_its_key_is_parked(desk: Desk) -> None:
    await desk.hear(replace(said("t1", 1), key="t2"))
    [(reason, detail)] = await desk.parked("t2")
    assert reason == "poison"
    assert "subject" in detail


async def test_data_that_does_not_read_is_parked_with_the_field_named(desk: Desk) -> None:
    record = said("t1", 1)
    broken = record.value.replace(b'"request_type":"complaint"', b'"request_type":"??"')
    await desk.hear(replace(record, value=broken))
    [(reason, detail)] = await desk.parked("t1")
    assert reason == "poison"
    assert "data.request_type" in detail


async def test_a_value_that_no_column_takes_is_parked_and_not_tried_for_ever(desk: Desk) -> None:
    async def write_too_large(heard: Heard) -> None:
        await heard.connection.fetchval("SELECT $1::int", 2**40)

    desk.hook = write_too_large
    await desk.hear(said("t1", 1))
    assert await desk.reasons("t1") == ["poison"]


async def test_a_key_that_waits_is_parked_as_waiting_and_tried_again(desk: Desk) -> None:
    desk.failures["t1", 1] = Wait("the policy")
    await desk.hear(said("t1", 1), said("t1", 2), said("t2", 1))
    assert await desk.reasons("t1") == ["waiting", "waiting"]
    async with desk.frame.database.pool.acquire() as connection:
        assert await parked.list_waiting(connection, 10) == ["t1"]
    with pytest.raises(Wait):
        await desk.replay("t1")
    assert await desk.reasons("t1") == ["waiting", "waiting"]
    desk.failures.clear()
    assert await desk.replay("t1") == 2
    assert await desk.effects("t1") == [1, 2]


async def test_a_poisoned_key_is_not_listed_as_waiting(desk: Desk) -> None:
    desk.failures["t1", 1] = Poison("broken")
    await desk.hear(said("t1", 1), said("t1", 2))
    async with desk.frame.database.pool.acquire() as connection:
        assert await parked.list_waiting(connection, 10) == []
        [row] = await parked.list_parked(connection, 10)
    assert (row["key"], row["reason"], row["events"]) == ("t1", "poison", 2)


async def test_waiting_keys_are_listed_page_by_page(desk: Desk) -> None:
    for n in range(5):
        desk.failures[f"t{n}", 1] = Wait("the policy")
    await desk.hear(*[said(f"t{n}", 1) for n in range(5)])
    async with desk.frame.database.pool.acquire() as connection:
        assert await parked.list_waiting(connection, 3) == ["t0", "t1", "t2"]
        assert await parked.list_waiting(connection, 3, after="t2") == ["t3", "t4"]


async def test_however_many_keys_wait_the_consumer_goes_on(desk: Desk) -> None:
    """Else a backlog read before its policy would stop the consumer for good."""
    for n in range(20):
        desk.failures[f"t{n}", 1] = Wait("the policy")
    await desk.hear(*[said(f"t{n}", 1) for n in range(20)])
    assert await desk.reasons("t19") == ["waiting"]


async def test_what_is_set_aside_loses_its_words_when_they_are_erased(desk: Desk) -> None:
    desk.failures["t1", 2] = Poison("broken")
    await desk.hear(said("t1", 1), said("t1", 2), said("t2", 1), said("t1", 3, wish=True))
    at = datetime(2026, 7, 2, 9, tzinfo=UTC)
    erased = encode(Event(INTAKE, "t1", 4, at, TicketErased(source_article="个人信息保护法 47")))
    await desk.hear(Record("tickets", 0, 0, "t1", erased))
    rows = await desk.frame.database.pool.fetch("SELECT message, detail FROM parked")
    kept = b"".join(row["message"] for row in rows).decode()
    assert "补充" not in kept
    assert "已自行解决" not in kept
    assert MARK in kept
    assert "complaint" in kept, "codes stay, so that it can still be handled"
    desk.failures.clear()
    assert await desk.replay("t1") == 3
    assert await desk.effects("t1") == [1, 2, 3]


async def test_what_comes_after_an_erasure_comes_in_without_words(desk: Desk) -> None:
    await desk.frame.database.pool.execute("INSERT INTO erased (subject) VALUES ('t1')")
    await desk.hear(said("t1", 1), said("t2", 1))
    assert desk.words == {"t1": MARK, "t2": "补充"}
