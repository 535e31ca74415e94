"""Who makes people, who grants roles, and that the three administrations are kept apart (F9)."""

import asyncio

import asyncpg
import pytest

from shared.events.words import Role
from tests.harness import Harness, token
from tests.services.people_desk import PASSWORD, Desk

APART = (Role.ADMINISTRATOR, Role.SECURITY, Role.AUDITOR)
ADD = {"work_number": "HW0107", "name": "话务员", "jurisdiction": "512000"}
GRANT = {"role": "operator", "jurisdiction": "512000"}


@pytest.mark.parametrize("held", APART)
async def test_nobody_holds_two_administrations(harness: Harness, held: Role) -> None:
    desk = await Desk.open(harness)
    await desk.person("HW0107", held, Role.OPERATOR)
    for wanted in APART:
        answer = await desk.grant("HW0107", wanted, jurisdiction="512021")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_apart")
    assert (await desk.grant("HW0107", held)).status_code == 200, "it is held already"


async def test_the_database_itself_keeps_administrations_apart(harness: Harness) -> None:
    desk = await Desk.open(harness)
    await desk.person("HW0107", Role.AUDITOR)
    with pytest.raises(asyncpg.UniqueViolationError):
        await desk.sql(
            """INSERT INTO assignments (id, person_id, role, jurisdiction, granted_by, granted_at)
            SELECT gen_random_uuid(), id, 'security', '530000', 'x', now() FROM people"""
        )


async def test_two_grants_at_once_do_not_join_two_administrations(harness: Harness) -> None:
    desk = await Desk.open(harness)
    await desk.person("HW0107")
    answers = await asyncio.gather(*(desk.grant("HW0107", role) for role in APART))
    assert sorted(one.status_code for one in answers) == [200, 409, 409]


async def test_after_a_revocation_another_administration_may_be_held(harness: Harness) -> None:
    desk = await Desk.open(harness)
    await desk.person("HW0107", Role.AUDITOR)
    held = (await desk.security.get("/v1/people/HW0107")).json()["assignments"]
    await desk.security.post("/v1/people/HW0107/revoke", json={"assignment": held[0]["id"]})
    assert (await desk.grant("HW0107", Role.SECURITY)).status_code == 200
    assert [by for _, by in await desk.audited("role.granted")] == ["HW0001"] * 2
    assert await desk.audited("role.revoked") == [("HW0107", "HW0001")]


async def test_each_administration_does_its_own_alone(harness: Harness) -> None:
    desk = await Desk.open(harness)
    await desk.person("HW0107")
    auditor = await harness.client(desk.app, token(harness.settings, Role.AUDITOR))
    operator = await harness.client(desk.app, token(harness.settings, Role.OPERATOR))
    because = {"reason": "测试"}
    for client, path, body in (
        (desk.security, "/v1/people", ADD),
        (desk.security, "/v1/people/HW0107/deactivate", because),
        (desk.administrator, "/v1/people/HW0107/grant", GRANT),
        (desk.administrator, "/v1/people/HW0107/lock", because),
        (desk.administrator, "/v1/people/HW0107/reset-password", because),
        (auditor, "/v1/people", ADD),
        (auditor, "/v1/people/HW0107/grant", GRANT),
        (operator, "/v1/people/HW0107/unlock", because),
    ):
        answer = await client.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), path
    assert (await auditor.get("/v1/people")).status_code == 403
    assert len((await desk.administrator.get("/v1/people")).json()["items"]) == 1


async def test_nobody_changes_their_own_rights(harness: Harness) -> None:
    desk = await Desk.open(harness)
    await desk.administrator.post("/v1/people", json=ADD | {"work_number": "HW0001"})
    answers = [await desk.grant("HW0001", Role.LEADER), await desk.act("HW0001", "unlock")]
    answers.append(await desk.act("HW0001", "reset-password"))
    assert [one.json()["code"] for one in answers] == ["not_yourself"] * 3


