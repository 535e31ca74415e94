"""What other platforms report: kept apart, complete, and equal to their own figures."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson

from services.analytics.consumer import handlers
from shared.events.envelope import Payload
from shared.events.gateway import MessageReceived
from shared.events.intake import Filed, Origin, TicketErased
from shared.events.words import ReturnDecision, Role, Service
from shared.exchange import kind_of
from shared.runtime import Runtime
from tests.harness import Harness
from tests.services.analytics_events import (
    NOON,
    ROADS,
    WATER,
    closed,
    created,
    decided,
    dispatched,
    enter,
    filed,
    hear,
    rated,
    replied,
    return_requested,
    signed,
)

CITY = "512000"
WALK: Sequence[Payload] = (
    created(),
    dispatched(WATER),
    signed(WATER),
    return_requested(WATER),
    decided(WATER, ReturnDecision.REJECTED),
    return_requested(WATER),
    decided(WATER, ReturnDecision.GRANTED),
    dispatched(ROADS, 2),
    signed(ROADS),
    replied(ROADS),
    rated(),
    closed(ROADS),
)


def message(ticket: str, sequence: int, payload: Payload) -> MessageReceived:
    body = {"type": payload.type, "data": payload.model_dump(mode="json", exclude_none=True)}
    return MessageReceived(
        from_platform=CITY,
        message_id=uuid4(),
        kind=kind_of(type(payload), is_filed=isinstance(payload, Filed)),
        body=orjson.dumps(body).decode(),
        subject=ticket,
        sequence=sequence,
        sent_at=NOON + timedelta(minutes=sequence),
    )


async def report(harness: Harness, runtime: Runtime, messages: Sequence[MessageReceived]) -> None:
    events = [harness.event(one, f"{CITY}/{one.subject}") for one in messages]
    await harness.hear(runtime, handlers(runtime), *events)


async def kept(runtime: Runtime, ticket: str) -> dict[str, Any]:
    row = await runtime.database.pool.fetchrow(
        "SELECT * FROM mirrored_tickets WHERE id = $1", UUID(ticket)
    )
    assert row is not None
    return dict(row)


async def figures(harness: Harness, runtime: Runtime, **asked: str) -> list[dict[str, Any]]:
    client = await enter(harness, runtime, Role.ANALYST, jurisdiction="510000")
    answer = await client.get("/v1/analytics/mirror", params=asked)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_mirrored_ticket_stands_where_the_citys_own_figures_have_it(
    harness: Harness,
) -> None:
    """The same events, as its own and as messages of another platform: the same facts."""
    runtime = await harness.runtime(Service.ANALYTICS)
    for length in range(1, len(WALK) + 1):
        ticket = str(uuid4())
        await hear(harness, runtime, ticket, *WALK[:length])
        told = [message(ticket, place, one) for place, one in enumerate(WALK[:length], start=1)]
        await report(harness, runtime, told)
        mine = await runtime.database.pool.fetchrow(
            "SELECT * FROM facts WHERE id = $1", UUID(ticket)
        )
        assert mine is not None
        mirrored = await kept(runtime, ticket)
        for name in ("state", "day", "jurisdiction", "request_type", "satisfaction", "is_solved"):
            assert mirrored[name] == mine[name], (length, name)
        assert (mirrored["unit"] or "") == mine["unit"]
        for name in ("dispatched_at", "signed_at", "replied_at", "closed_at"):
            assert (mirrored[name] is None) == (mine[name] is None), (length, name)
    (day,) = await figures(harness, runtime, platform=CITY, day="2026-11-02")
    assert (day["tickets"], day["counted"], day["with_origin"]) == (len(WALK), len(WALK), 0)
    assert (day["closed"], day["replied"]) == (1, 3)


async def test_what_comes_late_fills_in_and_changes_nothing_that_is_newer(
    harness: Harness,
) -> None:
    runtime = await harness.runtime(Service.ANALYTICS)
    dice = random.Random(5)
    for _ in range(10):
        ticket = str(uuid4())
        told = [message(ticket, place, one) for place, one in enumerate(WALK, start=1)]
        last = told.pop()
        dice.shuffle(told)
        await report(harness, runtime, [last, *told, *told[:4]])
        mirrored = await kept(runtime, ticket)
        assert (mirrored["state"], mirrored["number"]) == ("closed", created().number)
        assert (mirrored["satisfaction"], mirrored["sequence"]) == ("satisfied", len(WALK))
        assert None not in (mirrored["replied_at"], mirrored["closed_at"], mirrored["day"])


async def test_a_ticket_that_was_forwarded_there_is_counted_apart(harness: Harness) -> None:
    runtime = await harness.runtime(Service.ANALYTICS)
    origin = Origin(platform="513000", ticket_id=uuid4(), number="513000-1")
    for given in (None, origin, None):
        await report(
            harness,
            runtime,
            [message(str(uuid4()), 1, created().model_copy(update={"origin": given}))],
        )
    (day,) = await figures(harness, runtime)
    assert (day["tickets"], day["with_origin"], day["counted"]) == (3, 1, 2)


async def test_the_mirror_keeps_no_words_and_is_in_no_figure_of_ours(harness: Harness) -> None:
    runtime = await harness.runtime(Service.ANALYTICS)
    ticket = str(uuid4())
    told = [message(ticket, 1, created()), message(ticket, 2, TicketErased(source_article="ZY 22"))]
    await report(harness, runtime, told)
    pool = runtime.database.pool
    assert filed()["title"] not in str(await kept(runtime, ticket))
    stored = await pool.fetch("SELECT data FROM events WHERE type = 'message.received'")
    assert len(stored) == 2
    assert filed()["content"] not in str([row["data"] for row in stored])
    assert await pool.fetchval("SELECT count(*) FROM facts") == 0
    assert await pool.fetchval("SELECT count(*) FROM rollup") == 0


async def test_only_who_oversees_the_place_reads_the_mirror(harness: Harness) -> None:
    runtime = await harness.runtime(Service.ANALYTICS)
    await report(harness, runtime, [message(str(uuid4()), 1, created())])
    elsewhere = await enter(harness, runtime, Role.ANALYST, jurisdiction="620000")
    assert (await elsewhere.get("/v1/analytics/mirror")).json() == {"items": []}
    unit = await enter(harness, runtime, Role.UNIT, unit=WATER)
    assert (await unit.get("/v1/analytics/mirror")).status_code == 403
    client = await enter(harness, runtime, Role.ANALYST, jurisdiction="510000")
    answer = await client.get("/v1/analytics/mirror", params={"platform": "a b"})
    assert answer.json()["errors"][0]["field"] == "platform"
