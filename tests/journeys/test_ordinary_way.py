"""A ticket's whole way through the gateway, as each person meets it (B1)."""

from typing import Any

import httpx

from shared.events.words import Role
from tests.harness import eventually
from tests.journeys.city import BOTH_BUSES, City

pytestmark = BOTH_BUSES

REQUEST = {
    "jurisdiction": "512000",
    "type": "complaint",
    "title": "道路破损",
    "content": "建设路路面破损多日，行人和车辆通行不便，请尽快修复。",
    "channel": "phone",
    "category": "01",
    "caller": {"name": "测试人", "phone": "13800001234"},
}
REPLY = {
    "findings": "现场核实，路面破损约二十平方米。",
    "basis": "城市道路管理条例",
    "result": "已于当日修复。",
    "contact": "已电话告知诉求人。",
    "checked_by": "YJ0201",
}


async def post(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    found: dict[str, Any] = answer.json()
    return found


async def test_filed_dispatched_signed_replied_followed_up_rated_closed(city: City) -> None:
    operator = await city.person(Role.OPERATOR, jurisdiction="512000")
    unit = await city.person(Role.UNIT, unit="512000-01")
    asker = await city.person(Role.FOLLOW_UP, jurisdiction="512000")

    ticket = await post(operator, "/v1/tickets", **REQUEST)
    path = f"/v1/tickets/{ticket['id']}"
    signed = await post(unit, f"{path}/sign")
    assert signed["state"] == "signed"
    assert {one["step"] for one in signed["deadlines"]} == {"handle"}
    assert (await post(unit, f"{path}/reply", **REPLY))["state"] == "replied"
    await post(asker, f"{path}/follow-up", is_reached=True, is_solved=True)
    await post(asker, f"{path}/rate", result="satisfied", is_solved=True)

    closed = (await asker.get(path)).json()
    assert closed["state"] == "closed"
    timeline = (await asker.get(f"{path}/timeline")).json()
    names = [entry["event"] for entry in timeline["items"]]
    assert names == [
        "ticket.created",
        "ticket.dispatched",
        "ticket.signed",
        "ticket.replied",
        "ticket.followed_up",
        "ticket.rated",
        "ticket.closed",
    ]
    # Who: each by their work number; the rule dispatched, and the rating closed it.
    people = [entry["by"] for entry in timeline["items"]]
    assert None not in people
    assert [who for who in people if who == "system"] == ["system", "system"]
    deadlines = (await asker.get(f"{path}/deadlines")).json()
    states = {one["step"]: one["state"] for one in deadlines["items"]}
    steps = ("dispatch", "sign", "handle", "follow-up")
    assert states == dict.fromkeys(steps, "met")

    async def is_counted() -> bool:
        query = "/v1/analytics/counts?by=jurisdiction,unit,state&jurisdiction=512000"
        items = (await operator.get(query)).json()["items"]
        counted = [(one["unit"], one["state"], one["count"]) for one in items]
        return counted == [("512000-01", "closed", 1)]

    await eventually(is_counted, what="the live count")


async def test_returned_and_dispatched_again(city: City) -> None:
    operator = await city.person(Role.OPERATOR, jurisdiction="512000")
    first = await city.person(Role.UNIT, unit="512000-01")
    second = await city.person(Role.UNIT, unit="512000-03")
    supervisor = await city.person(Role.SUPERVISOR, jurisdiction="512000")

    ticket = await post(operator, "/v1/tickets", **REQUEST)
    path = f"/v1/tickets/{ticket['id']}"
    assert (await second.post(f"{path}/sign", json={})).status_code == 404
    await post(
        first,
        f"{path}/return",
        ground="not_our_duty",
        reason="该路段由交通部门养护。",
        legal_basis="公路法",
        proposed_unit="512000-03",
    )
    await post(
        supervisor, f"{path}/decide-return", decision="granted", reason="属实", unit="512000-03"
    )
    assert (await first.get(path)).status_code == 404
    assert (await post(second, f"{path}/sign"))["state"] == "signed"
    refused = await second.post(f"{path}/sign", json={})
    assert refused.status_code == 409
    assert set(refused.json()["allowed"]) >= {"reply"}


async def test_a_ticket_without_a_rule_is_dispatched_by_a_person(city: City) -> None:
    operator = await city.person(Role.OPERATOR, jurisdiction="532800")
    request = REQUEST | {"jurisdiction": "532800", "category": None}
    ticket = await post(operator, "/v1/tickets", **request)
    path = f"/v1/tickets/{ticket['id']}"
    assert (await operator.get(path)).json()["state"] == "accepted"
    sent = await post(operator, f"{path}/dispatch", unit="532800-01", reason="道路归住建局")
    assert sent["state"] == "dispatched"


async def test_an_article_is_published_found_and_answers_at_once(city: City) -> None:
    editor = await city.person(Role.EDITOR, jurisdiction="512000")
    operator = await city.person(Role.OPERATOR, jurisdiction="512000")
    article = await post(
        editor,
        "/v1/articles",
        jurisdiction="512000",
        unit="512000-05",
        title="居住证办理",
        body="凭身份证到户籍窗口办理居住证。",
    )
    await post(editor, f"/v1/articles/{article['id']}/publish")
    found = (await operator.get("/v1/articles", params={"q": "怎么办居住证"})).json()
    assert found["items"][0]["id"] == article["id"]

    async def is_answered() -> bool:
        body = REQUEST | {"type": "inquiry", "answered_by": article["id"]}
        answer = await operator.post("/v1/tickets", json=body)
        return answer.status_code == 201 and answer.json()["state"] == "answered"

    await eventually(is_answered, what="an answer from the article")


async def test_each_sees_only_its_own(city: City) -> None:
    operator = await city.person(Role.OPERATOR, jurisdiction="512000")
    ticket = await post(operator, "/v1/tickets", **REQUEST)
    path = f"/v1/tickets/{ticket['id']}"
    assert (await operator.get(path)).status_code == 200
    strangers = [
        await city.person(Role.UNIT, unit="512000-02"),
        await city.person(Role.OPERATOR, jurisdiction="532800"),
    ]
    for stranger in strangers:
        for call in (path, f"{path}/timeline", f"{path}/deadlines", f"{path}/caller"):
            assert (await stranger.get(call)).status_code in (403, 404), call
        assert (await stranger.get("/v1/tickets")).json()["items"] == []
