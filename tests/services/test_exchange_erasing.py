"""Erased tickets: no message that waits keeps their words, and nothing comes out of its order."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import orjson
import pytest

from services.gateway.exchange.outgoing import claim, queue, send_again, settle
from services.gateway.exchange.rules import Outcome
from services.gateway.exchange.sender import NotTaken
from shared.erasure import MARK
from shared.events.dispatch import TicketReplied
from shared.exchange import Kind, digest_of
from tests.services.gateway_exchange import PROVINCE, Pair, Platform, open_pair
from tests.services.test_federation import Behind, act, deliver_all, forwarded

WORDS = "楼上敲打墙面"
NEIGHBOUR = "610000"
ADD_PEER = """INSERT INTO peers (code, name, kind, url, is_active, changed_at)
VALUES ($1, $1, 'neighbour', 'http://127.0.0.1:9', true, clock_timestamp())"""
SENT_AWAY = """INSERT INTO forwarded_out
    (ticket_id, round, peer, unit, reason, forwarded_at, state)
VALUES ($1, 1, $2, 'u', $3, clock_timestamp(), 'ended')"""
REFUSED = (409, {"code": "act_refused", "detail": "工单办结后才能删除其内容"})
CLOSED = {"unit": "512000-01", "reason": "satisfied"}
ERASED: dict[str, Any] = {"source_article": "个人信息保护法 47"}


@pytest.fixture
async def pair(postgres: str) -> AsyncIterator[Pair]:
    async with open_pair(postgres) as found:
        yield found


async def payloads(platform: Platform, table: str) -> list[tuple[str, str]]:
    """The types of the messages in a table, in order, each with all that it says."""
    rows = await platform.fetch(f"SELECT payload FROM {table} ORDER BY sequence")
    return [(orjson.loads(row["payload"])["type"], row["payload"]) for row in rows]


async def tell(city: Platform, province: Platform, ticket: str, *told: tuple[str, Any]) -> None:
    """What a city says of its ticket, to the end: taken by the province, and not delivered yet."""
    await city.tell(province, *(act(ticket, name, data) for name, data in told))
    await city.send_all(province)


async def test_what_waits_for_our_services_loses_its_words_and_keeps_its_order(pair: Pair) -> None:
    city, province = pair
    ticket, behind = str(uuid4()), Behind()
    await city.tell(province, forwarded(ticket, content=WORDS, reason=WORDS))
    amended = {"addition": WORDS, "amended_by": "HW01"}
    await tell(city, province, ticket, ("ticket.amended", amended))
    assert WORDS in str(await payloads(province, "deliveries"))
    ended = act(ticket, "ticket.closed", CLOSED, kind=Kind.RESULT)
    await city.tell(province, ended)
    await tell(city, province, ticket, ("ticket.erased", ERASED))
    waiting = await payloads(province, "deliveries")
    assert [told for told, _ in waiting] == [
        *("message.erased", "ticket.amended", "ticket.closed", "ticket.erased"),
    ]
    assert WORDS not in str(waiting)
    (told,) = await province.fetch("SELECT told::text FROM forwarded_in")
    assert WORDS not in told["told"]
    await deliver_all(province, behind)
    assert (behind.asked, await province.count("deliveries")) == ([], 0), "none is filed any more"
    assert await province.count("set_aside") == 0


async def test_what_the_peer_took_before_its_words_went_is_not_refused_for_ever(
    pair: Pair,
) -> None:
    """The answer was lost, and the words were erased: what follows goes, the erasure above all."""
    city, province = pair
    ticket = str(uuid4())
    progressed = {"unit": "u", "text": WORDS, "reported_by": "S1"}
    await city.tell(province, forwarded(ticket, content=WORDS))
    await city.tell(province, act(ticket, "ticket.progressed", progressed))
    province.weather.loses = lambda: True
    with pytest.raises(NotTaken):
        await city.send(province)
    province.weather.loses = lambda: False
    later = act(ticket, "ticket.amended", {"addition": WORDS})
    await city.tell(province, later)
    await city.erase(ticket)
    assert WORDS not in str(await payloads(city, "outgoing"))
    await city.send_all(province)
    assert await city.count("outgoing") == 0
    assert await city.count("outgoing_subjects WHERE problem IS NOT NULL") == 0
    taken = "SELECT sequence, id, digest FROM {} WHERE subject = $1 ORDER BY sequence"
    ours = await city.fetch(taken.format("sent"), ticket)
    theirs = await province.fetch(taken.format("received_messages"), ticket)
    assert (ours, len(ours)) == (theirs, 4)
    [*_, last] = await payloads(province, "deliveries")
    assert last[0] == "ticket.erased"
    assert WORDS not in str(await payloads(province, "deliveries"))
    assert WORDS not in str(await payloads(city, "sent"))


async def test_words_that_go_while_a_message_is_on_its_way_leave_both_sides_equal(
    pair: Pair,
) -> None:
    city, province = pair
    ticket = str(uuid4())
    await city.tell(province, act(ticket, "ticket.amended", {"addition": WORDS}))
    async with city.runtime.database.pool.acquire() as connection:
        waiting = await claim(connection, PROVINCE, limit=9, bytes_max=9_999)
        await city.erase(ticket)
        outcome = Outcome(frozenset(one.id for one in waiting))
        async with connection.transaction():
            await settle(connection, PROVINCE, waiting, {ticket: outcome})
    [sent] = await city.fetch("SELECT payload, digest FROM sent")
    assert (bytes(sent["digest"]), WORDS in sent["payload"]) == (waiting[0].digest, False)
    # Lost there, it goes again with the words that are left, and is refused for no other reason.
    async with city.runtime.database.pool.acquire() as connection, connection.transaction():
        assert await send_again(connection, PROVINCE, [waiting[0].id]) == 1
    [again] = await city.fetch("SELECT * FROM outgoing WHERE id = $1", waiting[0].id)
    assert again["digest"] == digest_of(again["id"], again["payload"].encode())
    assert again["digest_before"] == waiting[0].digest


async def test_an_id_that_is_used_for_another_message_is_refused_as_ever(pair: Pair) -> None:
    city, province = pair
    ticket = str(uuid4())
    await city.tell(province, act(ticket, "ticket.amended", {"addition": WORDS}))
    await city.send_all(province)
    await province.runtime.database.pool.execute("UPDATE received_messages SET digest = '\\x00'")
    async with city.runtime.database.pool.acquire() as connection, connection.transaction():
        [row] = await connection.fetch("SELECT id FROM sent")
        await send_again(connection, PROVINCE, [row["id"]])
    await city.send_all(province)
    [refused] = await city.fetch("SELECT problem FROM outgoing_subjects")
    assert "id_reused" in refused["problem"]


async def test_a_forward_that_was_erased_on_its_way_is_nothing_to_wait_for(pair: Pair) -> None:
    city, province = pair
    ticket, behind = str(uuid4()), Behind()
    await city.tell(province, forwarded(ticket, content=WORDS))
    await city.erase(ticket)
    assert WORDS not in str(await payloads(city, "outgoing"))
    await city.send_all(province)
    await deliver_all(province, behind)
    assert (behind.asked, await province.count("set_aside")) == ([], 0)


async def test_the_copy_is_erased_as_soon_as_its_own_ticket_has_ended(pair: Pair) -> None:
    """However long that lasts: nothing is set aside, and nobody need try it again."""
    city, province = pair
    ticket, behind = str(uuid4()), Behind(answers={"erase": REFUSED})
    await city.tell(province, forwarded(ticket))
    await city.send_all(province)
    await deliver_all(province, behind)
    await tell(city, province, ticket, ("ticket.erased", ERASED))
    for _ in range(8):
        await province.runtime.database.pool.execute(
            "UPDATE deliveries SET next_at = clock_timestamp()"
        )
        await deliver_all(province, behind)
    (waiting,) = await province.fetch("SELECT attempts, problem FROM deliveries")
    assert waiting["attempts"] >= 8
    assert "act_refused" in waiting["problem"]
    assert await province.count("set_aside") == 0
    behind.answers = {}
    await province.runtime.database.pool.execute(
        "UPDATE deliveries SET next_at = clock_timestamp()"
    )
    await deliver_all(province, behind)
    assert await province.count("deliveries") == 0


async def test_who_handled_it_is_told_long_after_it_left_them(pair: Pair) -> None:
    city, _ = pair
    ticket = uuid4()
    pool = city.runtime.database.pool
    await pool.execute(ADD_PEER, NEIGHBOUR)
    await pool.execute(SENT_AWAY, ticket, NEIGHBOUR, WORDS)
    other = act(str(ticket), "ticket.closed", CLOSED, kind=Kind.RESULT)
    async with pool.acquire() as connection, connection.transaction():
        await queue(connection, [replace(other, peer=NEIGHBOUR)])
    await city.erase(str(ticket))
    rows = await city.fetch("SELECT payload FROM outgoing WHERE peer = $1", NEIGHBOUR)
    told = [orjson.loads(row["payload"])["type"] for row in rows]
    assert told == ["ticket.closed", "ticket.erased"]
    (kept,) = await city.fetch("SELECT reason FROM forwarded_out")
    assert kept["reason"] == MARK


async def test_a_copy_that_is_erased_leaves_nothing_on_its_way_home(pair: Pair) -> None:
    city, province = pair
    ticket, ours, behind = str(uuid4()), uuid4(), Behind()
    await city.tell(province, forwarded(ticket))
    await city.send_all(province)
    await deliver_all(province, behind)
    await province.runtime.database.pool.execute("UPDATE forwarded_in SET ticket_id = $1", ours)
    elements = dict.fromkeys(("findings", "basis", "result", "contact"), WORDS)
    reply = TicketReplied(unit="510000-01", reply=1, replied_by="YJ01", **elements)
    await province.hear(str(ours), reply)
    assert WORDS in str(await payloads(province, "outgoing"))
    await province.erase(str(ours))
    waiting = await payloads(province, "outgoing")
    assert [told for told, _ in waiting] == ["ticket.replied"]
    assert WORDS not in str(waiting)
