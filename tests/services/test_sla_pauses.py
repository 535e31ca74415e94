"""The clock stops only where a pack says so; no document does (C7)."""

from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest

from services.sla.app import make_app
from shared.events.dispatch import TicketWithdrawn
from shared.events.intake import TicketAmended
from shared.events.sla import DeadlineReached, TicketClockPaused, TicketClockResumed
from shared.events.words import RequestType, Role, Step
from shared.policy.load import builtin_packs
from tests.harness import Harness, token
from tests.services.sla_tickets import (
    DAY,
    HOUR,
    MONDAY,
    UNIT,
    Sla,
    created,
    dispatched,
    open_sla,
    replied,
    signed,
)
from tests.services.sla_town import GROUND, OneLaw

DUE = datetime.fromisoformat("2026-03-11T17:30+08:00")
BODY = {"ground": GROUND, "reason": "等待鉴定机构出具意见"}


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    opened = await open_sla(harness)
    law = OneLaw()
    opened.runtime = replace(opened.runtime, law_book=law)
    await opened.hear(created(policy=law.pausing.content_hash), MONDAY)
    await opened.hear(dispatched(), MONDAY)
    await opened.hear(signed(), MONDAY + HOUR)
    return opened


def test_no_document_stops_the_clock() -> None:
    assert {code: pack.pauses for code, pack in builtin_packs().items() if pack.pauses} == {}


