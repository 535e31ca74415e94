"""Many callers with one matter are offered as a master; a person decides (A8)."""

from typing import Any

import pytest

from services.dispatch.repeats.finds import end_offers
from shared.events.words import Role
from tests.services.dispatch_desk import WATER, Desk, Json, desk, get, post
from tests.services.repeats_desk import (
    NOISE,
    NOISE_AGAIN,
    NOISE_OTHERS,
    PENSION,
    caller,
    day,
    file,
    sketch_all,
)

__all__ = ["desk"]

OFFERS = "/v1/masters/offers"
MORE = {
    "title": "丽景花园搅拌站太吵",
    "content": "丽景花园小区边上的搅拌站天天施工，噪音、扬尘让居民没法休息。",
}


async def offers(desk: Desk, **claims: Any) -> list[Json]:
    supervisor = await desk.person(Role.SUPERVISOR, **claims)
    found: list[Json] = (await get(supervisor, OFFERS))["items"]
    return found


async def three_callers(desk: Desk, **fields: Any) -> list[str]:
    matters = (NOISE, NOISE_AGAIN, NOISE_OTHERS)
    tickets = [
        await file(desk, matter, who=number, on=number, **fields)
        for number, matter in enumerate(matters)
    ]
    await sketch_all(desk)
    return tickets


async def test_three_callers_with_one_matter_are_offered_as_a_master(desk: Desk) -> None:
    await file(desk, PENSION, who=8)
    tickets = await three_callers(desk)
    (offer,) = await offers(desk)
    assert {one["id"] for one in offer["tickets"]} == set(tickets)
    assert (offer["tickets_count"], offer["callers_count"], offer["main"]) == (3, 3, None)
    assert any("搅拌站" in word for word in offer["words"])
    assert "丽景花园" in offer["places"]
    supervisor = await desk.person(Role.SUPERVISOR)
    shown = await get(supervisor, f"/v1/tickets/{tickets[0]}/repeats")
    assert shown["offer"] == offer["id"]


async def test_two_callers_are_no_matter_of_many_however_often_they_ask(desk: Desk) -> None:
    for number, matter in enumerate((NOISE, NOISE_AGAIN, NOISE_OTHERS, MORE)):
        await file(desk, matter, who=number % 2, on=number)
    await sketch_all(desk)
    assert await offers(desk) == []


async def test_a_later_caller_joins_the_offer_and_it_grows(desk: Desk) -> None:
    desk.harness.clock.stepped = day(5)
    await three_callers(desk)
    late = await file(desk, MORE, who=4, on=5)
    await sketch_all(desk)
    (offer,) = await offers(desk)
    assert offer["tickets"][0]["id"] == late
    assert (offer["callers_count"], offer["last_day_count"]) == (4, 1)


async def test_what_was_said_long_ago_is_another_matter(desk: Desk) -> None:
    await file(desk, NOISE, who=1, on=-200)
    await file(desk, NOISE_AGAIN, who=2, on=1)
    await file(desk, NOISE_OTHERS, who=3, on=1)
    await sketch_all(desk)
    assert await offers(desk) == []


async def test_complaints_of_a_unit_do_not_join_those_of_a_matter(desk: Desk) -> None:
    await file(desk, NOISE, who=1, about_unit=WATER)
    await file(desk, NOISE_AGAIN, who=2)
    await file(desk, NOISE_OTHERS, who=3)
    await sketch_all(desk)
    assert await offers(desk) == []


async def test_linked_tickets_leave_the_offer_and_a_new_one_is_offered_their_master(
    desk: Desk,
) -> None:
    main, *members = await three_callers(desk)
    supervisor = await desk.person(Role.SUPERVISOR)
    for member in members:
        body = {"main": main, "reason": "同一搅拌站"}
        await post(supervisor, f"/v1/tickets/{member}/link", body)
    assert await offers(desk) == []
    late = await file(desk, MORE, who=4, on=5)
    await sketch_all(desk)
    (offer,) = await offers(desk)
    assert offer["main"] == main
    assert [one["id"] for one in offer["tickets"]] == [late]


