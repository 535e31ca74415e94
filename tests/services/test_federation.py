"""Ways by code, orders down and answers up, articles in a tree, and what cannot be delivered."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from services.gateway.calls import Calls
from services.gateway.exchange.outgoing import Telling
from services.gateway.federation.delivering import deliver_due
from shared.crossing import FORWARD, Forward
from shared.events.dispatch import UnitChanged
from shared.events.knowledge import ArticlePublished
from shared.events.sla import OrderIssued
from shared.events.words import RequestType, Role, Service
from shared.exchange import Kind
from tests.services.gateway_exchange import CITY, DAY, PROVINCE, Pair, Platform, open_pair

PLATFORM_UNIT = f"{CITY}-platform"
PUT = f"""INSERT INTO deliveries
    (from_platform, message_id, subject, sequence, kind, time, payload)
VALUES ('{CITY}', gen_random_uuid(), $1, 2, $2, now(), $3)"""


@dataclass
class Behind:
    """Our own services: they remember what was asked, and answer as they are told."""

    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive()).get("body", b"")
        headers = dict(scope["headers"])
        key = headers[b"idempotency-key"].decode()
        self.asked.append((scope["path"], key, orjson.loads(body)))
        made = {"id": str(uuid4())}
        status, answer = self.answers.get(scope["path"].rpartition("/")[2], (201, made))
        await JSONResponse(answer, status)(scope, receive, send)


@pytest.fixture
async def pair(postgres: str) -> AsyncIterator[Pair]:
    async with open_pair(postgres) as found:
        await found[1].runtime.database.pool.execute(
            "UPDATE peers SET unit = $2 WHERE code = $1", CITY, PLATFORM_UNIT
        )
        yield found


def delivering(platform: Platform, behind: Behind) -> Calls:
    return Calls(dict.fromkeys(Service, behind), platform.runtime.settings)


async def deliver_all(platform: Platform, behind: Behind) -> None:
    calls = delivering(platform, behind)
    while await deliver_due(platform.runtime, calls):
        pass


def forwarded(ticket: str, **more: Any) -> Telling:
    words = {
        "number": "512000-260302-0000001",
        "jurisdiction": CITY,
        "request_type": RequestType.COMPLAINT,
        "title": "国道破损",
        "content": "路面塌陷。",
        "accepted_at": DAY,
        "forwarded_at": DAY,
    }
    data = Forward.model_validate(words | more).model_dump(mode="json", exclude_none=True)
    return Telling(PROVINCE, ticket, Kind.FORWARD, DAY, f"forward {ticket}", FORWARD, data)


def act(ticket: str, told: str, data: dict[str, Any], *, kind: Kind = Kind.ACT) -> Telling:
    return Telling(PROVINCE, ticket, kind, DAY, f"{told} {ticket}", told, data)


async def test_ways_go_by_the_nearest_code(pair: Pair) -> None:
    """A zone without a code of its own, a hosted city, a peer's county, and what nobody has."""
    city, province = pair
    unit = UnitChanged(code=PLATFORM_UNIT, name="资阳市平台", jurisdiction=CITY, platform=CITY)
    await province.hear(PLATFORM_UNIT, unit)
    async with province.client(Role.ADMINISTRATOR) as administrator:
        for code, body in {
            "513200": {"name": "阿坝州", "target": "hosted"},
            "5120A1": {"name": "资阳高新区", "target": "peer", "peer": CITY},
            "512099": {"name": "试点区", "target": "here"},
        }.items():
            put = await administrator.put(f"/v1/federation/routes/{code}", json=body)
            assert put.status_code == 200, put.text
        refused = await administrator.put(
            "/v1/federation/routes/512098", json={"name": "无", "target": "peer", "peer": "999999"}
        )
        assert refused.json()["errors"][0]["code"] == "unknown_peer"

        async def way(code: str) -> tuple[str, str | None, str | None]:
            found = (await administrator.get(f"/v1/federation/routes/{code}")).json()
            return found["target"], found["peer"], found["unit"]

        assert await way("512021100") == ("peer", CITY, PLATFORM_UNIT)
        assert await way("5120A1002") == ("peer", CITY, PLATFORM_UNIT)
        assert await way("512099") == ("here", None, None)
        assert await way("513201") == ("hosted", None, None)
        assert await way("510100") == ("here", None, None)
    async with city.client(Role.OPERATOR) as operator:
        found = (await operator.get("/v1/federation/routes/620000")).json()
        assert (found["target"], found["peer"]) == ("parent", PROVINCE)


