"""Who asks for more time, and that the caller is told, as each place's law says (C4, ZY 13.3)."""

import pytest

from services.sla.app import make_app
from shared.events.sla import TicketExtensionExplained
from shared.events.words import Role
from tests.harness import Harness, token
from tests.services.law_texts import pack_text
from tests.services.sla_extensions import open_desk, person, refused, said_of
from tests.services.sla_tickets import Sla, open_sla

DUE = "2026-03-11T17:30"
GRANTED = {"decision": "granted", "reason": "情况属实"}


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness)


async def publish(sla: Sla, **changes: str) -> str:
    """Ziyang's pack with other lines; its hash."""
    bearer = token(sla.harness.settings, Role.ADMINISTRATOR, jurisdiction="000000")
    office = await sla.harness.client(make_app(sla.runtime), bearer)
    text = pack_text("ziyang", version='"2"', **changes)
    answer = await office.post("/v1/policies", json={"file": "changed.toml", "text": text})
    content_hash: str = answer.json()["hash"]
    return content_hash


async def test_more_time_is_granted_only_once_the_unit_has_told_the_caller(sla: Sla) -> None:
    desk = await open_desk(sla)
    told = {"extension": 1, "contact": "3月9日电话说明延期原因"}
    assert (await desk.act(desk.of_unit, "explain-extension", told)).status_code == 404
    await desk.extend(5, at="2026-03-09T10:00")
    untold = await desk.act(desk.office, "decide-extension", GRANTED)
    refused(untold, "extension_not_explained", ["explain-extension", "refused"])
    assert "ZY 13.3" in untold.json()["detail"]
    assert await desk.handle() == ("running", DUE)

    office = await desk.act(desk.office, "explain-extension", told)
    assert office.status_code == 403
    answer = await desk.act(desk.of_unit, "explain-extension", told)
    assert (answer.status_code, answer.json()["contact"]) == (200, told["contact"])
    assert answer.json()["explained_at"] == "2026-03-09T10:00:00+08:00"
    (said,) = await said_of(sla, TicketExtensionExplained)
    assert (said.unit, said.extension, said.contact) == (desk.unit, 1, told["contact"])
    twice = await desk.act(desk.of_unit, "explain-extension", told)
    assert (twice.status_code, twice.json()["allowed"]) == (409, [])
    assert (await desk.act(desk.office, "decide-extension", GRANTED)).status_code == 200
    assert await desk.handle(2) == ("running", "2026-03-18T17:30")


async def test_where_the_law_asks_no_explanation_more_time_is_granted_without(sla: Sla) -> None:
    law = await publish(sla, told_to_caller='{ value = false, source = "ZY 13.3" }')
    desk = await open_desk(sla, policy=law)
    await desk.extend(5, at="2026-03-09T10:00")
    assert (await desk.act(desk.office, "decide-extension", GRANTED)).status_code == 200
    assert (await desk.explain()).status_code == 200, "the unit may tell the caller all the same"


async def test_where_the_law_has_the_leader_ask_nobody_else_of_the_unit_does(sla: Sla) -> None:
    law = '{ value = "unit_leader", text = "承办单位负责人", source = "ZY 13.3" }'
    desk = await open_desk(sla, policy=await publish(sla, asked_by=law))
    clerk = await desk.extend(5, at="2026-03-09T10:00")
    assert (clerk.status_code, clerk.json()["allowed"]) == (403, ["unit_leader"])
    desk.of_unit = await person(sla, Role.UNIT_LEADER, unit=desk.unit)
    assert (await desk.extend(5)).status_code == 200


async def test_another_platform_explains_by_the_law_of_its_own_place(sla: Sla) -> None:
    desk = await open_desk(sla)
    desk.of_unit = await person(sla, Role.UNIT, unit=desk.unit, subject="platform:510000")
    await desk.extend(5, at="2026-03-09T10:00")
    assert (await desk.act(desk.office, "decide-extension", GRANTED)).status_code == 200
