"""A city on our platform, and a province on one that was written from the specification alone."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from services.gateway.peers.operations import KeyWords, PeerWords, put_peer, register_key
from services.gateway.peers.queries import list_own_keys
from services.gateway.peers.rules import Algorithm, PeerKind
from shared.events.words import Role, Service
from tests.foreign import door
from tests.foreign.crossing import Crossing, Handled
from tests.foreign.wire import Key
from tests.journeys.platforms import CALLER, PREFECTURE, Federated, Federation, open_federation
from tests.journeys.test_federation import HIGHWAY, ROADS, SENT_BACK, events, state
from tests.journeys.town import REPLY
from tests.services.gateway_exchange import listening

PROVINCE = "530000"
UP = f"{PROVINCE}-platform"
THEIRS = {
    "number": "YN-2026-7",
    "jurisdiction": PREFECTURE,
    "request_type": "help",
    "title": "路灯不亮",
    "content": "勐海路路灯连续多日不亮，请修复。",
}


@dataclass
class Two:
    """Our city, the foreign province, and the way from there to here."""

    federation: Federation
    province: Crossing
    client: httpx.AsyncClient

    @property
    def city(self) -> Federated:
        """Our city."""
        return self.federation[PREFECTURE]

    async def flush(self) -> None:
        """Let the province's messages come, and what follows of them happen."""
        await self.province.flush(self.client, PREFECTURE)
        await self.federation.settle()

    async def forward(self) -> tuple[str, Handled]:
        """The city files and forwards: its ticket, and what the province made of it."""
        path = await self.city.town.file(**HIGHWAY)
        operator = self.city.town.operator
        await self.federation.post(operator, f"{path}/dispatch", unit=UP, reason="国道由省里养护")
        return path, self.province.handled[PREFECTURE, path.rpartition("/")[2]]


@pytest.fixture
async def two(postgres: str) -> AsyncIterator[Two]:
    province = Crossing(PROVINCE, Key(f"{PROVINCE}.1"))
    async with (
        open_federation(postgres, PREFECTURE, kinds={}) as federation,
        listening(province.app()) as url,
        httpx.AsyncClient() as client,
    ):
        city = federation[PREFECTURE]
        await _join(city, province, url)
        yield Two(federation, province, client)


async def _join(city: Federated, province: Crossing, url: str) -> None:
    database = city.town.city.platform.runtimes[Service.GATEWAY].database
    async with database.sessions() as session, session.begin():
        words = PeerWords("云南省", PeerKind.PARENT, url, UP, is_active=True)
        await put_peer(session, PROVINCE, words, by="HW01")
        public = province.key.private.public_key().public_bytes_raw()
        known = KeyWords(province.key.key_id, Algorithm.ED25519, public, None, None)
        await register_key(session, PROVINCE, known, by="HW02")
        keys = {
            key.key_id: door.Ed25519PublicKey.from_public_bytes(key.public_key)
            for key in await list_own_keys(session)
        }
    province.peers[PREFECTURE] = door.Peer(PREFECTURE, city.url, keys)
    facts = {"name": "云南省平台", "jurisdiction": PROVINCE, "platform": PROVINCE}
    put = await city.town.administrator.put(f"/v1/units/{UP}", json=facts)
    assert put.is_success, put.text


async def test_a_foreign_province_handles_a_ticket_of_ours_from_the_specification_alone(
    two: Two,
) -> None:
    here, there = await two.forward()
    assert {name: there.caller[name] for name in CALLER} == CALLER
    assert there.data["number"] == (await two.city.town.get(two.city.town.operator, here))["number"]
    received = json.dumps(two.province.store.all_received(), ensure_ascii=False)
    assert CALLER["phone"] not in received
    assert CALLER["name"] not in received

    two.province.give_back(there, SENT_BACK["reason"])
    await two.flush()
    assert await state(two.city, here) == "return_requested"
    timeline = await two.city.town.get(two.city.town.operator, f"{here}/timeline")
    asked = next(one for one in timeline["items"] if one["event"] == "ticket.return_requested")
    assert asked["detail"]["proposed_unit"] == "对方平台未建议承办单位"
    rejected: dict[str, Any] = {"decision": "rejected", "reason": "移交尚未办结"}
    await two.federation.post(two.city.town.operator, f"{here}/decide-return", **rejected)
    there = two.province.handled[PREFECTURE, there.subject]
    assert (there.forwards, there.data["round"], there.state) == (2, 2, "accepted")

    two.province.sign(there)
    await two.flush()
    assert await state(two.city, here) == "signed"
    two.province.reply(there, "已重铺路面。")
    await two.flush()
    assert await state(two.city, here) == "replied"
    (reply,) = (await two.city.town.get(two.city.town.operator, here))["replies"]
    assert reply["checked_by"] is None, "that platform names no second reader"

    asker = two.city.town.asker
    await two.federation.post(asker, f"{here}/redo", reason="仍有塌陷")
    assert there.state == "signed"
    two.province.reply(there, "已再次修复。", number=2)
    await two.flush()
    await two.federation.post(asker, f"{here}/follow-up", is_reached=True, is_solved=True)
    await two.federation.post(asker, f"{here}/rate", result="satisfied", is_solved=True)
    assert (await state(two.city, here), there.state) == ("closed", "closed")
    assert two.province.store.counts()["set_aside"] == 0


async def test_we_handle_a_ticket_of_a_foreign_province(two: Two) -> None:
    ticket = await two.province.forward(two.client, PREFECTURE, THEIRS, CALLER)
    await two.flush()
    here = await two.city.linked(f"/v1/tickets/{ticket}")
    operator = two.city.town.operator
    seen = await two.federation.post(operator, f"{here}/reveal-caller", purpose="核实路段")
    assert {name: seen[name] for name in CALLER} == CALLER
    own = ROADS.replace(PROVINCE, PREFECTURE)
    office = await two.city.person(Role.UNIT, unit=own)
    await two.federation.post(operator, f"{here}/dispatch", unit=own, reason="属本单位职责")
    await two.federation.post(office, f"{here}/sign")
    await two.federation.post(office, f"{here}/reply", **REPLY)
    assert [one["type"] for one in two.province.away[ticket]] == [
        "ticket.signed",
        "ticket.replied",
    ]
    assert two.province.away[ticket][1]["data"]["result"] == REPLY["result"]
    closed = {"type": "ticket.closed", "data": {"unit": PREFECTURE, "reason": "satisfied"}}
    two.province.tell(PREFECTURE, ticket, "result", closed, "2026-03-02T12:00:00+08:00")
    await two.flush()
    assert await state(two.city, here) == "closed"
    assert "ticket.followed_up" not in await events(two.city, here)
