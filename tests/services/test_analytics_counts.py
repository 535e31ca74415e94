"""Figures: what was heard is counted at once (E1)."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.analytics import queries
from services.analytics.consumer import handlers
from services.analytics.operations import make_months
from shared.calendars import BEIJING
from shared.events.dispatch import TicketInterimClosed, TicketReopened
from shared.events.envelope import Event, Payload
from shared.events.intake import (
    CallRecorded,
    TicketAmended,
    TicketAnswered,
    TicketRecorded,
    TicketRefused,
)
from shared.events.words import RequestType, ReturnDecision, Role, Service, Step
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
    overdue,
    overview,
    rated,
    replied,
    return_requested,
    signed,
    states,
)


@pytest.fixture
async def runtime(harness: Harness) -> Runtime:
    return await harness.runtime(Service.ANALYTICS)


async def test_each_step_of_a_ticket_is_counted_at_once(harness: Harness, runtime: Runtime) -> None:
    analyst = await enter(harness, runtime)
    ticket = str(uuid4())
    for payload, state in (
        (created(), "accepted"),
        (dispatched(WATER), "dispatched"),
        (signed(WATER), "signed"),
        (replied(WATER), "replied"),
        (rated(), "replied"),
        (closed(WATER), "closed"),
    ):
        await hear(harness, runtime, ticket, payload)
        assert await states(analyst) == {state: 1}
    reached = [
        *("tickets", "created", "dispatched", "signed", "signed_in_time", "replied"),
        *("replied_in_time", "rated", "satisfied", "solved", "closed"),
    ]
    assert await overview(analyst) == dict.fromkeys(reached, 1) | {
        "as_of": NOON.astimezone(BEIJING).isoformat()
    }


async def test_refused_and_answered_requests_are_counted_apart(
    harness: Harness, runtime: Runtime
) -> None:
    analyst = await enter(harness, runtime)
    refused = TicketRefused(**filed(), ground="litigation", source_article="ZY 9", explanation="x")
    answered = TicketAnswered(**filed(), article_id=uuid4(), is_solved=True)
    await hear(harness, runtime, str(uuid4()), refused)
    await hear(harness, runtime, str(uuid4()), answered)
    assert await states(analyst) == {"refused": 1, "answered": 1}
    figures = await overview(analyst)
    assert (figures["tickets"], figures["refused"], figures["answered"]) == (2, 1, 1)
    assert figures["solved"] == 1
    assert "created" not in figures


async def test_history_is_closed_on_its_own_day_and_was_never_accepted_here(
    harness: Harness, runtime: Runtime
) -> None:
    analyst = await enter(harness, runtime)
    long_ago = datetime(2024, 5, 6, 8, tzinfo=UTC)
    recorded = TicketRecorded(**filed(), filed_at=long_ago, closed_at=long_ago + timedelta(days=3))
    await hear(harness, runtime, str(uuid4()), recorded)
    assert await states(analyst) == {"closed": 1}
    assert await states(analyst, **{"from": "2024-05-06", "to": "2024-05-06"}) == {"closed": 1}
    figures = await overview(analyst)
    assert (figures["tickets"], figures["closed"]) == (1, 1)
    assert "created" not in figures


async def test_an_interim_close_is_a_state_until_the_reply(
    harness: Harness, runtime: Runtime
) -> None:
    analyst, ticket = await enter(harness, runtime), str(uuid4())
    interim = TicketInterimClosed(
        unit=WATER, progress="已立案", next_step="调查取证", promised_at=NOON + timedelta(days=40)
    )
    await hear(harness, runtime, ticket, created(), dispatched(WATER), signed(WATER), interim)
    assert await states(analyst) == {"interim_closed": 1}
    await hear(harness, runtime, ticket, replied(WATER))
    assert await states(analyst) == {"replied": 1}


async def test_a_question_of_scope_overdue_moves_no_ticket_and_waits_for_none(
    harness: Harness, runtime: Runtime
) -> None:
    analyst, ticket = await enter(harness, runtime), str(uuid4())
    await hear(harness, runtime, ticket, overdue(Step.VERIFY), created())
    assert await states(analyst) == {"accepted": 1}
    assert "overdue" not in await overview(analyst)


async def test_a_rejected_return_goes_back_to_the_state_before_it(
    harness: Harness, runtime: Runtime
) -> None:
    analyst = await enter(harness, runtime)
    for before in ([dispatched(WATER)], [dispatched(WATER), signed(WATER)]):
        ticket = str(uuid4())
        await hear(harness, runtime, ticket, created(), *before)
        expected = await states(analyst)
        await hear(harness, runtime, ticket, return_requested(WATER), TicketAmended(addition="x"))
        assert (await states(analyst))["return_requested"] == 1
        await hear(harness, runtime, ticket, decided(WATER, ReturnDecision.REJECTED))
        assert await states(analyst) == expected
    assert (await overview(analyst))["returned"] == 2


async def test_a_granted_return_takes_the_ticket_from_the_unit(
    harness: Harness, runtime: Runtime
) -> None:
    water = await enter(harness, runtime, Role.UNIT, unit=WATER)
    roads = await enter(harness, runtime, Role.UNIT, unit=ROADS)
    analyst = await enter(harness, runtime)
    ticket = str(uuid4())
    await hear(harness, runtime, ticket, created(), dispatched(WATER), signed(WATER))
    assert (await overview(water))["signed"] == 1
    await hear(
        harness,
        runtime,
        ticket,
        return_requested(WATER),
        decided(WATER, ReturnDecision.GRANTED),
    )
    assert await states(water) == {}
    assert await states(analyst) == {"accepted": 1}
    await hear(harness, runtime, ticket, dispatched(ROADS, 2))
    assert await states(roads) == {"dispatched": 1}
    assert "signed" not in await overview(roads)


async def test_a_redone_ticket_counts_as_replied_again_only_after_its_next_reply(
    harness: Harness, runtime: Runtime
) -> None:
    analyst = await enter(harness, runtime)
    ticket = str(uuid4())
    await hear(
        harness, runtime, ticket, created(), dispatched(WATER), signed(WATER), replied(WATER)
    )
    await hear(harness, runtime, ticket, TicketReopened(unit=WATER, reason="未解决"))
    assert await states(analyst) == {"signed": 1}
    assert "replied" not in await overview(analyst)


async def test_a_late_step_is_overdue_once_and_not_in_time(
    harness: Harness, runtime: Runtime
) -> None:
    analyst = await enter(harness, runtime)
    ticket = str(uuid4())
    await hear(harness, runtime, ticket, created(), dispatched(WATER))
    await hear(harness, runtime, ticket, overdue(Step.SIGN), overdue(Step.HANDLE))
    await hear(harness, runtime, ticket, overdue(Step.SIGN), signed(WATER))
    figures = await overview(analyst)
    assert (figures["overdue"], figures["signed"]) == (1, 1)
    assert "signed_in_time" not in figures


async def test_a_corrected_type_moves_the_ticket_in_the_figures(
    harness: Harness, runtime: Runtime
) -> None:
    analyst = await enter(harness, runtime)
    ticket = str(uuid4())
    await hear(harness, runtime, ticket, created(), TicketAmended(request_type=RequestType.INQUIRY))
    answer = await analyst.get("/v1/analytics/counts", params={"by": "request_type"})
    assert answer.json()["items"] == [{"request_type": "inquiry", "count": 1}]


async def test_what_is_said_again_counts_once(harness: Harness, runtime: Runtime) -> None:
    analyst = await enter(harness, runtime)
    ticket = str(uuid4())
    events = [
        harness.event(payload, ticket, time=NOON)
        for payload in (created(), dispatched(WATER), overdue(Step.SIGN))
    ]
    for _ in range(3):
        await harness.hear(runtime, handlers(runtime), *events)
    assert await states(analyst) == {"dispatched": 1}
    async with runtime.database.sessions() as session:
        assert await queries.count_events_by_type(session) == {
            (event.source, event.data.type): 1 for event in events
        }
        assert await queries.count_facts_by_state(session) == {"dispatched": 1}


async def test_an_event_of_a_ticket_that_was_never_heard_of_waits(
    harness: Harness, runtime: Runtime
) -> None:
    analyst = await enter(harness, runtime)
    known, unknown = str(uuid4()), str(uuid4())
    events = [
        harness.event(dispatched(WATER), unknown),
        harness.event(created(), known),
    ]
    await harness.hear(runtime, handlers(runtime), *events)
    assert await states(analyst) == {"accepted": 1}
    parked = await runtime.database.pool.fetch("SELECT key, reason FROM parked")
    assert [tuple(row) for row in parked] == [(unknown, "waiting")]
    stored = await runtime.database.pool.fetchval("SELECT count(*) FROM events")
    assert stored == 1


async def test_no_words_of_people_are_stored(harness: Harness, runtime: Runtime) -> None:
    ticket = str(uuid4())
    await hear(harness, runtime, ticket, created(), dispatched(WATER), signed(WATER))
    await hear(harness, runtime, ticket, replied(WATER), rated())
    rows = await runtime.database.pool.fetch("SELECT data::text AS data FROM events")
    stored = "".join(row["data"] for row in rows)
    for word in ("停水", "张某", "查明", "电话", "u1", "o1", "caller_id"):
        assert word not in stored
    assert '"satisfied"' in stored
    assert WATER in stored


async def test_calls_are_stored_and_move_no_ticket(harness: Harness, runtime: Runtime) -> None:
    analyst = await enter(harness, runtime)
    call = CallRecorded(
        jurisdiction="512000", queued_at=NOON, ended_at=NOON, seat_kind="call", agent="张某"
    )
    await hear(harness, runtime, str(uuid4()), call)
    assert await states(analyst) == {}
    assert await runtime.database.pool.fetchval("SELECT data->>'seat_kind' FROM events") == "call"
    assert "张某" not in await runtime.database.pool.fetchval("SELECT data::text FROM events")


async def test_a_month_made_late_takes_its_events_with_it(
    harness: Harness, runtime: Runtime
) -> None:
    far = datetime(2031, 5, 20, tzinfo=UTC)
    events: list[Event[Payload]] = [
        harness.event(created(), str(uuid4()), time=far + timedelta(days=days))
        for days in (-20, -19, 0, 11, 12, 40)
    ]
    await harness.hear(runtime, handlers(runtime), *events)
    pool = runtime.database.pool
    assert await pool.fetchval("SELECT count(*) FROM events_default") == 6
    for _ in range(2):
        async with pool.acquire() as connection, connection.transaction():
            await make_months(connection, now=far, months_ahead=1)
    assert await pool.fetchval("SELECT count(*) FROM events_203105") == 3
    assert await pool.fetchval("SELECT count(*) FROM events_203106") == 2
    assert await pool.fetchval("SELECT count(*) FROM events_default") == 1
    assert await pool.fetchval("SELECT count(*) FROM events") == 6
