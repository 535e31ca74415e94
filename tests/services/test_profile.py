"""What a platform says of itself: nothing is sealed for a key that is not vouched for."""

import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from deploy.exchange_check.doors import keys, profile
from deploy.exchange_check.peer import Peer, Wrong
from services.gateway.calls import Calls
from services.gateway.federation.categories import CategoryNames
from services.gateway.federation.forwarding import prepare_waiting
from services.gateway.federation.keys import KeyBook, NoKey
from services.gateway.peers.operations import (
    KeyWords,
    PeerWords,
    put_peer,
    register_key,
    revoke_key,
)
from services.gateway.peers.profile import PROFILE_PATH
from services.gateway.peers.rules import Algorithm, PeerKind
from shared.events.dispatch import TicketForwarded
from shared.events.words import Role, Service
from tests.foreign import door
from tests.foreign.crossing import Crossing
from tests.foreign.wire import Key, signed
from tests.harness import Harness
from tests.services.gateway_exchange import CITY, Platform, listening, platforms
from tests.services.gateway_feeds import created
from tests.services.gateway_peers import HOST, open_gate

FOREIGN = "510000"
KEY = Key(f"{FOREIGN}.1")
THIEF = {
    "key_id": str(uuid4()),
    "suite": "international",
    "public_key": b64encode(X25519PrivateKey.generate().public_key().public_bytes_raw()).decode(),
}


class Told(Crossing):
    """A platform in whose profile something stands that should not."""

    def __init__(self, *, by: Key | None = None, after: dict[str, Any] | None = None,
                 **before: Any) -> None:  # fmt: skip
        super().__init__(FOREIGN, KEY)
        self.by, self.before, self.after = by or KEY, before, after or {}

    async def profile(self, _: Request, __: bytes, ___: str) -> Response:
        told = signed(self.told_of_us() | self.before, self.by) | self.after
        return door.answer_json({name: one for name, one in told.items() if one is not None})


BROKEN = {
    "an unsigned one": (Told(after={"signature": None}), "没有签名"),
    "a key put in on the way": (Told(after={"sealing_keys": [THIEF]}), "签名不符"),
    "another signer under the name": (Told(by=Key(KEY.key_id)), "签名不符"),
    "a signer that nobody registered": (Told(by=Key(f"{FOREIGN}.9")), "510000.9"),
    "another platform's": (Told(platform="511000"), "511000"),
    "an old one": (Told(valid_until="2026-01-01T00:00:00Z"), "过期|valid_until|2026"),
    "one for ever": (Told(valid_until="2099-01-01T00:00:00Z"), "24 小时"),
    "no key that we know": (Told(sealing_keys=[]), "加密公钥"),
}


@pytest.fixture
async def city(harness: Harness) -> AsyncIterator[Platform]:
    async with platforms({CITY: harness.settings.database_url}) as [ours]:
        async with ours.runtime.database.sessions() as session, session.begin():
            words = PeerWords("四川省", PeerKind.PARENT, "http://nowhere", None, is_active=True)
            await put_peer(session, FOREIGN, words, by="HW01")
            public = KEY.private.public_key().public_bytes_raw()
            known = KeyWords(KEY.key_id, Algorithm.ED25519, public, None, None)
            await register_key(session, FOREIGN, known, by="HW02")
        yield ours


async def knows(foreign: Crossing, ours: Platform) -> None:
    """Let the foreign platform check who asks it."""
    async with httpx.AsyncClient() as client:
        told = (await client.get(f"{ours.url}/v1/exchange/keys")).json()
    known = {one["key_id"]: b64decode(one["public_key"]) for one in told["keys"]}
    publics = {name: Ed25519PublicKey.from_public_bytes(raw) for name, raw in known.items()}
    foreign.peers[CITY] = door.Peer(CITY, keys=publics)


async def test_a_caller_is_sealed_for_nobody_but_whom_the_platform_itself_names(
    city: Platform,
) -> None:
    async with KeyBook(city.runtime).opened() as book:
        for foreign, words in BROKEN.values():
            await knows(foreign, city)
            async with listening(foreign.app()) as url:
                with pytest.raises(NoKey, match=words):
                    await book.key_of(FOREIGN, url)
        refuses = Told(kinds=["ticket", "act"])
        await knows(refuses, city)
        async with listening(refuses.app()) as url:
            with pytest.raises(NoKey, match="forward"):
                await book.key_of(FOREIGN, url)
        right = Told()
        await knows(right, city)
        async with listening(right.app()) as url:
            found = await book.key_of(FOREIGN, url)
            assert found == right.told_of_us()["sealing_keys"][0]
        assert await book.key_of(FOREIGN, "http://nowhere") == found, "it is kept"
        async with city.runtime.database.sessions() as session, session.begin():
            await revoke_key(session, FOREIGN, KEY.key_id, by="HW02")
        with pytest.raises(NoKey, match="失效"):
            await book.key_of(FOREIGN, "http://nowhere")


