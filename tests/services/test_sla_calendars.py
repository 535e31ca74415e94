"""A notice is loaded: every open deadline that it touches moves, and only those (C6)."""

from datetime import datetime

import httpx
import pytest

from services.sla.app import make_app
from shared.events.dispatch import TicketReopened
from shared.events.sla import CalendarPublished, DeadlineReached, TicketDeadlineMoved
from shared.events.words import Role, Step
from tests.harness import Harness, token
from tests.services.sla_calendars import YEARS_END, due, everything, handled, load
from tests.services.sla_tickets import (
    DAY,
    UNIT,
    Sla,
    created,
    dispatched,
    judged,
    open_sla,
    signed,
)
from tests.unit.notices import CORRECTED_2026, DAI_NEW_YEAR_2026, NOTICE_2027, WRONG_2027

SPRING = datetime.fromisoformat("2026-04-10T09:00+08:00")
AUTUMN = datetime.fromisoformat("2026-09-23T09:00+08:00")


@pytest.fixture
async def sla(harness: Harness) -> Sla:
    return await open_sla(harness, at=YEARS_END)


async def test_a_notice_moves_what_it_touches_and_counts_it(sla: Sla) -> None:
    over = await handled(sla, YEARS_END)
    before = await handled(sla, YEARS_END - 14 * DAY)
    after = await handled(sla, YEARS_END + 14 * DAY)
    assert [await due(sla, one) for one in (over, before, after)] == [
        "01-06 17:30",
        "12-23 17:30",
        "01-20 17:30",
    ]
    shown = await load(sla, NOTICE_2027)
    assert (shown["years"], shown["moved"]) == ([2027], 1)
    assert shown["recomputed_at"] is not None
    assert await due(sla, over) == "01-07 17:30"
    assert await due(sla, before) == "12-23 17:30"
    assert await due(sla, after) == "01-20 17:30", "its days are ordinary ones"
    assert not any(row["provisional"] for row in await everything(sla) if row["state"] != "met")


async def test_what_runs_moves_in_place_with_its_warning(sla: Sla) -> None:
    await sla.hear(created(), YEARS_END)
    await sla.hear(dispatched(), YEARS_END)
    await load(sla, NOTICE_2027)
    deadline = await sla.deadline(Step.HANDLE)
    length = deadline["due_at"] - YEARS_END
    assert deadline["state"] == "running"
    assert deadline["next_at"] == deadline["warn_at"] == YEARS_END + 0.8 * length
    assert await sla.look(datetime.fromisoformat("2027-01-06T17:31+08:00")) != []
    assert "overdue" not in (await sla.states()).values()
    assert (await sla.deadline(Step.HANDLE))["state"] == "running", "only warned"


async def test_a_question_that_is_out_becomes_stale(sla: Sla) -> None:
    await sla.hear(created(), YEARS_END)
    await sla.hear(dispatched(), YEARS_END)
    await sla.hear(signed(), YEARS_END)
    late = datetime.fromisoformat("2027-01-06T17:31+08:00")
    (question,) = [one for one in await sla.look(late) if isinstance(one, DeadlineReached)]
    assert (await load(sla, NOTICE_2027))["moved"] == 1
    states = await sla.states()
    assert (states["handle 1"], states["handle 2"]) == ("moved", "running")
    await sla.hear(judged(question, act_at=None), late)
    assert await sla.overdue() == [], "the answer was about a time that holds no more"
    later = datetime.fromisoformat("2027-01-07T17:31+08:00")
    again = [one for one in await sla.look(later) if isinstance(one, DeadlineReached)]
    assert [one.version for one in again] == [2]
    await sla.hear(judged(again[0], act_at=None), later)
    assert [one.version for one in await sla.overdue()] == [2]


async def test_a_question_whose_step_has_run_anew_ends_without_a_third_version(sla: Sla) -> None:
    await sla.hear(created(), YEARS_END)
    await sla.hear(dispatched(), YEARS_END)
    await sla.hear(signed(), YEARS_END)
    late = datetime.fromisoformat("2027-01-06T17:31+08:00")
    (question,) = [one for one in await sla.look(late) if isinstance(one, DeadlineReached)]
    await sla.hear(TicketReopened(unit=UNIT, reason="未解决"), late)
    await load(sla, NOTICE_2027)
    states = await sla.states()
    assert (states["handle 1"], states["handle 2"]) == ("moved", "running")
    assert "handle 3" not in states
    await sla.hear(judged(question, act_at=None), late)
    assert await sla.overdue() == [], "by the new calendar the redo came in time"


async def test_what_was_extended_moves_and_is_told(sla: Sla) -> None:
    ticket = await handled(sla, YEARS_END)
    plain = await handled(sla, YEARS_END)
    await sla.runtime.database.pool.execute(
        """UPDATE deadlines SET adjustments = '[["extend", 2]]', due_at = due_at + interval '2 days'
        WHERE ticket_id = $1 AND step = 'handle'""",
        ticket,
    )
    assert (await load(sla, NOTICE_2027))["moved"] == 2
    (said,) = await sla.said(ticket)
    assert isinstance(said, TicketDeadlineMoved)
    assert said.due_at == datetime.fromisoformat("2027-01-11T17:30+08:00")
    assert (said.step, said.version, said.provisional) == (Step.HANDLE, 1, False)
    assert await sla.said(plain) == [], "dispatch counts it by itself"


