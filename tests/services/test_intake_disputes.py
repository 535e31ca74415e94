"""Complaints about a rating, and the public figures of ratings (A12, JL 六(四), XS 六(四))."""

from collections.abc import Sequence

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.ratings.rules import SHOWN_MIN, Tally, hidden_units
from shared.events.callers import RatingDisputeAnswered, RatingDisputed
from shared.events.words import CloseReason, Role, Satisfaction
from tests.services.intake_callers import (
    UNIT,
    Desk,
    Filed,
    Json,
    closed,
    desk,
    get,
    intake,
    operator,
    post,
)

__all__ = ["desk", "intake", "operator"]
BAD: Json = {"result": "very_dissatisfied", "is_solved": False}
UPHELD: Json = {"is_upheld": True, "answer": "经核实，评价针对另一事项，予以作废。"}
DENIED: Json = {"is_upheld": False, "answer": "评价过程符合规定。"}
PUBLIC = "/v1/public/ratings"


async def disputed(desk: Desk) -> tuple[Filed, str]:
    """A bad rating that the unit complains about; the complaint's id."""
    ticket = await desk.replied()
    await post(desk.people["seat"], f"{ticket.path}/rate", **BAD)
    await post(desk.people["unit"], f"{ticket.path}/disputes", text="评价的是另一件事")
    (shown,) = (await get(desk.people["supervisor"], "/v1/disputes", is_open=True))["items"]
    return ticket, shown["id"]


async def figures(client: httpx.AsyncClient) -> dict[str, int]:
    """The levels of the whole place in March."""
    page = await get(client, PUBLIC, jurisdiction="512000", month="2026-03")
    return {one["level"]: one["count"] for one in page["whole"]["levels"] if one["count"]}


async def test_an_upheld_complaint_makes_the_rating_void_and_asks_the_caller_again(
    desk: Desk,
) -> None:
    ticket, dispute = await disputed(desk)
    guest, supervisor = desk.people["guest"], desk.people["supervisor"]
    assert await figures(guest) == {"very_dissatisfied": 1}
    answered = await post(supervisor, f"/v1/disputes/{dispute}/answer", **UPHELD)
    assert (answered["is_upheld"], answered["answer"]) == (True, UPHELD["answer"])
    assert await figures(guest) == {}
    (said,) = await desk.said(ticket, RatingDisputed)
    (answer,) = await desk.said(ticket, RatingDisputeAnswered)
    assert answer.dispute == said.dispute
    (task,) = (await get(desk.people["seat"], "/v1/follow-ups"))["items"]
    assert (task["ticket_id"], task["is_asked_again"]) == (ticket.id, True)
    assert task["deadline"] is None, "a person must ask: silence counts no more"
    told = await desk.runtime.database.pool.fetchval("SELECT text FROM notices ORDER BY id DESC")
    assert "视为" not in told
    row = await desk.runtime.database.pool.fetchrow("SELECT * FROM ratings")
    assert row is not None
    assert row["voided_at"] is not None
    assert (await desk.caller(ticket, "rate", result="satisfied", is_solved=True)).is_success
    assert await figures(guest) == {"satisfied": 1}


async def test_a_complaint_that_is_not_upheld_changes_nothing(desk: Desk) -> None:
    ticket, dispute = await disputed(desk)
    await post(desk.people["supervisor"], f"/v1/disputes/{dispute}/answer", **DENIED)
    assert await figures(desk.people["guest"]) == {"very_dissatisfied": 1}
    bad = await get(desk.people["seat"], "/v1/follow-ups", state="unsatisfied")
    assert [one["ticket_id"] for one in bad["items"]] == [ticket.id]
    again = await desk.people["supervisor"].post(f"/v1/disputes/{dispute}/answer", json=UPHELD)
    assert again.status_code == 409


async def test_a_complaint_is_answered_by_somebody_who_did_not_take_the_rating(
    desk: Desk,
) -> None:
    ticket = await desk.replied()
    await post(desk.people["supervisor"], f"{ticket.path}/rate", **BAD)
    await post(desk.people["unit"], f"{ticket.path}/disputes", text="评价不实")
    waiting = await desk.people["unit"].post(f"{ticket.path}/disputes", json={"text": "再次"})
    assert waiting.status_code == 409
    (shown,) = (await get(desk.people["unit"], "/v1/disputes"))["items"]
    path = f"/v1/disputes/{shown['id']}/answer"
    assert (await desk.people["supervisor"].post(path, json=UPHELD)).status_code == 403
    assert (await desk.people["unit"].post(path, json=UPHELD)).status_code == 403
    far = await desk.person(Role.SUPERVISOR, jurisdiction="532800")
    assert (await far.post(path, json=UPHELD)).status_code == 404
    other = await desk.person(Role.SUPERVISOR, subject="DB0002")
    await post(other, path, **UPHELD)


