"""Whatever is linked, split, answered or withdrawn: nobody waits for what can never answer (A8)."""

import random
from typing import Any
from uuid import UUID

import pytest

from services.dispatch.links.rules import OPEN
from shared.events.intake import TicketRated, TicketWithdrawalRequested
from shared.events.words import CloseReason, Role, Satisfaction, State
from tests.services.dispatch_desk import REPLY, RETURN, WATER, Desk, desk, ruled_desk

__all__ = ["desk", "ruled_desk"]

ACTS = 30
RATED = TicketRated(result=Satisfaction.SATISFIED, is_solved=True, closes=CloseReason.SATISFIED)
WITHDRAWN = TicketWithdrawalRequested(reason="不需要了")
LINKED = """SELECT t.number, t.link_kind, m.state, m.main FROM tickets t
JOIN tickets m ON m.id = t.main WHERE t.state = 'linked'"""
LOOSE = "SELECT count(*) FROM tickets WHERE state = 'linked' AND main IS NULL"
UNIT_ACTS: dict[str, dict[str, Any]] = {
    "sign": {},
    "reply": REPLY,
    "return": RETURN,
    "terminate": {"opinion": "已办", "script": "不予退费", "explanation": "已解释"},
}
OFFICE_ACTS: dict[str, dict[str, Any]] = {
    "link": {"reason": "同一事项"},
    "split": {"reason": "另有原因"},
    "redo": {"reason": "未解决"},
    "decide-return": {"decision": "granted", "reason": "属实"},
}


async def act(desk: Desk, chance: random.Random, tickets: list[str]) -> str:
    """Something that somebody does to a ticket, allowed or not."""
    ticket, other = chance.sample(tickets, 2)
    name = chance.choice([*UNIT_ACTS, *OFFICE_ACTS, "link", "link", "withdraw", "rate", "repeat"])
    if name == "withdraw":
        await desk.tell(ticket, WITHDRAWN)
    elif name == "rate":
        await desk.tell(ticket, RATED)
    elif name == "repeat":
        tickets.append(await desk.file(repeats=ticket, caller_id=UUID(int=1)))
    else:
        is_unit = name in UNIT_ACTS
        client = await (desk.unit(WATER) if is_unit else desk.person(Role.SUPERVISOR))
        body = (UNIT_ACTS | OFFICE_ACTS)[name]
        named: dict[str, dict[str, Any]] = {"link": {"main": other}}
        named["terminate"] = {"earlier": [other]}
        more = named.get(name, {})
        answer = await client.post(f"/v1/tickets/{ticket}/{name}", json=body | more)
        assert answer.status_code < 500, answer.text
    return f"{name} {tickets.index(ticket)} {tickets.index(other)}"


@pytest.mark.parametrize("seed", range(6))
async def test_no_ticket_stays_linked_to_one_that_can_never_answer_it(
    ruled_desk: Desk, seed: int
) -> None:
    chance, pool = random.Random(seed), ruled_desk.runtime.database.pool
    tickets = [await ruled_desk.file(caller_id=UUID(int=number % 2)) for number in range(5)]
    done = list[str]()
    for _ in range(ACTS):
        done.append(await act(ruled_desk, chance, tickets))
        for row in await pool.fetch(LINKED):
            waits_for = OPEN | ({State.REPLIED} if row["link_kind"] == "repeat" else set())
            assert State(row["state"]) in waits_for, done
            assert row["state"] == "replied" or row["main"] is None, done
        assert await pool.fetchval(LOOSE) == 0, done
    for ticket in tickets:
        await ruled_desk.said_types(ticket)
    assert await pool.fetchval("SELECT count(*) FROM parked") == 0