async def test_what_is_not_vouched_for_waits_and_says_why(city: Platform) -> None:
    ticket, (thief, _) = str(uuid4()), BROKEN["a key put in on the way"]
    sealed = []

    async def services(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            sealed.append(scope["path"])
        shown: Any = {"number": "1", "items": []}
        await JSONResponse([] if scope["path"] == "/v1/categories" else shown)(scope, receive, send)

    await knows(thief, city)
    async with listening(thief.app()) as url:
        await city.fetch("UPDATE peers SET url = $1", url)
        forwarded = TicketForwarded(to_platform=FOREIGN, unit="U", round=1, reason="不在本市")
        await city.hear(ticket, created(), forwarded)
        calls = Calls(dict.fromkeys(Service, services), city.runtime.settings)
        async with KeyBook(city.runtime).opened() as book:
            names = CategoryNames(calls)
            assert await prepare_waiting(city.runtime, calls, book, names) == 1
    assert sealed == []
    async with city.client(Role.ADMINISTRATOR) as administrator:
        [waiting] = (await administrator.get("/v1/federation/forwards")).json()["items"]
    assert "签名不符" in waiting["problem"]


async def test_a_category_goes_with_its_name_for_a_code_alone_may_mean_another_thing(
    city: Platform,
) -> None:
    answers: dict[str, Any] = {
        "categories": [{"code": "01", "name": "供水"}, {"code": "02", "name": "供电"}],
        "seal-caller": {"key_id": THIEF["key_id"], "sealed": None, "purpose": "转办"},
    }
    times = dict.fromkeys(("filed_at", "accepted_at"), "2026-09-30T16:20:00+08:00")
    shown = {"number": "1", "items": [], "is_mediation": False, **times}

    async def services(scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].rpartition("/")[2]
        await JSONResponse(answers.get(name, shown))(scope, receive, send)

    right = Told()
    await knows(right, city)
    async with listening(right.app()) as url:
        await city.fetch("UPDATE peers SET url = $1, kind = 'neighbour'", url)
        for category in ("01", "99", None):
            forwarded = TicketForwarded(to_platform=FOREIGN, unit="U", round=1, reason="不在本市")
            await city.hear(str(uuid4()), created(category=category), forwarded)
        calls = Calls(dict.fromkeys(Service, services), city.runtime.settings)
        async with KeyBook(city.runtime).opened() as book:
            assert await prepare_waiting(city.runtime, calls, book, CategoryNames(calls)) == 3
    rows = await city.fetch("SELECT payload FROM outgoing ORDER BY position")
    told = [json.loads(row["payload"])["data"] for row in rows]
    assert {(one.get("category"), one.get("category_name")) for one in told} == {
        ("01", "供水"),
        ("99", None),
        (None, None),
    }


@pytest.mark.parametrize("what", sorted(BROKEN))
async def test_the_kit_finds_what_nobody_could_seal_under(what: str) -> None:
    foreign, _ = BROKEN[what]
    me = Ed25519PrivateKey.generate()
    foreign.peers["512099"] = door.Peer("512099", keys={"me": me.public_key()})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(foreign.app())) as client:
        peer = Peer(client, "http://foreign.test", code="512099", key=me, name="me")
        await keys(peer)
        with pytest.raises((Wrong, ValueError)):
            await profile(peer)


@pytest.mark.parametrize("algorithm", list(Algorithm))
async def test_ours_is_signed_with_the_key_that_signs_now(
    harness: Harness, algorithm: Algorithm
) -> None:
    gate = await open_gate(harness)
    gate.behind.answer = {"items": [THIEF]}
    security = await gate.person(Role.SECURITY)
    body = {"signs_after_hours": 0, "algorithm": algorithm}
    made = (await security.post("/v1/peers/own-keys/rotate", json=body)).json()
    key = await gate.join("512099", {"name": "邻市", "kind": "neighbour"})
    told = (await gate.send(key, PROFILE_PATH, b"", method="GET")).json()
    assert told["signature"]["key_id"] == made["key_id"]
    assert told["sealing_keys"] == [THIEF]
    assert "forward" in told["kinds"]
    private = Ed25519PrivateKey.from_private_bytes(key.private)
    me = Peer(gate.client, HOST, code="512099", key=private, name=key.key_id)
    await keys(me)
    await profile(me)
    unsigned = await gate.client.get(PROFILE_PATH)
    assert unsigned.status_code == 401
