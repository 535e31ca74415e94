"""The door: who enters, where calls go, what they carry, and the pages."""

import re

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from services.gateway.app import make_app
from services.gateway.hops import HttpHop, open_session
from shared.events.words import Role, Service
from shared.telemetry import REQUEST_SECONDS
from tests.harness import Harness, token

TICKET = "01a1ff6b-3698-74a7-bb95-d23c2acab522"


class Neighbour:
    """A service that remembers how it was called."""

    def __init__(self, answered_seen: str | None = None) -> None:
        self.answered_seen = answered_seen
        self.heard: list[dict[str, str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.heard.append({"path": scope["path"], **headers})
        more = {"Ticket-Seen": self.answered_seen} if self.answered_seen else {}
        if scope["path"] == "/openapi.json":
            await JSONResponse({"paths": {}, "components": {}})(scope, receive, send)
        else:
            await JSONResponse({"ok": True}, headers=more)(scope, receive, send)


async def door(harness: Harness, **hops: Neighbour | HttpHop) -> httpx.AsyncClient:
    runtime = await harness.runtime(Service.GATEWAY)
    app = make_app(runtime, {Service(name): hop for name, hop in hops.items()})
    return await harness.client(app, token(harness.settings, Role.OPERATOR))


async def test_nobody_enters_without_a_token(harness: Harness) -> None:
    intake = Neighbour()
    client = await door(harness, intake=intake)
    answer = await client.post("/v1/tickets", headers={"Authorization": "Bearer forged"}, json={})
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"
    assert intake.heard == []


async def test_what_leads_nowhere_is_not_found(harness: Harness) -> None:
    client = await door(harness)
    answer = await client.get("/v1/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_next_call_carries_what_was_seen(harness: Harness) -> None:
    intake, dispatch = Neighbour(f"{TICKET} intake=2"), Neighbour(f"{TICKET} dispatch=5")
    client = await door(harness, intake=intake, dispatch=dispatch)
    await client.post(f"/v1/tickets/{TICKET}/rate", json={})
    answer = await client.post(f"/v1/tickets/{TICKET}/sign", json={})
    assert dispatch.heard[0]["ticket-seen"] == f"{TICKET} intake=2"
    assert answer.headers["ticket-seen"] == f"{TICKET} dispatch=5 intake=2"
    later = {"Ticket-Seen": f"{TICKET} intake=9 dispatch=1"}
    await client.get(f"/v1/tickets/{TICKET}", headers=later)
    assert dispatch.heard[1]["ticket-seen"] == f"{TICKET} dispatch=5 intake=9"


async def test_what_was_seen_of_another_ticket_is_not_carried(harness: Harness) -> None:
    dispatch = Neighbour()
    client = await door(harness, dispatch=dispatch)
    other = {"Ticket-Seen": "01a1ff6b-0000-74a7-bb95-d23c2acab522 intake=9"}
    await client.get(f"/v1/tickets/{TICKET}", headers=other)
    assert "ticket-seen" not in dispatch.heard[0]


async def test_a_trace_goes_on_behind_the_door(harness: Harness) -> None:
    sla = Neighbour()
    client = await door(harness, sla=sla)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    await client.get(f"/v1/tickets/{TICKET}/deadlines", headers=headers)
    assert sla.heard[0]["traceparent"].split("-")[1] == trace


async def test_a_neighbour_that_is_gone_is_answered_503(harness: Harness) -> None:
    session = await harness.stack.enter_async_context(open_session())
    client = await door(harness, intake=HttpHop(session, "http://127.0.0.1:1"))
    answer = await client.post("/v1/tickets", json={})
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["code"] == "unavailable"
    (error,) = (await client.get("/open311/v2/services.json")).json()
    assert error["code"] == "503", "in GeoReport's own form"


async def test_the_api_document_waits_for_all_services(harness: Harness) -> None:
    session = await harness.stack.enter_async_context(open_session())
    client = await door(harness, intake=Neighbour(), sla=HttpHop(session, "http://127.0.0.1:1"))
    answer = await client.get("/openapi.json")
    assert answer.status_code == 503
    assert "sla" in answer.json()["detail"]


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_body_that_is_too_large_is_refused_at_the_door(
    harness: Harness, is_chunked: bool
) -> None:
    intake = Neighbour()
    client = await door(harness, intake=intake)
    body = b"x" * (harness.settings.body_bytes_max + 1)

    async def chunks() -> object:
        yield body

    answer = await client.post("/v1/tickets", content=chunks() if is_chunked else body)
    assert answer.status_code == 413
    assert intake.heard == []


async def test_the_api_page_loads_nothing_from_elsewhere(harness: Harness) -> None:
    client = await door(harness, intake=Neighbour())
    page = (await client.get("/docs")).text
    assert "validatorUrl: null" in page, "else it asks swagger.io what it thinks of us"
    links = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert links
    for link in [*links, "/openapi.json", "/"]:
        assert link.startswith("/")
        assert (await client.get(link)).status_code == 200


async def test_calls_are_counted_by_where_they_went(harness: Harness) -> None:
    client = await door(harness, sla=Neighbour())
    labels = ["gateway", "GET", "sla", "200"]
    before = REQUEST_SECONDS.labels(*labels)._sum.get()
    await client.get(f"/v1/tickets/{TICKET}/deadlines")
    assert REQUEST_SECONDS.labels(*labels)._sum.get() > before
    assert 'route="sla"' in (await client.get("/metrics")).text
