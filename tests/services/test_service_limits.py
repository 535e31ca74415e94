"""The edge that all services share: limits on bodies, health, metrics."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from shared.clock import Clock
from shared.events.words import Service
from shared.runtime import Runtime, open_runtime
from shared.service import create_app, routes_of
from tests.services.edge_app import call_asgi, chunks, make_router, read_counts, read_problem


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [("raw", 2_000, 200), ("raw", 2_001, 413), ("bulk", 20_000, 200), ("bulk", 20_001, 413)],
)
@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_body_has_a_limit(
    edge_client: httpx.AsyncClient, path: str, size: int, status: int, is_chunked: bool
) -> None:
    content: Any = chunks(size) if is_chunked else b"x" * size
    answer = await edge_client.post(f"/v1/forms/{path}", content=content)
    assert answer.request.headers.get("Transfer-Encoding") == ("chunked" if is_chunked else None)
    if status == 200:
        assert answer.json() == {"size": size}
    else:
        assert "字节" in read_problem(answer, 413, "too_large")["detail"]


async def test_a_limit_holds_even_where_the_length_is_told_wrong(edge: FastAPI) -> None:
    headers = [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")]
    messages = [{"type": "http.request", "body": b"x" * 3_000, "more_body": False}]
    sent = await call_asgi(edge, "/v1/forms/raw", headers, messages)
    assert sent[0]["status"] == 413


async def test_an_upload_that_breaks_off_is_not_taken_for_a_whole_one(edge: FastAPI) -> None:
    messages = [
        {"type": "http.request", "body": b"half of it", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent = await call_asgi(edge, "/v1/forms/raw", [(b"transfer-encoding", b"chunked")], messages)
    assert sent == []


async def test_a_length_that_is_no_number_is_no_failure_of_ours(edge: FastAPI) -> None:
    messages = [{"type": "http.request", "body": b"12345", "more_body": False}]
    sent = await call_asgi(edge, "/v1/forms/raw", [(b"content-length", b"many")], messages)
    assert sent[0]["status"] == 200


async def test_health_is_answered_without_a_database(frame: Runtime) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(frame, [])), base_url="http://test"
    ) as client:
        assert (await client.get("/readyz")).json() == {"status": "ready", "failures": {}}
        await frame.database.pool.close()
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert "database" in answer.json()["failures"]


async def test_requests_are_counted_by_route_method_and_status(
    edge_client: httpx.AsyncClient,
) -> None:
    before = await read_counts(edge_client)
    await edge_client.post("/v1/forms", json={"title": "路灯"})
    await edge_client.post("/v1/forms", json={})
    await edge_client.post("/v1/forms/raw", content=b"x" * 3_000)
    await edge_client.get(f"/v1/forms/{uuid4()}/seen")
    await edge_client.get("/v1/nothing/at/all")
    await edge_client.get("/v1/forms/broken")
    await edge_client.request("BREW", "/v1/forms")
    after = await read_counts(edge_client)
    more = {labels: count - before.get(labels, 0) for labels, count in after.items()}
    assert more == dict.fromkeys(before, 0) | {
        ("dispatch", "POST", "/v1/forms", "200"): 1,
        ("dispatch", "POST", "/v1/forms", "422"): 1,
        ("dispatch", "POST", "none", "413"): 1,
        ("dispatch", "GET", "/v1/forms/{ticket}/seen", "200"): 1,
        ("dispatch", "GET", "none", "404"): 1,
        ("dispatch", "GET", "/v1/forms/broken", "500"): 1,
        ("dispatch", "other", "/v1/forms", "405"): 1,
    }


async def test_six_services_in_one_process_are_counted_apart(frame: Runtime) -> None:
    for service in Service:
        async with open_runtime(service, frame.settings, Clock()) as runtime:
            app = create_app(runtime, routes_of(make_router("/v1/counted")))
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                await client.get("/v1/counted/trace")
                counts = await read_counts(client)
                assert counts[service, "GET", "/v1/counted/trace", "200"] == 1


async def test_health_and_metrics_stand_in_no_document(edge_client: httpx.AsyncClient) -> None:
    document = (await edge_client.get("/openapi.json")).json()
    assert "/v1/forms" in document["paths"]
    assert not {"/healthz", "/readyz", "/metrics"} & set(document["paths"])
