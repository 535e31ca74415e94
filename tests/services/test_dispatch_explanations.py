"""An operator asks why a ticket goes to a unit, and why not to another (B2)."""

import asyncio
import json
from datetime import UTC, datetime
from functools import partial

from typer.testing import CliRunner, Result

from deploy.cli import app as command_line
from deploy.dispatch import told
from services.dispatch.explanations.schemas import Explanation
from shared.events.words import Role, Urgency
from tests.services.dispatch_desk import (
    COUNTY,
    HOUSING,
    RETURN,
    WATER,
    Desk,
    Json,
    desk,
    post,
    put,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

NIGHT = datetime(2026, 9, 14, 15, tzinfo=UTC)


async def explain(desk: Desk, ticket: str) -> Json:
    supervisor = await desk.person(Role.SUPERVISOR)
    return await post(supervisor, "/v1/duty-rules/explain", {"ticket_id": ticket})


def left_out(explained: Json) -> dict[str, str | None]:
    return {one["rule"]["unit"]: one["left_out"] for one in explained["candidates"]}


def lines(explained: Json) -> str:
    found = Explanation.model_validate(explained)
    assert found.ticket is not None
    return "\n".join(told(found, found.ticket))


async def test_the_rule_that_decided_and_those_that_came_after_are_told(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    explained = await explain(ruled_desk, ticket)
    assert (explained["unit"], explained["rule"]["id"]) == (WATER, "512000-0100")
    assert left_out(explained) == {WATER: None, HOUSING: "次序在后"}
    facts = explained["ticket"]
    assert (facts["rule"], facts["dispatched_by"]) == ("512000-0100", "system")
    assert (facts["state_name"], facts["suggestion"]) == ("已派单", None)
    assert "最近一次派单：依 512000-0100派单。" in lines(explained)


async def test_units_that_returned_it_or_are_closed_do_not_count(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file()
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    water, operator = await ruled_desk.unit(WATER), await ruled_desk.person(Role.OPERATOR)
    facts = {"name": "住建局", "jurisdiction": "512000", "is_active": False}
    await put(administrator, f"/v1/units/{HOUSING}", facts)
    await post(water, f"/v1/tickets/{ticket}/return", RETURN)
    granted = {"decision": "granted", "reason": "属实"}
    await post(operator, f"/v1/tickets/{ticket}/decide-return", granted)
    explained = await explain(ruled_desk, ticket)
    assert explained["unit"] is None
    assert explained["why"] == "相符的规则都不起作用，待人工派单"
    assert left_out(explained) == {WATER: "该单位退回过本工单", HOUSING: "该单位已停用"}
    assert f"退回过本工单的单位：{WATER}。" in lines(explained)
    await post(operator, f"/v1/tickets/{ticket}/dispatch", {"unit": COUNTY, "reason": "由县里办理"})
    told_now = lines(await explain(ruled_desk, ticket))
    assert "由 test-operator- 人工派单（由县里办理）" in told_now


async def test_the_unit_complained_of_is_named_as_left_out(ruled_desk: Desk) -> None:
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    below = {"name": "水务局", "jurisdiction": "512000", "superior": HOUSING}
    await put(administrator, f"/v1/units/{WATER}", below)
    ticket = await ruled_desk.file(about_unit=WATER)
    explained = await explain(ruled_desk, ticket)
    assert (explained["unit"], explained["rule"]["id"]) == (HOUSING, f"superior:{WATER}")
    told_of = [(one["rule"]["id"], one["left_out"]) for one in explained["candidates"]]
    assert told_of == [
        (f"superior:{WATER}", None),
        ("512000-0100", f"诉求涉及 {WATER}，本单位及其下级不得办理（XS 三(四)）"),
        ("512000-0000", "诉求涉及单位的，由其上级办理，不按派单规则"),
    ]
    assert "该单位及其下级不得办理" in lines(explained)


async def test_who_is_off_duty_at_night_is_passed_over_for_an_emergency(ruled_desk: Desk) -> None:
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    always = {"name": "住建局", "jurisdiction": "512000", "duty_hours": "always"}
    await put(administrator, f"/v1/units/{HOUSING}", always)
    ruled_desk.harness.clock.stepped = NIGHT
    ticket = await ruled_desk.file(time=NIGHT, urgency=Urgency.CRITICAL)
    explained = await explain(ruled_desk, ticket)
    assert explained["unit"] == HOUSING
    assert "非工作时间不值守" in (left_out(explained)[WATER] or "")


async def test_a_question_without_a_ticket_names_what_it_needs(ruled_desk: Desk) -> None:
    operator = await ruled_desk.person(Role.OPERATOR)
    for body, field in (
        ({}, "jurisdiction"),
        ({"jurisdiction": "512000"}, "request_type"),
        ({"ticket_id": "no-id"}, "ticket_id"),
    ):
        problem = await post(operator, "/v1/duty-rules/explain", body, status=422)
        assert [error["field"] for error in problem["errors"]] == [field]


async def test_only_the_office_asks_about_a_ticket_and_only_about_its_own(
    ruled_desk: Desk,
) -> None:
    ticket = await ruled_desk.file()
    body = {"ticket_id": ticket}
    await post(await ruled_desk.unit(WATER), "/v1/duty-rules/explain", body, status=403)
    elsewhere = await ruled_desk.person(Role.SUPERVISOR, jurisdiction="530000")
    await post(elsewhere, "/v1/duty-rules/explain", body, status=404)


async def run_command(desk: Desk, *arguments: str) -> Result:
    """What `hotline dispatch explain` prints on the desk's database."""
    environment = {"DATABASE_URL": desk.harness.settings.database_url, "COLUMNS": "300"}
    words = ["dispatch", "explain", *arguments]
    invoke = partial(CliRunner().invoke, command_line, words, env=environment)
    return await asyncio.to_thread(invoke)


async def test_the_command_explains_a_ticket_by_its_number_or_its_id(ruled_desk: Desk) -> None:
    ticket = await ruled_desk.file(number="512000-260914-0000042")
    for name in ("512000-260914-0000042", ticket):
        answer = await run_command(ruled_desk, name)
        assert answer.exit_code == 0, answer.output
        assert "工单 512000-260914-0000042：已派单" in answer.output
        assert "次序在后" in answer.output
    found = json.loads((await run_command(ruled_desk, ticket, "--json")).output)
    assert (found["unit"], found["ticket"]["id"]) == (WATER, ticket)


async def test_the_command_says_that_there_is_no_such_ticket(ruled_desk: Desk) -> None:
    for name in ("512000-000000-0000000", "01990000-0000-7000-8000-000000000000"):
        answer = await run_command(ruled_desk, name)
        assert answer.exit_code == 1
        assert "没有这件工单" in answer.output
