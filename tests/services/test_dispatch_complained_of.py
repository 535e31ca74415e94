"""A ticket turns out to complain of a unit after it was filed (B2, XS 三(四), ZY 27.2)."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.events.intake import TicketAmended
from shared.events.loop import TicketRecalled
from shared.events.words import Role
from tests.services.dispatch_desk import (
    HOUSING,
    REPLY,
    RETURN,
    WATER,
    Desk,
    Json,
    desk,
    get,
    post,
    put,
    ruled_desk,
)
from tests.services.test_dispatch_about_unit import BUREAU, GOVERNMENT, STATION, line

__all__ = ["desk", "line", "ruled_desk"]

MONDAY = datetime(2026, 9, 14, 2, tzinfo=UTC)
REASON = "来信投诉该单位推诿"
WAITING = """SELECT recipient FROM notices
WHERE ticket_id = $1::uuid AND kind = 'unit' AND state = 'waiting'"""


async def mark(desk: Desk, ticket: str, unit: str = WATER) -> Json:
    """An operator says whom it is about; the ticket as the office sees it then."""
    await desk.tell(ticket, TicketAmended(about_unit=unit, reason=REASON, amended_by="HW0107"))
    return await get(await desk.person(Role.SUPERVISOR), f"/v1/tickets/{ticket}")


async def sees(desk: Desk, unit: str, ticket: str) -> bool:
    """Whether a unit finds a ticket, and in its list."""
    person = await desk.unit(unit)
    answer = await person.get(f"/v1/tickets/{ticket}")
    listed = [one["id"] for one in (await get(person, "/v1/tickets"))["items"]]
    assert (answer.status_code == 200) == (ticket in listed)
    return ticket in listed


async def test_it_is_taken_from_the_unit_and_goes_to_the_superior_with_its_times_anew(
    line: Desk,
) -> None:
    line.harness.clock.stepped = MONDAY
    ticket = await line.file(time=MONDAY)
    await post(await line.unit(WATER), f"/v1/tickets/{ticket}/sign", {})
    line.harness.clock.step_to(MONDAY + timedelta(days=2))
    shown = await mark(line, ticket)
    assert (shown["state"], shown["unit"], shown["rule"], shown["round"]) == (
        *("dispatched", GOVERNMENT, f"superior:{WATER}", 2),
    )
    due = {one["step"]: one["due_at"][:16] for one in shown["deadlines"]}
    assert due == {"sign": "2026-09-16T16:30", "handle": "2026-09-24T17:30"}
    assert await line.said_types(ticket) == [
        *("ticket.dispatched", "ticket.signed", "ticket.recalled", "ticket.dispatched"),
    ]
    assert (await line.said(ticket))[-2].data == TicketRecalled(unit=WATER)
    marked, recalled, _ = (await line.timeline(ticket))[-3:]
    assert (marked["event_name"], marked["by"], marked["text"]) == ("补充更正", "HW0107", REASON)
    assert marked["detail"] == {"about_unit": WATER, "article": "XS 三(四)"}
    assert (recalled["event_name"], recalled["by"], recalled["unit"]) == ("收回", "system", WATER)
    assert recalled["detail"] == marked["detail"]
    assert not await sees(line, WATER, ticket)
    assert await sees(line, GOVERNMENT, ticket)
    rows = await line.runtime.database.pool.fetch(WAITING, ticket)
    assert [row["recipient"] for row in rows] == [GOVERNMENT], "nobody else is told any more"


@pytest.mark.parametrize("is_mark_first", [True, False])
async def test_a_mark_and_the_units_signature_meet_in_both_orders(
    line: Desk, is_mark_first: bool
) -> None:
    ticket = await line.file()
    water, path = await line.unit(WATER), f"/v1/tickets/{ticket}"
    if not is_mark_first:
        await post(water, f"{path}/sign", {})
    await mark(line, ticket)
    await post(water, f"{path}/sign", {}, status=404)
    assert (await post(await line.unit(GOVERNMENT), f"{path}/sign", {}))["state"] == "signed"
    again = await mark(line, ticket)
    assert (again["state"], again["unit"], again["round"]) == ("signed", GOVERNMENT, 2)
    await line.said_types(ticket)


@pytest.mark.parametrize("done", ["return", "draft", "interim-close"])
async def test_what_the_unit_began_ends_with_it(line: Desk, done: str) -> None:
    ticket = await line.file()
    water, path = await line.unit(WATER), f"/v1/tickets/{ticket}"
    await post(water, f"{path}/sign", {})
    if done == "return":
        await post(water, f"{path}/return", RETURN)
    elif done == "draft":
        await post(water, f"{path}/reply", {k: v for k, v in REPLY.items() if k != "checked_by"})
    else:
        later = {"next_step": "取证", "promised_at": "2099-12-31T17:30:00+08:00"}
        await post(water, f"{path}/interim-close", {"progress": "已立案", **later})
    shown = await mark(line, ticket)
    assert (shown["state"], shown["unit"]) == ("dispatched", GOVERNMENT)
    decision = {"decision": "rejected", "reason": "属其职责"}
    operator = await line.person(Role.OPERATOR)
    await post(operator, f"{path}/decide-return", decision, status=409)
    government = await line.unit(GOVERNMENT)
    await post(government, f"{path}/sign", {})
    assert (await post(government, f"{path}/reply", REPLY))["state"] == "replied"


async def test_a_unit_below_and_one_that_handles_with_another_lose_it_too(line: Desk) -> None:
    below, beside = await line.file(category="99"), await line.file(category="99")
    operator = await line.person(Role.OPERATOR)
    for ticket, unit in ((below, STATION), (beside, BUREAU)):
        granted = {"decision": "granted", "reason": "属实", "unit": unit}
        granted |= {"co_units": [STATION]} if unit == BUREAU else {}
        await post(await line.unit(HOUSING), f"/v1/tickets/{ticket}/return", RETURN)
        await post(operator, f"/v1/tickets/{ticket}/decide-return", granted)
    assert (await mark(line, below, WATER))["unit"] == GOVERNMENT
    assert not await sees(line, STATION, below)
    shown = await mark(line, beside, STATION)
    assert (shown["unit"], shown["co_units"]) == (BUREAU, [])
    assert not await sees(line, STATION, beside)
    recalled = (await line.timeline(beside))[-2]
    assert (recalled["event"], recalled["detail"]["co_units"]) == ("ticket.recalled", [STATION])


async def test_another_units_ticket_stays_and_one_without_a_superior_waits(line: Desk) -> None:
    stays, waits = await line.file(category="99"), await line.file()
    shown = await mark(line, stays, WATER)
    assert (shown["state"], shown["unit"], shown["round"]) == ("dispatched", HOUSING, 1)
    assert await line.said_types(stays) == ["ticket.dispatched"]
    administrator = await line.person(Role.ADMINISTRATOR)
    alone = {"name": WATER, "jurisdiction": "512000"}
    await put(administrator, f"/v1/units/{WATER}", alone)
    shown = await mark(line, waits, WATER)
    assert (shown["state"], shown["unit"], shown["rule"]) == ("accepted", None, None)
    assert not await sees(line, WATER, waits)
    body = {"unit": WATER, "reason": "属其职责"}
    operator = await line.person(Role.OPERATOR)
    problem = await post(operator, f"/v1/tickets/{waits}/dispatch", body, status=422)
    assert problem["errors"][0]["code"] == "about_unit"
    body["unit"] = HOUSING
    assert (await post(operator, f"/v1/tickets/{waits}/dispatch", body))["unit"] == HOUSING


async def test_a_reply_stays_and_the_redo_goes_to_the_superior(line: Desk) -> None:
    ticket = await line.file()
    water, path = await line.unit(WATER), f"/v1/tickets/{ticket}"
    await post(water, f"{path}/sign", {})
    await post(water, f"{path}/reply", REPLY)
    shown = await mark(line, ticket)
    assert (shown["state"], shown["unit"], shown["round"]) == ("replied", WATER, 1)
    assert not await sees(line, WATER, ticket)
    supervisor = await line.person(Role.SUPERVISOR)
    redone = await post(supervisor, f"{path}/redo", {"reason": "由上级核查"})
    assert (redone["state"], redone["unit"]) == ("dispatched", GOVERNMENT)
    assert (await line.said_types(ticket))[-3:] == [
        *("ticket.reopened", "ticket.recalled", "ticket.dispatched"),
    ]
    assert not await sees(line, WATER, ticket)
    government = await line.unit(GOVERNMENT)
    await post(government, f"{path}/sign", {})
    assert (await post(government, f"{path}/reply", REPLY))["state"] == "replied"


async def test_a_linked_one_goes_its_own_way(line: Desk) -> None:
    main, ticket = await line.file(), await line.file()
    operator = await line.person(Role.OPERATOR)
    body = {"main": main, "reason": "同一停水"}
    await post(operator, f"/v1/tickets/{ticket}/link", body)
    shown = await mark(line, ticket)
    assert (shown["state"], shown["unit"]) == ("dispatched", GOVERNMENT)
    assert (await line.said_types(ticket))[-2:] == ["ticket.split", "ticket.dispatched"]
    assert await sees(line, WATER, main)
    assert not await sees(line, WATER, ticket)
