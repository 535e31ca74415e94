"""A platform of another vendor and ours, over HTTP: nothing lost, doubled, out of order or read."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.gateway.exchange.outgoing import queue
from services.gateway.exchange.reconciling import Result, reconcile_day
from services.gateway.exchange.sender import Target, send_batch
from services.gateway.peers.operations import KeyWords, PeerWords, put_peer, register_key
from services.gateway.peers.queries import list_own_keys
from services.gateway.peers.rules import Algorithm, PeerKind
from tests.foreign import door
from tests.foreign.crossing import Crossing
from tests.foreign.wire import Key
from tests.harness import Harness, eventually
from tests.ports import free_ports
from tests.services.exchange_messages import acts
from tests.services.gateway_exchange import CITY, DAY, Platform, listening, platforms, said

FOREIGN = "510000"
FILED = {
    "number": "SC-1",
    "jurisdiction": "512000",
    "request_type": "help",
    "title": "小区停水",
    "content": "幸福小区停水。",
    "channel": "phone",
    "policy": "none",
}
SIGNED = {"type": "ticket.signed", "data": {"unit": "U1", "signed_by": "S1"}}


@dataclass
class Two:
    """Our gateway and the foreign platform, each listening, each knowing the other."""

    ours: Platform
    foreign: Crossing
    client: httpx.AsyncClient
    target: Target
    """Where the foreign platform is, for our sender."""


@pytest.fixture
async def two(harness: Harness) -> AsyncIterator[Two]:
    foreign = Crossing(FOREIGN, Key(f"{FOREIGN}.1"))
    async with (
        platforms({CITY: harness.settings.database_url}) as [ours],
        listening(foreign.app()) as url,
        httpx.AsyncClient() as client,
    ):
        await _register(ours, foreign.key, url, PeerKind.CHILD)
        foreign.peers[CITY] = door.Peer(CITY, ours.url, await _keys(ours))
        yield Two(ours, foreign, client, Target(FOREIGN, url))


async def _register(ours: Platform, key: Key, url: str, kind: PeerKind) -> None:
    async with ours.runtime.database.sessions() as session, session.begin():
        words = PeerWords("四川省", kind, url, None, is_active=True)
        await put_peer(session, FOREIGN, words, by="HW01")
        public = key.private.public_key().public_bytes_raw()
        known = KeyWords(key.key_id, Algorithm.ED25519, public, None, None)
        await register_key(session, FOREIGN, known, by="HW02")


async def _keys(ours: Platform) -> dict[str, Ed25519PublicKey]:
    async with ours.runtime.database.sessions() as session:
        rows = await list_own_keys(session)
    return {row.key_id: Ed25519PublicKey.from_public_bytes(row.public_key) for row in rows}


def tickets(two: Two, count: int) -> list[str]:
    """Tickets that the foreign platform filed and signed."""
    subjects = [str(uuid4()) for _ in range(count)]
    filed = {"type": "ticket.created", "data": FILED}
    for subject in subjects:
        two.foreign.tell(CITY, subject, "ticket", filed, DAY.isoformat())
        two.foreign.tell(CITY, subject, "act", SIGNED, DAY.isoformat())
    return subjects


@pytest.mark.parametrize("bulk", [False, True])
async def test_what_it_tells_comes_once_and_in_order(two: Two, bulk: bool) -> None:
    subjects = tickets(two, 5)
    assert await two.foreign.flush(two.client, CITY, bulk=bulk) == 10
    heard = await said(two.ours)
    assert heard == {subject: [(1, 1), (2, 2)] for subject in subjects}
    again = [one[2] for one in two.foreign.store.day("sent", CITY, f"{DAY:%Y-%m-%d}")]
    two.foreign.store.again_by_id(CITY, again)
    assert await two.foreign.flush(two.client, CITY) == 10
    assert await said(two.ours) == heard


async def test_what_was_lost_here_is_found_and_told_again(two: Two) -> None:
    subjects, day = tickets(two, 5), f"{DAY:%Y-%m-%d}"
    await two.foreign.flush(two.client, CITY)
    assert (await two.foreign.reconcile(two.client, CITY, day))["lacking"] == 0
    await two.ours.fetch(
        "DELETE FROM received_messages WHERE subject = $1 AND sequence = 1", subjects[0]
    )
    assert (await two.foreign.reconcile(two.client, CITY, day))["lacking"] == 1
    assert await two.foreign.flush(two.client, CITY) == 1
    assert (await two.foreign.reconcile(two.client, CITY, day))["lacking"] == 0


async def test_what_we_tell_it_comes_once_and_in_order_and_is_told_again_when_lost(
    two: Two,
) -> None:
    subject = str(uuid4())
    await _tell_foreign(two, subject, 4)
    received = two.foreign.store.all_received()
    assert [(one["subject"], one["sequence"], one["aside"]) for one in received] == [
        (subject, number, None) for number in range(1, 5)
    ]
    day = DAY.date()
    compare = reconcile_day(two.ours.runtime, two.ours.session, two.target, day)
    assert await compare is Result.EQUAL
    two.foreign.store._db.execute("DELETE FROM received WHERE sequence = 2")
    compare = reconcile_day(two.ours.runtime, two.ours.session, two.target, day)
    assert await compare is Result.REFILLED
    await _send(two)
    compare = reconcile_day(two.ours.runtime, two.ours.session, two.target, day)
    assert await compare is Result.EQUAL


async def test_two_of_them_hand_a_ticket_over_and_back_without_us() -> None:
    city, other = Crossing("512000", Key("512000.1")), Crossing("511000", Key("511000.1"))
    async with (
        listening(city.app()) as city_url,
        listening(other.app()) as other_url,
        httpx.AsyncClient() as client,
    ):
        for one, peer, url in ((city, other, other_url), (other, city, city_url)):
            public = peer.key.private.public_key()
            one.peers[peer.code] = door.Peer(peer.code, url, {peer.key.key_id: public})
        caller = {"name": "某人", "phone": "13800000000"}
        ticket = await city.forward(client, "511000", FILED | {"round": 1}, caller)
        await city.flush(client, "511000")
        theirs = other.handled["512000", ticket]
        assert theirs.caller == caller
        assert "13800000000" not in json.dumps(other.store.all_received(), ensure_ascii=False)
        other.sign(theirs)
        other.reply(theirs, "已恢复供水")
        await other.flush(client, "512000")
        assert [one["type"] for one in city.away[ticket]] == ["ticket.signed", "ticket.replied"]
        closed = {"type": "ticket.closed", "data": {"unit": "511000", "reason": "satisfied"}}
        city.tell("511000", ticket, "result", closed, DAY.isoformat())
        await city.flush(client, "511000")
        assert theirs.state == "closed"


async def test_a_sealed_identity_that_was_moved_to_another_ticket_is_set_aside() -> None:
    city, other = Crossing("512000", Key("512000.1")), Crossing("511000", Key("511000.1"))
    async with listening(other.app()) as url, httpx.AsyncClient() as client:
        other.peers["512000"] = door.Peer(
            "512000", keys={city.key.key_id: city.key.private.public_key()}
        )
        public = other.key.private.public_key()
        city.peers["511000"] = door.Peer("511000", url, {other.key.key_id: public})
        await city.forward(client, "511000", FILED, {"name": "某人"})
        [message] = city.store.waiting("511000", 1)
        city.tell("511000", str(uuid4()), "forward", message["payload"], DAY.isoformat())
        await city.flush(client, "511000")
    assert other.store.counts()["set_aside"] == 1
    assert len(other.handled) == 1


async def test_it_runs_as_a_process_of_its_own_and_keeps_what_it_took(tmp_path: Path) -> None:
    [port] = free_ports(1)
    url, sender = f"http://127.0.0.1:{port}", Crossing("512000", Key("512000.1"))
    sender.peers[FOREIGN] = door.Peer(FOREIGN, url)
    async with httpx.AsyncClient() as client:
        for count in (1, 2):
            process = await _start(port, tmp_path)
            try:
                await _reach(client, url)
                known = {"code": "512000", "keys": {"512000.1": sender.key.public()}}
                if count == 1:
                    await client.put(f"{url}/foreign/peers", json=known)
                sender.tell(FOREIGN, str(uuid4()), "act", SIGNED, DAY.isoformat())
                assert await sender.flush(client, FOREIGN) == 1
                assert (await client.get(f"{url}/foreign/state")).json()["received"] == count
            finally:
                process.kill()
                await process.wait()


async def _start(port: int, folder: Path) -> asyncio.subprocess.Process:
    command = ["-m", "tests.foreign", "--port", str(port), "--code", FOREIGN, "--data", folder]
    return await asyncio.create_subprocess_exec(
        sys.executable, *map(str, command), stdout=asyncio.subprocess.DEVNULL
    )


async def _reach(client: httpx.AsyncClient, url: str) -> None:
    async def is_there() -> bool:
        try:
            return (await client.get(f"{url}/v1/exchange/keys")).is_success
        except httpx.ConnectError:
            return False

    await eventually(is_there, what="listening")


async def _tell_foreign(two: Two, subject: str, count: int) -> None:
    pool = two.ours.runtime.database.pool
    async with pool.acquire() as connection, connection.transaction():
        await queue(connection, acts(subject, count, peer=FOREIGN))
    await _send(two)


async def _send(two: Two) -> int:
    return await send_batch(two.ours.runtime, two.ours.session, two.target, limit=100)
