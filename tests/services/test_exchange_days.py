"""Days compared by count and digest: what is lost is found and sent again by itself."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from services.gateway.exchange.forgetting import forget_old
from services.gateway.exchange.reconciling import Result, reconcile_day, reconcile_due
from services.gateway.exchange.sender import Target
from services.gateway.peers.queries import read_signing_key
from services.gateway.peers.signing import sign_headers
from shared.events.words import Role
from shared.exchange import RECONCILIATION_PATH
from tests.services.exchange_messages import DAY, acts, line
from tests.services.gateway_exchange import Pair, Platform, open_pair, said, statuses

ALL = "subject, sequence, id, kind, time, digest"


@pytest.fixture
async def pair(postgres: str) -> AsyncIterator[Pair]:
    async with open_pair(postgres) as found:
        yield found


async def compare(city: Platform, province: Platform) -> Result:
    target = Target(province.code, province.url)
    return await reconcile_day(city.runtime, city.session, target, DAY.date())


async def last(city: Platform) -> dict[str, Any]:
    async with city.client(Role.ADMINISTRATOR) as client:
        answer = await client.get("/v1/federation/reconciliations")
        item: dict[str, Any] = answer.json()["items"][0]
        return item


async def same(city: Platform, province: Platform) -> bool:
    ours = await city.fetch(f"SELECT {ALL} FROM sent ORDER BY id")
    theirs = await province.fetch(f"SELECT {ALL} FROM received_messages ORDER BY id")
    return ours == theirs


async def test_a_range_that_is_lost_is_found_and_refilled_by_itself(pair: Pair) -> None:
    city, province = pair
    tickets = [str(uuid4()) for _ in range(20)]
    await city.tell(province, *(one for ticket in tickets for one in acts(ticket, 30)))
    await city.send_all(province)
    assert await compare(city, province) is Result.EQUAL

    pool = province.runtime.database.pool
    await pool.execute("DELETE FROM received_messages WHERE sequence BETWEEN 11 AND 17")
    # One ticket is lost whole, as after a backup that is older than it.
    await pool.execute("DELETE FROM received_messages WHERE subject = $1", tickets[0])
    await pool.execute("DELETE FROM received WHERE subject = $1", tickets[0])
    await pool.execute("TRUNCATE outbox")
    lost = 19 * 7 + 30
    assert await compare(city, province) is Result.REFILLED
    assert await city.count("outgoing") == lost
    shown = await last(city)
    assert shown["result_name"] == "对方缺少消息，已自动补发"
    counts = {"ours": 600, "theirs": 600 - lost, "missing": lost, "surplus": 0, "differing": 0}
    assert shown["kinds"] == [{"kind": "act", **counts}]

    await city.send_all(province)
    assert await same(city, province)
    assert await compare(city, province) is Result.EQUAL
    heard = await said(province)
    assert [n for _, n in heard[tickets[0]]] == list(range(1, 31))
    assert [n for _, n in heard[tickets[1]]] == list(range(11, 18))


async def test_a_gap_at_the_other_side_shows_with_the_next_message_already(pair: Pair) -> None:
    """A receiver that was restored expects an older number, and gets everything from there."""
    city, province = pair
    ticket = str(uuid4())
    await city.tell(province, *acts(ticket, 9))
    await city.send_all(province)
    pool = province.runtime.database.pool
    await pool.execute("DELETE FROM received_messages WHERE sequence > 4")
    await pool.execute("UPDATE received SET last = 4")
    await city.tell(province, *acts(ticket, 2, first=10))
    await city.send_all(province)
    assert await same(city, province)
    assert await city.count("sent") == 11


async def test_what_only_the_other_side_has_is_reported(pair: Pair) -> None:
    city, province = pair
    ticket = str(uuid4())
    await city.tell(province, *acts(ticket, 2))
    await city.send_all(province)
    await city.post(province, [line(ticket, 3)])
    await province.runtime.database.pool.execute(
        "UPDATE received_messages SET digest = '\\x00' WHERE sequence = 1"
    )
    assert await compare(city, province) is Result.DIFFERENT
    (kind,) = (await last(city))["kinds"]
    assert (kind["surplus"], kind["differing"], kind["missing"]) == (1, 1, 0)


async def test_a_day_that_no_calendar_has_is_refused(pair: Pair) -> None:
    city, province = pair
    for day, status in (("9999-12-31", 422), ("1899-12-31", 422), ("2200-12-31", 200)):
        url = f"{province.url}{RECONCILIATION_PATH}?day={day}"
        async with city.runtime.database.pool.acquire() as connection:
            key = await read_signing_key(connection, city.runtime.settings)
        headers = sign_headers("GET", url, b"", key)
        async with city.session.get(url, headers=headers) as answer:
            assert answer.status == status, day
            told = await answer.json()
        assert [one["field"] for one in told.get("errors", ())] == ["day"] * (status == 422)


async def test_days_that_are_over_are_compared_until_they_are_equal(pair: Pair) -> None:
    city, province = pair
    city.runtime.clock.stepped = DAY.replace(day=4)
    await city.tell(province, *acts(str(uuid4()), 3))
    await city.send_all(province)
    province.weather.is_cut = True
    assert await reconcile_due(city.runtime, city.session) == 3
    assert (await last(city))["result"] == "failed"
    province.weather.is_cut = False
    assert await reconcile_due(city.runtime, city.session) == 0, "not again within the hour"
    pool = city.runtime.database.pool
    await pool.execute("UPDATE reconciliations SET at = at - interval '2 hours'")
    assert await reconcile_due(city.runtime, city.session) == 3
    await pool.execute("UPDATE reconciliations SET at = at - interval '2 hours'")
    assert await reconcile_due(city.runtime, city.session) == 0, "all of them are equal"


async def test_a_repeat_of_what_was_forgotten_is_still_a_repeat(pair: Pair) -> None:
    city, province = pair
    ticket = str(uuid4())
    lines = [line(ticket, number) for number in (1, 2, 3)]
    await city.post(province, lines)
    await city.tell(province, *acts(str(uuid4()), 3))
    await city.send_all(province)
    for platform in pair:
        for table, column in (("received_messages", "received_at"), ("sent", "sent_at")):
            await platform.runtime.database.pool.execute(
                f"UPDATE {table} SET {column} = {column} - interval '40 days'"
            )
        await forget_old(platform.runtime, limit=2)
    assert (await city.count("sent"), await province.count("received_messages")) == (0, 0)
    assert statuses(await city.post(province, lines)) == ["duplicate"] * 3
    assert statuses(await city.post(province, [line(ticket, 4)])) == ["accepted"]


async def test_erased_words_are_neither_kept_nor_sent_and_both_sides_stay_equal(
    pair: Pair,
) -> None:
    city, province = pair
    ticket = str(uuid4())
    await city.tell(province, *acts(ticket, 2))
    await city.send_all(province)
    (third,) = acts(ticket, 1, first=3)
    words = {"unit": "512000-water", "text": "楼上敲打墙面", "reported_by": "S3"}
    await city.tell(province, replace(third, type="ticket.progressed", data=words))
    await city.erase(ticket)
    kept = await city.fetch("SELECT payload FROM sent UNION ALL SELECT payload FROM outgoing")
    assert len(kept) == 4
    assert not [row for row in kept if row["payload"] and "楼上" in row["payload"]]
    assert not [row for row in kept if row["payload"] and "signed_by" in row["payload"]]
    await province.runtime.database.pool.execute("TRUNCATE received, received_messages")
    await city.send_all(province)
    assert (await city.count("outgoing"), await province.count("received_messages")) == (0, 4)
    assert await same(city, province)
