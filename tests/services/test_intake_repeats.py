"""Repeats and terminated matters at filing, hand-overs, and the other filing fields (A6, A7)."""

import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.intake.app import make_app
from services.intake.consumer import handlers
from shared.events.callers import TicketHandedOver, TicketRepeatAnswered
from shared.events.dispatch import TicketReopened, TicketTerminated, UnitChanged
from shared.events.envelope import Event, Payload
from shared.events.intake import TicketCreated, TicketVerified, VerificationRequested
from shared.events.kinds import Link
from shared.events.loop import TicketLinked
from shared.events.words import Role, Service
from shared.runtime import Runtime
from tests.harness import Harness, token

REQUEST: dict[str, Any] = {
    "jurisdiction": "512000",
    "type": "complaint",
    "content": "幸福小区从昨晚起停水，至今没有恢复。",
    "channel": "phone",
    "category": "01",
    "caller": {"phone": "13800001234"},
}
WATER, STREET = "512000-water", "512000-street"
SCRIPT = "经核查，该户水表计量准确，不予退费。"


class Desk:
    """Intake with its neighbours absent, and its operator."""

    def __init__(self, harness: Harness, runtime: Runtime, client: httpx.AsyncClient) -> None:
        self.harness, self.runtime, self.client = harness, runtime, client

    async def post(self, *, status: int = 201, **fields: Any) -> dict[str, Any]:
        answer = await self.client.post("/v1/tickets", json=REQUEST | fields)
        assert answer.status_code == status, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def refuse(self, **fields: Any) -> tuple[str, str]:
        problem = await self.post(status=422, **fields)
        [error] = problem["errors"]
        return error["field"], error["code"]

    async def hear(self, subject: str, payload: Payload) -> None:
        event = self.harness.event(payload, subject)
        await self.harness.hear(self.runtime, handlers(self.runtime), event)

    async def terminate(self, ticket: dict[str, Any]) -> None:
        payload = TicketTerminated(unit=WATER, opinion="已依法办理", script=SCRIPT)
        await self.hear(ticket["id"], payload)

    async def last(self) -> Event[Payload]:
        return (await self.harness.said(self.runtime))[-1]


@pytest.fixture
async def desk(harness: Harness) -> Desk:
    runtime = await harness.runtime(Service.INTAKE)
    app = make_app(runtime)
    admin = token(harness.settings, Role.ADMINISTRATOR, jurisdiction="000000")
    client = await harness.client(app, admin)
    assert (await client.put("/v1/jurisdictions/512000", json={"name": "资阳市"})).is_success
    assert (await client.put("/v1/categories/01", json={"name": "城乡建设"})).is_success
    operator = await harness.client(app, token(harness.settings, Role.OPERATOR))
    desk = Desk(harness, runtime, operator)
    water = UnitChanged(code=WATER, name="资阳市水务局", jurisdiction="512000")
    await desk.hear(WATER, water)
    return desk


async def test_a_repeat_of_this_callers_ticket_is_said_with_it(desk: Desk) -> None:
    earlier = await desk.post()
    ticket = await desk.post(repeats=earlier["id"])
    assert (ticket["state"], ticket.get("answer")) == ("accepted", None)
    data = (await desk.last()).data
    assert isinstance(data, TicketCreated)
    assert str(data.repeats) == earlier["id"]


async def test_only_this_callers_tickets_can_be_repeated(desk: Desk) -> None:
    earlier = await desk.post()
    other = {"phone": "13900001234"}
    assert await desk.refuse(repeats=str(uuid4())) == ("repeats", "unknown_ticket")
    assert await desk.refuse(repeats=earlier["id"], caller=other) == ("repeats", "other_caller")
    assert await desk.refuse(repeats=earlier["id"], caller=None) == ("repeats", "other_caller")
    nameless = await desk.post(caller={"name": "无号码"})
    twice = await desk.refuse(repeats=nameless["id"], caller={"name": "无号码"})
    assert twice == ("repeats", "other_caller")
    assert await desk.refuse(repeats="not-an-id") == ("repeats", "uuid_parsing")