async def test_a_dismissed_offer_comes_again_with_twice_the_callers(desk: Desk) -> None:
    await three_callers(desk)
    (offer,) = await offers(desk)
    supervisor = await desk.person(Role.SUPERVISOR)
    reason = {"reason": "两处工地，分别办理"}
    dismissed = await post(supervisor, f"{OFFERS}/{offer['id']}/dismiss", reason)
    assert dismissed["reason"] == reason["reason"]
    assert await offers(desk) == []
    again = await supervisor.post(f"{OFFERS}/{offer['id']}/dismiss", json=reason)
    assert (again.status_code, again.json()["code"]) == (409, "offer_dismissed")
    for number in range(10, 12):
        await file(desk, MORE, who=number, on=6)
    await sketch_all(desk)
    assert await offers(desk) == []
    await file(desk, MORE, who=12, on=7)
    await sketch_all(desk)
    (back,) = await offers(desk)
    assert (back["id"], back["callers_count"]) == (offer["id"], 6)
    assert back["dismissed_because"] == reason["reason"]


async def test_an_offer_belongs_to_the_smallest_place_of_its_tickets(desk: Desk) -> None:
    await three_callers(desk, jurisdiction="512021")
    assert len(await offers(desk, jurisdiction="512021")) == 1
    assert await offers(desk, jurisdiction="512022") == []
    await file(desk, MORE, who=4, jurisdiction="512022")
    await sketch_all(desk)
    assert await offers(desk, jurisdiction="512021") == []
    (offer,) = await offers(desk)
    assert offer["jurisdiction"] == "512000"
    county = await desk.person(Role.SUPERVISOR, jurisdiction="512021")
    refused = await county.post(f"{OFFERS}/{offer['id']}/dismiss", json={"reason": "不同"})
    assert refused.status_code == 404


async def test_an_offer_of_the_past_ends(desk: Desk) -> None:
    desk.harness.clock.stepped = day(5)
    main, *members = await three_callers(desk)
    supervisor = await desk.person(Role.SUPERVISOR)
    for member in members:
        await post(supervisor, f"/v1/tickets/{member}/link", {"main": main, "reason": "同一件事"})
    await post(supervisor, f"/v1/tickets/{main}/dispatch", {"unit": WATER, "reason": "由其负责"})
    desk.harness.clock.stepped = day(150)
    async with desk.runtime.database.pool.acquire() as connection:
        await end_offers(connection, now=day(150))
        ended = await connection.fetchval("SELECT count(ended_at) FROM master_offers")
    assert ended == 0, "its master still waits for a reply"


async def test_pages_of_offers_follow_each_other(desk: Desk) -> None:
    await three_callers(desk)
    for number, street in enumerate(("滨江路", "和平街", "朝阳大道")):
        words = {"title": f"{street}水管爆裂", "content": f"{street}自来水管爆裂，路面积水停水。"}
        await file(desk, words, who=20 + number)
        await file(desk, {"title": "咨询养老", "content": "养老金多少岁领取"}, who=30 + number)
    await sketch_all(desk)
    supervisor = await desk.person(Role.SUPERVISOR)
    every, after = [], ""
    while True:
        page = await get(supervisor, f"{OFFERS}?limit=1{after}")
        every += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(every) == len(set(every)) >= 2


@pytest.mark.parametrize("role", [Role.UNIT, Role.ADMINISTRATOR])
async def test_others_see_no_offers(desk: Desk, role: Role) -> None:
    client = await desk.person(role, **({"unit": WATER} if role is Role.UNIT else {}))
    assert (await client.get(OFFERS)).status_code == 403
    refused = await client.post(f"{OFFERS}/{caller(1)}/dismiss", json={"reason": "无"})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=51", "after=%00", "jurisdiction=x", "state=open"]
)
async def test_bad_queries_are_refused(desk: Desk, query: str) -> None:
    supervisor = await desk.person(Role.SUPERVISOR)
    assert (await supervisor.get(f"{OFFERS}?{query}")).status_code == 422


async def test_a_reason_is_needed_and_an_offer(desk: Desk) -> None:
    supervisor = await desk.person(Role.SUPERVISOR)
    path = f"{OFFERS}/{caller(1)}/dismiss"
    assert (await supervisor.post(path, json={"reason": "不是一件事"})).status_code == 404
    for reason in ("", "长" * 1_001):
        assert (await supervisor.post(path, json={"reason": reason})).status_code == 422
