"""Results that units publish: off by default, without personal data, read twice (A14, ZY 13)."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.app import make_app
from services.intake.consumer import handlers
from services.intake.publications.rules import fit, is_fit
from shared.events.callers import ResultPublished, ResultTakenBack
from shared.events.dispatch import TicketClosed, TicketDispatched, UnitChanged
from shared.events.words import CloseReason, Role
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.test_intake_filing import REQUEST, intake, operator

__all__ = ["intake", "operator"]
WATER, ROADS = "512000-water", "512000-roads"
RESULT = {
    "title": "小区停水的处理结果",
    "question": "某小区停水一晚。",
    "answer": "已更换阀门，当日恢复供水。",
}
PUBLIC = "/v1/public/results"


class Results:
    """Two people of a unit, somebody of another, and everybody."""

    def __init__(self, harness: Harness, intake: Runtime, operator: httpx.AsyncClient) -> None:
        self.harness, self.intake, self.operator = harness, intake, operator
        self.app = make_app(intake)
        self.people: dict[str, httpx.AsyncClient] = {}

    async def open(self) -> None:
        for name, unit in (("writer", WATER), ("reader", WATER), ("stranger", ROADS)):
            bearer = token(self.harness.settings, Role.UNIT, unit=unit, subject=name)
            self.people[name] = await self.harness.client(self.app, bearer)
        for code in (WATER, ROADS):
            await self.hear(code, UnitChanged(code=code, name=f"单位{code}", jurisdiction="512000"))
        public = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app), base_url="http://test"
        )
        self.people["public"] = await self.harness.stack.enter_async_context(public)

    async def hear(self, subject: str, *payloads: Any) -> None:
        events = [self.harness.event(payload, subject) for payload in payloads]
        await self.harness.hear(self.intake, handlers(self.intake), *events)

    async def closed(self, **more: Any) -> str:
        answer = await self.operator.post("/v1/tickets", json=REQUEST | more)
        assert answer.status_code == 201, answer.text
        ticket = str(answer.json()["id"])
        sent = TicketDispatched(unit=WATER, unit_name="水务", round=1, dispatched_by="system")
        await self.hear(ticket, sent, TicketClosed(unit=WATER, reason=CloseReason.SATISFIED))
        return ticket

    async def propose(self, ticket: str, by: str = "writer", **more: str) -> httpx.Response:
        return await self.people[by].post(f"/v1/tickets/{ticket}/publish", json=RESULT | more)

    async def check(self, publication: str, by: str = "reader", **more: Any) -> httpx.Response:
        body = {"is_passed": True} | more
        return await self.people[by].post(f"/v1/publications/{publication}/check", json=body)

    async def shown(self) -> list[dict[str, Any]]:
        answer = await self.people["public"].get(PUBLIC, params={"jurisdiction": "512000"})
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@pytest.fixture
async def results(harness: Harness, intake: Runtime, operator: httpx.AsyncClient) -> Results:
    results = Results(harness, intake, operator)
    await results.open()
    return results


async def test_a_result_is_seen_by_everybody_after_a_second_reader_let_it_out(
    results: Results, harness: Harness, intake: Runtime
) -> None:
    ticket = await results.closed()
    assert await results.shown() == [], "off by default"
    proposed = (await results.propose(ticket)).json()
    assert (proposed["state"], await results.shown()) == ("proposed", [])
    own = await results.check(proposed["id"], by="writer")
    assert own.status_code == 403
    assert (await results.check(proposed["id"])).json()["state"] == "published"
    (shown,) = await results.shown()
    assert (shown["title"], shown["unit_name"]) == (RESULT["title"], f"单位{WATER}")
    assert not {"ticket_id", "proposed_by", "checked_by"} & set(shown)
    (said,) = [e.data for e in await harness.said(intake) if isinstance(e.data, ResultPublished)]
    assert said.checked_by == "reader"
    again = await results.check(proposed["id"])
    assert again.status_code == 409
    assert (await results.propose(ticket)).status_code == 409


async def test_personal_data_is_removed_also_what_only_intake_knows(results: Results) -> None:
    ticket = await results.closed()
    answer = (
        "测试人（13800001234，身份证 510902199003071234）住幸福小区三栋一单元，"
        "已回电138 0000 1234。"
    )
    proposed = (await results.propose(ticket, answer=answer)).json()
    await results.check(proposed["id"])
    (shown,) = await results.shown()
    for secret in ("测试人", "13800001234", "138 0000", "510902", "三栋一单元"):
        assert secret not in str(shown)
    assert "已回电" in shown["answer"]


async def test_a_published_result_can_be_taken_back_and_published_anew(
    results: Results, harness: Harness, intake: Runtime
) -> None:
    ticket = await results.closed()
    first = (await results.propose(ticket)).json()
    await results.check(first["id"])
    path = f"/v1/tickets/{ticket}/take-back"
    stranger = await results.people["stranger"].post(path, json={"reason": "x"})
    assert stranger.status_code == 404
    taken = await results.people["writer"].post(path, json={"reason": "可辨认出个人"})
    assert taken.json()["state"] == "taken_back"
    assert await results.shown() == []
    said = [e.data for e in await harness.said(intake) if isinstance(e.data, ResultTakenBack)]
    assert [one.reason for one in said] == ["可辨认出个人"]
    nothing = await results.people["writer"].post(path, json={"reason": "x"})
    assert nothing.status_code == 409
    second = (await results.propose(ticket, title="改写后的标题")).json()
    await results.check(second["id"])
    assert [one["title"] for one in await results.shown()] == ["改写后的标题"]
    own = (await results.people["writer"].get("/v1/publications")).json()["items"]
    assert [one["state"] for one in own] == ["published", "taken_back"]
    assert (await results.people["stranger"].get("/v1/publications")).json()["items"] == []


async def test_what_is_sent_back_is_not_seen_and_can_be_proposed_again(results: Results) -> None:
    ticket = await results.closed()
    first = (await results.propose(ticket)).json()
    sent_back = await results.check(first["id"], is_passed=False, reason="写明日期")
    assert sent_back.json()["state"] == "sent_back"
    assert await results.shown() == []
    assert (await results.propose(ticket)).status_code == 201


async def test_who_and_what_is_refused(results: Results) -> None:
    ticket = await results.closed()
    assert (await results.propose(ticket, by="stranger")).status_code == 404
    assert (await results.propose(str(uuid4()))).status_code == 404
    assert (await results.propose(ticket, title="")).status_code == 422
    proposed = (await results.propose(ticket)).json()
    assert (await results.check(proposed["id"], by="stranger")).status_code == 404
    open_one = (await results.operator.post("/v1/tickets", json=REQUEST)).json()["id"]
    sent = TicketDispatched(unit=WATER, unit_name="水务", round=1, dispatched_by="system")
    await results.hear(open_one, sent)
    assert (await results.propose(open_one)).json()["code"] == "act_refused"
    for protected in ({"type": "report"}, {"type": "complaint", "about_unit": ROADS}):
        hidden = await results.closed(**protected)
        answer = await results.propose(hidden)
        assert (answer.status_code, "ZY 22" in answer.json()["detail"]) == (409, True)


async def test_the_public_list_has_pages_and_keeps_to_its_place(results: Results) -> None:
    for number in range(3):
        found = (await results.propose(await results.closed(), title=f"结果{number}")).json()
        await results.check(found["id"])
    public = results.people["public"]
    first = await public.get(PUBLIC, params={"jurisdiction": "510000", "limit": 2})
    rest = await public.get(
        PUBLIC, params={"jurisdiction": "510000", "after": first.json()["next"]}
    )
    titles = [one["title"] for page in (first, rest) for one in page.json()["items"]]
    assert titles == ["结果2", "结果1", "结果0"]
    other = await public.get(PUBLIC, params={"jurisdiction": "532800"})
    assert other.json()["items"] == []
    assert (await public.get(PUBLIC)).status_code == 422


@given(st.text(max_size=200), st.text(max_size=6), st.text(max_size=20))
def test_what_was_made_fit_stays_fit(text: str, name: str, address: str) -> None:
    identity = {"name": name, "phone": "13800001234", "address": address}
    made = fit(text + "13800001234", identity)
    assert "13800001234" not in made
    assert is_fit(made, identity)
