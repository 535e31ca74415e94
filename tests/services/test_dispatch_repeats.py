"""Repeats are found while the caller speaks, and again behind the event (A7)."""

from typing import Any

import pytest

from shared.events.intake import TicketAmended, TicketErased
from shared.events.words import RequestType, Role
from tests.services.dispatch_desk import (
    COUNTY,
    REPLY,
    WATER,
    Desk,
    desk,
    get,
    post,
    ruled_desk,
)
from tests.services.repeats_desk import (
    NOISE,
    NOISE_AGAIN,
    NOISE_OTHERS,
    PENSION,
    ask,
    caller,
    file,
    operator,
    sketch_all,
)
from tests.services.repeats_desk import WATER as NO_WATER

__all__ = ["desk", "ruled_desk"]


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [one["id"] for one in found]


async def test_what_a_caller_said_before_is_found_while_they_speak(desk: Desk) -> None:
    earlier = await file(desk, NOISE, who=1)
    await file(desk, NO_WATER, who=1)
    await file(desk, PENSION, who=2)
    assert await sketch_all(desk) == 3
    found = await ask(await operator(desk), NOISE_AGAIN, caller_id=str(caller(1)))
    assert ids(found["same_caller"]) == [earlier]
    match = found["same_caller"][0]
    assert any("搅拌站" in word for word in match["words"])
    assert "丽景花园" in match["places"]
    assert 0.22 <= match["score"] <= 1
    assert match["outcome"] == "linked"
    assert found["same_matter"] == []


async def test_the_same_words_score_one(desk: Desk) -> None:
    await file(desk, NOISE, who=1)
    await sketch_all(desk)
    found = await ask(await operator(desk), NOISE, caller_id=str(caller(1)))
    assert found["same_caller"][0]["score"] == 1


async def test_a_few_words_are_enough(desk: Desk) -> None:
    earlier = await file(desk, NOISE, who=1)
    await sketch_all(desk)
    partial = {"title": "", "content": "丽景花园旁边那个搅拌站"}
    found = await ask(await operator(desk), partial, caller_id=str(caller(1)))
    assert ids(found["same_caller"]) == [earlier]


async def test_other_callers_open_tickets_are_found_and_answered_ones_are_not(desk: Desk) -> None:
    answered = await file(desk, NOISE, who=1)
    waiting = await file(desk, NOISE_OTHERS, who=2)
    await sketch_all(desk)
    await reply_to(desk, answered)
    found = await ask(await operator(desk), NOISE_AGAIN, caller_id=str(caller(3)))
    assert ids(found["same_matter"]) == [waiting]
    assert found["same_caller"] == []


async def test_a_replied_matter_is_shown_with_its_result(desk: Desk) -> None:
    earlier = await file(desk, NOISE, who=1)
    await sketch_all(desk)
    await reply_to(desk, earlier)
    found = await ask(await operator(desk), NOISE_AGAIN, caller_id=str(caller(1)))
    assert found["same_caller"][0]["reply"] == REPLY["result"]
    assert found["same_caller"][0]["outcome"] == "new"


async def test_a_repeated_report_says_that_its_time_decides(desk: Desk) -> None:
    earlier = await file(desk, NOISE, who=1, request_type=RequestType.REPORT)
    await sketch_all(desk)
    await reply_to(desk, earlier)
    found = await ask(await operator(desk), NOISE_AGAIN, caller_id=str(caller(1)))
    assert found["same_caller"][0]["outcome"] == "report"


async def test_a_new_ticket_is_shown_as_the_repeat_of_its_callers_earlier_one(desk: Desk) -> None:
    earlier = await file(desk, NOISE, who=1, on=1)
    other = await file(desk, NOISE_OTHERS, who=2, on=2)
    again = await file(desk, NOISE_AGAIN, who=1, on=3)
    await sketch_all(desk)
    supervisor = await desk.person(Role.SUPERVISOR)
    shown = await get(supervisor, f"/v1/tickets/{again}/repeats")
    assert shown["found"]["id"] == earlier
    assert (await get(supervisor, f"/v1/tickets/{other}/repeats"))["found"] is None
    first = await get(supervisor, f"/v1/tickets/{earlier}/repeats")
    assert ids(first["asked_again"]) == [again]
    assert first["found"] is None


async def test_a_unit_sees_no_ticket_of_another_unit_as_a_repeat(ruled_desk: Desk) -> None:
    desk = ruled_desk
    await file(desk, NOISE, who=1, category="010203")
    again = await file(desk, NOISE_AGAIN, who=1, category="02")
    await sketch_all(desk)
    housing = await desk.unit("512000-housing")
    assert (await get(housing, f"/v1/tickets/{again}/repeats"))["found"] is None


async def test_additions_are_sketched_anew(desk: Desk) -> None:
    ticket = await file(desk, PENSION, who=1)
    await sketch_all(desk)
    await desk.tell(ticket, TicketAmended(addition=f"{NOISE['title']}，{NOISE['content']}"))
    assert await sketch_all(desk) == 1
    found = await ask(await operator(desk), NOISE_AGAIN, caller_id=str(caller(9)))
    assert ids(found["same_matter"]) == [ticket]


