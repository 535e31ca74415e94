"""Cases of the coordination group: each kind, who may, what it needs (B6, ZY 13.5)."""

from typing import Any

import httpx
import pytest

from shared.events.loop import TicketCoordinated
from shared.events.words import Role
from tests.services.dispatch_cases import (
    DECISION,
    FIRST,
    HEAD,
    MEMBERS,
    REPORT,
    SECOND,
    SIGNED,
    THIRD,
    Group,
    open_group,
)
from tests.services.dispatch_desk import (
    COUNTY,
    HOUSING,
    WATER,
    Desk,
    Json,
    desk,
    get,
    post,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]


@pytest.fixture
async def group(ruled_desk: Desk) -> Group:
    return await open_group(ruled_desk)


async def to_water(group: Group, **fields: Any) -> str:
    """A ticket that a rule sent to the water bureau."""
    return await group.desk.file(category="0102", **fields)


async def test_a_ticket_without_a_unit_goes_to_the_group_and_the_clock_runs_on(
    group: Group,
) -> None:
    ticket = await to_water(group)
    path = f"/v1/tickets/{ticket}"
    case = await group.coordinate(ticket, "undetermined")
    assert (case["state"], case["kind_name"]) == ("open", "承办单位无法确定")
    assert case["missing"] == ["会商协调小组组长（先确定成员）", "会商协调小组组长签批"]
    shown = await get(group.supervisor, path)
    assert (shown["state"], shown["unit"]) == ("coordinating", None)
    assert [one["step"] for one in shown["deadlines"]] == ["handle"]
    said = (await group.desk.said(ticket))[-1].data
    assert isinstance(said, TicketCoordinated)
    assert (str(said.case), said.kind, said.opened_by) == (
        *(case["id"], "undetermined"),
        "test-supervisor-",
    )
    # The unit has it no more, and cannot sign what the group has.
    water = await group.desk.unit(WATER)
    assert (await water.get(path)).status_code == 404
    await post(water, f"{path}/sign", {}, status=404)
    again = await group.coordinate(ticket, "risk", status=409)
    assert again["code"] == "act_refused"
    await post(group.supervisor, f"{path}/dispatch", {"unit": WATER, "reason": "x"}, status=409)


@pytest.mark.parametrize("kind", ["undetermined", "risk"])
async def test_the_head_signs_for_the_group(group: Group, kind: str) -> None:
    case = await group.open(kind)
    refused = await group.decide(case, status=409)
    assert refused["code"] == "case_not_ready"
    assert "会商协调小组组长签批" in refused["detail"]
    named = await group.name(case)
    assert named["missing"] == ["会商协调小组组长签批"]
    assert [one["subject"] for one in named["members"]] == [HEAD, FIRST, SECOND, THIRD]
    member = await group.act(case, "sign", group.people[FIRST], SIGNED, status=403)
    assert "会商协调小组组长签批" in member["detail"]
    await group.act(case, "sign", group.leader, SIGNED, status=403)
    await group.act(case, "sign", group.supervisor, SIGNED, status=403)
    signed = await group.sign(case)
    assert signed["missing"] == []
    assert (signed["signatures"][0]["capacity"], signed["signatures"][0]["subject"]) == (
        *("head", HEAD),
    )
    assert (await group.sign(case, status=409))["code"] == "case_signed"
    assert (await group.vote(case, HEAD, WATER, status=409))["code"] == "act_refused"
    decided = await group.decide(case)
    assert (decided["state"], decided["closed_by"]) == ("decided", "test-supervisor-")


async def test_what_was_signed_is_what_is_decided(group: Group) -> None:
    case = await group.open("undetermined")
    await group.name(case)
    await group.sign(case)
    for changed in ({"lead_unit": HOUSING, "co_units": []}, {"co_units": []}):
        refused = await group.decide(case, status=409, **changed)
        assert refused["code"] == "case_not_ready"
        assert f"签批的是 {WATER}、{HOUSING}" in refused["detail"]
    await group.decide(case)


