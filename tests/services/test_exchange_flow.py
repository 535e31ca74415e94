"""What leaves for whom, and how a sender goes on when the other side does not answer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import orjson
import pytest

from services.gateway.exchange.rules import delay
from services.gateway.exchange.sender import send_to_peers
from shared.events.envelope import Payload
from shared.events.intake import TicketErased
from shared.events.knowledge import ArticlePublished
from shared.events.words import Role
from tests.harness import eventually
from tests.services.exchange_messages import acts, line
from tests.services.gateway_exchange import Pair, Platform, open_pair, said
from tests.services.gateway_feeds import CALLER, WATER, created, dispatched


@pytest.fixture
async def pair(postgres: str) -> AsyncIterator[Pair]:
    async with open_pair(postgres) as found:
        yield found


async def queued(platform: Platform) -> list[tuple[str, str, int, str]]:
    rows = await platform.fetch("SELECT * FROM outgoing ORDER BY position")
    return [
        (row["peer"], row["kind"], row["sequence"], orjson.loads(row["payload"])["type"])
        for row in rows
    ]


async def test_a_parent_is_told_of_every_event_of_a_ticket_and_never_of_the_caller(
    pair: Pair,
) -> None:
    city, province = pair
    ticket = str(uuid4())
    events: Sequence[Payload] = [created(), dispatched(WATER)]
    await city.hear(ticket, *events)
    assert await queued(city) == [
        (province.code, "ticket", 1, "ticket.created"),
        (province.code, "act", 2, "ticket.dispatched"),
    ]
    (first, _) = await city.fetch("SELECT payload FROM outgoing ORDER BY position")
    assert str(CALLER) not in first["payload"]
    assert "caller_id" not in first["payload"]
    assert "建设路水管破裂" in first["payload"]
    await city.send_all(province)
    assert (await said(province))[ticket] == [(1, 1), (2, 2)]


async def test_a_child_is_told_of_articles_and_not_of_tickets(pair: Pair) -> None:
    city, province = pair
    article = ArticlePublished(
        jurisdiction="510000", unit="510000-01", title="公积金", body="怎样提取", version=1
    )
    await province.hear(str(uuid4()), created(jurisdiction="510000"))
    await province.hear(str(uuid4()), article)
    assert await queued(province) == [(city.code, "article", 1, "article.published")]


async def test_a_platform_without_peers_queues_nothing(pair: Pair) -> None:
    city, _ = pair
    await city.runtime.database.pool.execute("UPDATE peers SET is_active = false")
    await city.hear(str(uuid4()), created())
    assert (await city.count("outgoing"), await city.count("outgoing_subjects")) == (0, 0)


async def test_an_outage_opens_the_breaker_and_loses_nothing(pair: Pair) -> None:
    city, province = pair
    ticket = str(uuid4())
    province.weather.is_cut = True
    await city.tell(province, *acts(ticket, 50))
    sender = asyncio.create_task(send_to_peers(city.runtime))
    try:

        async def is_open() -> bool:
            return bool((await status(city))["breaker"] == "open")

        await eventually(is_open, what="the breaker")
        shown = await status(city)
        assert (shown["waiting"], shown["failures"] >= 2) == (50, True)
        assert "503" in shown["last_error"]
        province.weather.is_cut = False

        async def is_drained() -> bool:
            return await city.count("outgoing") == 0

        await eventually(is_drained, what="the queue")
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
    assert (await said(province))[ticket] == [(n, n) for n in range(1, 51)]
    shown = await status(city)
    assert (shown["breaker"], shown["waiting"], shown["failures"]) == ("closed", 0, 0)
    assert shown["last_sent_at"] is not None
    assert (await status(province))["last_received_at"] is not None


async def test_two_senders_never_send_to_one_peer_at_once(pair: Pair) -> None:
    """The second process takes over when the first one ends."""
    city, province = pair
    tickets = [str(uuid4()) for _ in range(3)]
    first = asyncio.create_task(send_to_peers(city.runtime))
    second = asyncio.create_task(send_to_peers(city.runtime))
    try:
        await city.tell(province, *(one for ticket in tickets for one in acts(ticket, 40)))

        async def is_drained() -> bool:
            return await city.count("outgoing") == 0

        await eventually(is_drained, what="the queue")
        held = "pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database"
        held += " WHERE datname = current_database())"
        assert await city.count(held) == 1
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await city.tell(province, *acts(str(uuid4()), 5))
        await eventually(is_drained, what="the queue after one sender ended")
    finally:
        for sender in (first, second):
            sender.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
    repeats = "SELECT count(*) - count(DISTINCT id) FROM received_messages"
    assert (await province.fetch(repeats))[0][0] == 0
    assert await province.count("received_messages") == 125


async def test_too_many_lines_and_no_lines_are_refused(pair: Pair) -> None:
    city, province = pair
    lines = [line(str(uuid4()), 1) for _ in range(2_002)]
    status_, answer = await city.post_raw(province, lines)
    assert (status_, answer["code"]) == (413, "too_large")
    status_, answer = await city.post_raw(province, [])
    assert (status_, answer["errors"][0]["code"]) == (422, "missing")


async def test_one_message_may_come_alone_as_json(pair: Pair) -> None:
    city, province = pair
    status_, answer = await city.post_raw(
        province, [line(str(uuid4()), 1)], media_type="application/json"
    )
    assert (status_, answer["status"], answer["line"]) == (200, "accepted", 1)


async def test_an_erased_ticket_is_told_upward_too(pair: Pair) -> None:
    city, _ = pair
    ticket = str(uuid4())
    await city.hear(ticket, created(), TicketErased(source_article="ZY 22"))
    assert [kind for _, _, _, kind in await queued(city)] == ["ticket.created", "ticket.erased"]
    (first, _) = await city.fetch("SELECT payload FROM outgoing ORDER BY position")
    assert "建设路" not in first["payload"], "what it counts for goes, its words do not"


def test_delays_grow_up_to_a_limit() -> None:
    waits = [delay(n, 1.0, seconds_max=60).total_seconds() for n in range(1, 50)]
    assert waits[:4] == [1, 2, 4, 8]
    assert max(waits) == 60
    assert delay(3, 0.0, seconds_max=60).total_seconds() == 2, "jitter halves it at most"


async def status(platform: Platform) -> dict[str, Any]:
    async with platform.client(Role.ADMINISTRATOR) as client:
        answer = await client.get("/v1/federation/status")
        assert answer.status_code == 200, answer.text
        item: dict[str, Any] = answer.json()["items"][0]
        return item
