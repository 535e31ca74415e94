"""News of a sign that comes after the deadline makes nothing overdue that was in time (C3)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.clock import Clock
from shared.events.words import Service
from shared.settings import Settings
from tests.faults.held import fetch, parked
from tests.faults.town import Town, open_town
from tests.faults.traffic import Traffic
from tests.harness import eventually

MORNING = datetime(2026, 9, 14, 1, tzinfo=UTC)
"""A Monday at nine in Ziyang: five working hours end at 15:30."""
DUE_AT = datetime(2026, 9, 14, 7, 30, tzinfo=UTC)
LATE = timedelta(minutes=15)
TICKETS = 3
OUTCOMES = """SELECT d.ticket_id::text AS id, d.state, d.act_at, (
    SELECT count(*) FROM analytics.events e
    WHERE e.subject = d.ticket_id::text AND e.type = 'ticket.overdue') AS said,
    f.overdue_steps
FROM sla.deadlines d JOIN analytics.facts f ON f.id = d.ticket_id
WHERE d.step = 'sign' AND d.due_at = $1"""
UNANSWERED = """SELECT 1 FROM sla.clocks c LEFT JOIN dispatch.heard h
    ON h.subject = c.ticket_id::text AND h.source = '/530000/sla'
WHERE h.sequence IS DISTINCT FROM c.sequence
UNION ALL SELECT 1 FROM sla.deadlines WHERE state = 'running' AND next_at <= $1"""


@pytest.mark.parametrize(
    ("service", "part"), [(Service.SLA, "consumer"), (Service.DISPATCH, "relay")]
)
async def test_a_sign_in_time_is_in_time_however_late_its_news(
    town_settings: Settings, service: Service, part: str
) -> None:
    clock = Clock(stepped=MORNING)
    async with open_town(town_settings, clock) as town:
        await run_in_parts(town)
        traffic = Traffic(town)
        early, last, late, never = [await traffic.file(TICKETS) for _ in range(4)]
        await drain(town)
        await town.stop(service, part)
        clock.step_to(DUE_AT - LATE)
        await traffic.sign(early)
        # A stepped clock stands still: nobody may ask while the last moment lasts.
        await town.stop(Service.SLA, "deadlines")
        clock.step_to(DUE_AT)
        await traffic.sign(last)
        clock.step_to(DUE_AT + LATE)
        town.start(Service.SLA, "deadlines")
        await traffic.sign(late)
        await eventually_asked(town)
        assert {one[0] for one in (await outcomes(town)).values()} == {"asked"}
        town.start(service, part)
        await drain(town)
        expected = {
            **dict.fromkeys(early, ("met", DUE_AT - LATE, 0, [])),
            **dict.fromkeys(last, ("met", DUE_AT, 0, [])),
            **dict.fromkeys(late, ("overdue", DUE_AT + LATE, 1, ["sign"])),
            **dict.fromkeys(never, ("overdue", None, 1, ["sign"])),
        }
        assert await outcomes(town) == expected
        assert await parked(town.settings) == {}


async def run_in_parts(town: Town) -> None:
    """Run the two services of this play as parts that can be stopped one by one."""
    for service, more in ((Service.SLA, ["deadlines"]), (Service.DISPATCH, [])):
        await town.stop(service)
        town.start(service, "relay", "consumer", *more)


async def drain(town: Town) -> None:
    """Wait until all that was said was heard and answered."""

    async def is_done() -> bool:
        asked = "SELECT 1 FROM sla.deadlines WHERE state = 'asked'"
        return await town.drained() and await fetch(town.settings, asked) == []

    await eventually(is_done, seconds=150, what="a drained town")


async def eventually_asked(town: Town) -> None:
    """Wait until the clock has asked and dispatch has answered, whether it is heard or not."""

    async def is_done() -> bool:
        return await fetch(town.settings, UNANSWERED, town.clock.stepped) == []

    await eventually(is_done, seconds=150, what="an answer")


async def outcomes(town: Town) -> dict[str, tuple[Any, ...]]:
    """What became of each sign deadline, and what was said of it."""
    rows = await fetch(town.settings, OUTCOMES, DUE_AT)
    return {row["id"]: tuple(row)[1:] for row in rows}