@pytest.mark.parametrize("jurisdiction", sorted(set(builtin_packs()) - {"000000"}))
async def test_where_no_document_names_a_ground_a_pause_is_refused(
    harness: Harness, jurisdiction: str
) -> None:
    sla = await open_sla(harness)
    await sla.hear(created(jurisdiction), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    await sla.hear(signed(), MONDAY)
    answer = await _post(sla, "pause", BODY, jurisdiction=jurisdiction)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_pause")
    assert builtin_packs()[jurisdiction].document in answer.json()["detail"]
    assert (await sla.states())["handle 1"] == "running"


async def test_a_paused_clock_warns_of_nothing_and_asks_nobody(sla: Sla) -> None:
    answer = await _post(sla, "pause", BODY)
    assert answer.status_code == 200, answer.text
    assert answer.json()["paused_at"] == "2026-03-02T09:00:00+08:00"
    paused = TicketClockPaused(
        ground="需要鉴定的，鉴定期间不计入办理时限",
        reason=BODY["reason"],
        source_article="default",
        paused_by="test-supervisor-",
    )
    assert (await sla.said())[-1] == paused
    assert (await sla.states())["handle 1"] == "paused"
    assert await sla.look(MONDAY + 90 * DAY) == []


async def test_resumed_it_is_due_later_by_the_working_days_that_it_stood(sla: Sla) -> None:
    sla.harness.clock.step_to(MONDAY + DAY)
    await _post(sla, "pause", BODY)
    sla.harness.clock.step_to(MONDAY + 7 * DAY)
    answer = await _post(sla, "resume", {"reason": "意见已出具"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["is_paused"], answer.json()["sequence"]) == (False, 2)
    resumed = (await sla.said())[-1]
    assert isinstance(resumed, TicketClockResumed)
    due_at = DUE + 6 * DAY
    assert (resumed.due_at, resumed.version) == (due_at, 2), "Wednesday to Monday: 4 working days"
    assert resumed.rule.endswith(", paused for 4 working days")
    assert await sla.states() == {
        "dispatch 1": "met",
        "sign 1": "met",
        "handle 1": "moved",
        "handle 2": "running",
    }
    assert not any(isinstance(one, DeadlineReached) for one in await sla.look(due_at))
    assert (await sla.ask(due_at + HOUR)).version == 2


async def test_what_happens_while_it_stands_is_taken_as_it_is(sla: Sla) -> None:
    await _post(sla, "pause", BODY)
    await sla.hear(TicketAmended(request_type=RequestType.HELP), MONDAY + DAY)
    assert (await sla.states())["handle 2"] == "paused"
    await sla.hear(replied(), MONDAY + 60 * DAY)
    assert (await sla.states())["handle 2"] == "met", "time that stands is never over"
    sla.harness.clock.step_to(MONDAY + 61 * DAY)
    refused = await _post(sla, "resume", {"reason": "意见已出具"})
    assert (refused.status_code, refused.json()["code"]) == (409, "act_refused")


async def test_another_unit_has_its_time_running(sla: Sla) -> None:
    await _post(sla, "pause", BODY)
    await sla.hear(dispatched("512000-002", nth=2), MONDAY + DAY)
    states = await sla.states()
    assert (states["handle 1"], states["handle 2"]) == ("moved", "running")
    assert (await _post(sla, "pause", BODY)).status_code == 200


@pytest.mark.parametrize(
    ("who", "ground", "status", "code"),
    [
        ({"role": Role.UNIT, "unit": UNIT}, GROUND, 403, "not_allowed"),
        ({"role": Role.OPERATOR}, GROUND, 403, "not_allowed"),
        ({"role": Role.SUPERVISOR, "jurisdiction": "530000"}, GROUND, 404, "not_found"),
        ({"role": Role.SUPERVISOR}, "holiday", 422, "malformed"),
    ],
)
async def test_who_may_not_and_what_is_no_ground(
    sla: Sla, who: dict[str, object], ground: str, status: int, code: str
) -> None:
    answer = await _post(sla, "pause", BODY | {"ground": ground}, **who)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if status == 422:
        assert [error["field"] for error in answer.json()["errors"]] == ["ground"]
        assert GROUND in answer.json()["errors"][0]["message"]


async def test_it_stops_once_and_only_what_runs(sla: Sla) -> None:
    assert (await _post(sla, "pause", BODY)).status_code == 200
    again = await _post(sla, "pause", BODY)
    assert (again.status_code, again.json()["allowed"]) == (409, ["resume"])
    await sla.hear(TicketWithdrawn(), MONDAY + DAY)
    refused = await _post(sla, "pause", BODY)
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_running")


async def test_a_time_that_is_over_is_not_paused(sla: Sla) -> None:
    sla.harness.clock.step_to(DUE + timedelta(microseconds=1))
    refused = await _post(sla, "pause", BODY)
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_running")


async def test_a_repeated_call_pauses_once(sla: Sla) -> None:
    first = await _post(sla, "pause", BODY, key="k1")
    again = await _post(sla, "pause", BODY, key="k1")
    assert first.json() == again.json()
    assert len([one for one in await sla.said() if isinstance(one, TicketClockPaused)]) == 1


async def test_each_stop_is_shown_with_what_moved(sla: Sla) -> None:
    await _post(sla, "pause", BODY)
    shown = await _get(sla)
    assert shown["paused_at"] == "2026-03-02T09:00:00+08:00"
    sla.harness.clock.step_to(MONDAY + DAY)
    await _post(sla, "resume", {"reason": "意见已出具"})
    shown = await _get(sla)
    assert shown["paused_at"] is None
    (handle,) = [one for one in shown["items"] if (one["step"], one["version"]) == ("handle", 2)]
    text = "2026-03-02 09:00 至 2026-03-03 09:00 中止计时"
    assert handle["adjustments"] == [{"kind": "pause", "text": text, "source": "default"}]
    assert (await sla.deadline(Step.HANDLE, 2))["due_at"] == DUE + DAY


async def _post(
    sla: Sla, act: str, body: dict[str, str], *, key: str | None = None, **who: object
) -> httpx.Response:
    bearer = token(sla.harness.settings, **({"role": Role.SUPERVISOR} | who))
    client = await sla.harness.client(make_app(sla.runtime), bearer)
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post(f"/v1/tickets/{sla.ticket}/{act}", json=body, headers=headers)


async def _get(sla: Sla) -> dict[str, object]:
    bearer = token(sla.harness.settings, Role.SUPERVISOR)
    client = await sla.harness.client(make_app(sla.runtime), bearer)
    answer = await client.get(f"/v1/tickets/{sla.ticket}/deadlines")
    found: dict[str, object] = answer.json()
    return found