async def test_an_order_goes_down_is_shown_and_its_answer_comes_up(pair: Pair) -> None:
    city, province = pair
    order, behind = str(uuid4()), Behind()
    facts = {"number": "川热督〔2026〕1号", "kind": "order", "due_at": DAY + timedelta(days=3)}
    await province.hear(order, OrderIssued.model_validate(facts | {"unit": PLATFORM_UNIT}))
    await province.hear(str(uuid4()), OrderIssued.model_validate(facts | {"unit": "510000-01"}))
    await province.send_all(city)
    await deliver_all(city, behind)
    async with city.client(Role.SUPERVISOR) as supervisor:
        (shown,) = (await supervisor.get("/v1/federation/orders")).json()["items"]
        assert (shown["platform"], shown["order"]["number"]) == (PROVINCE, facts["number"])
        path = f"/v1/federation/orders/{shown['id']}/answer"
        answered = await supervisor.post(path, json={"text": "已整改"})
        assert answered.json()["answer"] == "已整改"
        again = await supervisor.post(path, json={"text": "再次"})
        assert again.json()["code"] == "act_refused"
    await city.send_all(province)
    await deliver_all(province, behind)
    (asked,) = behind.asked
    assert (asked[0], asked[2]) == (f"/v1/orders/{order}/answer", {"answer": "已整改"})


async def test_an_article_goes_up_and_on_to_others_in_its_order(pair: Pair) -> None:
    city, province = pair
    add = "INSERT INTO peers (code, name, kind, url, unit, is_active, changed_at)"
    values = " VALUES ($1, $1, $2, 'http://127.0.0.1:9', 'u', true, clock_timestamp())"
    for code, kind in (("513000", "child"), ("GS01", "subcenter"), ("610000", "neighbour")):
        await province.runtime.database.pool.execute(add + values, code, kind)
    article = str(uuid4())
    for version in (1, 2):
        published = ArticlePublished(
            jurisdiction=CITY, unit="512000-01", title="公积金", body="怎样提取", version=version
        )
        await city.hear(article, published)
    await city.send_all(province)
    await deliver_all(province, Behind())
    rows = await province.fetch(
        "SELECT peer, sequence, (payload::jsonb -> 'data' ->> 'version')::int AS version"
        " FROM outgoing WHERE subject = $1 ORDER BY position",
        article,
    )
    told = [tuple(row) for row in rows]
    assert sorted(told) == [("513000", 1, 1), ("513000", 2, 2), ("GS01", 1, 1), ("GS01", 2, 2)]
    assert told.index(("GS01", 1, 1)) < told.index(("GS01", 2, 2))


async def test_what_is_delivered_twice_has_one_key_and_order_holds(pair: Pair) -> None:
    city, province = pair
    ticket, behind = str(uuid4()), Behind()
    amended = {"addition": "夜间没有照明", "secrecy": "sensitive"}
    added = act(ticket, "ticket.amended", amended)
    await city.tell(province, forwarded(ticket), added)
    await city.send_all(province)
    # Unreachable at first: nothing is lost, and the addition does not overtake the request.
    behind.answers["tickets"] = (503, {"code": "unavailable"})
    assert await deliver_due(province.runtime, delivering(province, behind)) == 1
    del behind.answers["tickets"]
    await province.runtime.database.pool.execute("UPDATE deliveries SET next_at = now()")
    await deliver_all(province, behind)
    paths = [path.rpartition("/")[2] for path, _, _ in behind.asked]
    assert paths == ["tickets", "tickets", "amend"]
    (first, second, last) = behind.asked
    assert first[1:] == second[1:]
    assert last[2] == amended | {"reason": "来源平台更正"}
    assert second[2]["origin"] == {
        "platform": CITY,
        "ticket_id": ticket,
        "number": "512000-260302-0000001",
    }
    assert second[2]["external_id"] == f"{CITY}:{ticket}"
    assert await province.count("deliveries") == 0


async def test_what_our_services_refuse_is_set_aside_with_what_is_behind_it(pair: Pair) -> None:
    city, province = pair
    bad, good, behind = str(uuid4()), str(uuid4()), Behind()
    errors = [{"field": "content", "code": "missing", "message": "必填"}]
    behind.answers["tickets"] = (422, {"code": "malformed", "detail": "不符", "errors": errors})
    await city.tell(province, forwarded(bad), act(bad, "ticket.amended", {"addition": "补充"}))
    await city.send_all(province)
    await deliver_all(province, behind)
    rows = await province.fetch("SELECT subject, sequence, reason FROM set_aside ORDER BY id")
    assert [(row["subject"], row["sequence"]) for row in rows] == [(bad, 1), (bad, 2)]
    assert "content：必填" in rows[0]["reason"]
    assert rows[1]["reason"] is None

    # Others go on; what comes later of this subject waits behind it, and goes when it is replayed.
    behind.answers.clear()
    await city.tell(province, forwarded(good), act(bad, "ticket.withdrawn", {}, kind=Kind.RESULT))
    await city.send_all(province)
    await deliver_all(province, behind)
    assert [body["external_id"] for _, _, body in behind.asked[1:]] == [f"{CITY}:{good}"]
    async with province.client(Role.ADMINISTRATOR) as administrator:
        (first, *_) = await province.fetch("SELECT id FROM set_aside ORDER BY id")
        path = f"/v1/federation/set-aside/{first['id']}/replay"
        assert (await administrator.post(path, json={})).is_success
    await deliver_all(province, behind)
    assert [path.rpartition("/")[2] for path, _, _ in behind.asked[2:]] == [
        *("tickets", "amend", "settle"),
    ]


