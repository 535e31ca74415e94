"""A desk with closed tickets to learn from, and models learned from them."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.dispatch.suggestions.learned import load
from services.dispatch.suggestions.material import Example, Material
from services.dispatch.suggestions.models import Model
from services.dispatch.suggestions.operations import keep_model
from services.dispatch.suggestions.queries import ModelBook
from services.dispatch.suggestions.rules import QUESTIONS
from services.dispatch.suggestions.teaching import teach
from services.dispatch.suggestions.worker import BATCH_MAX, suggest_batch
from shared.events.words import RequestType
from tests.services.dispatch_desk import COUNTY, HOUSING, WATER, Desk, created

PLACES = {WATER: "512000", HOUSING: "512000", COUNTY: "512021"}
WORDS = {
    WATER: ("自来水停了没有水用", "水管破裂漏水", "水压太低水龙头没水", "自来水发黄浑浊"),
    HOUSING: ("房产证办不下来", "物业收费太高", "电梯坏了物业不修", "商品房漏雨开发商不管"),
    COUNTY: ("村里低保名单不公开", "村干部克扣补贴", "宅基地审批拖延", "村委会不开证明"),
}
CATEGORIES = {WATER: "0101", HOUSING: "0201", COUNTY: "0301"}
STREETS = "建设和平人民解放文化胜利光明幸福东风红旗"
WATER_MATTER = {"title": "停水", "content": "小区自来水停了，水管没水，请水务部门处理。"}
COUNTY_MATTER = {"title": "低保", "content": "村里低保名单不公开，村干部克扣补贴。"}
VAGUE_MATTER = {"title": "求助", "content": "有一件事想请帮忙看看。"}


def matters(count: int) -> list[tuple[str, str]]:
    """Matters of the past: which unit had each, and its words."""
    units = list(WORDS)
    found = []
    for number in range(count):
        unit = units[number % len(units)]
        words = WORDS[unit][number // len(units) % 4]
        street = STREETS[number % 20] + STREETS[number // 3 % 20]
        found.append((unit, f"{street}路{number}号{words}，请尽快处理。"))
    return found


def type_of(unit: str) -> RequestType:
    """Of what type the matters of a unit were."""
    return RequestType.REPORT if unit == COUNTY else RequestType.HELP


@pytest.fixture(scope="session")
def lesson() -> bytes:
    """A model that was learned once for all tests, from 300 matters of three units."""
    examples = [
        Example(
            f"来电\n{words}",
            PLACES[unit],
            {"unit": unit, "request_type": type_of(unit), "category": CATEGORIES[unit]},
        )
        for unit, words in matters(300)
    ]
    material = Material(examples, QUESTIONS, {"unit": PLACES}, is_in_order=True)
    return asyncio.run(teach(material))


@dataclass
class SuggestionDesk:
    """Dispatch, with what its worker would do at hand."""

    desk: Desk
    lesson: bytes
    book: ModelBook

    async def learn(self, *, threshold: float | None = None) -> Model:
        """Keep the model, as a training would; it acts alone from `threshold` on."""
        runtime = self.desk.runtime
        async with runtime.database.sessions() as session, session.begin():
            at = await runtime.clock.now(session)
            model = await keep_model(session, load(self.lesson), self.lesson, at=at)
            model.threshold = threshold
        return model

    async def suggest(self) -> int:
        """One look of the worker; how many tickets got a suggestion."""
        return await suggest_batch(self.desk.runtime, self.book, limit=BATCH_MAX)

    async def file(self, **fields: Any) -> str:
        """A ticket without a category that waits for a person."""
        return await self.desk.file(**({"category": None} | WATER_MATTER | fields))

    async def close(self, count: int) -> None:
        """Tickets of the past: filed, and closed by the unit that replied."""
        past = [(str(uuid7()), unit, words) for unit, words in matters(count)]
        await self.desk.hear(
            *(
                self.desk.harness.event(
                    created(
                        title="来电",
                        content=words,
                        category=CATEGORIES[unit],
                        jurisdiction=PLACES[unit],
                        request_type=type_of(unit),
                    ),
                    ticket_id,
                )
                for ticket_id, unit, words in past
            )
        )
        await self.desk.runtime.database.pool.execute(
            """UPDATE tickets t SET state = 'closed', unit = g.unit, round = 1,
                replied_at = clock_timestamp(), closed_at = clock_timestamp()
            FROM unnest($1::uuid[], $2::text[]) AS g (id, unit) WHERE t.id = g.id""",
            [ticket_id for ticket_id, _, _ in past],
            [unit for _, unit, _ in past],
        )


@pytest.fixture
def learning(desk: Desk, lesson: bytes) -> SuggestionDesk:
    """A desk without a model, and no history yet."""
    return SuggestionDesk(desk, lesson, ModelBook())
