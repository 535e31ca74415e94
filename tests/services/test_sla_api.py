"""Deadlines over REST: a ticket's own, and a preview of what a ticket would have."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.sla.app import make_app
from shared.events.words import ReturnDecision, Role, Service
from shared.seen import write_seen
from tests.harness import Harness, token
from tests.services.sla_tickets import (
    HOUR,
    MONDAY,
    UNIT,
    Sla,
    created,
    decided,
    dispatched,
    judged,
    open_sla,
    returned,
)

OPERATOR = {"role": Role.OPERATOR}
OF_UNIT = {"role": Role.UNIT, "unit": UNIT}


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness)


async def test_a_tickets_deadlines_are_shown_with_names_rules_and_articles(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(dispatched(), MONDAY + HOUR)
    body = await _deadlines(sla, OPERATOR)
    assert body["accepted_at"] == "2026-03-02T09:00:00+08:00"
    assert [item["step"] for item in body["items"]] == ["dispatch", "sign", "handle"]
    assert body["items"][1] == {
        "step": "sign",
        "step_name": "签收",
        "version": 1,
        "state": "running",
        "state_name": "计时中",
        "starts_at": "2026-03-02T10:00:00+08:00",
        "due_at": "2026-03-02T16:30:00+08:00",
        "promised_at": None,
        "warn_at": "2026-03-02T15:12:00+08:00",
        "rule": "5 working hours after dispatch",
        "source": "ZY 13.2",
        "adjustments": [],
        "explanation": "",
        "skipped": [],
        "provisional": False,
        "act_at": None,
        "is_overdue": False,
    }


async def test_a_deadline_tells_which_days_it_skipped(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(dispatched(), MONDAY + HOUR)
    handle = (await _deadlines(sla, OPERATOR))["items"][2]
    assert handle["due_at"] == "2026-03-11T17:30:00+08:00"
    assert handle["explanation"] == "03-07 至 03-08 双休日"
    assert handle["skipped"][0]["first"] == "2026-03-07"


async def test_a_limit_set_by_law_is_shown_with_law_and_article(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    limit = '{"law": "《某条例》", "article": "第九条", "amount": 60, "unit": "calendar_days"}'
    await sla.runtime.database.pool.execute("UPDATE clocks SET law_limit = $1::jsonb", limit)
    await sla.hear(dispatched(), MONDAY + HOUR)
    body = await _deadlines(sla, OPERATOR)
    assert body["law_limit"]["text"] == "《某条例》第九条：60 个自然日"
    handle = body["items"][2]
    assert (handle["source"], handle["due_at"]) == (
        "《某条例》 第九条",
        "2026-05-06T17:30:00+08:00",
    )
    assert handle["rule"] == "60 calendar days after dispatch, to close of business"


async def test_what_is_overdue_is_shown_with_the_time_of_the_late_act(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    question = await sla.ask(MONDAY + 3 * HOUR)
    await sla.hear(judged(question, act_at=MONDAY + 2.5 * HOUR), MONDAY + 3 * HOUR)
    (item,) = (await _deadlines(sla, OPERATOR))["items"]
    assert (item["is_overdue"], item["state_name"]) == (True, "已超期")
    assert item["act_at"] == "2026-03-02T11:30:00+08:00"


async def test_each_sees_only_its_own(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    assert await _status(sla, OF_UNIT) == 404, "it is not yet the unit's"
    await sla.hear(dispatched(), MONDAY + HOUR)
    assert await _status(sla, OF_UNIT) == 200
    assert await _status(sla, {"role": Role.UNIT, "unit": "512000-002"}) == 404
    assert await _status(sla, {"role": Role.SUPERVISOR, "jurisdiction": "510000"}) == 200
    assert await _status(sla, {"role": Role.SUPERVISOR, "jurisdiction": "530000"}) == 404
    await sla.hear(returned(), MONDAY + 2 * HOUR)
    await sla.hear(decided(ReturnDecision.GRANTED), MONDAY + 3 * HOUR)
    assert await _status(sla, OF_UNIT) == 404, "a ticket given back is the unit's no longer"


async def test_who_has_seen_more_than_was_heard_is_asked_to_come_again(harness: Harness) -> None:
    harness.settings = harness.settings.model_copy(update={"heard_wait_seconds_max": 0.05})
    sla = await open_sla(harness)
    await sla.hear(created(), MONDAY)
    client = await _client(sla, OPERATOR)
    seen = write_seen(str(sla.ticket), {Service.INTAKE: 1, Service.DISPATCH: 1})
    path = f"/v1/tickets/{sla.ticket}/deadlines"
    answer = await client.get(path, headers={"Ticket-Seen": seen})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    await sla.hear(dispatched(), MONDAY + HOUR)
    assert (await client.get(path, headers={"Ticket-Seen": seen})).status_code == 200


async def test_a_stranger_is_shown_nothing(sla: Sla) -> None:
    client = await _client(sla, OPERATOR)
    client.headers.pop("authorization")
    assert (await client.get(f"/v1/tickets/{uuid4()}/deadlines")).status_code == 401
    assert (await client.post("/v1/deadlines/preview", json={})).status_code == 401


async def test_a_preview_tells_every_deadline_of_ziyang(sla: Sla) -> None:
    body = await _preview(sla, accepted_at="2026-09-30T16:20+08:00")
    assert {step: (one["due_at"], one["source"]) for step, one in body.items()} == {
        "dispatch": ("2026-09-30T18:20:00+08:00", "ZY 13.1"),
        "sign": ("2026-10-08T14:20:00+08:00", "ZY 13.2"),
        "return": ("2026-10-08T17:30:00+08:00", "ZY 13.2"),
        "handle": ("2026-10-15T17:30:00+08:00", "ZY 13.2"),
    }
    assert body["return"]["name"] == "退单"
    assert body["handle"]["rule"] == "7 working days after dispatch, to close of business"
    assert body["handle"]["explanation"] == (
        "10-01 至 10-07 国庆节放假；10-10 国庆节调休上班；10-11 双休日"
    )
    assert body["handle"]["skipped"][1] == {
        "first": "2026-10-10",
        "last": "2026-10-10",
        "works": True,
        "name": "国庆节调休上班",
        "provisional": False,
    }
    assert (body["dispatch"]["explanation"], body["dispatch"]["skipped"]) == ("", [])


async def test_a_preview_of_an_emergency_has_response_and_result(sla: Sla) -> None:
    body = await _preview(sla, urgency="critical", accepted_at="2026-03-02T09:00+08:00")
    assert body["respond"]["due_at"] == body["sign"]["due_at"] == "2026-03-02T10:00:00+08:00"
    assert body["result"]["due_at"] == "2026-03-03T17:30:00+08:00"


async def test_a_preview_counts_from_the_acts_that_are_known(sla: Sla) -> None:
    body = await _preview(
        sla,
        jurisdiction="530000",
        accepted_at="2026-03-02T09:00+08:00",
        dispatched_at="2026-03-02T10:00+08:00",
        signed_at="2026-03-02T03:30Z",
    )
    assert body["sign"]["due_at"] == "2026-03-02T12:00:00+08:00"
    assert body["return"]["due_at"] == "2026-03-03T11:30:00+08:00"
    assert body["handle"]["starts_at"] == "2026-03-02T11:30:00+08:00"


async def test_a_preview_beyond_the_published_holidays_is_provisional(sla: Sla) -> None:
    body = await _preview(sla, accepted_at="2030-03-04T09:00+08:00")
    assert body["handle"]["provisional"] is True
    assert body["dispatch"]["provisional"] is False


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("jurisdiction", "999999"),
        ("jurisdiction", "ziyang"),
        ("jurisdiction", "51200"),
        ("type", "riddle"),
        ("urgency", "soon"),
        ("accepted_at", "2026-03-02T09:00"),
        ("accepted_at", "yesterday"),
        ("accepted_at", "2199-03-02T09:00+08:00"),
        ("dispatched_at", "2026-03-01T09:00+08:00"),
        ("signed_at", "2026-03-01T09:00+08:00"),
        ("colour", "red"),
    ],
)
async def test_a_preview_names_the_field_that_is_wrong(sla: Sla, field: str, value: str) -> None:
    client = await _client(sla, OPERATOR)
    body = {
        "jurisdiction": "512000",
        "type": "complaint",
        "accepted_at": "2026-03-02T09:00+08:00",
        field: value,
    }
    answer = await client.post("/v1/deadlines/preview", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def _preview(sla: Sla, **body: str) -> dict[str, dict[str, Any]]:
    client = await _client(sla, OF_UNIT)
    asked = {"jurisdiction": "512000", "type": "complaint"} | body
    answer = await client.post("/v1/deadlines/preview", json=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, dict[str, Any]] = answer.json()
    return found


async def _deadlines(sla: Sla, who: dict[str, Any]) -> dict[str, Any]:
    answer = await (await _client(sla, who)).get(f"/v1/tickets/{sla.ticket}/deadlines")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _status(sla: Sla, who: dict[str, Any]) -> int:
    answer = await (await _client(sla, who)).get(f"/v1/tickets/{sla.ticket}/deadlines")
    return answer.status_code


async def _client(sla: Sla, who: dict[str, Any]) -> httpx.AsyncClient:
    return await sla.harness.client(make_app(sla.runtime), token(sla.harness.settings, **who))