async def test_what_a_unit_promised_moves_too(sla: Sla) -> None:
    bearer = token(sla.harness.settings, Role.UNIT, unit=UNIT)
    unit = await sla.harness.client(make_app(sla.runtime), bearer)
    promise = {"request_type": "complaint", "amount": 5, "unit": "working_days"}
    assert (await unit.put(f"/v1/promises/{UNIT}", json=promise)).is_success
    ticket = await handled(sla, YEARS_END)

    async def promised() -> str:
        items = (await unit.get(f"/v1/tickets/{ticket}/deadlines")).json()["items"]
        (found,) = [str(one["promised_at"]) for one in items if one["step"] == "handle"]
        return found[:16]

    assert await promised() == "2027-01-04T17:30"
    await load(sla, NOTICE_2027)
    assert await promised() == "2027-01-05T17:30"


async def test_what_is_over_stays_as_it_was(sla: Sla) -> None:
    await sla.hear(created(), YEARS_END)
    await sla.hear(dispatched(), YEARS_END)
    await sla.hear(signed(), YEARS_END)
    late = datetime.fromisoformat("2027-01-06T17:31+08:00")
    (question,) = [one for one in await sla.look(late) if isinstance(one, DeadlineReached)]
    await sla.hear(judged(question, act_at=None), late)
    before = await everything(sla)
    assert (await load(sla, NOTICE_2027))["moved"] == 0
    assert await everything(sla) == before
    assert len(await sla.overdue()) == 1


async def test_a_places_own_days_move_its_own_tickets_alone(sla: Sla) -> None:
    sla.harness.clock.stepped = SPRING
    places = ("512000", "530000", "530102", "532800", "532801", "532823101")
    tickets = {place: await handled(sla, SPRING, place=place) for place in places}
    before = {place: await due(sla, ticket) for place, ticket in tickets.items()}
    shown = await load(sla, DAI_NEW_YEAR_2026)
    moved = {place for place in places if await due(sla, tickets[place]) != before[place]}
    assert moved == {"532800", "532801", "532823101"}
    assert (shown["jurisdiction"], shown["moved"]) == ("532800", 3)


async def test_the_same_notice_again_changes_and_says_nothing(sla: Sla) -> None:
    await handled(sla, YEARS_END)
    first = await load(sla, NOTICE_2027)
    said = [event.data for event in await sla.harness.said(sla.runtime)]
    assert [one.jurisdiction for one in said if isinstance(one, CalendarPublished)] == ["000000"]
    again = await load(sla, "# once more\n" + NOTICE_2027, status=200)
    assert again == first
    assert len(await sla.harness.said(sla.runtime)) == len(said)


async def test_what_was_moved_once_is_not_moved_again(sla: Sla) -> None:
    ticket = await handled(sla, YEARS_END)
    await load(sla, NOTICE_2027)
    before = await everything(sla)
    more = NOTICE_2027.replace("国办发明电〔2026〕9号", "国办发明电〔2026〕10号")
    assert (await load(sla, more))["moved"] == 0
    assert await everything(sla) == before
    assert await due(sla, ticket) == "01-07 17:30"


async def test_a_corrected_notice_moves_what_the_wrong_one_had_moved(sla: Sla) -> None:
    ticket = await handled(sla, YEARS_END)
    assert (await load(sla, WRONG_2027))["moved"] == 1
    assert await due(sla, ticket) == "01-08 17:30", "Tuesday 5 January was off"
    assert (await load(sla, NOTICE_2027))["moved"] == 1
    assert await due(sla, ticket) == "01-07 17:30"
    assert await due(sla, await handled(sla, YEARS_END)) == "01-07 17:30", "as one that is new"


async def test_a_corrected_notice_of_a_year_that_everybody_knows_moves_what_is_open(
    sla: Sla,
) -> None:
    ticket = await handled(sla, AUTUMN)
    assert await due(sla, ticket) == "10-10 17:30", "a Saturday that is made up"
    assert (await load(sla, CORRECTED_2026))["moved"] == 1
    assert await due(sla, ticket) == await due(sla, await handled(sla, AUTUMN)) == "10-09 17:30"


async def test_a_wrong_notice_is_refused_whole(sla: Sla) -> None:
    ticket = await handled(sla, YEARS_END)
    gap = NOTICE_2027.replace("端午节", "夏至")
    body = await load(sla, gap, status=422)
    (error,) = body["errors"]
    assert (error["file"], error["field"]) == ("notice.toml", "published_years[0]")
    assert "端午" in error["message"]
    assert await sla.harness.said(sla.runtime) == []
    assert await due(sla, ticket) == "01-06 17:30"


async def test_calendars_are_listed_with_what_they_moved(sla: Sla) -> None:
    await handled(sla, YEARS_END)
    await load(sla, NOTICE_2027)
    await load(sla, DAI_NEW_YEAR_2026)
    client = await _client(sla, Role.UNIT)
    listed = (await client.get("/v1/calendars")).json()["items"]
    assert [(one["jurisdiction"], one["moved"]) for one in listed] == [("000000", 1), ("532800", 0)]
    page = (await client.get("/v1/calendars?limit=1")).json()
    rest = (await client.get(f"/v1/calendars?limit=1&after={page['next']}")).json()
    assert page["items"] + rest["items"] == listed
    assert rest["next"] is None
    answer = await client.post("/v1/calendars", json={"file": "x", "text": "y"})
    assert answer.status_code == 403


async def test_a_deadline_counts_by_the_new_calendar_from_then_on(sla: Sla) -> None:
    await load(sla, NOTICE_2027)
    assert await due(sla, await handled(sla, YEARS_END)) == "01-07 17:30"


async def _client(sla: Sla, role: Role) -> httpx.AsyncClient:
    bearer = token(sla.harness.settings, role, unit="512000-001")
    return await sla.harness.client(make_app(sla.runtime), bearer)
