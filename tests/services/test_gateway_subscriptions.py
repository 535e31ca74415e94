"""The feed pushed to an address: signed, in order, again after a failure, and dead in the end."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.feeds.rules import topic_of
from services.gateway.feeds.topics import write_topics
from services.gateway.hops import open_session
from services.gateway.subscriptions.rules import ATTEMPTS_MAX, DELAY_MAX, delay, wrong_url
from services.gateway.worker import push_due, push_subscriptions
from shared.bus.choose import open_bus
from shared.events.dispatch import TicketClosed, UnitChanged
from shared.events.words import CloseReason, Role, Service
from tests.harness import Harness, eventually, token
from tests.services.bus_at_hand import nothing_stored, read
from tests.services.gateway_feeds import ROADS, WATER, Feeds

SECRET = "a-secret-of-the-unit-and-the-platform"
SUBSCRIPTIONS = "/v1/subscriptions"
DUE_NOW = "UPDATE subscriptions SET next_at = clock_timestamp()"


@dataclass
class System:
    """A unit's own system: what it was pushed, and what it answers."""

    url: str = ""
    status: int = 200
    pushed: list[tuple[str, bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.pushed.append((request.headers["Hotline-Signature"], await request.read()))
        return web.Response(status=self.status)

    def items(self) -> list[dict[str, Any]]:
        return [item for _, body in self.pushed for item in orjson.loads(body)["items"]]


@pytest.fixture
async def system() -> AsyncIterator[System]:
    """A unit's system on loopback."""
    found = System()
    app = web.Application()
    app.router.add_post("/hotline", found.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    found.url = f"http://127.0.0.1:{port}/hotline"
    yield found
    await runner.cleanup()


@pytest.fixture
async def feeds(harness: Harness) -> Feeds:
    feeds = Feeds(harness, await harness.runtime(Service.GATEWAY))
    for code in (WATER, ROADS):
        await feeds.hear(code, UnitChanged(code=code, name=code, jurisdiction="512000"))
    return feeds


async def administrator(feeds: Feeds) -> httpx.AsyncClient:
    bearer = token(feeds.harness.settings, Role.ADMINISTRATOR, jurisdiction="512000")
    return await feeds.harness.client(feeds.app, bearer)


async def subscribe(feeds: Feeds, url: str, **more: Any) -> dict[str, Any]:
    body = {"unit": WATER, "url": url, "secret": SECRET} | more
    answer = await (await administrator(feeds)).post(SUBSCRIPTIONS, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def push(feeds: Feeds) -> int:
    """One look, whatever the delay says."""
    await feeds.runtime.database.pool.execute(DUE_NOW)
    async with open_session() as session:
        return await push_due(feeds.runtime, session)


async def shown(feeds: Feeds) -> dict[str, Any]:
    (one,) = (await (await administrator(feeds)).get(SUBSCRIPTIONS)).json()["items"]
    found: dict[str, Any] = one
    return found


async def test_what_is_pushed_is_the_feed_and_its_signature_holds(
    feeds: Feeds, system: System
) -> None:
    made = await subscribe(feeds, system.url)
    assert SECRET not in str(made)
    tickets = [await feeds.dispatch(WATER) for _ in range(3)]
    await feeds.dispatch(ROADS)
    assert await push(feeds) == 1
    assert [item["ticket_id"] for item in system.items()] == tickets
    assert system.items()[0]["ticket"]["title"] == "水管破裂"
    ((header, body),) = system.pushed
    at, signed = (part.partition("=")[2] for part in header.split(","))
    told = hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(signed, told)
    assert await push(feeds) == 0, "nothing waits"
    water = await feeds.unit(WATER)
    page = (await water.get("/v1/feeds/dispatches")).json()
    assert (await shown(feeds))["cursor"] == page["cursor"], "one cursor for both transports"


async def test_what_was_not_taken_is_pushed_again_and_nothing_passes_it(
    feeds: Feeds, system: System
) -> None:
    await subscribe(feeds, system.url)
    system.status = 503
    first = await feeds.dispatch(WATER)
    await push(feeds)
    assert (await shown(feeds))["attempts"] == 1
    second = await feeds.dispatch(WATER)
    system.status, system.pushed = 204, []
    await push(feeds)
    assert [item["ticket_id"] for item in system.items()] == [first, second]
    subscription = await shown(feeds)
    assert (subscription["attempts"], subscription["last_error"]) == (0, None)


async def test_after_many_failures_it_is_dead_and_seen_and_can_be_replayed(
    feeds: Feeds, system: System
) -> None:
    made = await subscribe(feeds, system.url)
    ticket = await feeds.dispatch(WATER)
    system.status = 500
    for _ in range(ATTEMPTS_MAX):
        assert await push(feeds) == 1
    dead = await shown(feeds)
    assert (dead["state"], dead["last_error"]) == ("dead", "HTTP 500")
    assert await push(feeds) == 0, "a dead one is left alone"
    system.status, system.pushed = 200, []
    water = await feeds.unit(WATER)
    replayed = await water.post(f"{SUBSCRIPTIONS}/{made['id']}/replay", json={})
    assert replayed.json()["state"] == "active"
    await push(feeds)
    assert [item["ticket_id"] for item in system.items()] == [ticket]
    # From the begin again, by an empty cursor's first page: what was taken comes once more.
    begin = await water.get("/v1/feeds/dispatches", params={"limit": 1})
    again = {"after": begin.json()["cursor"]}
    await feeds.hear(ticket, TicketClosed(unit=WATER, reason=CloseReason.SATISFIED))
    await push(feeds)
    system.pushed = []
    await water.post(f"{SUBSCRIPTIONS}/{made['id']}/replay", json=again)
    await push(feeds)
    assert [item["event"] for item in system.items()] == ["ticket.closed"]


async def test_an_address_where_nobody_listens_counts_as_a_failure(feeds: Feeds) -> None:
    await subscribe(feeds, "http://127.0.0.1:9/hotline")
    await feeds.dispatch(WATER)
    await push(feeds)
    assert "Connect" in (await shown(feeds))["last_error"]


async def test_a_worker_that_dies_while_pushing_leaves_the_items_for_the_next(
    feeds: Feeds, system: System
) -> None:
    await subscribe(feeds, system.url)
    ticket = await feeds.dispatch(WATER)
    worker = asyncio.create_task(push_subscriptions(feeds.runtime))

    async def was_pushed() -> bool:
        return bool(system.pushed)

    await eventually(was_pushed, what="a push")
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    # Wherever it died, the next look pushes what is not known to be taken, and never skips.
    await push(feeds)
    assert {item["ticket_id"] for item in system.items()} == {ticket}


async def test_stopped_ones_and_those_of_others_are_left_alone(
    feeds: Feeds, system: System
) -> None:
    made = await subscribe(feeds, system.url)
    roads, water = await feeds.unit(ROADS), await feeds.unit(WATER)
    assert (await roads.get(SUBSCRIPTIONS)).json()["items"] == []
    for act in ("replay", "stop"):
        answer = await roads.post(f"{SUBSCRIPTIONS}/{made['id']}/{act}", json={})
        assert answer.status_code == 404
    refused = await water.post(SUBSCRIPTIONS, json={"unit": WATER, "url": "x", "secret": SECRET})
    assert refused.status_code == 403
    await water.post(f"{SUBSCRIPTIONS}/{made['id']}/stop", json={})
    await feeds.dispatch(WATER)
    assert await push(feeds) == 0
    assert (await water.post(f"{SUBSCRIPTIONS}/{uuid4()}/stop", json={})).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"unit": "nobody"}, "unit"),
        ({"url": "ftp://unit.example/x"}, "url"),
        ({"url": "https://user:word@unit.example/x"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "http://unit.example:99999/x"}, "url"),
        ({"secret": "short"}, "secret"),
        ({"after": "!"}, "after"),
    ],
)
async def test_a_wrong_subscription_is_refused_with_its_field(
    feeds: Feeds, wrong: dict[str, str], field: str
) -> None:
    body = {"unit": WATER, "url": "https://unit.example/x", "secret": SECRET} | wrong
    answer = await (await administrator(feeds)).post(SUBSCRIPTIONS, json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_subscription_made_twice_by_one_key_is_one(feeds: Feeds, system: System) -> None:
    client = await administrator(feeds)
    body = {"unit": WATER, "url": system.url, "secret": SECRET}
    made = [
        await client.post(SUBSCRIPTIONS, json=body, headers={"Idempotency-Key": "once"})
        for _ in range(2)
    ]
    assert made[0].json() == made[1].json()
    assert (await shown(feeds))["id"] == made[0].json()["id"]
    kept = await feeds.runtime.database.pool.fetch("SELECT answer FROM kept_answers")
    assert all(SECRET.encode() not in row["answer"] for row in kept)


async def test_a_unit_with_a_system_has_a_topic_of_its_own(feeds: Feeds) -> None:
    """Nothing twice after a restart, and nothing for units that have no system."""
    system = UnitChanged(code=WATER, name="水务", jurisdiction="512000", has_system=True)
    await feeds.hear(WATER, system)
    tickets = [await feeds.dispatch(WATER) for _ in range(3)]
    await feeds.dispatch(ROADS)
    bus = open_bus(feeds.runtime.settings)
    await bus.create_topics([topic_of(WATER)])
    for more in (0, 1):
        tickets += [await feeds.dispatch(WATER) for _ in range(more)]
        worker = asyncio.create_task(write_topics(feeds.runtime))
        reader = await bus.open_reader("unit", [topic_of(WATER)], nothing_stored)
        try:
            records = await read(reader, len(tickets))
            # Ended before it has noted how far it came, the next one writes those once more.
            await eventually(feeds.all_written, what="a position after the last record")
        finally:
            await reader.close()
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
        items = [orjson.loads(record.value) for record in records]
        assert [item["ticket_id"] for item in items] == tickets
        assert [record.key for record in records] == tickets


@given(st.integers(0, 50), st.floats(0, 1, exclude_max=True))
def test_delays_grow_and_have_an_end(attempts: int, jitter: float) -> None:
    assert timedelta(0) < delay(attempts, jitter) <= DELAY_MAX
    assert delay(attempts + 2, 0) >= delay(attempts, jitter) or attempts > 5


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_is_refused(url: str) -> None:
    wrong = wrong_url(url)
    assert wrong is None or wrong


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_topics_have_only_signs_that_kafka_takes(one: str, other: str) -> None:
    assert topic_of(one).isascii()
    assert (topic_of(one) == topic_of(other)) == (one == other) or "-" in one + other