async def test_a_place_looks_after_its_own_people_alone(harness: Harness) -> None:
    desk = await Desk.open(harness)
    await desk.person("HW0107", Role.OPERATOR)
    elsewhere, county, above = [
        await harness.client(desk.app, token(harness.settings, Role.SECURITY, jurisdiction=place))
        for place in ("530000", "512021", "510000")
    ]
    because = {"reason": "测试"}
    for client in (elsewhere, county):
        assert (await client.get("/v1/people/HW0107")).status_code == 404
        assert (await client.get("/v1/people")).json()["items"] == []
        assert (await client.post("/v1/people/HW0107/lock", json=because)).status_code == 404
    beyond = {"role": "leader", "jurisdiction": "510000"}
    assert (await desk.security.post("/v1/people/HW0107/grant", json=beyond)).status_code == 403
    assert (await above.post("/v1/people/HW0107/grant", json=beyond)).status_code == 200
    answer = await desk.act("HW0107", "reset-password")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), "else they rise"


async def test_a_work_number_is_given_once(harness: Harness) -> None:
    desk = await Desk.open(harness)
    answers = await asyncio.gather(
        *(desk.administrator.post("/v1/people", json=ADD) for _ in range(3))
    )
    assert sorted(one.status_code for one in answers) == [201, 409, 409]
    await desk.act("HW0107", "deactivate")
    answer = await desk.administrator.post("/v1/people", json=ADD)
    assert answer.json()["code"] == "work_number_taken"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("", ADD | {"work_number": "hw-1"}, "work_number"),
        ("", ADD | {"name": ""}, "name"),
        ("", ADD | {"jurisdiction": "资阳"}, "jurisdiction"),
        ("/HW0107/grant", GRANT | {"role": "unit"}, "unit"),
        ("/HW0107/grant", GRANT | {"unit": "512000-01"}, "unit"),
        ("/HW0107/grant", GRANT | {"role": "platform"}, "role"),
        ("/HW0107/grant", GRANT | {"role": "king"}, "role"),
        ("/HW0107/grant", GRANT | {"seat": "A\x00"}, "seat"),
        ("/%00/grant", GRANT, "work_number"),
    ],
)
async def test_what_is_malformed_is_named(
    harness: Harness, path: str, body: dict[str, str], field: str
) -> None:
    desk = await Desk.open(harness)
    await desk.person("HW0107")
    client = desk.security if path else desk.administrator
    answer = await client.post(f"/v1/people{path}", json=body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_a_one_time_password_is_shown_once_though_the_call_comes_again(
    harness: Harness,
) -> None:
    desk = await Desk.open(harness)
    await desk.person("HW0107", Role.OPERATOR)
    answers = [
        await desk.security.post(
            "/v1/people/HW0107/reset-password",
            json={"reason": "忘记"},
            headers={"Idempotency-Key": "once"},
        )
        for _ in range(2)
    ]
    first, again = (one.json() for one in answers)
    assert again == first | {"temporary_password": None}
    kept = await desk.runtime.database.pool.fetchval("SELECT answer FROM kept_answers")
    assert first["temporary_password"].encode() not in bytes(kept)


async def test_who_is_let_go_is_out_at_once_and_comes_back(harness: Harness) -> None:
    desk = await Desk.open(harness)
    browser = await desk.member("HW0107", Role.OPERATOR)
    assert (await browser.me()).status_code == 200
    assert (await desk.act("HW0107", "deactivate")).json()["is_active"] is False
    assert (await browser.me()).json()["code"] == "session_over"
    assert (await browser.log_in("HW0107")).status_code == 401
    await desk.act("HW0107", "activate")
    assert (await browser.log_in("HW0107", PASSWORD)).status_code == 303


async def test_people_come_in_pages(harness: Harness) -> None:
    desk = await Desk.open(harness)
    for number in ("HW0101", "HW0102", "HW0103"):
        body = ADD | {"work_number": number}
        assert (await desk.administrator.post("/v1/people", json=body)).status_code == 201
    first = (await desk.security.get("/v1/people?limit=2")).json()
    rest = (await desk.security.get("/v1/people", params={"after": first["next"]})).json()
    shown = [one["work_number"] for one in first["items"] + rest["items"]]
    assert (shown, rest["next"]) == (["HW0103", "HW0102", "HW0101"], None)
