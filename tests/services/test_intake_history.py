"""Closed tickets of the past are taken over: kept, said once, and no clock runs for them (C)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.intake.app import make_app
from shared.events.intake import TicketCreated, TicketRecorded
from shared.events.words import Role
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.test_intake_filing import intake, operator, request

__all__ = ["intake", "operator"]
FILED_AT = datetime(2019, 4, 25, 1, 32, 9, tzinfo=UTC)
CLOSED_AT = datetime(2019, 5, 10, 6, 56, 53, tzinfo=UTC)
HISTORY = {"closed_at": CLOSED_AT.isoformat(), "result": "已修复", "unit_name": "住建局"}


def past(**changes: Any) -> dict[str, Any]:
    return request(filed_at=FILED_AT.isoformat(), history=HISTORY) | changes


async def test_a_ticket_of_the_past_is_closed_and_starts_no_clock(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    answer = await operator.post("/v1/tickets", json=past())
    assert answer.status_code == 201, answer.text
    ticket = answer.json()
    assert (ticket["state"], ticket["deadlines"], ticket["accepted_at"]) == ("closed", [], None)
    [event] = await harness.said(intake)
    assert isinstance(event.data, TicketRecorded)
    assert (event.data.filed_at, event.data.closed_at) == (FILED_AT, CLOSED_AT)
    assert (event.data.result, event.data.unit_name) == ("已修复", "住建局")
    row = await intake.database.pool.fetchrow(
        "SELECT * FROM tickets JOIN histories ON ticket_id = id"
    )
    assert row is not None
    assert (row["state"], row["filed_at"], row["closed_at"]) == ("closed", FILED_AT, CLOSED_AT)
    path = f"/v1/tickets/{ticket['id']}"
    for act, body in (
        ("amend", {"addition": "补充"}),
        ("rate", {"result": "satisfied", "is_solved": True}),
        ("follow-up", {"is_reached": True}),
    ):
        refused = await operator.post(f"{path}/{act}", json=body)
        assert (refused.status_code, refused.json()["allowed"]) == (409, [])


async def test_history_and_requests_go_side_by_side_in_a_bulk(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    lines = [
        past(external_id="1"),
        request(external_id="2"),
        past(external_id="3", history={"closed_at": later}),
        past(external_id="4", history={"closed_at": CLOSED_AT.isoformat()}),
        past(external_id="1"),
    ]
    answer = await operator.post("/v1/tickets/bulk", content="\n".join(map(json.dumps, lines)))
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["status"] for line in found] == [201, 201, 422, 201, 200]
    assert found[2]["problem"]["errors"][0]["field"] == "history.closed_at"
    types = [type(event.data) for event in await harness.said(intake)]
    assert sorted(types, key=str) == [TicketCreated, TicketRecorded, TicketRecorded]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"history": {}}, "history.closed_at", "missing"),
        ({"history": {"closed_at": "2019-05-10T10:00"}}, "history.closed_at", "timezone_aware"),
        ({"history": {"closed_at": "2199-01-01T00:00Z"}}, "history.closed_at", "in_the_future"),
        ({"history": {"closed_at": "2019-01-01T00:00Z"}}, "history.closed_at", "before_filing"),
        ({"refusal": "litigation"}, "history", "conflict"),
        ({"answered_by": "0198f000-0000-7000-8000-000000000000"}, "history", "conflict"),
        ({"verify": {"unit": "1", "question": "?"}}, "history", "conflict"),
    ],
)
async def test_a_history_that_cannot_be_is_named_and_nothing_is_kept(
    operator: httpx.AsyncClient, intake: Runtime, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = await operator.post("/v1/tickets", json=past(**changes))
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == (field, code)
    assert await intake.database.pool.fetchval("SELECT count(*) FROM tickets") == 0


async def test_only_operators_and_administrators_take_history_over(
    operator: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    app = make_app(intake)
    for role, status in ((Role.ADMINISTRATOR, 201), (Role.SUPERVISOR, 403)):
        client = await harness.client(app, token(harness.settings, role))
        assert (await client.post("/v1/tickets", json=past())).status_code == status
