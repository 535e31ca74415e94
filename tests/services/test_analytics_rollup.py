"""The rollup is always what a recount of the facts says, whatever happens in whatever order."""

import time
from collections import Counter
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.analytics import queries
from services.analytics.consumer import handlers
from shared.events.dispatch import TicketReopened
from shared.events.envelope import Event, Payload
from shared.events.intake import TicketAmended
from shared.events.words import RequestType, ReturnDecision, Satisfaction, Service, Step
from shared.runtime import Runtime
from shared.worker import make_inbox
from tests.harness import Harness
from tests.services.analytics_events import (
    NOON,
    ROADS,
    WATER,
    closed,
    created,
    decided,
    dispatched,
    overdue,
    rated,
    replied,
    return_requested,
    signed,
)

START = ""
REJECTED, GRANTED = ReturnDecision.REJECTED, ReturnDecision.GRANTED
NEXT: dict[str, list[tuple[Payload, str]]] = {
    START: [(created("512000"), "accepted"), (created("512002"), "accepted")],
    "accepted": [(dispatched(WATER), "dispatched"), (dispatched(ROADS), "dispatched")],
    "dispatched": [(signed(WATER), "signed"), (return_requested(WATER), "returned unsigned")],
    "signed": [(replied(WATER), "replied"), (return_requested(WATER), "returned signed")],
    "returned unsigned": [
        (decided(WATER, REJECTED), "dispatched"),
        (decided(WATER, GRANTED), "accepted"),
    ],
    "returned signed": [
        (decided(WATER, REJECTED), "signed"),
        (decided(WATER, GRANTED), "accepted"),
    ],
    "replied": [
        (closed(WATER), "closed"),
        (TicketReopened(unit=WATER, reason="未解决"), "signed"),
        (rated(Satisfaction.DISSATISFIED), "replied"),
    ],
    "closed": [],
}
ANYTIME: list[Payload] = [
    TicketAmended(addition="补充"),
    TicketAmended(request_type=RequestType.INQUIRY),
    overdue(Step.SIGN),
    overdue(Step.HANDLE),
]
STATES = {"returned unsigned": "return_requested", "returned signed": "return_requested"}
TICKETS = 4
acts = st.lists(st.tuples(st.integers(0, TICKETS - 1), st.integers(0, 9)), max_size=40)


@pytest.fixture
async def runtime(harness: Harness) -> Runtime:
    return await harness.runtime(Service.ANALYTICS)


def play(
    harness: Harness, chosen: list[tuple[int, int]]
) -> tuple[list[Event[Payload]], Counter[str]]:
    """The events of some tickets that live as `chosen` says, and the states that they end in."""
    subjects = [str(uuid4()) for _ in range(TICKETS)]
    standing = [START] * TICKETS
    events: list[Event[Payload]] = []
    for ticket, choice in chosen:
        options = list(NEXT[standing[ticket]])
        if standing[ticket] != START:
            options += [(payload, standing[ticket]) for payload in ANYTIME]
        payload, standing[ticket] = options[choice % len(options)]
        events.append(harness.event(payload, subjects[ticket], time=NOON))
    return events, Counter(STATES.get(state, state) for state in standing if state != START)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(chosen=acts, batch=st.integers(1, 15))
async def test_the_rollup_equals_a_recount(
    harness: Harness, runtime: Runtime, chosen: list[tuple[int, int]], batch: int
) -> None:
    events, expected = play(harness, chosen)
    async with runtime.database.sessions() as session:
        before = Counter(await queries.count_facts_by_state(session))
    inbox = make_inbox(runtime, handlers(runtime))
    for start in range(0, len(events), batch):
        # Some of what was heard comes again with each batch.
        again = events[max(0, start - 3) : start + batch]
        await harness.hear_records(inbox, [harness.record(event) for event in again])
    async with runtime.database.sessions() as session:
        assert by_key(await queries.list_rollup(session)) == by_key(await queries.recount(session))
        after = Counter(await queries.count_facts_by_state(session))
    after.subtract(before)
    assert +after == expected
    assert await runtime.database.pool.fetchval("SELECT count(*) FROM parked") == 0


async def test_a_batch_of_many_kinds_is_counted_fast(harness: Harness, runtime: Runtime) -> None:
    lives = (
        [created(), dispatched(WATER), signed(WATER), replied(WATER), rated(), closed(WATER)],
        [created(), dispatched(WATER), overdue(Step.SIGN), signed(WATER)],
        [created(), dispatched(ROADS), return_requested(ROADS), decided(ROADS, GRANTED)],
    )
    subjects = [(str(uuid4()), lives[number % 3]) for number in range(1000)]
    events = [
        harness.event(life[step], subject, time=NOON)
        for first in range(0, 1000, 107)
        for step in range(6)
        for subject, life in subjects[first : first + 107]
        if step < len(life)
    ]
    records = [harness.record(event) for event in events]
    inbox = make_inbox(runtime, handlers(runtime))
    rates = []
    for start in range(0, len(records) - 499, 500):
        began = time.perf_counter()
        await harness.hear_records(inbox, records[start : start + 500])
        rates.append(500 / (time.perf_counter() - began))
    print(f"{sorted(rates)[len(rates) // 2]:.0f} events/s in batches of 500")
    assert max(rates) > 1000


def by_key(rows: list[dict[str, object]]) -> list[list[tuple[str, object]]]:
    return sorted([sorted(row.items()) for row in rows], key=repr)