async def test_what_is_erased_is_found_no_more(desk: Desk) -> None:
    earlier = await file(desk, NOISE, who=1)
    again = await file(desk, NOISE_AGAIN, who=1)
    await sketch_all(desk)
    await desk.tell(earlier, TicketErased(source_article="个人信息保护法第四十七条"))
    found = await ask(await operator(desk), NOISE_OTHERS, caller_id=str(caller(1)))
    assert ids(found["same_caller"]) == [again]
    supervisor = await desk.person(Role.SUPERVISOR)
    assert (await get(supervisor, f"/v1/tickets/{again}/repeats"))["found"] is None
    rows = await desk.runtime.database.pool.fetch("SELECT ticket_id FROM repeat_terms")
    assert {str(row["ticket_id"]) for row in rows} == {again}


async def test_one_that_is_erased_before_its_sketch_is_never_sketched(desk: Desk) -> None:
    earlier = await file(desk, NOISE, who=1)
    await desk.tell(earlier, TicketErased(source_article="个人信息保护法第四十七条"))
    assert await sketch_all(desk) == 0


async def test_the_search_ends_where_the_askers_place_ends(desk: Desk) -> None:
    await file(desk, NOISE, who=1, jurisdiction="512000")
    inside = await file(desk, NOISE_OTHERS, who=1, jurisdiction="512021")
    await file(desk, NOISE_OTHERS, who=1, jurisdiction="510100")
    await sketch_all(desk)
    county = await operator(desk, jurisdiction="512021")
    mine = str(caller(1))
    found = await ask(county, NOISE_AGAIN, jurisdiction="512021", caller_id=mine)
    assert ids(found["same_caller"]) == [inside]
    others = await ask(county, NOISE_AGAIN, jurisdiction="512021", caller_id=str(caller(5)))
    assert ids(others["same_matter"]) == [inside]
    beyond = await county.post("/v1/repeats/search", json=NOISE | {"jurisdiction": "512000"})
    assert beyond.status_code == 404


@pytest.mark.parametrize("role", [Role.UNIT, Role.ADMINISTRATOR, Role.FOLLOW_UP])
async def test_only_who_hears_callers_may_search(desk: Desk, role: Role) -> None:
    claims = {"unit": COUNTY} if role is Role.UNIT else {}
    client = await desk.person(role, **claims)
    answer = await client.post("/v1/repeats/search", json=NOISE | {"jurisdiction": "512000"})
    assert answer.status_code == 403


async def test_a_stranger_finds_nothing(desk: Desk) -> None:
    client = await operator(desk)
    client.headers.pop("Authorization")
    answer = await client.post("/v1/repeats/search", json=NOISE | {"jurisdiction": "512000"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("content", "长" * 100_000),
        ("title", "长" * 501),
        ("jurisdiction", "资阳"),
        ("caller_id", "13800000000"),
        ("limit", 1000),
        ("place", {"longitude": 200, "latitude": 0}),
        ("phone", "13800000000"),
    ],
)
async def test_bad_questions_name_their_field(desk: Desk, field: str, value: Any) -> None:
    client = await operator(desk)
    body = NOISE | {"jurisdiction": "512000", field: value}
    answer = await client.post("/v1/repeats/search", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith(field)


@pytest.mark.parametrize(
    "content", ["", " ", "？", "水", "😀😀😀", "𠮷野家𠮷野家", "\u200b", "%_'; --", "1" * 20_000]
)
async def test_odd_words_are_answered(desk: Desk, content: str) -> None:
    await file(desk, NOISE, who=1)
    await file(desk, {"title": "😀", "content": "𠮷"}, who=1)
    await sketch_all(desk)
    found = await ask(await operator(desk), {"content": content}, caller_id=str(caller(1)))
    assert set(found) == {"same_caller", "same_matter"}


async def test_an_unknown_ticket_has_no_repeats(desk: Desk) -> None:
    supervisor = await desk.person(Role.SUPERVISOR)
    answer = await supervisor.get(f"/v1/tickets/{caller(1)}/repeats")
    assert answer.status_code == 404


async def test_a_caller_with_many_tickets_gets_as_many_as_were_asked_for(desk: Desk) -> None:
    for number in range(60):
        await file(desk, PENSION, who=1, on=number % 20)
    await sketch_all(desk)
    found = await ask(await operator(desk), PENSION, caller_id=str(caller(1)), limit=20)
    assert len(found["same_caller"]) == 20


async def reply_to(desk: Desk, ticket: str) -> None:
    """The water bureau handles it to the end."""
    office = await operator(desk)
    unit = await desk.unit(WATER)
    await post(office, f"/v1/tickets/{ticket}/dispatch", {"unit": WATER, "reason": "由其负责"})
    await post(unit, f"/v1/tickets/{ticket}/sign", {})
    await post(unit, f"/v1/tickets/{ticket}/reply", REPLY)
