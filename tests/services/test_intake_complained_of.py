"""Whom a request complains of is found after it was filed: from then on that unit sees nothing."""

from typing import Any

import httpx
import pytest

from services.gateway.feeds.rules import Holders, holders_after
from services.intake.app import make_app
from services.intake.consumer import handlers
from shared.events.callers import TicketHandedOver, TicketReported
from shared.events.dispatch import TicketDispatched, UnitChanged
from shared.events.intake import TicketAmended, TicketVerified
from shared.events.loop import TicketRecalled
from shared.events.words import Role
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.test_intake_filing import intake, operator, request

__all__ = ["intake", "operator"]
UNIT, OTHER, CLOSED = "512000-01", "512000-02", "512000-03"
BELOW, LOWEST = "512002-01", "512002-02"
SUPERIORS = {BELOW: UNIT, LOWEST: BELOW}
ASKED = {"question": "是否属于你单位职责？"}
FOUND = {"is_in_scope": True, "opinion": "属于受理范围"}
MARK = {"about_unit": UNIT, "reason": "来信投诉该局工作人员"}


@pytest.fixture
async def unit(harness: Harness, intake: Runtime) -> httpx.AsyncClient:
    """Somebody of the unit that turns out to be complained of."""
    for code in (LOWEST, BELOW, UNIT, OTHER, CLOSED):
        changed = UnitChanged(
            code=code,
            name="住建局",
            jurisdiction="512000",
            is_active=code != CLOSED,
            superior=SUPERIORS.get(code),
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


@pytest.mark.parametrize("wrong", [UNIT, BELOW, LOWEST])
async def test_neither_the_unit_complained_of_nor_one_below_it_is_asked_or_handed_a_request(
    operator: httpx.AsyncClient,
    unit: httpx.AsyncClient,
    intake: Runtime,
    harness: Harness,
    wrong: str,
) -> None:
    assert unit is not None
    body = request(about_unit=UNIT, urgency="critical")
    for way, other in (("verify", ASKED), ("handed_over", {"line": "110", "way": "ticket"})):
        refused = await operator.post("/v1/tickets", json=body | {way: other | {"unit": wrong}})
        assert refused.status_code == 422, refused.text
        (error,) = refused.json()["errors"]
        assert (error["field"], error["code"]) == (f"{way}.unit", "about_unit")
        allowed = await operator.post("/v1/tickets", json=body | {way: other | {"unit": OTHER}})
        assert allowed.status_code == 201, allowed.text
    filed = await operator.post("/v1/tickets", json=body)
    path = f"/v1/tickets/{filed.json()['id']}/report-emergency"
    before = len(await harness.said(intake))
    refused = await operator.post(path, json={"units": [OTHER, wrong], "text": "请到场"})
    (error,) = refused.json()["errors"]
    assert (error["field"], error["code"]) == ("units", "about_unit")
    assert wrong in error["message"]
    assert len(await harness.said(intake)) == before, "nobody is told"
    allowed = await operator.post(path, json={"units": [OTHER], "text": "请到场"})
    assert allowed.status_code == 201, allowed.text


async def test_who_stands_above_the_unit_complained_of_is_asked(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient
) -> None:
    assert unit is not None
    body = request(about_unit=LOWEST, verify=ASKED | {"unit": UNIT})
    assert (await operator.post("/v1/tickets", json=body)).status_code == 201


@pytest.mark.parametrize("found", [FOUND, FOUND | {"is_in_scope": False, "ground": "litigation"}])
async def test_a_unit_below_that_is_being_asked_reads_and_answers_no_more(
    operator: httpx.AsyncClient,
    unit: httpx.AsyncClient,
    intake: Runtime,
    harness: Harness,
    found: dict[str, Any],
) -> None:
    assert unit is not None
    bearer = token(harness.settings, Role.UNIT, unit=LOWEST)
    below = await harness.client(make_app(intake), bearer)
    body = request(verify=ASKED | {"unit": LOWEST}, urgency="critical")
    path = f"/v1/tickets/{(await operator.post('/v1/tickets', json=body)).json()['id']}"
    told = {"units": [BELOW, OTHER], "text": "请到场"}
    assert (await operator.post(f"{path}/report-emergency", json=told)).status_code == 201
    assert len((await below.get("/v1/verifications")).json()["items"]) == 1
    assert (await operator.post(f"{path}/amend", json=MARK)).is_success
    assert (await below.get("/v1/verifications")).json()["items"] == []
    assert (await below.post(f"{path}/verify", json=FOUND)).status_code == 404
    assert (await operator.post(f"{path}/verify", json=found)).is_success
    said = [one.data for one in await harness.said(intake)]
    reports = [one.offices for one in said if isinstance(one, TicketReported)]
    left = ("512000", OTHER) if found is FOUND else ("512000",)
    assert reports == [("512000",), left], "whom it complains of is told of nothing"


async def test_a_change_of_superiors_is_heard(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    assert unit is not None
    moved = UnitChanged(code=BELOW, name="供水所", jurisdiction="512000", superior=OTHER)
    await harness.hear(intake, handlers(intake), harness.event(moved, BELOW))
    for about, status in ((UNIT, 201), (OTHER, 422)):
        body = request(about_unit=about, verify=ASKED | {"unit": LOWEST})
        assert (await operator.post("/v1/tickets", json=body)).status_code == status
    circle = UnitChanged(code=OTHER, name="水务局", jurisdiction="512000", superior=LOWEST)
    await harness.hear(intake, handlers(intake), harness.event(circle, OTHER))
    body = request(about_unit=OTHER, verify=ASKED | {"unit": LOWEST})
    assert (await operator.post("/v1/tickets", json=body)).status_code == 422, "a circle ends"


async def test_a_feed_gives_nothing_to_the_unit_complained_of(
    operator: httpx.AsyncClient, unit: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    assert unit is not None
    handed = {"line": "110", "way": "ticket", "unit": OTHER}
    assert (await operator.post("/v1/tickets", json=request(handed_over=handed))).is_success
    (event,) = await harness.said(intake)
    assert isinstance(event.data, TicketHandedOver)
    assert holders_after(Holders(), event.data) == Holders(OTHER)
    about_it = event.data.model_copy(update={"about_unit": OTHER})
    assert holders_after(Holders(), about_it) == Holders()
