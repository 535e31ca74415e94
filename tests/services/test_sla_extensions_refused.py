"""Extensions refused: too late, too often, too long, by another, each with its article (C4)."""

from typing import Any

import pytest

from shared.events.dispatch import TicketReopened
from shared.events.sla import (
    TicketExtensionRequested,
)
from shared.events.words import RequestType, Role
from tests.harness import Harness
from tests.services.sla_extensions import (
    beijing,
    nothing_changed,
    open_desk,
    person,
    refused,
    said_of,
)
from tests.services.sla_tickets import (
    Sla,
    dispatched,
    open_sla,
    replied,
)

# A complaint in Ziyang, dispatched on Monday 2 March: 7 working days end on Wednesday 11 March.
DUE = "2026-03-11T17:30"
ASK_BY = "2026-03-10T17:30"
TOO_LATE = "2026-03-10T17:31"


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness)


async def test_asked_at_the_last_moment_it_is_in_time_and_a_minute_later_too_late(
    sla: Sla,
) -> None:
    desk = await open_desk(sla)
    late = await open_desk(Sla(sla.harness, sla.runtime))
    assert (await desk.extend(1, at=ASK_BY)).status_code == 200
    answer = await late.extend(1, at=TOO_LATE)
    refused(answer, "extension_too_late", [f"{ASK_BY}:00+08:00"])
    assert "1 个工作日前" in answer.json()["detail"]
    assert "ZY 13.3" in answer.json()["detail"]
    assert answer.json()["errors"][0]["field"] == "ask_by"
    await nothing_changed(late)


async def test_where_no_time_is_named_the_deadline_is_the_last_moment(sla: Sla) -> None:
    # Yunnan: a complaint is due 15 working days after signing, on Monday 23 March.
    desk = await open_desk(sla, jurisdiction="530000")
    late = await open_desk(Sla(sla.harness, sla.runtime), jurisdiction="530000")
    assert (await desk.extend(10, at="2026-03-23T17:30")).status_code == 200
    answer = await late.extend(10, at="2026-03-23T17:31")
    refused(answer, "extension_too_late", ["2026-03-23T17:30:00+08:00"])
    await nothing_changed(late)


async def test_asked_once_more_than_the_rules_allow_it_is_refused(sla: Sla) -> None:
    desk = await open_desk(sla)
    await desk.extend(2, at="2026-03-05T10:00")
    pending = await desk.extend(2)
    refused(pending, "extension_pending", ["decide-extension"])
    await desk.decide("granted")
    often = await desk.extend(2)
    refused(often, "extension_too_often", [])
    assert "以 1 次为限" in often.json()["detail"]
    assert "ZY 13.3" in often.json()["detail"]
    assert await desk.handle(2) == ("running", "2026-03-13T17:30")
    assert len(await said_of(sla, TicketExtensionRequested)) == 1


async def test_an_application_counts_whatever_became_of_it(sla: Sla) -> None:
    desk = await open_desk(sla, jurisdiction="530000")
    for decision in ("refused", "granted"):
        assert (await desk.extend(10, at="2026-03-05T10:00")).status_code == 200
        assert (await desk.decide(decision)).status_code == 200
    answer = await desk.extend(10)
    refused(answer, "extension_too_often", [])
    assert "YN 六(三)4(3)" in answer.json()["detail"]


async def test_longer_than_the_rules_allow_it_is_refused(sla: Sla) -> None:
    desk = await open_desk(sla, RequestType.HELP)
    answer = await desk.extend(3)
    refused(answer, "extension_too_long", ["1", "2"])
    assert answer.json()["errors"][0]["field"] == "working_days"
    assert "求助类工单此次延期最多 2 个工作日" in answer.json()["detail"]
    assert "ZY 13.3" in answer.json()["detail"]
    await nothing_changed(desk)


async def test_what_is_only_general_may_be_exceeded_where_the_matter_is_exceptional(
    sla: Sla,
) -> None:
    desk = await open_desk(sla, RequestType.HELP)
    answer = await desk.extend(5, exceptional=True)
    assert (answer.status_code, answer.json()["is_exceptional"]) == (200, True)
    other = await open_desk(Sla(sla.harness, sla.runtime), RequestType.HELP)
    beyond = await other.extend(6, exceptional=True)
    refused(beyond, "extension_too_long", ["1", "2", "3", "4", "5"])


async def test_what_is_firm_is_never_exceeded(sla: Sla) -> None:
    desk = await open_desk(sla, RequestType.HELP, jurisdiction="532800")
    answer = await desk.extend(3, exceptional=True)
    refused(answer, "extension_too_long", ["1", "2"])
    assert "连同办理时限最长 5 个工作日" in answer.json()["detail"]
    assert "XS 三(五)" in answer.json()["detail"]


