"""The law of returns (B5), and the precedents that forbid them (ZY 13.5(5))."""

from datetime import UTC, datetime, timedelta

import httpx

from shared.events.dispatch import CaseDecided, TicketDispatched, TicketReturnRequested
from shared.events.words import RequestType, Role
from shared.policy.load import pack_for
from tests.services.dispatch_desk import (
    COUNTY,
    HOUSING,
    RETURN,
    UNITS,
    WATER,
    Desk,
    Json,
    desk,
    get,
    post,
    put,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

MONDAY = datetime(2026, 9, 14, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
DOCUMENT = "市热线会商纪要〔2026〕3号"


async def requested(desk: Desk, ticket: str) -> TicketReturnRequested:
    data = (await desk.said(ticket))[-1].data
    assert isinstance(data, TicketReturnRequested)
    return data


async def test_a_return_says_whether_it_was_late_and_by_which_article(ruled_desk: Desk) -> None:
    clock, water = ruled_desk.harness.clock, await ruled_desk.unit(WATER)
    clock.stepped = MONDAY
    timely, late = (await ruled_desk.file(time=MONDAY), await ruled_desk.file(time=MONDAY))
    due_at = datetime(2026, 9, 15, 9, 30, tzinfo=UTC)
    clock.step_to(due_at)
    answer = await post(water, f"/v1/tickets/{timely}/return", RETURN)
    assert [one["step"] for one in answer["deadlines"]] == ["handle"]
    said = await requested(ruled_desk, timely)
    assert (said.is_late, said.due_at, said.source_article) == (False, due_at, "ZY 13.2")
    assert said.rule == "1 working day after dispatch, to close of business"
    clock.step_to(due_at + HOUR)
    await post(water, f"/v1/tickets/{late}/return", RETURN)
    assert (await requested(ruled_desk, late)).is_late is True
    assert (await ruled_desk.timeline(late))[-1]["detail"]["late"] is True


async def test_a_ground_that_the_pack_does_not_have_is_refused(ruled_desk: Desk) -> None:
    pack = pack_for("512000")
    grounds = tuple(one for one in pack.returning.grounds if one.code == "not_our_duty")
    narrow = pack.model_copy(
        update={
            "returning": pack.returning.model_copy(update={"grounds": grounds}),
            "version": "2099-1",
        }
    )
    await ruled_desk.publish(narrow)
    ticket = await ruled_desk.file(policy=narrow.content_hash)
    path, water = f"/v1/tickets/{ticket}/return", await ruled_desk.unit(WATER)
    refused = await post(water, path, RETURN | {"ground": "out_of_scope"}, status=422)
    (error,) = refused["errors"]
    assert (error["field"], error["code"]) == ("ground", "unknown_ground")
    assert "not_our_duty" in error["message"]
    await post(water, path, RETURN)


async def test_yunnans_window_opens_with_the_signature(ruled_desk: Desk) -> None:
    clock, water = ruled_desk.harness.clock, await ruled_desk.unit(WATER)
    operator = await ruled_desk.person(Role.OPERATOR)
    clock.stepped = MONDAY
    ticket = await ruled_desk.file(time=MONDAY, policy=pack_for("530000").content_hash)
    path = f"/v1/tickets/{ticket}"
    assert [one["step"] for one in (await get(water, path))["deadlines"]] == ["sign"]
    clock.step_to(MONDAY + 40 * HOUR)
    answer = await post(water, f"{path}/return", RETURN)
    assert {one["step"]: one["due_at"][:16] for one in answer["deadlines"]} == {
        "handle": "2026-10-13T17:30"
    }
    said = await requested(ruled_desk, ticket)
    assert (said.is_late, said.due_at) == (False, None)
    rejected = {"decision": "rejected", "reason": "属该单位职责"}
    await post(operator, f"{path}/decide-return", rejected)
    clock.step_to(MONDAY + 50 * HOUR)
    answer = await post(water, f"{path}/sign", {})
    assert {one["step"]: one["due_at"][:16] for one in answer["deadlines"]} == {
        "handle": "2026-10-13T17:30"
    }
    clock.step_to(MONDAY + 75 * HOUR)
    await post(water, f"{path}/return", RETURN)
    said = await requested(ruled_desk, ticket)
    assert (said.is_late, said.due_at) == (True, MONDAY + 74 * HOUR)


async def test_returns_are_counted_for_the_unit_and_the_hotline(ruled_desk: Desk) -> None:
    clock, water = ruled_desk.harness.clock, await ruled_desk.unit(WATER)
    supervisor = await ruled_desk.person(Role.SUPERVISOR)
    clock.stepped = MONDAY
    tickets = [await ruled_desk.file(time=MONDAY) for _ in range(3)]
    clock.step_to(MONDAY + HOUR)
    for ticket, decision in zip(tickets, ("granted", "rejected", None), strict=True):
        if decision is None:
            clock.step_to(MONDAY + 48 * HOUR)
        await post(water, f"/v1/tickets/{ticket}/return", RETURN)
        if decision is not None:
            decided = {"decision": decision, "reason": "经核实"}
            await post(supervisor, f"/v1/tickets/{ticket}/decide-return", decided)
    path = f"/v1/units/{WATER}/returns"
    counted = {"asked": 3, "granted": 1, "rejected": 1, "late": 1}
    assert await get(water, path) == counted
    assert await get(supervisor, path) == counted
    since = "?since=2026-09-15T00:00:00%2B08:00"
    assert await get(supervisor, path + since) == {
        "asked": 1,
        "granted": 0,
        "rejected": 0,
        "late": 1,
    }
    assert await get(supervisor, f"/v1/units/{HOUSING}/returns") == dict.fromkeys(counted, 0)
    housing = await ruled_desk.unit(HOUSING)
    elsewhere = await ruled_desk.person(Role.SUPERVISOR, jurisdiction="530000")
    editor = await ruled_desk.person(Role.EDITOR)
    for client, status in ((housing, 404), (elsewhere, 404), (editor, 403)):
        assert (await client.get(path)).status_code == status
    assert (await supervisor.get("/v1/units/nobody/returns")).status_code == 404
    naive = await supervisor.get(f"{path}?since=2026-09-15T00:00:00")
    assert (naive.status_code, naive.json()["errors"][0]["field"]) == (422, "since")


def decision(ticket: str, **changed: object) -> Json:
    return {
        "ticket_id": ticket,
        "lead_unit": HOUSING,
        "co_units": [COUNTY],
        "category": "010203",
        "jurisdiction": "512000",
        "document": DOCUMENT,
        **changed,
    }


async def decide(desk: Desk, **changed: object) -> tuple[httpx.AsyncClient, Json]:
    """The coordination group, and its precedent: pipes go to the housing bureau."""
    group = await desk.person(Role.COORDINATION)
    ticket = await desk.file(request_type=RequestType.HELP)
    return group, await post(group, "/v1/precedents", decision(ticket, **changed), status=201)


async def test_a_decision_is_a_precedent_for_matters_of_the_same_kind(ruled_desk: Desk) -> None:
    group, precedent = await decide(ruled_desk)
    said = (await ruled_desk.said(precedent["id"]))[0]
    assert isinstance(said.data, CaseDecided)
    assert (said.sequence, said.data.topic) == (1, "oversight")
    assert (said.data.lead_unit, said.data.co_units) == (HOUSING, (COUNTY,))
    assert (said.data.category, said.data.document) == ("010203", DOCUMENT)
    last = (await ruled_desk.timeline(precedent["ticket_id"]))[-1]
    assert (last["event_name"], last["text"], last["by"]) == (
        *("会商决定", DOCUMENT),
        "test-coordination-",
    )
    same = await ruled_desk.file(jurisdiction="512021")
    dispatched = (await ruled_desk.said(same))[-1].data
    assert isinstance(dispatched, TicketDispatched)
    assert (dispatched.unit, dispatched.rule) == (HOUSING, f"precedent:{precedent['id']}")
    assert dispatched.unit_name == "资阳市住房和城乡建设局"
    other = await ruled_desk.file(category="0102")
    assert (await get(group, f"/v1/tickets/{other}"))["unit"] == WATER
    question = {"jurisdiction": "512000", "category": "010203", "request_type": "help"}
    explained = await post(group, "/v1/duty-rules/explain", question)
    assert explained["unit"] == HOUSING
    assert "ZY 13.5(5)" in explained["why"]


async def test_a_matter_with_a_precedent_cannot_be_returned(ruled_desk: Desk) -> None:
    group, precedent = await decide(ruled_desk)
    ticket = await ruled_desk.file()
    housing = await ruled_desk.unit(HOUSING)
    path = f"/v1/tickets/{ticket}"
    refused = await post(housing, f"{path}/return", RETURN, status=409)
    assert refused["code"] == "precedent_binds"
    assert DOCUMENT in refused["detail"]
    assert "ZY 13.5(5)" in refused["detail"]
    co_handled = await ruled_desk.file(category="02", jurisdiction="512021")
    operator = await ruled_desk.person(Role.OPERATOR)
    await post(housing, f"/v1/tickets/{co_handled}/return", RETURN)
    to_county = {"decision": "granted", "reason": "属县里", "unit": COUNTY}
    await post(operator, f"/v1/tickets/{co_handled}/decide-return", to_county)
    county = await ruled_desk.unit(COUNTY)
    await post(county, f"/v1/tickets/{co_handled}/return", RETURN)
    # The water bureau is not bound: what came to it before the decision it may return.
    before = precedent["ticket_id"]
    water = await ruled_desk.unit(WATER)
    await post(water, f"/v1/tickets/{before}/return", RETURN)
    retired = await post(
        group, f"/v1/precedents/{precedent['id']}/retire", {"reason": "职责已调整"}
    )
    assert (retired["retired_by"], retired["retired_because"]) == (
        *("test-coordination-", "职责已调整"),
    )
    await post(housing, f"{path}/return", RETURN)
    after = await ruled_desk.file()
    assert (await get(group, f"/v1/tickets/{after}"))["unit"] == WATER
    again = await post(
        group, f"/v1/precedents/{precedent['id']}/retire", {"reason": "重复"}, status=409
    )
    assert again["code"] == "precedent_retired"


async def test_a_precedent_binds_no_other_platform_and_the_office_still_decides(
    ruled_desk: Desk,
) -> None:
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    await put(administrator, f"/v1/units/{HOUSING}", UNITS[HOUSING] | {"platform": "510000"})
    await decide(ruled_desk, co_units=[])
    path = f"/v1/tickets/{await ruled_desk.file()}"
    province = await ruled_desk.person(Role.UNIT, unit=HOUSING, subject="platform:510000")
    assert (await post(province, f"{path}/return", RETURN))["state"] == "return_requested"
    rejected = {"decision": "rejected", "reason": "应当参照会商决定办理"}
    office = await ruled_desk.person(Role.OPERATOR)
    assert (await post(office, f"{path}/decide-return", rejected))["state"] == "dispatched"


async def test_precedents_are_listed_by_place_and_kind(ruled_desk: Desk) -> None:
    group, city = await decide(ruled_desk)
    _, county = await decide(ruled_desk, jurisdiction="512021", lead_unit=COUNTY, co_units=[])
    _, roads = await decide(ruled_desk, category="02", lead_unit=WATER, co_units=[])

    async def ids(client: httpx.AsyncClient, query: str = "") -> list[str]:
        return [one["id"] for one in (await get(client, f"/v1/precedents{query}"))["items"]]

    assert await ids(group) == [roads["id"], county["id"], city["id"]]
    assert await ids(group, "?jurisdiction=512021&category=010203") == [county["id"], city["id"]]
    assert await ids(group, "?jurisdiction=512022") == [roads["id"], city["id"]]
    page = await get(group, "/v1/precedents?limit=2")
    rest = await get(group, f"/v1/precedents?limit=2&after={page['next']}")
    assert ([one["id"] for one in rest["items"]], rest["next"]) == ([city["id"]], None)
    assert await ids(await ruled_desk.unit(COUNTY)) == [county["id"], city["id"]]
    assert await ids(await ruled_desk.person(Role.SUPERVISOR, jurisdiction="620000")) == []
    here = await ruled_desk.file(jurisdiction="512021")
    assert (await get(group, f"/v1/tickets/{here}"))["rule"] == f"precedent:{county['id']}"


async def test_a_wrong_decision_is_refused_and_the_field_named(ruled_desk: Desk) -> None:
    group, precedent = await decide(ruled_desk)
    ticket = precedent["ticket_id"]
    administrator = await ruled_desk.person(Role.ADMINISTRATOR)
    gone = {"name": "已撤销单位", "jurisdiction": "512000", "is_active": False}
    await put(administrator, "/v1/units/512000-gone", gone)
    for changed, field, code in (
        ({"lead_unit": "nobody"}, "lead_unit", "unknown_unit"),
        ({"lead_unit": "512000-gone"}, "lead_unit", "inactive_unit"),
        ({"co_units": [HOUSING]}, "co_units", "unit_twice"),
        ({"jurisdiction": "512022"}, "co_units", "other_place"),
        ({"document": " "}, "document", "string_too_short"),
        ({"category": None}, "category", "string_type"),
    ):
        body = decision(ticket, **changed)
        problem = await post(group, "/v1/precedents", body, status=422)
        error = problem["errors"][0]
        assert (error["field"], error["code"]) == (field, code)
    problem = await post(group, "/v1/precedents", decision(ticket), status=409)
    assert problem["code"] == "precedent_exists"
    await post(group, "/v1/precedents", decision(ticket, jurisdiction="530000"), status=404)
    unknown = decision("01990000-0000-7000-8000-000000000000")
    await post(group, "/v1/precedents", unknown, status=404)
    for role in (Role.OPERATOR, Role.LEADER):
        person = await ruled_desk.person(role)
        await post(person, "/v1/precedents", decision(ticket), status=403)
    elsewhere = await ruled_desk.person(Role.SUPERVISOR, jurisdiction="530000")
    path = f"/v1/precedents/{precedent['id']}/retire"
    await post(elsewhere, path, {"reason": "x"}, status=404)


async def test_the_same_decision_with_the_same_key_is_made_once(ruled_desk: Desk) -> None:
    group, ticket = await ruled_desk.person(Role.COORDINATION), await ruled_desk.file()
    key = {"Idempotency-Key": "decide"}
    answers = [
        await group.post("/v1/precedents", json=decision(ticket), headers=key) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
