"""Peers at the door: each fault of a signature has its own answer (F5, RFC 9421)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.gateway.app import make_app
from services.gateway.peers import signing
from services.gateway.peers.keys import make_pair
from services.gateway.peers.operations import forget_nonces
from services.gateway.peers.queries import NoOwnKey, read_signing_key
from services.gateway.peers.rules import Algorithm
from services.gateway.peers.signing import SigningKey, sign_headers
from shared.events.words import Role, Service
from tests.harness import Harness, token
from tests.services.gateway_peers import CENTER, CITY, HOST, TICKET, Gate, code_of, open_gate

SIGN = f"{TICKET}/sign"
PRESENT = ("Signature", "Signature-Input", "Content-Digest")


@pytest.fixture
async def gate(harness: Harness) -> Gate:
    return await open_gate(harness)


async def test_a_signature_lets_a_platform_in_as_itself_and_a_subcenter_as_its_unit(
    gate: Gate,
) -> None:
    city = await gate.join("512000", CITY)
    center = await gate.join("sc96116", CENTER, algorithm=Algorithm.SM2)
    for key in (city, center):
        answer = await gate.send(key, SIGN, b'{"note": 1}')
        assert answer.status_code == 200, answer.text
    platform, subcenter = gate.behind.asked
    assert (platform.role, platform.subject) == (Role.PLATFORM, "platform:512000")
    assert (platform.jurisdiction, platform.unit) == ("512000", None)
    assert (subcenter.role, subcenter.subject) == (Role.SUBCENTER, "subcenter:sc96116")
    assert subcenter.unit == "512000-water"
    assert gate.behind.bodies == [b'{"note": 1}'] * 2
    assert (await gate.send(city, TICKET, b"", method="GET")).status_code == 200


async def test_what_comes_from_outside_in_authorization_goes_no_further(gate: Gate) -> None:
    outside = token(gate.harness.settings, Role.OPERATOR)
    for _ in range(2):
        await gate.client.get(TICKET, headers={"Authorization": f"Bearer {outside}"})
    assert [one.role for one in gate.behind.asked] == [Role.OPERATOR] * 2
    answer = await gate.client.get(TICKET, headers={"Authorization": "Bearer hs_unknown"})
    assert answer.status_code == 401
    assert (await gate.client.get(TICKET)).json()["code"] == "unauthenticated"


async def test_each_fault_of_a_signature_has_its_own_answer(gate: Gate) -> None:
    key = await gate.join("512000", CITY)
    stranger = make_pair(Algorithm.ED25519).private

    async def post(headers: dict[str, str], *, path: str = SIGN, body: bytes = b"{}") -> str:
        return code_of(await gate.client.post(path, content=body, headers=headers))

    def good(body: bytes = b"{}") -> dict[str, str]:
        return sign_headers("POST", HOST + SIGN, body, key)

    for name in PRESENT:
        assert await post({k: v for k, v in good().items() if k != name}) == "signature_missing"
    uncovered = sign_headers("POST", HOST + SIGN, b"", key)
    assert await post(uncovered) == "signature_missing", "a body came that is not signed"
    assert await post(good(), body=b'{"changed": 1}') == "digest_wrong"
    assert await post(good(), path=SIGN + "?as=another") == "signature_wrong"
    assert await post(good(), path=f"{TICKET}/reply") == "signature_wrong"
    other_host = sign_headers("POST", "http://another" + SIGN, b"{}", key)
    assert await post(other_host) == "signature_wrong"
    got = await gate.client.request("PUT", SIGN, content=b"{}", headers=good())
    assert code_of(got) == "signature_wrong", "another method"
    forged = SigningKey(key.key_id, key.algorithm, stranger)
    assert await post(sign_headers("POST", HOST + SIGN, b"{}", forged)) == "signature_wrong"
    unknown = SigningKey("nobody.1", key.algorithm, stranger)
    assert await post(sign_headers("POST", HOST + SIGN, b"{}", unknown)) == "key_unknown"
    assert gate.behind.asked == [], "nothing of this came through"
    once = good()
    assert await post(once) == "200"
    assert await post(once) == "nonce_used"
    assert await post(good()) == "200"


async def test_a_signature_has_its_time(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    key = await gate.join("512000", CITY)

    class Then(datetime):
        seconds = 0

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(seconds=cls.seconds)

    monkeypatch.setattr(signing, "datetime", Then)
    for seconds, code in (
        (-310, "signature_old"),
        (-290, "200"),
        (290, "200"),
        (330, "signature_early"),
    ):
        Then.seconds = seconds
        assert code_of(await gate.send(key, SIGN)) == code, seconds


async def test_a_key_has_its_days_and_a_peer_may_be_shut_out(gate: Gate) -> None:
    now = datetime.now(UTC)
    key = await gate.join("512000", CITY)
    days = timedelta(days=1)
    over = {
        "valid_from": (now - 2 * days).isoformat(),
        "valid_until": (now - days).isoformat(),
    }
    old = await gate.join("510100", CITY | {"kind": "neighbour"}, **over)
    assert code_of(await gate.send(old, SIGN)) == "key_expired"
    early = await gate.join("510300", CITY, valid_from=(now + days).isoformat())
    assert code_of(await gate.send(early, SIGN)) == "key_expired"
    administrator = await gate.person(Role.ADMINISTRATOR)
    shut = await administrator.put("/v1/peers/512000", json=CITY | {"is_active": False})
    assert shut.json()["is_active"] is False
    assert code_of(await gate.send(key, SIGN)) == "peer_inactive"
    await administrator.put("/v1/peers/512000", json=CITY)
    assert code_of(await gate.send(key, SIGN)) == "200"
    security = await gate.person(Role.SECURITY)
    path = f"/v1/peers/512000/keys/{key.key_id}/revoke"
    for _ in range(2):
        assert (await security.post(path, json={})).json()["state"] == "revoked"
    assert code_of(await gate.send(key, SIGN)) == "key_revoked"


async def test_two_gateways_know_each_others_nonces(gate: Gate) -> None:
    key = await gate.join("512000", CITY)
    runtime = await gate.harness.runtime(Service.GATEWAY)
    app = make_app(runtime, {Service.DISPATCH: gate.behind})
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as second:
        headers = sign_headers("POST", HOST + SIGN, b"{}", key)
        at_once = [
            client.post(SIGN, content=b"{}", headers=headers)
            for client in (gate.client, second) * 4
        ]
        codes = sorted(code_of(answer) for answer in await asyncio.gather(*at_once))
        assert codes == ["200", *["nonce_used"] * 7], "once, whoever was first"
    pool = runtime.database.pool
    async with pool.acquire() as connection:
        assert await forget_nonces(connection, limit=10) == 0, "it could still be replayed"
        await connection.execute("UPDATE nonces SET expires_at = now() - interval '1 second'")
        assert await forget_nonces(connection, limit=10) == 1


async def test_a_proxy_may_change_the_host_that_was_signed(harness: Harness) -> None:
    gate = await open_gate(harness, signature_authorities="hotline.example, test:8443")
    key = await gate.join("512000", CITY)
    for url, host, code in (
        ("https://hotline.example", "10.0.0.7:8000", "200"),
        ("https://test:8443", "test:8443", "200"),
        ("https://test:8443", "10.0.0.7", "signature_wrong"),
        ("https://another.example", "another.example", "signature_wrong"),
    ):
        headers = sign_headers("POST", url + SIGN, b"{}", key) | {"Host": host}
        answer = await gate.client.post(SIGN, content=b"{}", headers=headers)
        assert code_of(answer) == code, (url, host)


async def test_a_signed_file_is_passed_on_only_where_its_digest_is_right(gate: Gate) -> None:
    key = await gate.join("sc96116", CENTER)
    path, body = f"{TICKET}/attachments", b"%PDF-1.7 " + b"x" * 10_000
    assert code_of(await gate.send(key, path, body)) == "200"
    headers = sign_headers("POST", HOST + path, body, key)
    answer = await gate.client.post(path, content=body[:-1] + b"y", headers=headers)
    assert code_of(answer) == "digest_wrong"
    bare = sign_headers("POST", HOST + path, b"", key)
    answer = await gate.client.post(path, content=body, headers=bare)
    assert code_of(answer) == "signature_missing"
    assert gate.behind.bodies == [body]


async def test_a_new_key_signs_after_others_could_register_it(gate: Gate) -> None:
    runtime, security = gate.runtime, await gate.person(Role.SECURITY)

    async def signs() -> str:
        async with runtime.database.pool.acquire() as connection:
            return (await read_signing_key(connection, runtime.settings)).key_id

    async def published() -> list[str]:
        answer = (await gate.client.get("/v1/exchange/keys")).json()
        assert answer["platform"] == runtime.settings.platform
        return [one["key_id"] for one in answer["keys"]]

    with pytest.raises(NoOwnKey):
        await signs()
    path = "/v1/peers/own-keys/rotate"
    first = (await security.post(path, json={})).json()["key_id"]
    assert await signs() == first, "the first of all signs at once"
    second = (await security.post(path, json={})).json()["key_id"]
    assert await signs() == first
    assert await published() == [second, first]
    await runtime.database.pool.execute(
        "UPDATE own_keys SET signs_from = signs_from - '1d'::interval"
    )
    assert await signs() == second
    assert await published() == [second, first], "the overlap"
    await runtime.database.pool.execute(
        "UPDATE own_keys SET retired_at = retired_at - '3d'::interval"
    )
    assert await published() == [second]


async def test_peers_are_the_administrators_and_keys_the_security_officers(gate: Gate) -> None:
    key = await gate.join("512000", CITY)
    administrator, security, operator = [
        await gate.person(role) for role in (Role.ADMINISTRATOR, Role.SECURITY, Role.OPERATOR)
    ]
    listed = (await security.get("/v1/peers")).json()["items"]
    assert [one["code"] for one in listed] == ["512000"]
    assert [one["key_id"] for one in listed[0]["keys"]] == [key.key_id]
    assert listed[0]["keys"][0]["state_name"] == "有效"
    again = {"key_id": key.key_id, "public_key": listed[0]["keys"][0]["public_key"]}
    keys = "/v1/peers/512000/keys"
    assert code_of(await security.post(keys, json=again)) == "key_taken"
    for client, path, method, body in (
        (security, "/v1/peers/512000", "PUT", CITY),
        (administrator, keys, "POST", again),
        (administrator, "/v1/peers/own-keys/rotate", "POST", {}),
        (operator, "/v1/peers", "GET", None),
    ):
        assert code_of(await client.request(method, path, json=body)) == "not_allowed"
    for body, wrong in (
        ({"key_id": "a", "public_key": "AAAA"}, "public_key"),
        ({"key_id": "a", "public_key": "中"}, "public_key"),
        ({"key_id": "a b", "public_key": again["public_key"]}, "key_id"),
    ):
        problem = (await security.post(keys, json=body)).json()
        assert (problem["code"], problem["errors"][0]["field"]) == ("malformed", wrong)
    assert (await security.post("/v1/peers/999/keys", json=again)).status_code == 404
    for body, wrong in (
        ({"name": "供水热线", "kind": "subcenter"}, "unit"),
        (CITY | {"url": "ftp://x"}, "url"),
        (CITY | {"kind": "friend"}, "kind"),
    ):
        problem = (await administrator.put("/v1/peers/511000", json=body)).json()
        assert (problem["code"], problem["errors"][0]["field"]) == ("malformed", wrong)
