"""Promises: a unit's own shorter time is shown beside the pack's, which alone counts (C9)."""

from typing import Any

import httpx
import pytest

from shared.events.dispatch import TicketReopened
from shared.events.intake import TicketAmended
from shared.events.words import RequestType, Role, Urgency
from tests.harness import Harness
from tests.services.sla_extensions import beijing, open_desk, person
from tests.services.sla_tickets import UNIT, Sla, dispatched, judged, open_sla, replied

# A complaint in Ziyang, dispatched on Monday 2 March: 7 working days end on Wednesday 11 March.
DUE = "2026-03-11T17:30:00+08:00"


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness)


async def test_a_promise_is_shown_beside_the_packs_time(sla: Sla) -> None:
    made = await _promise(sla, "complaint", 3)
    assert made.status_code == 200, made.text
    (item,) = made.json()["items"]
    assert (item["type_name"], item["length"]) == ("投诉", "3 个工作日")
    await open_desk(sla)
    handle = await _handle(sla)
    assert (handle["promised_at"], handle["due_at"]) == ("2026-03-05T17:30:00+08:00", DUE)


async def test_overdue_is_counted_by_the_packs_time_alone(sla: Sla) -> None:
    await _promise(sla, "complaint", 3)
    await open_desk(sla)
    await sla.look(beijing("2026-03-06T09:00"))
    assert (await sla.states())["handle 1"] == "running", "the promise is broken, the law is not"
    question = await sla.ask(beijing("2026-03-11T17:31"))
    await sla.hear(judged(question, act_at=None), beijing("2026-03-11T17:32"))
    assert len(await sla.overdue()) == 1


async def test_a_promise_stays_where_the_deadline_is_moved(sla: Sla) -> None:
    await _promise(sla, "complaint", 48, unit="hours")
    desk = await open_desk(sla)
    await desk.extend(5)
    await desk.decide("granted")
    handle = await _handle(sla)
    assert (handle["version"], handle["promised_at"]) == (2, "2026-03-04T09:00:00+08:00")


async def test_a_promise_holds_for_handling_that_begins_after_it_was_made(sla: Sla) -> None:
    desk = await open_desk(sla)
    await _promise(sla, "complaint", 3, at="2026-03-03T09:00")
    assert (await _handle(sla))["promised_at"] is None
    await sla.hear(replied(), beijing("2026-03-04T10:00"))
    again = TicketReopened(unit=desk.unit, reason="未解决")
    await sla.hear(again, beijing("2026-03-05T10:00"))
    assert (await _handle(sla))["promised_at"] == "2026-03-10T17:30:00+08:00"
    # Another unit has promised nothing.
    await sla.hear(dispatched("512000-002", nth=2), beijing("2026-03-06T10:00"))
    assert (await _handle(sla))["promised_at"] is None


async def test_a_correction_of_type_takes_the_promise_of_the_new_type(sla: Sla) -> None:
    await _promise(sla, "complaint", 3)
    desk = await open_desk(sla)
    urgent = TicketAmended(reason="更正紧急程度", urgency=Urgency.SPECIAL)
    await sla.hear(urgent, beijing("2026-03-02T09:30"))
    assert (await _handle(sla))["promised_at"] == "2026-03-05T17:30:00+08:00"
    await sla.hear(_amended(RequestType.HELP), beijing("2026-03-02T10:00"))
    handle = await _handle(sla)
    assert (handle["due_at"], handle["promised_at"]) == ("2026-03-09T17:30:00+08:00", None)
    await _promise(sla, "help", 1)
    await sla.hear(dispatched(desk.unit, nth=2), beijing("2026-03-02T11:00"))
    await sla.hear(_amended(RequestType.COMPLAINT), beijing("2026-03-02T12:00"))
    assert (await _handle(sla))["promised_at"] == "2026-03-05T17:30:00+08:00"