async def test_a_request_that_is_being_verified_is_amended_and_not_repeated(desk: Desk) -> None:
    earlier = await desk.post(verify={"unit": WATER, "question": "是否属于受理范围？"})
    assert await desk.refuse(repeats=earlier["id"]) == ("repeats", "still_verifying")


async def test_a_terminated_matter_is_answered_at_once_with_its_recorded_words(desk: Desk) -> None:
    earlier = await desk.post()
    await desk.terminate(earlier)
    ticket = await desk.post(repeats=earlier["id"])
    assert ticket["state"] == "answered"
    assert ticket["deadlines"] == []
    assert ticket["answer"] == {
        "ticket_id": earlier["id"],
        "number": earlier["number"],
        "script": SCRIPT,
    }
    data = (await desk.last()).data
    assert isinstance(data, TicketRepeatAnswered)
    assert (str(data.terminated), data.script) == (earlier["id"], SCRIPT)
    # Again, by the ticket that was answered so: the chain leads to the same words.
    third = await desk.post(repeats=ticket["id"])
    assert third["answer"]["number"] == earlier["number"]


async def test_an_answered_repeat_comes_again_with_its_answer(desk: Desk) -> None:
    earlier = await desk.post()
    await desk.terminate(earlier)
    body = REQUEST | {"repeats": earlier["id"]}
    key = {"Idempotency-Key": "once"}
    first = await desk.client.post("/v1/tickets", json=body, headers=key)
    second = await desk.client.post("/v1/tickets", json=body, headers=key)
    assert (first.status_code, first.json()) == (second.status_code, second.json())


async def test_an_operator_may_override_with_a_reason(desk: Desk) -> None:
    earlier = await desk.post()
    await desk.terminate(earlier)
    ticket = await desk.post(repeats=earlier["id"], override="出现新的漏水点")
    assert ticket["state"] == "accepted"
    data = (await desk.last()).data
    assert isinstance(data, TicketCreated)
    assert data.override == "出现新的漏水点"
    # What came of that counts from now on, and no longer what was said before.
    assert (await desk.post(repeats=ticket["id"]))["state"] == "accepted"


async def test_an_override_needs_a_terminated_matter(desk: Desk) -> None:
    earlier = await desk.post()
    assert await desk.refuse(override="特殊") == ("override", "no_repeat")
    refused = await desk.refuse(repeats=earlier["id"], override="特殊")
    assert refused == ("override", "not_terminated")


async def test_what_is_handled_again_answers_nobody(desk: Desk) -> None:
    earlier = await desk.post()
    await desk.terminate(earlier)
    await desk.hear(earlier["id"], TicketReopened(unit=WATER, reason="报备材料不完整"))
    assert (await desk.post(repeats=earlier["id"]))["state"] == "accepted"


async def test_a_terminated_matter_answers_also_through_a_ticket_that_went_with_it(
    desk: Desk,
) -> None:
    main, member = await desk.post(), await desk.post()
    linked = TicketLinked(main=UUID(main["id"]), kind=Link.REPEAT, linked_by="system")
    await desk.hear(member["id"], linked)
    await desk.terminate(main)
    assert (await desk.post(repeats=member["id"]))["answer"]["number"] == main["number"]


async def test_bulk_filing_takes_the_same_fields(desk: Desk) -> None:
    earlier, unknown = await desk.post(), str(uuid4())
    await desk.terminate(earlier)
    handed = {"line": "119", "way": "transfer"}
    lines = [
        REQUEST | {"repeats": earlier["id"]},
        REQUEST | {"repeats": unknown},
        REQUEST | {"handed_over": handed},
        REQUEST | {"about_unit": WATER, "is_mediation": True},
    ]
    body = "\n".join(json.dumps(line) for line in lines)
    answer = await desk.client.post("/v1/tickets/bulk", content=body)
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert [one["status"] for one in told] == [201, 422, 201, 201]
    events = [event.data.type for event in await desk.harness.said(desk.runtime)][1:]
    assert events == ["ticket.repeat_answered", "ticket.handed_over", "ticket.created"]


