"""Suggestions of type, category and unit for tickets that wait for a person (B3)."""

import asyncio
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from services.dispatch.suggestions.queries import ModelBook
from services.dispatch.suggestions.worker import suggest_batch, train_platform, train_tonight
from shared.events.dispatch import TicketDispatched
from shared.events.intake import TicketAmended
from shared.events.words import Role, Urgency
from tests.services.dispatch_desk import (
    COUNTY,
    HOUSING,
    RETURN,
    UNITS,
    WATER,
    Desk,
    desk,
    get,
    post,
    put,
)
from tests.services.suggestion_desk import (
    COUNTY_MATTER,
    VAGUE_MATTER,
    WATER_MATTER,
    SuggestionDesk,
    learning,
    lesson,
)

__all__ = ["desk", "learning", "lesson"]
ALONE = 0.5
BEFORE_TWO = datetime(2026, 3, 1, 17, 59, tzinfo=UTC)
TWO = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)


async def unit_of(desk: Desk, ticket_id: str) -> str | None:
    operator = await desk.person(Role.OPERATOR)
    unit: str | None = (await get(operator, f"/v1/tickets/{ticket_id}"))["unit"]
    return unit


async def test_a_waiting_ticket_gets_type_category_and_units_with_their_grounds(
    learning: SuggestionDesk,
) -> None:
    model = await learning.learn()
    ticket = await learning.file()
    assert await learning.suggest() == 1
    operator = await learning.desk.person(Role.OPERATOR)
    told = await get(operator, f"/v1/tickets/{ticket}/suggestion")
    assert told["model_id"] == str(model.id)
    assert told["outcome"] is None
    assert [one["value"] for one in told["request_types"]] == ["help", "report"]
    assert told["categories"][0]["value"] == "0101"
    best, second, _ = told["units"]
    assert (best["value"], best["name"]) == (WATER, "资阳市水务局")
    assert best["confidence"] > 0.8 > second["confidence"]
    assert best["examples"] == 100
    ground = best["grounds"][0]
    assert ground["word"] in WATER_MATTER["content"]
    assert 0 < ground["tickets"] <= ground["of_all"]
    assert {one["value"] for one in told["units"]} == {WATER, HOUSING, COUNTY}


async def test_a_ticket_is_looked_at_once_and_again_when_it_was_amended(
    learning: SuggestionDesk,
) -> None:
    await learning.learn()
    ticket = await learning.file(jurisdiction="512021")
    assert await learning.suggest() == 1
    assert await learning.suggest() == 0
    addition = "补充：" + COUNTY_MATTER["content"] * 4
    await learning.desk.tell(ticket, TicketAmended(addition=addition, amended_by="op"))
    assert await learning.suggest() == 1
    operator = await learning.desk.person(Role.OPERATOR)
    told = await get(operator, f"/v1/tickets/{ticket}/suggestion")
    assert told["units"][0]["value"] == COUNTY


async def test_filing_never_waits_for_a_model_and_the_first_one_catches_up(
    learning: SuggestionDesk,
) -> None:
    tickets = [await learning.file() for _ in range(3)]
    assert await learning.suggest() == 0
    operator = await learning.desk.person(Role.OPERATOR)
    path = f"/v1/tickets/{tickets[0]}/suggestion"
    assert (await operator.get(path)).status_code == 404
    await learning.learn()
    assert await learning.suggest() == 3
    assert (await operator.get(path)).status_code == 200


async def test_two_workers_never_suggest_for_the_same_ticket(learning: SuggestionDesk) -> None:
    await learning.learn()
    for _ in range(6):
        await learning.file()
    runtime = learning.desk.runtime
    done = await asyncio.gather(*(suggest_batch(runtime, ModelBook(), limit=4) for _ in range(2)))
    while await learning.suggest():
        pass
    assert sum(done) <= 6
    assert await runtime.database.pool.fetchval("SELECT count(*) FROM suggestions") == 6


async def test_a_ticket_that_a_rule_dispatched_has_no_suggestion(learning: SuggestionDesk) -> None:
    administrator = await learning.desk.person(Role.ADMINISTRATOR)
    rule = {"jurisdiction": "512000", "unit": HOUSING}
    await put(administrator, "/v1/duty-rules/512000-0000", rule)
    await learning.learn()
    ticket = await learning.file()
    assert await learning.suggest() == 0
    operator = await learning.desk.person(Role.OPERATOR)
    answer = await operator.get(f"/v1/tickets/{ticket}/suggestion")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_units_never_see_a_suggestion_nor_other_places(learning: SuggestionDesk) -> None:
    await learning.learn()
    ticket = await learning.file()
    await learning.suggest()
    path = f"/v1/tickets/{ticket}/suggestion"
    for person in (
        await learning.desk.unit(WATER),
        await learning.desk.person(Role.ANALYST),
        await learning.desk.person(Role.OPERATOR, jurisdiction="620000"),
    ):
        assert (await person.get(path)).status_code == 404


async def test_above_the_threshold_a_ticket_is_dispatched_by_itself(
    learning: SuggestionDesk,
) -> None:
    model = await learning.learn(threshold=ALONE)
    ticket = await learning.file()
    await learning.suggest()
    (event,) = await learning.desk.said(ticket)
    assert isinstance(event.data, TicketDispatched)
    assert event.data.rule == f"suggestion:{model.id}"
    assert (event.data.unit, event.data.dispatched_by) == (WATER, "system")
    (_, entry) = await learning.desk.timeline(ticket)
    assert entry["rule"] == f"suggestion:{model.id}"
    operator = await learning.desk.person(Role.OPERATOR)
    told = await get(operator, f"/v1/tickets/{ticket}/suggestion")
    assert told["outcome"] == "automatic"
    await post(await learning.desk.unit(WATER), f"/v1/tickets/{ticket}/sign", {})


