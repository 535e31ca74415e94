"""What a person decides about suggestions: taken, overridden, undone; asked beforehand (B3)."""

import pytest

from services.dispatch.suggestions.queries import find_material
from services.dispatch.suggestions.rules import LESSON_WEIGHT
from shared.events.words import Role
from tests.services.dispatch_desk import (
    COUNTY,
    HOUSING,
    RETURN,
    WATER,
    desk,
    get,
    post,
)
from tests.services.suggestion_desk import (
    COUNTY_MATTER,
    WATER_MATTER,
    SuggestionDesk,
    learning,
    lesson,
)

__all__ = ["desk", "learning", "lesson"]
ALONE = 0.5
QUESTION = {"jurisdiction": "512000", **WATER_MATTER}
LESSONS = "SELECT suggested, chosen, by, reason FROM lessons ORDER BY id"


async def lessons(learning: SuggestionDesk) -> list[tuple[str, str | None, str, str]]:
    rows = await learning.desk.runtime.database.pool.fetch(LESSONS)
    return [tuple(row) for row in rows]


async def test_another_unit_than_the_suggested_one_is_a_lesson(learning: SuggestionDesk) -> None:
    await learning.learn()
    ticket = await learning.file()
    await learning.suggest()
    operator = await learning.desk.person(Role.OPERATOR)
    body = {"unit": HOUSING, "reason": "二次供水由物业主管部门负责"}
    await post(operator, f"/v1/tickets/{ticket}/dispatch", body)
    assert await lessons(learning) == [
        (WATER, HOUSING, "test-operator-", "二次供水由物业主管部门负责")
    ]
    told = await get(operator, f"/v1/tickets/{ticket}/suggestion")
    assert told["outcome"] == "overridden"
    assert told["decided_at"] is not None


async def test_a_suggestion_that_was_taken_is_no_lesson(learning: SuggestionDesk) -> None:
    await learning.learn()
    ticket = await learning.file()
    await learning.suggest()
    operator = await learning.desk.person(Role.OPERATOR)
    await post(operator, f"/v1/tickets/{ticket}/dispatch", {"unit": WATER, "reason": "供水"})
    assert await lessons(learning) == []
    told = await get(operator, f"/v1/tickets/{ticket}/suggestion")
    assert told["outcome"] == "taken"


async def test_a_refused_dispatch_leaves_no_lesson(learning: SuggestionDesk) -> None:
    await learning.learn()
    ticket = await learning.file()
    await learning.suggest()
    operator = await learning.desk.person(Role.OPERATOR)
    body = {"unit": COUNTY, "reason": "试试"}
    await post(operator, f"/v1/tickets/{ticket}/dispatch", {**body, "unit": "无"}, status=422)
    assert await lessons(learning) == []


@pytest.mark.parametrize("named", [HOUSING, None])
async def test_a_granted_return_of_an_automatic_dispatch_is_a_lesson(
    learning: SuggestionDesk, named: str | None
) -> None:
    await learning.learn(threshold=ALONE)
    ticket = await learning.file()
    await learning.suggest()
    water = await learning.desk.unit(WATER)
    await post(water, f"/v1/tickets/{ticket}/return", RETURN)
    operator = await learning.desk.person(Role.OPERATOR)
    granted = {"decision": "granted", "reason": "确不属于水务", "unit": named}
    await post(operator, f"/v1/tickets/{ticket}/decide-return", granted)
    assert await lessons(learning) == [(WATER, named, "test-operator-", "确不属于水务")]


async def test_a_rejected_return_is_no_lesson(learning: SuggestionDesk) -> None:
    await learning.learn(threshold=ALONE)
    ticket = await learning.file()
    await learning.suggest()
    await post(await learning.desk.unit(WATER), f"/v1/tickets/{ticket}/return", RETURN)
    operator = await learning.desk.person(Role.OPERATOR)
    rejected = {"decision": "rejected", "reason": "属于水务"}
    await post(operator, f"/v1/tickets/{ticket}/decide-return", rejected)
    assert await lessons(learning) == []


async def test_the_next_training_takes_lessons_for_the_truth(learning: SuggestionDesk) -> None:
    await learning.learn()
    ticket = await learning.file(title="课")
    await learning.file(title="仍在办理，没有结论")
    await learning.suggest()
    operator = await learning.desk.person(Role.OPERATOR)
    body = {"unit": HOUSING, "reason": "二次供水"}
    await post(operator, f"/v1/tickets/{ticket}/dispatch", body)
    await learning.close(3)
    async with learning.desk.runtime.database.sessions() as session:
        material = await find_material(session)
    assert len(material.examples) == 4
    (lesson,) = [one for one in material.examples if one.text.startswith("课\n")]
    assert (lesson.answers["unit"], lesson.weight) == (HOUSING, LESSON_WEIGHT)
    assert {one.weight for one in material.examples if one is not lesson} == {1.0}


