"""The edge that all services share: problems, who asks, traces, and what was seen."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from shared import seen
from shared.events.words import Role, Service
from shared.runtime import Runtime
from shared.seen import wait_for_seen, write_seen
from tests.harness import token
from tests.services.edge_app import (
    CHINESE,
    hear,
    read_problem,
)


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        (b'{"title": ', "body", "json_invalid"),
        (b'{"title": "\xff"}', "body", "unreadable"),
        (b"", "body", "missing"),
        (b"[]", "body", "model_attributes_type"),
        (b"{}", "title", "missing"),
        (b'{"title": "abc", "titel": 1}', "titel", "extra_forbidden"),
        (b'{"title": "a"}', "title", "string_too_short"),
        (b'{"title": "abcdef"}', "title", "string_too_long"),
        (b'{"title": "abc", "body": 3}', "body", "string_type"),
        (b'{"title": "abc", "count": 0}', "count", "greater_than_equal"),
        (b'{"title": "abc", "count": 10}', "count", "less_than_equal"),
        (b'{"title": "abc", "count": "x"}', "count", "int_parsing"),
        (b'{"title": "abc", "colour": "blue"}', "colour", "enum"),
        (b'{"title": "abc", "at": "2026-09-30T16:20"}', "at", "timezone_aware"),
        (b'{"title": "abc", "at": "today"}', "at", "datetime_from_date_parsing"),
    ],
)
async def test_a_wrong_form_names_the_field_in_chinese(
    edge_client: httpx.AsyncClient, body: bytes, field: str, code: str
) -> None:
    answer = await edge_client.post(
        "/v1/forms", content=body, headers={"Content-Type": "application/json"}
    )
    problem = read_problem(answer, 422, "malformed")
    [error] = problem["errors"]
    assert (error["field"], error["code"]) == (field, code)
    assert CHINESE.search(error["message"])
    assert "填写有误" not in error["message"], "has no message of its own yet"


async def test_an_unknown_path_is_a_problem(edge_client: httpx.AsyncClient) -> None:
    read_problem(await edge_client.get("/v1/nothing"), 404, "not_found")


async def test_a_wrong_method_is_a_problem(edge_client: httpx.AsyncClient) -> None:
    read_problem(await edge_client.delete("/v1/forms"), 405, "method_not_allowed")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer nonsense", "Basic eDp5"])
async def test_who_is_not_known_may_not_enter(
    edge_client: httpx.AsyncClient, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = await edge_client.get("/v1/forms/whoami", headers=headers)
    read_problem(answer, 401, "unauthenticated")


async def test_who_is_known_enters(edge_client: httpx.AsyncClient, frame: Runtime) -> None:
    bearer = token(frame.settings, Role.OPERATOR, subject="ZY0001")
    answer = await edge_client.get(
        "/v1/forms/whoami", headers={"Authorization": f"Bearer {bearer}"}
    )
    assert answer.json() == {"subject": "ZY0001"}


async def test_a_failure_is_a_problem_that_tells_nothing(edge_client: httpx.AsyncClient) -> None:
    answer = await edge_client.get("/v1/forms/broken")
    read_problem(answer, 500, "internal_error")
    assert "138" not in answer.text


async def test_a_trace_goes_on_through_the_edge(edge_client: httpx.AsyncClient) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = await edge_client.get("/v1/forms/trace", headers={"traceparent": parent})
    own = answer.json()["traceparent"].split("-")
    assert own[1] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert own[2] != "00f067aa0ba902b7"
    fresh = (await edge_client.get("/v1/forms/trace")).json()["traceparent"]
    assert fresh.split("-")[1] != own[1]


async def test_what_was_heard_is_answered_at_once(
    edge_client: httpx.AsyncClient, frame: Runtime
) -> None:
    await hear(frame, "t1", "/530000/intake", 3)
    header = write_seen("t1", {Service.INTAKE: 3, Service.DISPATCH: 99})
    answer = await edge_client.get("/v1/forms/t1/seen", headers={seen.HEADER: header})
    assert answer.status_code == 200, "what this service said itself it need not hear"


@pytest.mark.parametrize("header", [None, "", "t2 intake=99", "t1", "t1 intake=²", "t1 no=5 x"])
async def test_nothing_is_waited_for_where_nothing_was_seen(
    edge_client: httpx.AsyncClient, header: str | None
) -> None:
    raw = None if header is None else header.encode("latin-1")
    headers = {} if raw is None else {seen.HEADER.encode(): raw}
    assert (await edge_client.get("/v1/forms/t1/seen", headers=headers)).status_code == 200


async def test_what_is_not_heard_in_time_is_asked_for_again(edge_client: httpx.AsyncClient) -> None:
    header = write_seen("t1", {Service.INTAKE: 2})
    async with asyncio.timeout(30):
        answer = await edge_client.get("/v1/forms/t1/seen", headers={seen.HEADER: header})
    read_problem(answer, 503, "not_heard_yet")
    assert int(answer.headers["Retry-After"]) >= 1


async def test_what_is_heard_while_waiting_is_answered(
    frame: Runtime,
) -> None:
    patient = replace(
        frame, settings=frame.settings.model_copy(update={"heard_wait_seconds_max": 60.0})
    )
    header = write_seen("t1", {Service.INTAKE: 2})
    waiting = asyncio.create_task(wait_for_seen(patient, header, "t1"))
    await hear(frame, "t1", "/530000/intake", 1)
    assert not waiting.done()
    await hear(frame, "t1", "/530000/intake", 2)
    await asyncio.wait_for(waiting, timeout=30)
