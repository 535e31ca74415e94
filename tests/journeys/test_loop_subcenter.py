"""A subcenter whose system signs what it asks: it answers like a unit, and sees its own alone."""

from base64 import b64encode

import httpx

from services.gateway.peers.keys import make_pair
from services.gateway.peers.rules import Algorithm
from services.gateway.peers.signing import SigningKey
from shared.events.words import Role
from tests.journeys.test_loop_systems import feed
from tests.journeys.town import FIRST, REPLY, RETURN, SECOND, Town
from tests.services.gateway_peers import SignedAs

CENTER = "sc96116"


async def subcenter(town: Town) -> httpx.AsyncClient:
    """The system of the subcenter that stands for the first unit."""
    security = await town.city.person(Role.SECURITY)
    words = {"name": "供水服务分中心", "kind": "subcenter", "unit": FIRST}
    put = await town.administrator.put(f"/v1/peers/{CENTER}", json=words)
    assert put.status_code == 200, put.text
    pair = make_pair(Algorithm.ED25519)
    body = {"key_id": f"{CENTER}.1", "public_key": b64encode(pair.public).decode()}
    made = await security.post(f"/v1/peers/{CENTER}/keys", json=body)
    assert made.status_code == 201, made.text
    key = SigningKey(f"{CENTER}.1", Algorithm.ED25519, pair.private)
    transport = httpx.ASGITransport(app=town.city.platform.app, raise_app_exceptions=False)
    return await town.city.stack.enter_async_context(
        httpx.AsyncClient(transport=transport, base_url="http://gateway", auth=SignedAs(key))
    )


async def test_a_subcenter_signs_replies_and_returns_by_signed_requests(town: Town) -> None:
    system = await subcenter(town)
    mine, returned = await town.file(), await town.file(title="道路积水")

    page = await feed(system)
    dispatched = [item["ticket_id"] for item in page["items"]]
    assert {path.rpartition("/")[2] for path in (mine, returned)} == set(dispatched)
    shown = await town.get(system, mine)
    assert shown["allowed"] == ["sign", "return"]

    for act, body in (("sign", {}), ("reply", REPLY)):
        done = await town.post(system, f"{mine}/{act}", **body)
    assert done["state"] == "replied"
    asked = await town.post(system, f"{returned}/return", **RETURN)
    assert asked["state"]
    later = await feed(system, page["cursor"])
    events = [(one["event"], one["ticket_id"]) for one in later["items"]]
    assert ("ticket.replied", mine.rpartition("/")[2]) in events

    # What another unit has is not there for it, whatever it asks.
    moved = await town.file(category="02")
    assert (await town.get(town.operator, moved))["unit"] == SECOND
    for answer in (
        await system.get(moved),
        await system.post(f"{moved}/sign", json={}),
        await system.post(f"{moved}/reply", json=REPLY),
        await system.get(f"{moved}/deadlines"),
    ):
        assert answer.status_code == 404, answer.text
    listed = await town.get(system, "/v1/tickets")
    assert {one["id"] for one in listed["items"]} <= set(dispatched)
    for path in ("/v1/people", "/v1/peers", "/v1/audit/gateway"):
        assert (await system.get(path)).status_code in (403, 404)