async def test_the_figures_say_what_became_of_suggestions(learning: SuggestionDesk) -> None:
    supervisor = await learning.desk.person(Role.SUPERVISOR)
    nothing = await get(supervisor, "/v1/suggestions/figures")
    assert (nothing["suggested"], nothing["precision"], nothing["model"]) == (0, None, None)
    model = await learning.learn()
    taken, overridden, _ = [await learning.file() for _ in range(3)]
    await learning.suggest()
    operator = await learning.desk.person(Role.OPERATOR)
    for ticket, unit in ((taken, WATER), (overridden, HOUSING)):
        await post(operator, f"/v1/tickets/{ticket}/dispatch", {"unit": unit, "reason": "职责"})
    await learning.learn(threshold=ALONE)
    alone, undone = await learning.file(), await learning.file()
    await learning.suggest()
    await post(await learning.desk.unit(WATER), f"/v1/tickets/{undone}/return", RETURN)
    granted = {"decision": "granted", "reason": "不属于", "unit": HOUSING}
    await post(operator, f"/v1/tickets/{undone}/decide-return", granted)
    figures = await get(supervisor, "/v1/suggestions/figures")
    counted = {name: figures[name] for name in ("suggested", "taken", "overridden")}
    assert counted == {"suggested": 5, "taken": 1, "overridden": 1}
    assert (figures["automatic"], figures["undone"], figures["precision"]) == (1, 1, 0.5)
    assert figures["model"]["id"] != str(model.id)
    assert figures["model"]["threshold"] == ALONE
    assert figures["model"]["figures"]["unit"]["macro_f1"] > 0.9
    since = {"since": "2099-01-01T00:00:00+08:00"}
    later = await supervisor.get("/v1/suggestions/figures", params=since)
    assert later.json()["suggested"] == 0
    elsewhere = await learning.desk.person(Role.ANALYST, jurisdiction="620000")
    assert (await get(elsewhere, "/v1/suggestions/figures"))["suggested"] == 0
    assert alone != undone


async def test_whoever_types_is_answered_at_once(learning: SuggestionDesk) -> None:
    await learning.learn(threshold=0.9)
    operator = await learning.desk.person(Role.OPERATOR)
    told = await post(operator, "/v1/suggestions/preview", QUESTION)
    assert (told["units"][0]["value"], told["threshold"]) == (WATER, 0.9)
    assert (told["categories"][0]["value"], told["request_types"][0]["value"]) == ("0101", "help")
    county = {"jurisdiction": "512021", **COUNTY_MATTER}
    told = await post(operator, "/v1/suggestions/preview", county)
    assert told["units"][0]["value"] == COUNTY
    pool = learning.desk.runtime.database.pool
    assert await pool.fetchval("SELECT count(*) FROM suggestions") == 0


@pytest.mark.parametrize("content", ["🙂𠮷", "啊" * 10_000, "12345", "<b>停水</b>"])
async def test_odd_words_are_answered_too(learning: SuggestionDesk, content: str) -> None:
    await learning.learn()
    operator = await learning.desk.person(Role.OPERATOR)
    told = await post(operator, "/v1/suggestions/preview", {**QUESTION, "content": content})
    assert sum(one["confidence"] for one in told["units"]) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"content": " "}, 422, "malformed"),
        ({"jurisdiction": "abc"}, 422, "malformed"),
        ({"unit": WATER}, 422, "malformed"),
        ({"jurisdiction": "620000"}, 404, "not_found"),
    ],
)
async def test_a_bad_question_is_refused(
    learning: SuggestionDesk, change: dict[str, str], status: int, code: str
) -> None:
    await learning.learn()
    operator = await learning.desk.person(Role.OPERATOR)
    told = await post(operator, "/v1/suggestions/preview", QUESTION | change, status=status)
    assert told["code"] == code


async def test_without_a_model_the_question_is_answered_with_what_to_do(
    learning: SuggestionDesk,
) -> None:
    operator = await learning.desk.person(Role.OPERATOR)
    told = await post(operator, "/v1/suggestions/preview", QUESTION, status=409)
    assert told["code"] == "not_trained"
    assert "hotline suggest train" in told["detail"]


async def test_only_who_dispatches_may_ask_and_only_who_watches_sees_figures(
    learning: SuggestionDesk,
) -> None:
    await learning.learn()
    unit = await learning.desk.unit(WATER)
    await post(unit, "/v1/suggestions/preview", QUESTION, status=403)
    assert (await unit.get("/v1/suggestions/figures")).status_code == 403
    operator = await learning.desk.person(Role.OPERATOR)
    assert (await operator.get("/v1/suggestions/figures")).status_code == 403
