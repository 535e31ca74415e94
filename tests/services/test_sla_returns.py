"""A late return counts as overdue, once for a round, by the pack's window (ZY 13.2, B5)."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from services.sla.consumer import handlers
from shared.events.envelope import Payload
from shared.events.intake import TicketAmended
from shared.events.kinds import CaseKind
from shared.events.loop import TicketCoordinated, TicketRecalled
from shared.events.words import ReturnDecision, Step, Urgency
from shared.policy.law import make_law
from shared.policy.load import builtin_packs, pack_for
from tests.harness import Harness
from tests.services.sla_tickets import (
    DAY,
    HOUR,
    MONDAY,
    Sla,
    created,
    decided,
    dispatched,
    open_sla,
    returned,
    signed,
)
from tests.services.sla_town import OneLaw

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
CLOSE = datetime.fromisoformat("2026-03-03T17:30+08:00")


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness)


async def test_a_return_in_the_last_moment_of_the_window_is_in_time(sla: Sla) -> None:
    await _sign(sla)
    await sla.hear(returned(), CLOSE)
    window = await sla.deadline(Step.RETURN)
    assert (window["state"], window["due_at"], window["act_at"]) == ("met", CLOSE, CLOSE)
    assert await sla.overdue() == []


async def test_a_late_return_is_overdue_without_a_question(sla: Sla) -> None:
    await _sign(sla)
    await sla.hear(returned(), CLOSE + SECOND)
    (overdue,) = await sla.overdue()
    assert (overdue.step, overdue.version, overdue.due_at) == (Step.RETURN, 1, CLOSE)
    assert overdue.act_at == CLOSE + SECOND
    assert (overdue.rule, overdue.source_article) == (
        "1 working day after dispatch, to close of business",
        "ZY 13.2",
    )


async def test_where_the_pack_says_so_a_late_return_is_not_overdue(sla: Sla) -> None:
    law, pack = OneLaw(), pack_for("512000")
    flag = pack.returning.late_counts_overdue.model_copy(update={"value": False})
    returning = pack.returning.model_copy(update={"late_counts_overdue": flag})
    lenient = pack.model_copy(update={"returning": returning, "version": "2099-1"})
    law.law = make_law([*builtin_packs().values(), lenient])
    sla.runtime = replace(sla.runtime, law_book=law)
    await sla.hear(created(policy=lenient.content_hash), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    await sla.hear(signed(), MONDAY + HOUR)
    await sla.hear(returned(), CLOSE + SECOND)
    assert await sla.overdue() == []


CASE = TicketCoordinated(
    case=UUID(int=1), kind=CaseKind.NO_LEAD, reason="无法确定牵头单位", opened_by="DB01"
)


@pytest.mark.parametrize("gone", [CASE, TicketRecalled(unit="512000-001")])
async def test_what_the_coordination_group_has_or_was_taken_back_is_nobodys_to_sign(
    sla: Sla, gone: Payload
) -> None:
    await sla.hear(created(urgency=Urgency.CRITICAL), MONDAY)
    await sla.hear(dispatched(), MONDAY + MINUTE)
    runs_on = {step: await sla.deadline(step) for step in (Step.HANDLE, Step.RESULT)}
    await sla.hear(gone, MONDAY + 30 * MINUTE)
    for step in (Step.SIGN, Step.RESPOND):
        assert (await sla.deadline(step))["state"] == "moved"
    for step, before in runs_on.items():
        assert await sla.deadline(step) == before, "the caller's clock runs on"
    assert await sla.look(MONDAY + 2 * HOUR) == [], "nobody owed a first response"
    await sla.hear(dispatched("512000-002", nth=2), MONDAY + 3 * HOUR)
    for step in (Step.SIGN, Step.RESPOND):
        again = await sla.deadline(step, version=2)
        assert (again["state"], again["due_at"]) == ("running", MONDAY + 4 * HOUR)


async def test_a_correction_at_no_unit_gives_nobody_anything_to_sign_or_respond_to(
    sla: Sla,
) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(dispatched(), MONDAY + MINUTE)
    await sla.hear(CASE, MONDAY + 30 * MINUTE)
    await sla.hear(TicketAmended(urgency=Urgency.CRITICAL), MONDAY + 31 * MINUTE)
    states = await sla.states()
    assert {name for name, state in states.items() if state == "running"} == {
        "handle 1",
        "result 1",
    }
    await sla.hear(dispatched("512000-002", nth=2), MONDAY + 3 * HOUR)
    assert (await sla.deadline(Step.RESPOND))["due_at"] == MONDAY + 4 * HOUR


async def test_a_late_return_is_said_once_for_a_round_and_again_for_the_next(sla: Sla) -> None:
    await _sign(sla)
    first = await sla.hear(returned(), CLOSE + HOUR)
    await sla.harness.hear(sla.runtime, handlers(sla.runtime), first)
    await sla.hear(decided(ReturnDecision.REJECTED), CLOSE + DAY)
    await sla.hear(returned(), CLOSE + 2 * DAY)
    await sla.hear(decided(ReturnDecision.GRANTED), CLOSE + 3 * DAY)
    assert [one.version for one in await sla.overdue()] == [1]
    await sla.hear(dispatched("512000-002", nth=2), CLOSE + 3 * DAY)
    await sla.hear(returned(), CLOSE + 9 * DAY)
    assert [one.version for one in await sla.overdue()] == [1, 2]


async def test_a_second_return_of_a_round_that_is_late_counts_though_the_first_was_not(
    sla: Sla,
) -> None:
    await _sign(sla)
    await sla.hear(returned(), MONDAY + 2 * HOUR)
    await sla.hear(decided(ReturnDecision.REJECTED), MONDAY + 3 * HOUR)
    await sla.hear(returned(), CLOSE + DAY)
    assert [(one.version, one.act_at) for one in await sla.overdue()] == [(1, CLOSE + DAY)]


async def test_in_yunnan_the_window_runs_from_signing(sla: Sla) -> None:
    await _sign(sla, "530000")
    await sla.hear(returned(), MONDAY + HOUR + DAY + SECOND)
    (overdue,) = await sla.overdue()
    assert overdue.due_at == MONDAY + HOUR + DAY
    assert overdue.rule == "24 clock hours after signing"


async def test_a_return_instead_of_a_signature_is_never_late_where_signing_opens_the_window(
    sla: Sla,
) -> None:
    await sla.hear(created("530000"), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    await sla.hear(returned(), MONDAY + 3 * DAY)
    assert await sla.overdue() == []
    assert (await sla.states())["return 1"] == "met"
    assert (await sla.states())["sign 1"] == "running", "but the signature was: its owner is asked"


async def _sign(sla: Sla, jurisdiction: str = "512000") -> None:
    await sla.hear(created(jurisdiction), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    await sla.hear(signed(), MONDAY + HOUR)
