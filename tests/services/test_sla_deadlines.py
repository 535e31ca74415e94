"""What sla makes of the acts that it hears, and of the owners' judgements."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from services.sla.consumer import handlers
from shared.events.dispatch import TicketClosed, TicketReopened, TicketWithdrawn
from shared.events.envelope import Event
from shared.events.intake import Origin, TicketAmended
from shared.events.words import CloseReason, RequestType, ReturnDecision, Step, Verdict
from shared.worker import make_inbox
from tests.harness import Harness
from tests.services.sla_tickets import (
    DAY,
    HOUR,
    MONDAY,
    UNIT,
    Sla,
    created,
    decided,
    dispatched,
    judged,
    open_sla,
    replied,
    returned,
    signed,
)

SECOND = timedelta(seconds=1)
ORIGIN = Origin(platform="532800", ticket_id=uuid4(), number="532800-260302-0000001")


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness)


async def test_an_accepted_ticket_must_be_dispatched_in_time(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    deadline = await sla.deadline(Step.DISPATCH)
    assert deadline["state"] == "running"
    assert deadline["due_at"] == MONDAY + 2 * HOUR
    assert deadline["warn_at"] == deadline["next_at"] == MONDAY + 1.6 * HOUR
    assert deadline["source"] == "ZY 13.1"


@pytest.mark.parametrize(
    ("place", "origin", "at", "due", "source"),
    [
        ("530000", ORIGIN, "2026-03-02T09:00", "2026-03-02T10:00", "YN 六(三)2"),
        ("530000", ORIGIN, "2026-03-02T21:00", "2026-03-03T10:00", "YN 六(三)2"),
        ("530000", None, "2026-03-02T09:00", "2026-03-03T00:00", "YN 六(三)3"),
        # A city that takes what its province passed on goes by its own time.
        ("530100", ORIGIN, "2026-03-02T09:00", "2026-03-03T00:00", "YN 六(三)3"),
    ],
)
async def test_a_province_passes_on_at_once_in_staffed_hours(
    sla: Sla, place: str, origin: Origin | None, at: str, due: str, source: str
) -> None:
    await sla.hear(created(place, origin=origin), _beijing(at))
    deadline = await sla.deadline(Step.DISPATCH)
    assert (deadline["due_at"], deadline["source"]) == (_beijing(due), source)
    corrected = TicketAmended(request_type=RequestType.INQUIRY, reason="诉求人只是咨询")
    await sla.hear(corrected, _beijing(at) + SECOND)
    versions = [one for one in await sla.states() if one.startswith("dispatch")]
    deadline = await sla.deadline(Step.DISPATCH, version=len(versions))
    assert (deadline["due_at"], deadline["source"]) == (_beijing(due), source)


async def test_a_dispatch_in_time_is_met_and_the_units_time_begins(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(dispatched(), MONDAY + 2 * HOUR)
    assert await sla.states() == {"dispatch 1": "met", "sign 1": "running", "handle 1": "running"}
    assert (await sla.deadline(Step.DISPATCH))["act_at"] == MONDAY + 2 * HOUR
    assert (await sla.deadline(Step.SIGN))["due_at"] == _beijing("2026-03-02T17:30")
    assert (await sla.deadline(Step.HANDLE))["due_at"] == _beijing("2026-03-11T17:30")


async def test_in_yunnan_the_handling_time_begins_with_the_signature(sla: Sla) -> None:
    await sla.hear(created("530000"), MONDAY)
    await sla.hear(dispatched(), MONDAY + HOUR)
    assert await sla.states() == {"dispatch 1": "met", "sign 1": "running"}
    await sla.hear(signed(), MONDAY + DAY)
    states = await sla.states()
    assert states["handle 1"] == "running"
    assert states["sign 1"] == "running", "a late signature does not answer, the owner is asked"
    assert (await sla.deadline(Step.HANDLE))["due_at"] == _beijing("2026-03-24T17:30")


async def test_what_is_done_in_time_is_met_and_nothing_is_ever_said(sla: Sla) -> None:
    await _sign(sla)
    await sla.hear(replied(), MONDAY + DAY)
    await sla.hear(TicketClosed(unit=UNIT, reason=CloseReason.SATISFIED), MONDAY + 2 * DAY)
    assert set((await sla.states()).values()) == {"met"}
    assert await sla.look(MONDAY + 30 * DAY) == []


async def test_a_return_answers_the_signing_and_a_later_signature_changes_nothing(sla: Sla) -> None:
    await sla.hear(created("530000"), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    await sla.hear(returned(), MONDAY + HOUR)
    await sla.hear(decided(ReturnDecision.REJECTED), MONDAY + 2 * HOUR)
    await sla.hear(signed(), MONDAY + 3 * HOUR)
    assert await sla.states() == {
        "dispatch 1": "met",
        "sign 1": "met",
        "return 1": "met",
        "handle 1": "running",
    }
    assert (await sla.deadline(Step.SIGN))["act_at"] == MONDAY + HOUR


async def test_a_late_act_is_asked_for_and_said_to_be_overdue_once(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    late = MONDAY + 2 * HOUR + SECOND
    await sla.hear(dispatched(), late)
    assert (await sla.states())["dispatch 1"] == "running"
    assert await sla.overdue() == [], "a late act alone says nothing"
    question = await sla.ask(late)
    assert (question.step, question.version) == (Step.DISPATCH, 1)
    assert question.due_at == MONDAY + 2 * HOUR
    await sla.hear(judged(question, act_at=late), late)
    (overdue,) = await sla.overdue()
    assert (overdue.step, overdue.version, overdue.act_at) == (Step.DISPATCH, 1, late)
    assert (overdue.rule, overdue.source_article) == (
        "2 clock hours after acceptance",
        "ZY 13.1",
    )
    assert (await sla.states())["dispatch 1"] == "overdue"


async def test_a_judgement_that_comes_again_says_nothing(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    question = await sla.ask(MONDAY + 3 * HOUR)
    first = await sla.hear(judged(question, act_at=None), MONDAY + 3 * HOUR)
    assert len(await sla.overdue()) == 1
    await sla.harness.hear(sla.runtime, handlers(sla.runtime), first)
    await sla.hear(judged(question, act_at=None), MONDAY + 4 * HOUR)
    assert len(await sla.overdue()) == 1


async def test_an_act_in_time_whose_news_is_late_is_never_overdue(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    question = await sla.ask(MONDAY + 3 * HOUR)
    await sla.hear(judged(question, act_at=MONDAY + HOUR), MONDAY + 3 * HOUR)
    deadline = await sla.deadline(Step.DISPATCH)
    assert (deadline["state"], deadline["act_at"]) == ("met", MONDAY + HOUR)
    assert await sla.overdue() == []


async def test_news_of_the_act_itself_answers_before_the_owner_does(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    question = await sla.ask(MONDAY + 3 * HOUR)
    await sla.hear(dispatched(), MONDAY + HOUR)
    assert (await sla.states())["dispatch 1"] == "met"
    await sla.hear(judged(question, act_at=MONDAY + HOUR), MONDAY + 3 * HOUR)
    assert (await sla.states())["dispatch 1"] == "met"
    assert await sla.overdue() == []


async def test_a_judgement_of_an_old_version_is_ignored(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    question = await sla.ask(MONDAY + 8 * HOUR)
    assert question.step is Step.SIGN
    await sla.hear(dispatched("512000-002", nth=2), question.due_at)
    await sla.hear(judged(question, act_at=None), MONDAY + 8 * HOUR)
    states = await sla.states()
    assert (states["sign 1"], states["sign 2"]) == ("moved", "running")
    assert await sla.overdue() == []


async def test_another_unit_gets_its_time_anew(sla: Sla) -> None:
    await _sign(sla)
    await sla.hear(returned(), MONDAY + 2 * HOUR)
    await sla.hear(decided(ReturnDecision.GRANTED), MONDAY + 3 * HOUR)
    assert (await sla.states())["handle 1"] == "running", "the caller's clock runs on"
    await sla.hear(dispatched("512000-002", nth=2), MONDAY + DAY)
    assert await sla.states() == {
        "dispatch 1": "met",
        "sign 1": "met",
        "return 1": "met",
        "sign 2": "running",
        "handle 1": "moved",
        "handle 2": "running",
    }
    await sla.hear(signed("512000-002"), MONDAY + DAY + HOUR)
    assert (await sla.states())["sign 2"] == "met"


async def test_what_the_first_unit_missed_before_is_still_judged(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    await sla.hear(dispatched("512000-002", nth=2), MONDAY + DAY)
    question = await sla.ask(MONDAY + DAY)
    assert (question.step, question.version) == (Step.SIGN, 1)
    await sla.hear(judged(question, act_at=None), MONDAY + DAY)
    assert [said.version for said in await sla.overdue()] == [1]
    assert (await sla.states())["sign 2"] == "running"


async def test_a_redo_gives_the_handling_time_anew(sla: Sla) -> None:
    await _sign(sla)
    await sla.hear(replied(), MONDAY + DAY)
    await sla.hear(TicketReopened(unit=UNIT, reason="未解决"), MONDAY + 2 * DAY)
    assert (await sla.deadline(Step.HANDLE, 2))["due_at"] == _beijing("2026-03-13T17:30")
    await sla.hear(replied(), MONDAY + 3 * DAY)
    assert (await sla.deadline(Step.HANDLE, 2))["act_at"] == MONDAY + 3 * DAY


@pytest.mark.parametrize(
    "end", [TicketWithdrawn(), TicketClosed(unit=UNIT, reason=CloseReason.SATISFIED)]
)
async def test_a_ticket_that_ended_is_not_waited_for(
    sla: Sla, end: TicketWithdrawn | TicketClosed
) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    await sla.hear(end, MONDAY + DAY)
    assert (await sla.states())["handle 1"] == "moved"
    question = await sla.ask(MONDAY + 30 * DAY)
    assert question.step is Step.SIGN, "what was due before the end is still judged"


async def test_an_act_of_a_ticket_not_heard_of_waits(sla: Sla) -> None:
    await sla.hear(dispatched(), MONDAY)
    assert await sla.runtime.database.pool.fetchval("SELECT reason FROM parked") == "waiting"
    assert await sla.states() == {}


async def test_a_policy_not_heard_of_is_waited_for(sla: Sla) -> None:
    await sla.hear(created(policy="0" * 64), MONDAY)
    assert await sla.runtime.database.pool.fetchval("SELECT reason FROM parked") == "waiting"
    assert await sla.states() == {}


async def test_a_batch_of_many_tickets_is_handled_as_one(sla: Sla) -> None:
    tickets = [uuid4() for _ in range(50)]
    events = [
        sla.harness.event(payload, str(ticket), time=MONDAY + HOUR)
        for ticket in tickets
        for payload in (created(), dispatched(), signed(), replied())
    ]
    inbox = make_inbox(sla.runtime, handlers(sla.runtime))
    await sla.harness.hear_records(inbox, [sla.harness.record(event) for event in events])
    rows = await sla.runtime.database.pool.fetch(
        "SELECT step, state, count(*) AS count FROM deadlines GROUP BY 1, 2 ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [
        ("dispatch", "met", 50),
        ("follow-up", "running", 50),
        ("handle", "met", 50),
        ("sign", "met", 50),
    ]


async def test_what_is_overdue_goes_on_with_the_judgements_trace(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    question = await sla.ask(MONDAY + 3 * HOUR)
    answer = sla.harness.event(judged(question, act_at=None), str(sla.ticket))
    assert answer.data.model_dump()["verdict"] is Verdict.MISSED
    trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    traced = Event(answer.source, answer.subject, answer.sequence, answer.time, answer.data, trace)
    await sla.harness.hear(sla.runtime, handlers(sla.runtime), traced)
    overdue = (await sla.harness.said(sla.runtime))[-1]
    assert overdue.traceparent == trace


async def _sign(sla: Sla) -> None:
    await sla.hear(created(), MONDAY)
    await sla.hear(dispatched(), MONDAY)
    await sla.hear(signed(), MONDAY + HOUR)


def _beijing(time: str) -> datetime:
    return datetime.fromisoformat(f"{time}+08:00")
