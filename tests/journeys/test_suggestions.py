"""Where no rule holds, a suggestion comes behind `ticket.created`; a sure one dispatches (B3)."""

import asyncio
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.dispatch.suggestions.learned import load
from services.dispatch.suggestions.material import Example, Material
from services.dispatch.suggestions.operations import keep_model
from services.dispatch.suggestions.rules import QUESTIONS
from services.dispatch.suggestions.teaching import teach
from shared.events.words import Service
from tests.harness import eventually
from tests.journeys.town import SECOND, THIRD, ZIYANG, Town
from tests.services.suggestion_desk import HOUSING, WATER, matters

UNITS = {WATER: SECOND, HOUSING: THIRD}
NO_RULE = {"category": None, "title": "停水"}
WATER_WORDS = "小区自来水停了，水管没水，请水务部门处理。"


@pytest.fixture(scope="module")
def lesson() -> bytes:
    """A model of two units of the town."""
    examples = [
        Example(words, ZIYANG, {"unit": UNITS[unit], "request_type": "help", "category": None})
        for unit, words in matters(300)
        if unit in UNITS
    ]
    return asyncio.run(teach(Material(examples, QUESTIONS, {}, is_in_order=True)))


async def keep(town: Town, lesson: bytes, *, threshold: float | None) -> str:
    runtime = town.city.platform.runtimes[Service.DISPATCH]
    async with runtime.database.sessions() as session, session.begin():
        at = await runtime.clock.now(session)
        model = await keep_model(session, load(lesson), lesson, at=at)
        model.threshold = threshold
    return str(model.id)


async def suggested(town: Town, path: str) -> dict[str, Any]:
    async def is_there() -> bool:
        return (await town.operator.get(f"{path}/suggestion")).status_code == 200

    await eventually(is_there, what="the suggestion")
    return await town.get(town.operator, f"{path}/suggestion")


async def test_a_suggestion_comes_behind_filing_and_a_sure_one_goes_by_itself(
    town: Town, lesson: bytes
) -> None:
    await keep(town, lesson, threshold=None)
    waiting = await town.file(content=WATER_WORDS, **NO_RULE)
    told = await suggested(town, waiting)
    assert told["units"][0]["value"] == SECOND
    assert (await town.get(town.operator, waiting))["state"] == "accepted"
    question = {"jurisdiction": ZIYANG, "content": WATER_WORDS}
    asked = await town.post(town.operator, "/v1/suggestions/preview", **question)
    assert asked["units"][0]["value"] == SECOND
    await town.refuse(town.unit, "/v1/suggestions/preview", **question)
    model = await keep(town, lesson, threshold=0.5)
    alone = await town.file(content=f"{WATER_WORDS}{uuid7()}", **NO_RULE)
    assert (await suggested(town, alone))["outcome"] == "automatic"
    ticket = await town.get(town.operator, alone)
    assert (ticket["state"], ticket["unit"]) == ("dispatched", SECOND)
    timeline = (await town.get(town.operator, f"{alone}/timeline"))["items"]
    assert timeline[-1]["rule"] == f"suggestion:{model}"
    await town.settle()
    assert "handle" in await town.running(alone)
    figures = await town.get(town.supervisor, "/v1/suggestions/figures")
    assert (figures["suggested"], figures["automatic"]) == (2, 1)
