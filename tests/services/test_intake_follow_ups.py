"""Every reply is asked about, by one seat at a time, and silence counts (A10, ZY 14)."""

from datetime import timedelta

import orjson
import pytest

from services.intake.consumer import handlers
from shared.events.intake import DeadlineAnswered, TicketFollowedUp, TicketRated
from shared.events.sla import PolicyPublished
from shared.events.words import CloseReason, Role, Satisfaction, Verdict
from shared.policy.load import dump_pack, pack_for, restore_pack
from tests.services.intake_callers import (
    DUE_AT,
    MONDAY,
    Desk,
    Filed,
    Json,
    closed,
    desk,
    get,
    intake,
    operator,
    post,
    reopened,
    replied,
)

__all__ = ["desk", "intake", "operator"]
SATISFIED: Json = {"result": "satisfied", "is_solved": True}
DISSATISFIED: Json = {"result": "dissatisfied", "is_solved": False, "cause": "unsolved"}


async def listed(desk: Desk, state: str = "open") -> list[str]:
    """The tickets of the tasks in a state, as a seat sees them."""
    page = await get(desk.people["seat"], "/v1/follow-ups", state=state)
    return [one["ticket_id"] for one in page["items"]]


async def test_each_reply_makes_a_task_and_asks_the_caller_at_once(desk: Desk) -> None:
    ticket = await desk.replied()
    (task,) = (await get(desk.people["seat"], "/v1/follow-ups"))["items"]
    assert (task["ticket_id"], task["unit"], task["reply"]) == (ticket.id, "512000-water", 1)
    assert task["deadline"]["due_at"] == "2026-03-09T17:30:00+08:00"
    assert (task["deadline"]["step"], task["deadline"]["source"]) == ("follow-up", "default")
    row = await desk.runtime.database.pool.fetchrow("SELECT * FROM notices")
    assert row is not None
    assert (row["kind"], row["recipient"]) == ("caller", ticket.id)
    assert ticket.number in row["text"]
    assert "小区停水" not in row["text"]

    await desk.hear(ticket, reopened())
    assert await listed(desk) == []
    await desk.hear(ticket, replied(2))
    assert await listed(desk) == [ticket.id]
    assert await listed(desk, "done") == [ticket.id]
    await desk.hear(ticket, closed())
    assert await listed(desk) == []


