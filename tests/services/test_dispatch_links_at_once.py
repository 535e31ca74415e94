"""Links, replies and withdrawals at the same moment, and a great many members (A8)."""

import asyncio
import time
from uuid import UUID

import httpx
import pytest

from shared.events.intake import TicketCreated, TicketWithdrawalRequested
from shared.events.words import Role
from tests.services.dispatch_desk import (
    REPLY,
    WATER,
    Desk,
    created,
    desk,
    get,
    post,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

WHY = {"reason": "同一停水"}
MANY = 500
SECONDS_MAX = 20
"""Far more than it takes: a query for each member would take longer on any machine."""
LEFT = """SELECT count(*) FROM tickets t JOIN tickets m ON m.id = t.main
WHERE t.state = 'linked' AND m.state IN ('replied', 'withdrawn', 'linked')"""


async def file_many(desk: Desk, number: int) -> list[str]:
    """Tickets of as many callers, heard in one batch."""
    ids = [f"019a0000-0000-7000-8000-{place:012x}" for place in range(number)]
    filed: list[TicketCreated] = [created(caller_id=UUID(int=100 + one)) for one in range(number)]
    events = [desk.harness.event(data, ticket) for data, ticket in zip(filed, ids, strict=True)]
    await desk.hear(*events)
    return ids


async def link(client: httpx.AsyncClient, ticket: str, main: str) -> int:
    body = {"main": main} | WHY
    return (await client.post(f"/v1/tickets/{ticket}/link", json=body)).status_code


@pytest.mark.parametrize("is_withdrawn", [False, True])
async def test_links_cross_with_what_ends_the_main_ticket(
    ruled_desk: Desk, is_withdrawn: bool
) -> None:
    main, *others = await file_many(ruled_desk, 12)
    operator, unit = await ruled_desk.person(Role.OPERATOR), await ruled_desk.unit(WATER)
    await post(unit, f"/v1/tickets/{main}/sign", {})

    async def end() -> int:
        await asyncio.sleep(0)
        if is_withdrawn:
            await ruled_desk.tell(main, TicketWithdrawalRequested(reason="误报"))
            return 200
        answer = await unit.post(f"/v1/tickets/{main}/reply", json=REPLY)
        return answer.status_code

    first, rest = others[:4], others[4:]
    assert {await link(operator, one, main) for one in first} == {200}
    *linked, ended = await asyncio.gather(*(link(operator, one, main) for one in rest), end())
    assert ended == 200
    assert set(linked) <= {200, 409}
    assert await ruled_desk.runtime.database.pool.fetchval(LEFT) == 0
    for ticket in others:
        await ruled_desk.said_types(ticket)


async def test_two_tickets_linked_to_each_other_at_once_end_in_no_circle(
    ruled_desk: Desk,
) -> None:
    one, other = await file_many(ruled_desk, 2)
    operator = await ruled_desk.person(Role.OPERATOR)
    answers = await asyncio.gather(link(operator, one, other), link(operator, other, one))
    assert min(answers) == 200
    states = [(await get(operator, f"/v1/tickets/{id_}"))["state"] for id_ in (one, other)]
    assert sorted(states) == ["dispatched", "linked"]


async def test_five_hundred_members_are_answered_in_one_transaction(ruled_desk: Desk) -> None:
    main, *members = await file_many(ruled_desk, MANY + 1)
    operator, unit = await ruled_desk.person(Role.OPERATOR), await ruled_desk.unit(WATER)
    began = time.monotonic()
    body = {"tickets": members} | WHY
    assert (await post(operator, f"/v1/masters/{main}/link", body))["linked"] == MANY
    linked = time.monotonic()
    await post(unit, f"/v1/tickets/{main}/sign", {})
    await post(unit, f"/v1/tickets/{main}/reply", REPLY)
    replied = time.monotonic()
    print(f"linked in {linked - began:.2f} s, replied in {replied - linked:.2f} s")
    assert replied - began < SECONDS_MAX
    shown = await get(operator, f"/v1/masters/{main}?limit=1")
    assert [(one["state"], one["tickets"]) for one in shown["counts"]] == [("replied", MANY)]
    pool = ruled_desk.runtime.database.pool
    said = await pool.fetchval("SELECT count(*) FROM outbox WHERE type = 'ticket.replied'")
    assert said == MANY + 1
