"""A service restored from an older backup catches up from the topic, without a gap."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from shared.events.words import Service
from shared.settings import Settings
from tests.faults import postgres
from tests.faults.held import fetch
from tests.faults.town import Town, open_town
from tests.faults.traffic import Traffic
from tests.faults.truth import check_events, check_tickets, check_truth
from tests.harness import eventually

TICKETS = 12
AGREED = """SELECT t.state, t.unit = c.unit AND t.round = c.round AS is_agreed
FROM dispatch.tickets t JOIN sla.clocks c ON c.ticket_id = t.id WHERE id = ANY($1::uuid[])"""
ROLLUP = """SELECT state, sum(tickets) AS tickets FROM analytics.rollup GROUP BY 1
HAVING sum(tickets) > 0
EXCEPT SELECT state, count(*) FROM analytics.facts GROUP BY 1"""
HOLDINGS = {
    Service.SLA: (
        "SELECT * FROM sla.clocks WHERE ticket_id <> ALL($1::uuid[]) ORDER BY 1",
        "SELECT * FROM sla.deadlines WHERE ticket_id <> ALL($1::uuid[]) ORDER BY 1, 2, 3",
    ),
    Service.ANALYTICS: (
        "SELECT * FROM analytics.events WHERE subject <> ALL($1::text[]) ORDER BY 1, 2, 3",
        "SELECT * FROM analytics.facts WHERE id <> ALL($1::uuid[]) ORDER BY 1",
    ),
}


@pytest.fixture
async def town(town_settings: Settings) -> AsyncIterator[Town]:
    """A town in which everything runs."""
    async with open_town(town_settings) as town:
        yield town


@pytest.mark.parametrize("service", list(HOLDINGS))
async def test_a_restored_listener_holds_again_all_that_it_held(
    town: Town, service: Service, tmp_path: Path
) -> None:
    traffic, settings = Traffic(town), town.settings
    early, halfway = await traffic.file(TICKETS), await traffic.file(TICKETS)
    await traffic.sign(halfway)
    await postgres.back_up(settings, service, tmp_path / "backup")
    await traffic.sign(early)
    await traffic.reply([*early, *halfway])
    await traffic.file(TICKETS)
    await drain(town)
    before = await holdings(settings, service)

    await town.close(service)
    await postgres.restore(settings, service, tmp_path / "backup")
    assert await holdings(settings, service) != before
    late = await traffic.file(TICKETS)
    await town.open(service)
    town.start(service)
    await drain(town)
    assert await holdings(settings, service, but=late) == before
    await traffic.sign(late)
    await drain(town)
    await check_truth(town, traffic)
    assert await fetch(settings, ROLLUP) == []


async def test_a_restored_dispatch_sends_what_it_forgot_by_its_rules_and_nobody_hears_it_twice(
    town: Town, tmp_path: Path
) -> None:
    traffic, settings = Traffic(town), town.settings
    early = await traffic.file(TICKETS)
    await traffic.sign(early)
    await drain(town)
    await postgres.back_up(settings, Service.DISPATCH, tmp_path / "backup")
    forgotten = await traffic.file(TICKETS)
    await drain(town)
    others = [await holdings(settings, service) for service in HOLDINGS]

    await town.close(Service.DISPATCH)
    await postgres.restore(settings, Service.DISPATCH, tmp_path / "backup")
    await town.open(Service.DISPATCH)
    town.start(Service.DISPATCH)
    await drain(town)
    await check_tickets(settings, traffic)
    await check_events(settings)
    # The first dispatch counts for the clock: no deadline moved, and no figure.
    assert [await holdings(settings, service) for service in HOLDINGS] == others
    rows = await fetch(settings, AGREED, forgotten)
    assert [tuple(row) for row in rows] == [("dispatched", True)] * TICKETS

    await traffic.sign(forgotten)
    await traffic.reply([*early, *forgotten])
    await drain(town)
    await check_tickets(settings, traffic)
    await check_events(settings)


async def drain(town: Town) -> None:
    """Wait until all that was said was heard."""
    await eventually(town.drained, seconds=150, what="a drained town")


async def holdings(settings: Settings, service: Service, *, but: Sequence[str] = ()) -> list[Any]:
    """All rows that a service keeps of tickets, those of `but` left out."""
    return [await fetch(settings, query, but) for query in HOLDINGS[service]]