async def test_tasks_are_paged_the_longest_waiting_first(desk: Desk) -> None:
    tickets = [await desk.replied() for _ in range(3)]
    seat, found, after = desk.people["seat"], [], None
    while True:
        query = {"limit": 1} if after is None else {"limit": 1, "after": after}
        page = await get(seat, "/v1/follow-ups", **query)
        found += [one["ticket_id"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert found == [ticket.id for ticket in tickets]
    elsewhere = await desk.person(Role.FOLLOW_UP, jurisdiction="532800")
    assert (await get(elsewhere, "/v1/follow-ups"))["items"] == []
    assert (await seat.get("/v1/follow-ups?after=x")).status_code == 422
    assert (await desk.people["unit"].get("/v1/follow-ups")).status_code == 403


async def test_two_seats_do_not_call_the_same_caller(desk: Desk) -> None:
    ticket = await desk.replied()
    seat = desk.people["seat"]
    other = await desk.person(Role.FOLLOW_UP, subject="HF0302")
    (task,) = (await get(seat, "/v1/follow-ups"))["items"]
    path = f"/v1/follow-ups/{task['id']}/claim"
    claimed = await post(seat, path)
    assert claimed["claimed_by"] is not None
    await post(seat, path)
    refused = await other.post(path, json={})
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "另一座席自 10:00 起正在回访，30 分钟内不重复联系。",
    )
    body = {"is_reached": False, "way": "phone"}
    assert (await other.post(f"{ticket.path}/follow-up", json=body)).status_code == 409

    clock = desk.harness.clock
    assert clock.stepped is not None
    clock.step_to(clock.stepped + timedelta(minutes=30))
    assert (await post(other, path))["claimed_by"] == "HF0302"
    stranger = await desk.person(Role.FOLLOW_UP, jurisdiction="532800")
    assert (await stranger.post(path, json={})).status_code == 404


async def test_a_caller_is_tried_again_and_each_attempt_is_kept(desk: Desk) -> None:
    ticket = await desk.replied()
    seat, path = desk.people["seat"], f"{ticket.path}/follow-up"
    await post(seat, path, is_reached=False, way="phone", note="无人接听")
    assert await listed(desk) == [ticket.id]
    await post(seat, path, is_reached=True, is_solved=False, way="visit", cause="untrue")
    (task,) = (await get(seat, "/v1/follow-ups", state="unsatisfied"))["items"]
    assert task["attempts"] == 2
    assert [one["way_name"] for one in task["inquiries"]] == ["电话核实", "当面访谈"]
    assert task["inquiries"][1]["cause_name"] == "结果不实"
    first, second = await desk.said(ticket, TicketFollowedUp)
    assert (first.way, first.is_reached, second.cause) == ("phone", False, "untrue")


@pytest.mark.parametrize(
    "body",
    [
        {"is_reached": False, "is_solved": True},
        {"is_reached": True, "is_solved": True, "cause": "unsolved"},
        {"is_reached": True, "way": "telepathy"},
    ],
)
async def test_an_outcome_that_contradicts_itself_is_refused(
    desk: Desk, body: dict[str, object]
) -> None:
    ticket = await desk.replied()
    answer = await desk.people["seat"].post(f"{ticket.path}/follow-up", json=body)
    assert answer.status_code == 422


async def test_silence_counts_as_basically_satisfied_when_its_time_is_over(desk: Desk) -> None:
    ticket = await desk.replied()
    await desk.ask(ticket, at=DUE_AT + timedelta(seconds=1))
    rated, answered = (await desk.said(ticket))[1:]
    assert isinstance(rated, TicketRated)
    assert (rated.result, rated.closes, rated.reply) == (
        Satisfaction.BASICALLY_SATISFIED,
        CloseReason.LAPSED,
        1,
    )
    assert isinstance(answered, DeadlineAnswered)
    assert (answered.step, answered.version, answered.verdict) == ("follow-up", 1, Verdict.MISSED)
    assert await listed(desk, "done") == [ticket.id]
    late = await desk.caller(ticket, "rate", **SATISFIED)
    assert late.json()["code"] == "already_rated"
    seen = (await desk.caller(ticket, "")).json()
    assert seen["steps"][-1]["text"] == "期满未评价，视为基本满意。"


async def test_silence_counts_as_what_the_law_of_the_ticket_says(desk: Desk) -> None:
    earlier = await desk.replied()
    dumped = dump_pack(pack_for("512000")) | {"version": "2"}
    dumped["follow_up"]["counts_as"]["value"] = "satisfied"
    pack = restore_pack(dumped)
    published = PolicyPublished(
        jurisdiction=pack.code,
        version=pack.version,
        effective_from=MONDAY,
        hash=pack.content_hash,
        pack=orjson.dumps(dumped).decode(),
    )
    event = desk.harness.event(published, pack.code)
    await desk.harness.hear(desk.runtime, handlers(desk.runtime), event)

    later = await desk.replied()
    for ticket, result, name in (
        (earlier, "basically_satisfied", "基本满意"),
        (later, "satisfied", "满意"),
    ):
        told = await desk.runtime.database.pool.fetchval(
            "SELECT text FROM notices WHERE recipient = $1", ticket.id
        )
        assert told.endswith(f"期满未评价的，视为{name}。")
        seen = (await desk.caller(ticket, "")).json()
        assert seen["deadlines"][0]["text"].endswith(f"期满未评价的视为{name}")
        await desk.ask(ticket, at=DUE_AT + timedelta(seconds=1))
        (rated,) = await desk.said(ticket, TicketRated)
        assert (rated.result, rated.closes) == (result, CloseReason.LAPSED)
        seen = (await desk.caller(ticket, "")).json()
        assert seen["steps"][-1]["text"] == f"期满未评价，视为{name}。"


async def _rated(desk: Desk, ticket: Filed) -> None:
    assert (await desk.caller(ticket, "rate", **SATISFIED)).is_success


async def _dissatisfied(desk: Desk, ticket: Filed) -> None:
    await post(desk.people["seat"], f"{ticket.path}/rate", **DISSATISFIED)


async def _doubted(desk: Desk, ticket: Filed) -> None:
    doubt: Json = {**SATISFIED, "doubt": "回复要素不齐"}
    await post(desk.people["seat"], f"{ticket.path}/rate", **doubt)


async def _unsolved(desk: Desk, ticket: Filed) -> None:
    await post(desk.people["seat"], f"{ticket.path}/follow-up", is_reached=True, is_solved=False)


async def _redone(desk: Desk, ticket: Filed) -> None:
    await desk.hear(ticket, reopened())


async def _replied_again(desk: Desk, ticket: Filed) -> None:
    await desk.hear(ticket, reopened())
    await desk.hear(ticket, replied(2), at=DUE_AT + timedelta(seconds=1))


async def _disputed(desk: Desk, ticket: Filed) -> None:
    assert (await desk.caller(ticket, "disputes", text="问话人态度恶劣")).is_success


@pytest.mark.parametrize(
    "before",
    [_rated, _dissatisfied, _doubted, _unsolved, _redone, _replied_again, _disputed],
    ids=lambda one: one.__name__,
)
async def test_where_anybody_said_anything_a_person_decides_and_nothing_lapses(
    desk: Desk, before: object
) -> None:
    ticket = await desk.replied()
    assert callable(before)
    await before(desk, ticket)
    said = len(await desk.said(ticket))
    await desk.ask(ticket, at=DUE_AT + timedelta(seconds=2))
    (answered,) = (await desk.said(ticket))[said:]
    assert answered.verdict is Verdict.MET


async def test_a_question_that_comes_again_is_answered_and_closes_once(desk: Desk) -> None:
    ticket = await desk.replied()
    for _ in range(2):
        await desk.ask(ticket, at=DUE_AT + timedelta(seconds=1))
    assert len(await desk.said(ticket, TicketRated)) == 1
    verdicts = [one.verdict for one in await desk.said(ticket, DeadlineAnswered)]
    assert verdicts == [Verdict.MISSED, Verdict.MET]


async def test_a_question_before_the_reply_is_heard_or_the_time_is_over_waits(desk: Desk) -> None:
    unreplied, early = await desk.file(), await desk.replied()
    await desk.ask(unreplied, at=DUE_AT + timedelta(seconds=1))
    desk.harness.clock.stepped = DUE_AT - timedelta(seconds=1)
    await desk.ask(early, at=DUE_AT - timedelta(seconds=1))
    rows = await desk.runtime.database.pool.fetch("SELECT key, reason FROM parked")
    assert {tuple(row) for row in rows} == {(unreplied.id, "waiting"), (early.id, "waiting")}


async def test_many_silent_callers_lapse_in_one_batch(desk: Desk) -> None:
    tickets = [await desk.replied() for _ in range(5)]
    tickets.append(await desk.replied(is_enforcement=True))
    await _rated(desk, tickets[0])
    for ticket in tickets:
        await desk.ask(ticket, at=DUE_AT + timedelta(seconds=1))
    figures = await desk.runtime.database.pool.fetch(
        "SELECT standing, result, count FROM rating_figures ORDER BY 1, 2"
    )
    assert [tuple(row) for row in figures] == [
        ("apart", "basically_satisfied", 1),
        ("counted", "satisfied", 1),
        ("lapsed", "basically_satisfied", 4),
    ]
    (rated,) = await desk.said(tickets[-1], TicketRated)
    assert rated.counts is False
