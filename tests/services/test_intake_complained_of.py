"""Whom a request complains of is found after it was filed: from then on that unit sees nothing."""

from typing import Any

import httpx
import pytest

from services.intake.app import make_app
from services.intake.consumer import handlers
from shared.events.dispatch import TicketDispatched, UnitChanged
from shared.events.intake import TicketAmended, TicketVerified
from shared.events.loop import TicketRecalled
from shared.events.words import Role
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.test_intake_filing import intake, operator, request

__all__ = ["intake", "operator"]
UNIT, OTHER, CLOSED = "512000-01", "512000-02", "512000-03"
MARK = {"about_unit": UNIT, "reason": "来信投诉该局工作人员"}


@pytest.fixture
async def unit(harness: Harness, intake: Runtime) -> httpx.AsyncClient:
    """Somebody of the unit that turns out to be complained of."""
    for code in (UNIT, OTHER, CLOSED):
        changed = UnitChanged(
            code=code, name="住建局", jurisdiction="512000", is_active=code != CLOSED
        )
        await harness.hear(intake, handlers(intake), harness.event(changed, code))
    bearer = token(harness.settings, Role.UNIT, unit=UNIT)
    return await harness.client(make_app(intake), bearer)


async def at_the_unit(intake: Runtime, harness: Harness, operator: httpx.AsyncClient) -> str:
    ticket = str((await operator.post("/v1/tickets", json=request())).json()["id"])
    dispatched = TicketDispatched(
        unit=UNIT, unit_name="住建局", round=1, dispatched_by="system", co_units=(OTHER,)
    )
    await harness.hear(intake, handlers(intake), harness.event(dispatched, ticket))
    return ticket


async def test_the_unit_is_named_once_and_finds_nothing_more(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    ticket = await at_the_unit(intake, harness, operator)
    path, files = f"/v1/tickets/{ticket}/amend", f"/v1/tickets/{ticket}/attachments"
    assert (await unit.get(files)).status_code == 200
    answer = await operator.post(path, json=MARK)
    assert answer.status_code == 200, answer.text
    *_, event = await harness.said(intake)
    assert event.data == TicketAmended(**MARK, amended_by="test-operator-")
    assert (await unit.get(files)).status_code == 404
    again = await operator.post(path, json=MARK)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "nothing_to_change")
    pool = intake.database.pool
    rows = await pool.fetch("SELECT about_unit, reason FROM amendments")
    assert [tuple(row) for row in rows] == [tuple(MARK.values())]
    await harness.hear(intake, handlers(intake), harness.event(TicketRecalled(unit=UNIT), ticket))
    row = await pool.fetchrow("SELECT state, unit FROM tickets")
    assert row is not None
    assert tuple(row) == ("accepted", None)
    assert await pool.fetchval("SELECT count(*) FROM co_handlers") == 0


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"about_unit": "no-such-unit"}, "about_unit", "unknown_unit"),
        ({"about_unit": CLOSED}, "about_unit", "unknown_unit"),
        ({"about_unit": " "}, "about_unit", "string_too_short"),
        ({"about_unit": UNIT, "reason": None}, "reason", "missing"),
        ({"about_unit": None}, "body", "nothing_to_change"),
    ],
)
async def test_a_wrong_mark_names_its_field(
    operator: httpx.AsyncClient,
    unit: httpx.AsyncClient,
    intake: Runtime,
    harness: Harness,
    change: dict[str, Any],
    field: str,
    code: str,
) -> None:
    ticket = await at_the_unit(intake, harness, operator)
    answer = await operator.post(f"/v1/tickets/{ticket}/amend", json=MARK | change)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == (field, code)
    assert len(await harness.said(intake)) == 1


async def test_a_unit_that_is_being_asked_and_is_complained_of_answers_no_more(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    body = request(verify={"unit": UNIT, "question": "是否属于你单位职责？"})
    ticket = str((await operator.post("/v1/tickets", json=body)).json()["id"])
    assert (await operator.post(f"/v1/tickets/{ticket}/amend", json=MARK)).is_success
    assert (await unit.get("/v1/verifications")).json()["items"] == []
    found = {"is_in_scope": True, "opinion": "属于受理范围"}
    path = f"/v1/tickets/{ticket}/verify"
    assert (await unit.post(path, json=found)).status_code == 404
    assert (await operator.post(path, json=found)).is_success, "the hotline need not wait for it"
    _, verified, created = await harness.said(intake)
    assert isinstance(verified.data, TicketVerified)
    assert getattr(created.data, "about_unit", None) == UNIT
    body |= {"about_unit": UNIT}
    refused = await operator.post("/v1/tickets", json=body)
    assert refused.json()["errors"][0]["code"] == "about_unit"