async def test_an_inquiry_in_ziyang_is_in_principle_not_extended(sla: Sla) -> None:
    desk = await open_desk(sla, RequestType.INQUIRY, at="2026-03-02T15:00")
    answer = await desk.extend(1)
    refused(answer, "extension_not_allowed_for_type", ["exceptional"])
    assert "原则上不予延期" in answer.json()["detail"]
    assert "ZY 13.3" in answer.json()["detail"]
    await nothing_changed(desk)
    assert (await desk.extend(1, exceptional=True)).status_code == 200


async def test_an_inquiry_in_gansu_is_not_extended_at_all(sla: Sla) -> None:
    desk = await open_desk(sla, RequestType.INQUIRY, jurisdiction="620000")
    answer = await desk.extend(1, exceptional=True)
    refused(answer, "extension_not_allowed_for_type", [])
    assert "默认规则" in answer.json()["detail"]


async def test_an_unknown_ground_is_refused_with_the_one_that_there_is(sla: Sla) -> None:
    desk = await open_desk(sla)
    answer = await desk.extend(1, ground="busy")
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["code"]) == (422, "ground", "unknown_ground")
    assert "complex：确因情况复杂不能按时办结（ZY 13.3）" in error["message"]
    await nothing_changed(desk)


async def test_only_the_tickets_unit_asks_and_only_the_office_of_the_place_decides(
    sla: Sla,
) -> None:
    desk = await open_desk(sla)
    body = {"working_days": 1, "reason": "情况复杂"}
    other = await person(sla, Role.UNIT, unit="512000-002")
    assert (await desk.act(other, "extend", body)).status_code == 404
    assert (await desk.act(desk.office, "extend", body)).status_code == 403
    await nothing_changed(desk)
    await desk.extend(1)
    decision = {"decision": "granted", "reason": "同意"}
    away = await person(sla, Role.SUPERVISOR, jurisdiction="530000")
    operator = await person(sla, Role.OPERATOR)
    assert (await desk.act(away, "decide-extension", decision)).status_code == 404
    refused = await desk.act(operator, "decide-extension", decision)
    assert (refused.status_code, refused.json()["allowed"]) == (403, ["supervisor"])
    assert (await desk.act(desk.of_unit, "decide-extension", decision)).status_code == 403
    assert await desk.handle() == ("running", DUE)


async def test_a_reply_heard_before_the_decision_leaves_nothing_to_extend(sla: Sla) -> None:
    desk = await open_desk(sla)
    await desk.extend(5, at="2026-03-09T10:00")
    await sla.hear(replied(), beijing("2026-03-09T11:00"))
    answer = await desk.decide("granted", at="2026-03-09T12:00")
    refused(answer, "nothing_running", ["refused"])
    assert await desk.handle() == ("met", DUE)
    assert (await desk.decide("refused")).status_code == 200, "the list can be cleared"
    refused(await desk.extend(5), "nothing_running", [])


async def test_an_application_is_not_granted_for_another_units_time(sla: Sla) -> None:
    desk = await open_desk(sla)
    await desk.extend(5, at="2026-03-03T10:00")
    await sla.hear(dispatched("512000-002", nth=2), beijing("2026-03-03T11:00"))
    answer = await desk.decide("granted", at="2026-03-03T12:00")
    refused(answer, "nothing_running", ["refused"])
    assert (await desk.extend(1)).status_code == 404, "it is no longer the unit's"


async def test_an_application_is_not_granted_for_time_that_a_redo_gave_anew(sla: Sla) -> None:
    desk = await open_desk(sla)
    await desk.extend(5, at="2026-03-03T10:00")
    await sla.hear(replied(), beijing("2026-03-03T11:00"))
    again = TicketReopened(unit=desk.unit, reason="未解决")
    await sla.hear(again, beijing("2026-03-04T09:00"))
    refused(await desk.decide("granted", at="2026-03-04T12:00"), "nothing_running", ["refused"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"working_days": 0, "reason": "复杂"}, "working_days"),
        ({"working_days": 1, "reason": " "}, "reason"),
        ({"working_days": 1}, "reason"),
        ({"working_days": 1, "reason": "复杂", "days": 1}, "days"),
    ],
)
async def test_a_malformed_application_names_its_field(
    sla: Sla, body: dict[str, Any], field: str
) -> None:
    desk = await open_desk(sla)
    answer = await desk.act(desk.of_unit, "extend", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