async def test_an_emergency_is_handed_to_its_line_and_recorded(desk: Desk) -> None:
    handed = {"line": "119", "way": "three_way", "note": "已接通消防指挥中心"}
    ticket = await desk.post(handed_over=handed)
    assert (ticket["state"], ticket["accepted_at"], ticket["deadlines"]) == (
        "handed_over",
        None,
        [],
    )
    data = (await desk.last()).data
    assert isinstance(data, TicketHandedOver)
    assert (data.line, data.way, data.handed_by) == ("119", "three_way", "test-operator-")
    row = await desk.runtime.database.pool.fetchrow("SELECT line, way, note FROM hand_overs")
    assert row is not None
    assert dict(row) == handed


@pytest.mark.parametrize(
    ("handed", "field", "code"),
    [
        ({"line": "911", "way": "transfer"}, "handed_over.line", "enum"),
        ({"line": "110", "way": "shout"}, "handed_over.way", "enum"),
        ({"line": "110"}, "handed_over.way", "missing"),
        ({"line": "110", "way": "ticket"}, "handed_over.unit", "wrong_unit"),
        ({"line": "110", "way": "transfer", "unit": WATER}, "handed_over.unit", "wrong_unit"),
        ({"line": "110", "way": "ticket", "unit": "nobody"}, "handed_over.unit", "unknown_unit"),
    ],
)
async def test_a_hand_over_names_a_line_and_a_way(
    desk: Desk, handed: dict[str, str], field: str, code: str
) -> None:
    assert await desk.refuse(handed_over=handed) == (field, code)


async def test_a_hand_over_goes_no_other_way_beside(desk: Desk) -> None:
    handed = {"line": "110", "way": "transfer"}
    refused = await desk.refuse(handed_over=handed, refusal="litigation")
    assert refused == ("refusal", "conflict")


async def test_a_matter_that_110_hands_back_comes_as_a_ticket_once(desk: Desk) -> None:
    fields: dict[str, Any] = {"channel": "system", "channel_ref": "110-2026-000017"}
    first = await desk.post(**fields)
    assert first["state"] == "accepted"
    again = await desk.post(status=200, **fields)
    assert again["id"] == first["id"]


async def test_the_unit_complained_of_must_work(desk: Desk) -> None:
    assert await desk.refuse(about_unit="512000-nobody") == ("about_unit", "unknown_unit")
    await desk.post(about_unit=WATER, is_mediation=True)
    data = (await desk.last()).data
    assert isinstance(data, TicketCreated)
    assert (data.about_unit, data.is_mediation) == (WATER, True)


async def test_what_was_filed_survives_a_verification(desk: Desk) -> None:
    earlier = await desk.post()
    street = UnitChanged(code=STREET, name="雁江区资溪街道办事处", jurisdiction="512000")
    await desk.hear(STREET, street)
    verify = {"unit": STREET, "question": "是否属于受理范围？"}
    ticket = await desk.post(
        verify=verify, about_unit=WATER, repeats=earlier["id"], is_mediation=True
    )
    asked = (await desk.last()).data
    assert isinstance(asked, VerificationRequested)
    bearer = token(desk.harness.settings, Role.UNIT, unit=STREET)
    unit = await desk.harness.client(make_app(desk.runtime), bearer)
    path = f"/v1/tickets/{ticket['id']}/verify"
    answer = await unit.post(path, json={"is_in_scope": True, "opinion": "属于供水事项"})
    assert answer.is_success, answer.text
    verified, created = (await desk.harness.said(desk.runtime))[-2:]
    assert isinstance(verified.data, TicketVerified)
    assert isinstance(created.data, TicketCreated)
    assert str(created.data.repeats) == earlier["id"]
    assert (created.data.about_unit, created.data.is_mediation) == (WATER, True)