@pytest.mark.parametrize(
    ("request_type", "amount", "unit"),
    [
        ("complaint", 7, "working_days"),
        ("complaint", 8, "working_days"),
        ("help", 5, "working_days"),
        ("inquiry", 1, "working_days"),
        # From Sunday at midnight, 18 hours end after the close of Monday.
        ("inquiry", 18, "hours"),
        ("inquiry", 24, "hours"),
    ],
)
async def test_a_promise_that_is_not_shorter_is_refused_with_the_packs_number(
    sla: Sla, request_type: str, amount: int, unit: str
) -> None:
    answer = await _promise(sla, request_type, amount, unit=unit)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (422, "amount")
    assert error["code"] == "promise_not_shorter"
    days = {"complaint": 7, "help": 5, "inquiry": 1}[request_type]
    assert f"{days} 个工作日（ZY 13.2）" in error["message"]
    client = await person(sla, Role.UNIT, unit=UNIT)
    assert (await client.get(f"/v1/promises/{UNIT}")).json()["items"] == []


async def test_hours_that_always_end_earlier_are_a_promise(sla: Sla) -> None:
    assert (await _promise(sla, "inquiry", 17, unit="hours")).status_code == 200


async def test_a_promise_is_changed_and_taken_back_by_its_unit_alone(sla: Sla) -> None:
    await _promise(sla, "complaint", 3)
    await _promise(sla, "complaint", 2)
    await _promise(sla, "help", 1)
    client = await person(sla, Role.UNIT, unit=UNIT)
    path = f"/v1/promises/{UNIT}"
    items = (await client.get(path)).json()["items"]
    assert [(one["request_type"], one["amount"]) for one in items] == [
        ("complaint", 2),
        ("help", 1),
    ]
    other = await person(sla, Role.UNIT, unit="512000-002")
    office = await person(sla, Role.SUPERVISOR)
    away = await person(sla, Role.SUPERVISOR, jurisdiction="530000")
    body = {"request_type": "help", "amount": 2, "unit": "working_days"}
    assert (await other.put(path, json=body)).status_code == 404
    assert (await other.get(path)).status_code == 404
    assert (await office.put(path, json=body)).status_code == 403
    assert (await office.delete(path)).status_code == 403
    assert len((await office.get(path)).json()["items"]) == 2
    assert (await away.get(path)).status_code == 404
    gone = await client.delete(path, params={"request_type": "help"})
    assert [one["request_type"] for one in gone.json()["items"]] == ["complaint"]
    assert (await client.delete(path)).json()["items"] == []
    assert (await client.delete(path)).status_code == 404


async def test_a_limit_by_law_that_is_shorter_than_the_promise_leaves_none_to_show(
    sla: Sla,
) -> None:
    await _promise(sla, "complaint", 6)
    desk = await open_desk(sla, RequestType.COMPLAINT)
    await desk.set_limit(amount=2, unit="working_days")
    await desk.decide_limit()
    assert (await _handle(sla))["promised_at"] is None


def _amended(request_type: RequestType) -> TicketAmended:
    return TicketAmended(reason="更正诉求类型", request_type=request_type)


async def _promise(
    sla: Sla, request_type: str, amount: int, *, unit: str = "working_days", at: str | None = None
) -> httpx.Response:
    if at is not None:
        sla.harness.clock.step_to(beijing(at))
    client = await person(sla, Role.UNIT, unit=UNIT)
    body = {"request_type": request_type, "amount": amount, "unit": unit}
    return await client.put(f"/v1/promises/{UNIT}", json=body)


async def _handle(sla: Sla) -> dict[str, Any]:
    """The present version of the handling time, as it is shown."""
    client = await person(sla, Role.SUPERVISOR)
    items = (await client.get(f"/v1/tickets/{sla.ticket}/deadlines")).json()["items"]
    handled: list[dict[str, Any]] = [one for one in items if one["step"] == "handle"]
    return max(handled, key=lambda one: int(one["version"]))
