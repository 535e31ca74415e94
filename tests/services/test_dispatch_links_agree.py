"""Dispatch shows the deadlines that sla counts, whatever is linked, split, terminated or redone."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.events.intake import TicketAmended
from shared.events.words import RequestType, Role, Urgency
from shared.policy.load import pack_for
from tests.services.dispatch_desk import REPLY, Desk, created, desk, get, ruled_desk
from tests.services.test_dispatch_agrees import MONDAY, Town, clients, open_town

__all__ = ["desk", "ruled_desk"]

ACTS = 16
IDS = [f"019a0000-0000-7000-8000-0000000000a{number}" for number in range(3)]
WORDS = {"opinion": "已依法办理", "script": "不予退费", "explanation": "已当面解释"}
BODIES: dict[str, dict[str, Any]] = {
    "sign": {},
    "reply": REPLY,
    "redo": {"reason": "未解决"},
    "split": {"reason": "另有原因"},
    "terminate": WORDS,
    "link": {"reason": "同一事项"},
}


async def act(town: Town, chance: random.Random) -> str:
    """Something that somebody does to one of the tickets; refused where its state says so."""
    ticket, other = chance.sample(IDS, 2)
    office = await town.desk.person(Role.SUPERVISOR)
    shown = await get(office, f"/v1/tickets/{ticket}")
    people = await clients(town, shown["unit"] or "")
    name = chance.choice([*BODIES, "sign", "reply", "link", "amend"])
    if name == "amend":
        amended = TicketAmended(
            request_type=chance.choice(list(RequestType)),
            urgency=chance.choice([None, *Urgency]),
            reason="更正",
        )
        stepped = town.desk.harness.clock.stepped
        await town.hear(town.desk.harness.event(amended, ticket, time=stepped))
        return f"{name} {ticket[-1]}"
    named: dict[str, dict[str, Any]] = {"link": {"main": other}}
    named["terminate"] = {"earlier": [other]}
    more = named.get(name, {})
    who = "unit" if name in ("sign", "reply", "terminate") else "office"
    path = f"/v1/tickets/{ticket}/{name}"
    answer = await people[who].post(path, json=BODIES[name] | more)
    assert answer.status_code < 500, answer.text
    await town.pass_on()
    return f"{name} {ticket[-1]} {answer.status_code}"


@pytest.mark.parametrize("is_ruled", [True, False])
@pytest.mark.parametrize("seed", range(4))
async def test_linked_tickets_show_the_deadlines_that_the_clock_counts(
    ruled_desk: Desk, seed: int, is_ruled: bool
) -> None:
    chance, clock = random.Random(f"{seed}{is_ruled}"), ruled_desk.harness.clock
    clock.stepped = MONDAY
    if not is_ruled:
        await ruled_desk.runtime.database.pool.execute("DELETE FROM duty_rules")
        await ruled_desk.runtime.database.pool.execute(
            "UPDATE directory_version SET version = version + 1"
        )
    town = await open_town(ruled_desk)
    await town.pass_on()
    for number, ticket in enumerate(IDS):
        filed = created(
            policy=pack_for("512000").content_hash,
            request_type=chance.choice(list(RequestType)),
            urgency=chance.choice(list(Urgency)),
            caller_id=UUID(int=7 + number // 2),
        )
        await town.hear(ruled_desk.harness.event(filed, ticket, time=MONDAY))
    supervisor, done = await ruled_desk.person(Role.SUPERVISOR), list[str]()
    now: datetime = MONDAY.astimezone(UTC)
    for _ in range(ACTS):
        for ticket in IDS:
            shown = {
                one["step"]: (datetime.fromisoformat(one["due_at"]), one["rule"], one["source"])
                for one in (await get(supervisor, f"/v1/tickets/{ticket}"))["deadlines"]
            }
            counted = await town.counted(ticket)
            counted.pop("follow-up", None)
            assert shown == counted, (ticket[-1], done)
        now += timedelta(minutes=1)
        clock.step_to(now)
        done.append(await act(town, chance))
