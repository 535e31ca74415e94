"""A unit that signs the moment that a ticket was filed is never told that there is none."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import httpx

from shared.events.words import Role, Service
from shared.settings import Settings
from tests.faults.held import fetch, parked
from tests.faults.town import UNIT, Town, open_town
from tests.faults.traffic import request
from tests.harness import eventually

TICKETS = 500
AT_ONCE = 16
BYSTANDERS = (Service.SLA, Service.KNOWLEDGE, Service.ANALYTICS)
"""They hear of it all afterwards."""
STATES = """SELECT count(*) FILTER (WHERE state = 'signed') AS signed, count(*) AS all
FROM dispatch.tickets"""


async def test_filing_and_signing_at_once_meets_no_false_refusal(
    town_settings: Settings,
) -> None:
    answers: Counter[int] = Counter()
    async with open_town(town_settings) as town:
        for service in BYSTANDERS:
            await town.stop(service)
        turns = iter(range(TICKETS))
        await asyncio.gather(*(file_and_sign(town, turns, answers) for _ in range(AT_ONCE)))
        for service in BYSTANDERS:
            town.start(service)
        # A busy machine may ask for patience (503), and a ticket that is there is then found.
        assert answers[200] == TICKETS
        assert answers.keys() <= {200, 503}, answers
        assert answers[503] < TICKETS // 2, answers
        (row,) = await fetch(town.settings, STATES)
        assert (row["signed"], row["all"]) == (TICKETS, TICKETS)
        await eventually(town.drained, seconds=150, what="a drained town")
        assert await parked(town.settings) == {}


async def file_and_sign(town: Town, turns: Iterator[int], answers: Counter[int]) -> None:
    """An operator and a unit, each with connections of their own."""
    async with (
        town.client(Role.OPERATOR) as operator,
        town.client(Role.UNIT, unit=UNIT) as unit,
    ):
        for _ in turns:
            filed = await operator.post("/v1/tickets", json=request())
            assert filed.status_code == 201, filed.text
            await sign(unit, filed.json()["id"], answers)


async def sign(unit: httpx.AsyncClient, ticket: str, answers: Counter[int]) -> None:
    """Sign, again where the answer is to wait; count the answers."""
    while True:
        answer = await unit.post(f"/v1/tickets/{ticket}/sign", json={})
        answers[answer.status_code] += 1
        if answer.status_code != 503:
            return