async def test_a_meeting_decides_by_the_majority_of_its_members(group: Group) -> None:
    case = await group.open("no_lead")
    await group.vote(case, FIRST, WATER, status=403)
    named = await group.name(case)
    assert named["missing"] == ["过半数成员的表决（成员 4 人，已表决 0 人）"]
    assert (await group.sign(case, status=409))["code"] == "act_refused"
    await group.vote(case, FIRST, WATER)
    assert (await group.vote(case, FIRST, HOUSING, status=409))["code"] == "already_voted"
    outsider = await group.desk.person(Role.COORDINATION, subject="XT0009")
    await group.act(case, "vote", outsider, {"lead_unit": WATER}, status=403)
    await group.act(case, "vote", group.supervisor, {"lead_unit": WATER}, status=403)
    two = await group.vote(case, SECOND, WATER)
    assert two["elected"] is None
    refused = await group.decide(case, status=409, minutes="会议纪要全文")
    assert "已表决 2 人" in refused["detail"]
    assert (await group.vote(case, THIRD, WATER))["elected"] == WATER
    without = await group.decide(case, status=409)
    assert "会议纪要（minutes）" in without["detail"]
    other = await group.decide(case, status=409, lead_unit=HOUSING, co_units=[], minutes="纪要")
    assert f"表决确定的是 {WATER}" in other["detail"]
    decided = await group.decide(case, minutes="会议纪要全文")
    assert decided["minutes"] == "会议纪要全文"
    assert decided["number"].endswith("热线会商纪要〔2026〕1号")


async def test_a_tie_is_decided_by_the_head(group: Group) -> None:
    case = await group.open("no_lead")
    await group.name(case)
    for subject, unit in ((FIRST, WATER), (SECOND, WATER), (HEAD, HOUSING)):
        assert (await group.vote(case, subject, unit))["elected"] is None
    assert (await group.vote(case, THIRD, HOUSING))["elected"] == HOUSING


async def test_members_stay_once_somebody_has_voted(group: Group) -> None:
    case = await group.open("no_lead")
    await group.name(case, MEMBERS[:2])
    assert len((await group.name(case, MEMBERS[:3]))["members"]) == 3
    await group.vote(case, HEAD, WATER)
    assert (await group.name(case, status=409))["code"] == "act_refused"
    for members, code in (
        ([], "too_short"),
        (MEMBERS[1:], "one_head"),
        ([MEMBERS[0], MEMBERS[0]], "member_twice"),
    ):
        other = await group.open("no_lead")
        assert (await group.name(other, members, status=422))["errors"][0]["code"] == code


async def test_a_major_matter_has_one_report_and_a_city_leaders_signature(group: Group) -> None:
    ticket = await group.desk.file()
    path, body = f"/v1/tickets/{ticket}/coordinate", {"kind": "major", "reason": "群众反映强烈"}
    missing = await post(group.supervisor, path, body, status=422)
    assert missing["errors"][0]["field"] == "report"
    needless = body | {"kind": "risk", "report": REPORT}
    refused = await post(group.supervisor, path, needless, status=422)
    assert refused["errors"][0]["code"] == "not_needed"
    case = await group.coordinate(ticket, "major")
    assert (case["report"], case["missing"]) == (REPORT, ["市政府领导签批"])
    await group.name(case)
    await group.act(case, "sign", group.people[HEAD], SIGNED, status=403)
    county = await group.desk.person(Role.LEADER, jurisdiction="512021", subject="XZ0001")
    await group.act(case, "sign", county, SIGNED, status=404)
    assert (await group.sign(case))["signatures"][0]["capacity"] == "leader"
    decided = await group.decide(case)
    assert decided["number"].endswith("热线会商督办〔2026〕1号")


async def test_a_county_leader_does_not_sign_for_the_city(group: Group) -> None:
    case = await group.open("major", jurisdiction="512021")
    county = await group.desk.person(Role.LEADER, jurisdiction="512021", subject="XZ0001")
    assert "市政府领导" in (await group.act(case, "sign", county, SIGNED, status=403))["detail"]
    await group.sign(case)