async def test_a_caller_complains_of_how_they_were_asked_even_after_the_end(desk: Desk) -> None:
    ticket = await desk.replied()
    assert (await desk.caller(ticket, "rate", result="satisfied", is_solved=True)).is_success
    await desk.hear(ticket, closed())
    assert (await desk.caller(ticket, "disputes", text="有人要求我改评价")).is_success
    (said,) = await desk.said(ticket, RatingDisputed)
    assert said.disputed_by == "caller"
    assert (await get(desk.people["unit"], "/v1/disputes"))["items"] == [], "it may be about them"
    (shown,) = (await get(desk.people["supervisor"], "/v1/disputes"))["items"]
    await post(desk.people["supervisor"], f"/v1/disputes/{shown['id']}/answer", **UPHELD)
    assert await figures(desk.people["guest"]) == {}
    assert (await get(desk.people["seat"], "/v1/follow-ups"))["items"] == [], "it is over"
    seen = (await desk.caller(ticket, "")).json()
    told = f"您对评价的申诉已经答复：成立，原评价作废。{UPHELD['answer']}"
    assert seen["steps"][-1]["text"] == told
    row = await desk.runtime.database.pool.fetchrow("SELECT * FROM notices ORDER BY id DESC")
    assert row is not None
    assert (row["kind"], row["recipient"]) == ("caller", ticket.id)
    assert ticket.number in row["text"]
    assert UPHELD["answer"] not in row["text"], "it may lie open on somebody's telephone"


async def test_what_a_unit_complains_of_is_not_told_to_the_caller(desk: Desk) -> None:
    ticket, dispute = await disputed(desk)
    before = (await desk.caller(ticket, "")).json()["steps"]
    notices = await desk.runtime.database.pool.fetchval("SELECT count(*) FROM notices")
    await post(desk.people["supervisor"], f"/v1/disputes/{dispute}/answer", **DENIED)
    assert (await desk.caller(ticket, "")).json()["steps"] == before
    assert await desk.runtime.database.pool.fetchval("SELECT count(*) FROM notices") == notices


async def test_what_a_reviewer_found_of_a_rating_is_void_with_it(desk: Desk) -> None:
    """The figures count the caller's rating, not the reviewer's word on it (ZY 14.1)."""
    ticket = await desk.replied()
    await post(desk.people["seat"], f"{ticket.path}/rate", **BAD)
    await post(desk.people["supervisor"], f"{ticket.path}/rate", **BAD, conforms=True)
    await post(desk.people["unit"], f"{ticket.path}/disputes", text="评价的是另一件事")
    other = await desk.person(Role.SUPERVISOR, subject="DB0002")
    (shown,) = (await get(other, "/v1/disputes", is_open=True))["items"]
    path = f"/v1/disputes/{shown['id']}/answer"
    refused = await desk.people["supervisor"].post(path, json=UPHELD)
    assert refused.status_code == 403, "they found the reply to conform"
    assert await figures(desk.people["guest"]) == {"very_dissatisfied": 1}
    await post(other, path, **UPHELD)
    assert await figures(desk.people["guest"]) == {}
    assert (await get(desk.people["seat"], "/v1/follow-ups"))["items"] == [], "it is closing"
    await desk.hear(ticket, closed(CloseReason.CONFORMS))
    again = await desk.people["unit"].post(f"{ticket.path}/disputes", json={"text": "再次"})
    assert again.status_code == 409, "nothing is left of it"


async def test_there_is_nothing_to_complain_of_before_a_rating(desk: Desk) -> None:
    ticket = await desk.replied()
    refused = await desk.people["unit"].post(f"{ticket.path}/disputes", json={"text": "不公"})
    assert refused.status_code == 409
    fresh = await desk.file()
    assert (await desk.caller(fresh, "disputes", text="不公")).status_code == 409
    stranger = await desk.person(Role.UNIT, unit="512000-housing")
    hidden = await stranger.post(f"{ticket.path}/disputes", json={"text": "不公"})
    assert hidden.status_code == 404


async def test_public_figures_hide_few_ratings_and_what_would_tell_them(desk: Desk) -> None:
    for result in ("satisfied",) * 5 + ("dissatisfied",):
        ticket = await desk.replied()
        assert (await desk.caller(ticket, "rate", result=result, is_solved=True)).is_success
    guest = desk.people["guest"]
    page = await get(guest, PUBLIC, jurisdiction="512000", unit=UNIT)
    (shown,) = page["units"]
    assert page["month"] == "2026-03"
    assert (shown["unit_name"], shown["is_hidden"]) == ("资阳市水务局", False)
    assert [one["count"] for one in shown["levels"]] == [0, 5, 0, 1, 0]
    await desk.runtime.database.pool.execute("""INSERT INTO rating_figures VALUES
        ('512000', '2026-03-01', 'small', 'counted', 'satisfied', 1)""")
    page = await get(guest, PUBLIC, jurisdiction="512000", month="2026-03")
    assert {one["unit"]: one["is_hidden"] for one in page["units"]} == {UNIT: True, "small": True}
    assert all(one["levels"] is None for one in page["units"])
    assert page["whole"]["levels"][1]["count"] == 6


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "202603", "x"])
async def test_a_month_that_is_none_is_refused(desk: Desk, month: str) -> None:
    answer = await desk.people["guest"].get(f"{PUBLIC}?jurisdiction=512000&month={month}")
    assert answer.status_code == 422


TALLIES = st.lists(st.integers(0, 20), max_size=8)


@given(TALLIES)
def test_no_small_number_follows_from_what_is_shown(totals: Sequence[int]) -> None:
    tallies = [
        Tally(
            str(nth), {level: total * (level is Satisfaction.SATISFIED) for level in Satisfaction}
        )
        for nth, total in enumerate(totals)
    ]
    hidden = hidden_units(tallies)
    small = [one for one in tallies if 0 < one.total < SHOWN_MIN]
    assert {one.unit for one in small} <= hidden
    together = sum(one.total for one in tallies if one.unit in hidden)
    everything = [one for one in tallies if one.total]
    assert not hidden or together >= SHOWN_MIN or len(hidden) == len(everything)
    assert small or not hidden