@pytest.mark.parametrize(
    "fields",
    [VAGUE_MATTER, {"urgency": Urgency.SPECIAL}, {"about_unit": HOUSING}],
    ids=["below the threshold", "an emergency", "about a unit"],
)
async def test_what_a_person_must_decide_waits_for_one(
    learning: SuggestionDesk, fields: dict[str, str]
) -> None:
    await learning.learn(threshold=0.9 if fields is VAGUE_MATTER else ALONE)
    ticket = await learning.file(**fields)
    await learning.suggest()
    assert await learning.desk.said(ticket) == []
    assert await unit_of(learning.desk, ticket) is None


async def test_the_unit_that_is_complained_of_is_not_suggested(learning: SuggestionDesk) -> None:
    await learning.learn()
    ticket = await learning.file(about_unit=WATER)
    await learning.suggest()
    operator = await learning.desk.person(Role.OPERATOR)
    told = await get(operator, f"/v1/tickets/{ticket}/suggestion")
    assert {one["value"] for one in told["units"]} == {HOUSING, COUNTY}


async def test_a_model_without_a_threshold_never_acts_alone(learning: SuggestionDesk) -> None:
    await learning.learn(threshold=None)
    ticket = await learning.file()
    await learning.suggest()
    assert await unit_of(learning.desk, ticket) is None


async def test_a_unit_that_takes_nothing_any_more_is_not_suggested(
    learning: SuggestionDesk,
) -> None:
    administrator = await learning.desk.person(Role.ADMINISTRATOR)
    await put(administrator, f"/v1/units/{WATER}", {**UNITS[WATER], "is_active": False})
    await learning.learn(threshold=ALONE)
    ticket = await learning.file(jurisdiction="512021")
    await learning.suggest()
    operator = await learning.desk.person(Role.OPERATOR)
    told = await get(operator, f"/v1/tickets/{ticket}/suggestion")
    assert {one["value"] for one in told["units"]} == {HOUSING, COUNTY}


async def test_a_rule_that_came_while_a_ticket_waited_goes_before_a_suggestion(
    learning: SuggestionDesk,
) -> None:
    ticket = await learning.file()
    administrator = await learning.desk.person(Role.ADMINISTRATOR)
    rule = {"jurisdiction": "512000", "unit": HOUSING}
    await put(administrator, "/v1/duty-rules/512000-0000", rule)
    await learning.learn(threshold=ALONE)
    await learning.suggest()
    (event,) = await learning.desk.said(ticket)
    assert isinstance(event.data, TicketDispatched)
    assert (event.data.unit, event.data.rule) == (HOUSING, "512000-0000")


async def test_a_unit_that_returned_a_ticket_is_not_suggested_again_nor_anybody_alone(
    learning: SuggestionDesk,
) -> None:
    await learning.learn(threshold=ALONE)
    ticket = await learning.file()
    await learning.suggest()
    assert await unit_of(learning.desk, ticket) == WATER
    water, operator = await learning.desk.unit(WATER), await learning.desk.person(Role.OPERATOR)
    await post(water, f"/v1/tickets/{ticket}/return", RETURN)
    granted = {"decision": "granted", "reason": "确不属于水务"}
    await post(operator, f"/v1/tickets/{ticket}/decide-return", granted)
    assert await learning.suggest() == 1
    told = await get(operator, f"/v1/tickets/{ticket}/suggestion")
    assert {one["value"] for one in told["units"]} == {HOUSING, COUNTY}
    assert await unit_of(learning.desk, ticket) is None


async def test_closed_tickets_are_learned_from_at_two_in_the_morning(
    learning: SuggestionDesk,
) -> None:
    await learning.close(510)
    learning.desk.harness.clock.stepped = BEFORE_TWO
    runtime = learning.desk.runtime
    await runtime.database.pool.execute(
        "INSERT INTO trainings (night, begun_at) SELECT $1::timestamptz - interval '1 day', $1",
        TWO,
    )
    assert await train_tonight(runtime) is None
    runtime.clock.step_to(TWO)
    model = await train_tonight(runtime)
    assert model is not None
    assert (model.trained_at, model.examples) == (TWO, 510)
    assert model.figures["unit"]["accuracy"] > 0.95
    assert model.threshold is not None
    assert await train_tonight(runtime) is None
    ticket = await learning.file()
    await learning.suggest()
    assert await unit_of(learning.desk, ticket) == WATER


async def test_a_night_with_too_little_history_is_passed_over_and_the_log_says_so(
    learning: SuggestionDesk,
) -> None:
    await learning.close(30)
    with capture_logs() as logs:
        assert await train_tonight(learning.desk.runtime) is None
        assert await train_tonight(learning.desk.runtime) is None
    (line,) = [one for one in logs if one["event"] == "training_skipped"]
    assert (line["closed"], line["needed"]) == (30, 500)


async def test_only_the_last_few_models_are_kept(learning: SuggestionDesk) -> None:
    models = [await learning.learn() for _ in range(5)]
    pool = learning.desk.runtime.database.pool
    rows = await pool.fetch("SELECT id FROM models ORDER BY id")
    assert [row["id"] for row in rows] == [model.id for model in models[-3:]]


async def test_history_is_learned_on_demand(learning: SuggestionDesk) -> None:
    await learning.close(510)
    told: list[tuple[int, int]] = []
    model = await train_platform(
        learning.desk.runtime, progress=lambda over, rounds: told.append((over, rounds))
    )
    assert told[-1] == (6, 6)
    assert set(model.figures) == {"unit", "request_type", "category"}
    assert {one["answers"] for one in model.figures.values()} == {2, 3}