async def test_only_who_prepares_or_sits_in_the_group_acts(group: Group) -> None:
    case = await group.open("undetermined")
    ticket = await group.desk.file()
    operator = await group.desk.person(Role.OPERATOR)
    unit = await group.desk.unit(WATER)
    elsewhere = await group.desk.person(Role.SUPERVISOR, jurisdiction="530000")
    opening = {"kind": "undetermined", "reason": "x"}
    for who, status in ((operator, 403), (unit, 403), (group.leader, 403), (elsewhere, 404)):
        await post(who, f"/v1/tickets/{ticket}/coordinate", opening, status=status)
    members: Json = {"members": MEMBERS}
    for act, body in (("members", members), ("decide", DECISION), ("drop", {"reason": "x"})):
        for who, status in ((operator, 403), (unit, 403), (group.leader, 403), (elsewhere, 404)):
            await group.act(case, act, who, body, status=status)
    for act, body in (("vote", {"lead_unit": WATER}), ("sign", SIGNED)):
        for who in (operator, unit, group.supervisor):
            await group.act(case, act, who, body, status=403)
    unknown = {"id": "01990000-0000-7000-8000-000000000000"}
    await group.act(unknown, "drop", group.supervisor, {"reason": "x"}, status=404)


async def test_units_that_cannot_have_the_ticket_are_refused(group: Group) -> None:
    case = await group.open("no_lead")
    await group.name(case)
    problem = await group.vote(case, HEAD, "nobody", status=422)
    assert problem["errors"][0]["code"] == "unknown_unit"
    case = await group.open("undetermined")
    await group.name(case)
    for changed, field, code in (
        ({"lead_unit": "nobody"}, "lead_unit", "unknown_unit"),
        ({"co_units": [WATER]}, "co_units", "unit_twice"),
        ({"lead_unit": COUNTY, "co_units": ["nobody"]}, "co_units", "unknown_unit"),
        ({"opinion": " "}, "opinion", "string_too_short"),
    ):
        error = (await group.sign(case, status=422, **changed))["errors"][0]
        assert (error["field"], error["code"]) == (field, code)


async def test_cases_are_listed_newest_first_for_those_of_the_place(group: Group) -> None:
    kinds = ("undetermined", "no_lead", "risk")
    opened = [await group.open(kind) for kind in kinds]
    await group.act(opened[0], "drop", group.supervisor, {"reason": "误报"})
    newest = [case["id"] for case in reversed(opened)]

    async def ids(who: httpx.AsyncClient, query: str = "") -> list[str]:
        return [one["id"] for one in (await get(who, f"/v1/cases{query}"))["items"]]

    assert await ids(group.leader) == newest
    assert await ids(group.supervisor, "?state=open") == newest[:2]
    assert await ids(group.supervisor, "?kind=no_lead") == [opened[1]["id"]]
    page = await get(group.supervisor, "/v1/cases?limit=2")
    rest = await ids(group.supervisor, f"?limit=2&after={page['next']}")
    assert [*(one["id"] for one in page["items"]), *rest] == newest
    assert await ids(await group.desk.person(Role.SUPERVISOR, jurisdiction="530000")) == []
    assert (await (await group.desk.unit(WATER)).get("/v1/cases")).status_code == 403
    for query in ("state=nowhere", "after=xx", "limit=0"):
        assert (await group.supervisor.get(f"/v1/cases?{query}")).status_code == 422


async def test_the_same_act_with_the_same_key_is_done_once(group: Group) -> None:
    ticket, key = await group.desk.file(), {"Idempotency-Key": "coordinate"}
    body = {"kind": "undetermined", "reason": "无法确定承办单位"}
    path = f"/v1/tickets/{ticket}/coordinate"
    answers = [await group.supervisor.post(path, json=body, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    case = answers[0].json()
    await group.name(case)
    await group.sign(case)
    decide = f"/v1/cases/{case['id']}/decide"
    answers = [await group.supervisor.post(decide, json=DECISION, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