async def test_a_stranger_forwards_nothing_and_a_parent_reports_nothing(pair: Pair) -> None:
    """A forward that cannot be read, and a province that tells of tickets that nobody forwarded."""
    city, province = pair
    bad = Telling(PROVINCE, str(uuid4()), Kind.FORWARD, DAY, "bad", FORWARD, {"number": "1"})
    await city.tell(province, bad)
    await city.send_all(province)
    stray = Telling(
        CITY,
        str(uuid4()),
        Kind.ACT,
        DAY,
        "stray",
        "ticket.signed",
        {"unit": "510000-01", "signed_by": "S1"},
    )
    await province.tell(city, stray)
    await province.send_all(city)
    for platform in pair:
        assert await platform.count("set_aside") == 1
        assert await platform.count("deliveries") == 0


async def test_what_cannot_be_used_is_set_aside_with_its_reason_when_it_comes(pair: Pair) -> None:
    """Of a ticket that crossed already, too; and an order with a sign that nothing can keep."""
    city, province = pair
    ticket, behind = str(uuid4()), Behind()
    await city.tell(province, forwarded(ticket))
    order = OrderIssued(number="1\0", kind="order", unit="u", due_at=DAY)
    data = order.model_dump(mode="json", exclude_none=True)
    for bad in (
        Telling(PROVINCE, ticket, Kind.FORWARD, DAY, "again", FORWARD, {"number": "1"}),
        Telling(PROVINCE, str(uuid4()), Kind.ORDER, DAY, "order", order.type, data),
        replace(forwarded(str(uuid4()), number="1\0"), key="nul"),
    ):
        await city.tell(province, bad)
    await city.send_all(province)
    await deliver_all(province, behind)
    rows = await province.fetch("SELECT kind, reason FROM set_aside")
    assert sorted((row["kind"], row["reason"].partition(":")[0]) for row in rows) == [
        *(("forward", "data"), ("forward", "data.jurisdiction"), ("order", "data")),
    ]
    assert len(behind.asked) == 1


async def test_what_was_taken_and_turns_out_to_be_no_act_stops_nobody(pair: Pair) -> None:
    """As from a version that looked less closely."""
    city, province = pair
    tickets, behind = [str(uuid4()) for _ in range(4)], Behind()
    await city.tell(province, *(forwarded(ticket) for ticket in tickets))
    await city.send_all(province)
    await deliver_all(province, behind)
    told = {"ticket.reopened": {}, FORWARD: {"number": "1"}, "ticket.attached": {"bytes": -1}}
    file = {"attachment": str(uuid4()), "kind": "evidence", "media_type": "x", "sha256": "x"}
    told["ticket.attached"] |= file | {"attached_by": "HW01"}
    for ticket, (name, data) in zip(tickets, told.items(), strict=False):
        kind = Kind.FORWARD if name == FORWARD else Kind.ACT
        await province.fetch(PUT, ticket, kind, orjson.dumps({"type": name, "data": data}).decode())
    await province.fetch(PUT, tickets[3], Kind.ACT, '{"type": "ticket.signed", "data": {}}')
    await deliver_all(province, behind)
    rows = await province.fetch("SELECT reason FROM set_aside ORDER BY reason")
    assert [row["reason"] for row in rows] == [
        "data.bytes: Input should be greater than or equal to 0",
        "data.jurisdiction: Field required",
        "data: KeyError",
    ]
    assert await province.count("deliveries") == 0


async def test_many_subjects_are_delivered_at_once(pair: Pair) -> None:
    city, province = pair
    behind = Behind()
    await city.tell(province, *(forwarded(str(uuid4())) for _ in range(200)))
    await city.send_all(province)
    started = asyncio.get_running_loop().time()
    await deliver_all(province, behind)
    assert len({key for _, key, _ in behind.asked}) == 200
    assert asyncio.get_running_loop().time() - started < 20
    assert await province.count("forwarded_in WHERE ticket_id IS NOT NULL") == 200
