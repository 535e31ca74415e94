"""Sessions: idle, too many, another role, another site (F9)."""

import asyncio
from uuid import uuid4

import pytest

from services.gateway.people.sessions import forget_sessions, principal_of_session
from shared.events.words import Role
from shared.problems import Unauthenticated
from tests.harness import Harness, eventually, token
from tests.services.people_desk import PASSWORD, Desk

AGO = "UPDATE sessions SET seen_at = seen_at - $1::text::interval"


async def test_a_session_is_a_person_in_their_role(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser = await desk.member("HW0107", Role.UNIT, unit="512000-01")
    found = await principal_of_session(desk.runtime, browser.token())
    assert (found.subject, found.role, found.jurisdiction, found.unit) == (
        *("HW0107", Role.UNIT),
        *("512000", "512000-01"),
    )
    assert found.is_person
    client = await harness.client(desk.app, browser.token())
    assert (await client.get("/v1/feeds/dispatches")).status_code == 200
    assert (await client.get("/v1/people")).status_code == 403
    assert (await browser.client.get("/v1/people")).status_code == 403


async def test_a_session_without_calls_ends_and_calls_keep_it(harness: Harness) -> None:
    desk = await Desk.open(harness, session_idle_minutes=30.0)
    browser = await desk.member("HW0107", Role.OPERATOR)
    for _ in range(3):
        await desk.sql(AGO, "29 minutes")
        assert (await browser.me()).status_code == 200
    await desk.sql(AGO, "31 minutes")
    answer = await browser.me()
    assert (answer.status_code, answer.json()["code"]) == (401, "session_over")


async def test_a_session_ends_though_it_is_used(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser = await desk.member("HW0107", Role.OPERATOR)
    await desk.sql("UPDATE sessions SET ends_at = clock_timestamp()")
    assert (await browser.me()).status_code == 401


async def test_the_last_sight_is_written_once_a_minute(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser = await desk.member("HW0107", Role.OPERATOR)
    seen = "SELECT seen_at FROM sessions"
    first = await desk.runtime.database.pool.fetchval(seen)
    await browser.me()
    assert await desk.runtime.database.pool.fetchval(seen) == first
    await desk.sql(AGO, "61 seconds")
    await browser.me()
    assert await desk.runtime.database.pool.fetchval(seen) > first


async def test_the_token_is_kept_as_a_hash(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser = await desk.member("HW0107", Role.OPERATOR)
    row = await desk.runtime.database.pool.fetchrow("SELECT * FROM sessions")
    assert browser.token() not in str(dict(row))
    for wrong in (browser.token() + "x", "hs_", "", token(harness.settings, Role.OPERATOR)):
        with pytest.raises(Unauthenticated):
            await principal_of_session(desk.runtime, wrong)


async def test_the_oldest_session_ends_where_there_are_too_many(harness: Harness) -> None:
    desk = await Desk.open(harness, sessions_per_person_max=2)
    browsers = [await desk.member("HW0107", Role.OPERATOR)]
    for _ in range(2):
        browsers.append(await desk.browser())
        await browsers[-1].log_in("HW0107")
        await browsers[-1].arrive()
    assert [(await one.me()).status_code for one in browsers] == [401, 200, 200]


async def test_who_holds_several_roles_chooses_one_and_changes(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser = await desk.member("HW0107", Role.OPERATOR, Role.QUALITY)
    me = (await browser.me()).json()
    assert me["role"] is None
    assert [one["role"] for one in me["assignments"]] == ["operator", "quality"]
    client = await harness.client(desk.app, browser.token())
    assert (await client.get("/v1/people")).json()["code"] == "no_role_chosen"
    for one in me["assignments"]:
        chosen = await browser.post("/v1/sessions/choose", {"assignment": one["id"]})
        assert (chosen.status_code, chosen.json()["role"]) == (200, one["role"])
        assert (await principal_of_session(desk.runtime, browser.token())).role == one["role"]
    other = await browser.post("/v1/sessions/choose", {"assignment": str(uuid4())})
    assert other.status_code == 404
    assert await desk.audited("role.chosen") == [("HW0107", "HW0107")] * 2


async def test_nobody_chooses_what_somebody_else_holds(harness: Harness) -> None:
    desk = await Desk.open(harness)
    await desk.person("HW0108", Role.SUPERVISOR)
    held = (await desk.security.get("/v1/people/HW0108")).json()["assignments"][0]
    browser = await desk.member("HW0107", Role.OPERATOR)
    answer = await browser.post("/v1/sessions/choose", {"assignment": held["id"]})
    assert answer.status_code == 404
    assert (await browser.me()).json()["role"] == "operator"


async def test_a_lost_role_ends_the_sessions_that_work_in_it(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser = await desk.member("HW0107", Role.OPERATOR, Role.QUALITY)
    held = (await browser.me()).json()["assignments"]
    await browser.post("/v1/sessions/choose", {"assignment": held[0]["id"]})
    revoke = "/v1/people/HW0107/revoke"
    await desk.security.post(revoke, json={"assignment": held[1]["id"]})
    assert (await browser.me()).status_code == 200
    await desk.security.post(revoke, json={"assignment": held[0]["id"]})
    assert (await browser.me()).status_code == 401


async def test_a_lock_is_felt_within_the_time_of_the_cache(harness: Harness) -> None:
    desk = await Desk.open(harness, session_cache_seconds=0.5)
    browser = await desk.member("HW0107", Role.OPERATOR)
    client = await harness.client(desk.app, browser.token())
    assert (await client.get("/v1/feeds/dispatches")).status_code == 403
    await desk.act("HW0107", "lock")

    async def is_out() -> bool:
        return (await client.get("/v1/feeds/dispatches")).status_code == 401

    await eventually(is_out)


async def test_a_system_role_is_never_worked_in_without_its_second_factor(
    harness: Harness,
) -> None:
    desk = await Desk.open(harness)
    browser = await desk.member("HW0107", Role.OPERATOR)
    assert (await desk.grant("HW0107", Role.QUALITY)).status_code == 200
    assert (await browser.me()).status_code == 200, "a seat's role ends nothing"
    assert (await desk.grant("HW0107", Role.AUDITOR)).status_code == 200
    assert (await browser.me()).status_code == 401
    assert await desk.runtime.database.pool.fetchval("SELECT count(*) FROM login_codes") == 0


async def test_another_sites_page_does_nothing_with_the_cookie(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser = await desk.member("HW0107", Role.OPERATOR)
    for headers, status in (
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": desk.runtime.settings.public_url}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": desk.runtime.settings.public_url}, 200),
    ):
        for path, body in (("/v1/sessions/end", {}), ("/auth/logout", None)):
            if status == 403:
                answer = await browser.client.post(path, json=body, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    bearer = await harness.client(desk.app, browser.token())
    assert (await bearer.post("/v1/sessions/end", json={})).status_code == 200, "no browser did it"


async def test_logging_out_ends_the_session_here_or_everywhere(harness: Harness) -> None:
    desk = await Desk.open(harness)
    first, second = await desk.member("HW0107", Role.OPERATOR), await desk.browser()
    await second.log_in("HW0107", PASSWORD)
    await second.arrive()
    taken = first.token()
    first.page = await first.client.get("/auth/logout")
    assert (await first.me()).status_code == 200, "a link alone does nothing"
    await first.client.post("/auth/logout", headers={"Sec-Fetch-Site": "same-origin"})
    with pytest.raises(Unauthenticated):
        await principal_of_session(desk.runtime, taken)
    assert (await second.me()).status_code == 200
    await second.post("/v1/sessions/end", {"everywhere": True})
    assert await desk.runtime.database.pool.fetchval("SELECT count(*) FROM sessions") == 0


async def test_a_trial_token_says_who_it_is_and_has_no_session(harness: Harness) -> None:
    desk = await Desk.open(harness)
    me = (await desk.security.get("/v1/me")).json()
    assert (me["work_number"], me["role"], me["assignments"]) == ("HW0001", "security", [])
    assert (await desk.security.post("/v1/sessions/end", json={})).status_code == 401


async def test_sessions_that_are_over_are_forgotten(harness: Harness) -> None:
    desk = await Desk.open(harness)
    await desk.member("HW0107", Role.OPERATOR)
    await asyncio.gather(*(desk.member(f"HW020{n}", Role.OPERATOR) for n in range(2)))
    await desk.sql("UPDATE sessions SET seen_at = seen_at - interval '31 minutes'")
    await desk.member("HW0108", Role.OPERATOR)
    async with desk.runtime.database.pool.acquire() as connection:
        assert await forget_sessions(connection, desk.runtime.settings, limit=2) == 2
        assert await forget_sessions(connection, desk.runtime.settings, limit=2) == 1
