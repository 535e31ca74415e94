"""Linked tickets have no clock of their own; terminated matters met theirs (A8, ZY 15)."""

from datetime import datetime
from uuid import uuid4

import pytest

from shared.events.dispatch import TicketClosed, TicketTerminated
from shared.events.intake import TicketAmended
from shared.events.kinds import Link
from shared.events.loop import TicketLinked, TicketSplit
from shared.events.words import CloseReason, RequestType, Step
from tests.harness import Harness
from tests.services.sla_extensions import open_desk, refused
from tests.services.sla_tickets import (
    DAY,
    HOUR,
    MONDAY,
    UNIT,
    Sla,
    created,
    dispatched,
    interim_closed,
    open_sla,
    reopened,
    replied,
    signed,
)

LINKED = TicketLinked(main=uuid4(), kind=Link.MEMBER, unit=UNIT, linked_by="operator")
SPLIT = TicketSplit(main=LINKED.main, reason="另有原因", split_by="operator")
TERMINATED = TicketTerminated(unit=UNIT, opinion="已依法办理", script="不予退费")


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness)


async def states(sla: Sla) -> dict[str, list[str]]:
    rows = await sla.runtime.database.pool.fetch(
        "SELECT step, state FROM deadlines ORDER BY step, version"
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["step"], []).append(row["state"])
    return found


async def test_a_link_is_as_good_as_a_dispatch_and_stops_everything_else(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(LINKED, MONDAY + HOUR)
    assert await states(sla) == {"dispatch": ["met"]}


async def test_a_link_ends_the_times_of_the_unit_that_had_it(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(dispatched(), MONDAY + HOUR)
    await sla.hear(signed(), MONDAY + 2 * HOUR)
    await sla.hear(LINKED, MONDAY + 3 * HOUR)
    assert await states(sla) == {"dispatch": ["met"], "handle": ["moved"], "sign": ["met"]}


async def test_a_link_after_the_time_for_dispatch_leaves_that_to_be_judged(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(LINKED, MONDAY + DAY)
    assert (await states(sla))["dispatch"] != ["met"]


async def test_a_split_gives_the_time_for_dispatch_anew(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(LINKED, MONDAY + HOUR)
    await sla.hear(SPLIT, MONDAY + DAY)
    again = await sla.deadline(Step.DISPATCH, 2)
    assert (again["version"], again["state"]) == (2, "running")
    assert again["due_at"] == MONDAY + DAY + 2 * HOUR
    await sla.hear(dispatched(), MONDAY + DAY + HOUR)
    assert (await states(sla))["dispatch"] == ["met", "met"]
    assert (await states(sla))["handle"] == ["running"]


async def test_a_correction_starts_nothing_for_a_ticket_that_goes_with_another(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(dispatched(), MONDAY + HOUR)
    await sla.hear(LINKED, MONDAY + 2 * HOUR)
    before = await states(sla)
    await sla.hear(TicketAmended(request_type=RequestType.REPORT, reason="更正"), MONDAY + DAY)
    assert await states(sla) == before
    await sla.hear(SPLIT, MONDAY + 2 * DAY)
    await sla.hear(TicketAmended(request_type=RequestType.HELP, reason="更正"), MONDAY + 2 * DAY)
    assert (await states(sla))["handle"] == before["handle"]


async def test_a_member_that_is_redone_has_its_own_handling_time_and_its_mains_unit(
    sla: Sla,
) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(LINKED, MONDAY + HOUR)
    await sla.hear(replied(), MONDAY + DAY)
    await sla.hear(reopened(), MONDAY + 2 * DAY)
    handle = await sla.deadline(Step.HANDLE)
    assert (handle["version"], handle["state"]) == (1, "running")
    assert handle["starts_at"] == MONDAY + 2 * DAY
    assert await sla.runtime.database.pool.fetchval("SELECT unit FROM clocks") == UNIT
    await sla.hear(dispatched("512000-002", nth=1), MONDAY + 3 * DAY)
    assert (await states(sla))["handle"] == ["moved", "running"]


async def test_a_member_that_is_redone_alone_may_have_a_limit_set_by_law(sla: Sla) -> None:
    desk = await open_desk(sla)
    await sla.hear(LINKED, MONDAY + HOUR)
    await sla.hear(replied(), MONDAY + DAY)
    await sla.hear(reopened(), MONDAY + 2 * DAY)
    entered = await desk.set_limit(at="2026-03-05T10:00")
    assert entered.status_code == 200, entered.text
    await sla.hear(interim_closed(MONDAY + 3 * DAY), MONDAY + 3 * DAY)
    confirmed = await desk.decide_limit(at="2026-03-06T10:00")
    assert confirmed.status_code == 200, confirmed.text


async def test_what_goes_with_another_ticket_gets_no_limit(sla: Sla) -> None:
    desk = await open_desk(sla)
    await desk.set_limit()
    await sla.hear(LINKED, MONDAY + HOUR)
    refused(await desk.decide_limit(), "nothing_running", ["refused"])


async def test_a_terminated_matter_has_met_its_handling_time(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(dispatched(), MONDAY + HOUR)
    await sla.hear(signed(), MONDAY + 2 * HOUR)
    await sla.hear(TERMINATED, MONDAY + DAY)
    assert await states(sla) == {"dispatch": ["met"], "handle": ["met"], "sign": ["met"]}
    await sla.hear(reopened(), MONDAY + 2 * DAY)
    assert (await states(sla))["handle"] == ["met", "running"]


async def test_a_report_that_is_not_dispatched_again_leaves_nothing_running(sla: Sla) -> None:
    await sla.hear(created(request_type=RequestType.REPORT), MONDAY)
    closed = TicketClosed(unit=UNIT, reason=CloseReason.REPEATED)
    await sla.hear(closed, MONDAY + datetime.resolution)
    assert "running" not in (await states(sla))["dispatch"]
