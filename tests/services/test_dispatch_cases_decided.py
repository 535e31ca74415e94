"""What a decision of the coordination group does: number, document, dispatch, precedent (B6)."""

import asyncio
import io
from typing import Any
from uuid import UUID

import docx
import pypdf
import pytest

from services.dispatch.cases.decisions import Decision, decide_case
from services.dispatch.cases.operations import take_case
from services.dispatch.cases.rules import CaseAct
from shared.events.dispatch import CaseDecided, TicketDispatched
from shared.events.words import Role
from shared.security import Principal
from tests.services.dispatch_cases import (
    DECISION,
    HEAD,
    MAYOR,
    REPORT,
    THIRD,
    Group,
    open_group,
)
from tests.services.dispatch_desk import (
    COUNTY,
    HOUSING,
    RETURN,
    WATER,
    Desk,
    Json,
    desk,
    get,
    post,
    ruled_desk,
)

__all__ = ["desk", "ruled_desk"]

AT_ONCE = 20
NUMBERS = "SELECT number FROM cases WHERE number IS NOT NULL ORDER BY closed_at, number"


@pytest.fixture
async def group(ruled_desk: Desk) -> Group:
    return await open_group(ruled_desk)


def words_of(file: bytes, kind: str) -> str:
    """All words of a document, without spaces."""
    if kind == "pdf":
        pages = pypdf.PdfReader(io.BytesIO(file)).pages
        return "".join("".join(page.extract_text().split()) for page in pages)
    made = docx.Document(io.BytesIO(file))
    cells = [cell.text for table in made.tables for row in table.rows for cell in row.cells]
    lines = [*(paragraph.text for paragraph in made.paragraphs), *cells]
    return "".join("".join(lines).split())


async def test_a_decision_sends_the_ticket_and_is_said_with_its_document(group: Group) -> None:
    case = await group.ready("undetermined")
    decided = await group.decide(case)
    ticket = decided["ticket_id"]
    assert (decided["number"], decided["missing"]) == ("资阳市热线会商交办〔2026〕1号", [])
    dispatched = (await group.desk.said(ticket))[-1].data
    assert isinstance(dispatched, TicketDispatched)
    assert (dispatched.unit, dispatched.co_units) == (WATER, (HOUSING,))
    assert (str(dispatched.case), dispatched.rule) == (case["id"], None)
    (said,) = await group.desk.said(case["id"])
    assert isinstance(said.data, CaseDecided)
    assert (said.sequence, said.data.topic) == (1, "oversight")
    assert (said.data.kind, said.data.decided_by) == ("undetermined", "test-supervisor-")
    assert (said.data.lead_unit, said.data.co_units) == (WATER, (HOUSING,))
    assert (said.data.document, said.data.category) == (decided["number"], "0900")
    shown = await get(group.supervisor, f"/v1/tickets/{ticket}")
    assert (shown["state"], shown["unit"]) == ("dispatched", WATER)
    lines = await group.desk.timeline(ticket)
    assert [(line["event_name"], line["text"]) for line in lines[-3:]] == [
        ("提交会商", None),
        ("会商决定", decided["number"]),
        ("派单", decided["number"]),
    ]
    assert {line["by"] for line in lines[-3:]} == {"test-supervisor-"}
    assert {line["detail"].get("case") for line in lines[-3:-1]} == {case["id"]}
    row = await group.desk.runtime.database.pool.fetchrow(
        "SELECT needs_letter, case_id FROM tickets WHERE id = $1", ticket
    )
    assert row is not None
    assert (row["needs_letter"], str(row["case_id"])) == (True, case["id"])


@pytest.mark.parametrize(
    ("kind", "title", "signer"),
    [
        ("undetermined", "交办单", HEAD),
        ("no_lead", "会商会议纪要", HEAD),
        ("major", "督办单", MAYOR),
        ("risk", "特殊事项交办单", HEAD),
    ],
)
async def test_each_kind_has_its_document(group: Group, kind: str, title: str, signer: str) -> None:
    case = await group.ready(kind)
    path = f"/v1/cases/{case['id']}/document?format="
    early = await group.supervisor.get(f"{path}pdf")
    assert (early.status_code, early.json()["code"]) == (409, "not_numbered")
    decided = await group.decide(case, minutes="会议认为应由水务局牵头。")
    for form in ("docx", "pdf"):
        answer = await group.supervisor.get(path + form)
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].endswith(f".{form}")
        words = words_of(answer.content, form)
        for said in (
            *(title, decided["number"], "资阳市水务局、资阳市住房和城乡建设局：", "停水三天"),
            *("512000-260914-0000001", DECISION["opinion"], "（加盖公章）", signer),
            *(decided["source"].replace(" ", ""), "不得退回", "均须以书面形式"),
        ):
            assert str(said) in words
        assert REPORT["risk"] not in words, "the report is the leader's"
        assert (await group.supervisor.get(path + form)).content == answer.content


async def test_a_document_stays_as_it_was_whatever_units_are_called_later(group: Group) -> None:
    case = await group.ready("undetermined")
    await group.decide(case)
    path = f"/v1/cases/{case['id']}/document?format=pdf"
    before = await group.supervisor.get(path)
    administrator = await group.desk.person(Role.ADMINISTRATOR)
    renamed = {"name": "资阳市水利局", "jurisdiction": "512000"}
    await administrator.put(f"/v1/units/{WATER}", json=renamed)
    assert (await group.supervisor.get(path)).content == before.content


async def test_a_unit_sees_the_document_alone_and_only_once_it_is_named(group: Group) -> None:
    case = await group.ready("undetermined")
    water, housing, county = [await group.desk.unit(code) for code in (WATER, HOUSING, COUNTY)]
    path = f"/v1/cases/{case['id']}"
    assert (await water.get(f"{path}/document")).status_code == 404
    await group.decide(case)
    for unit, status in ((water, 200), (housing, 200), (county, 404)):
        assert (await unit.get(f"{path}/document")).status_code == status
        assert (await unit.get(path)).status_code == 403
    elsewhere = await group.desk.person(Role.SUPERVISOR, jurisdiction="530000")
    assert (await elsewhere.get(f"{path}/document")).status_code == 404
    assert (await group.supervisor.get(f"{path}/document?format=odt")).status_code == 422
    editor = await group.desk.person(Role.EDITOR)
    assert (await editor.get(f"{path}/document")).status_code == 403


async def test_a_decision_is_a_precedent_unless_it_says_otherwise(group: Group) -> None:
    decided = await group.decide(await group.ready("undetermined"))
    same = await group.desk.file(category="0900")
    shown = await get(group.supervisor, f"/v1/tickets/{same}")
    assert (shown["unit"], shown["rule"]) == (WATER, f"precedent:{decided['precedent_id']}")
    water = await group.desk.unit(WATER)
    for ticket in (same, decided["ticket_id"]):
        refused = await post(water, f"/v1/tickets/{ticket}/return", RETURN, status=409)
        assert refused["code"] == "precedent_binds"
        assert decided["number"] in refused["detail"]
    alone = await group.ready("undetermined", category="0901")
    assert (await group.decide(alone, is_precedent=False))["precedent_id"] is None
    other = await group.desk.file(category="0901")
    assert (await get(group.supervisor, f"/v1/tickets/{other}"))["unit"] == HOUSING


async def test_a_second_precedent_of_the_kind_is_refused_with_the_ways_out(group: Group) -> None:
    first = await group.decide(await group.ready("undetermined"))
    # It came before the precedent: nobody has it.
    water = await group.desk.file(category="0102")
    case = await group.coordinate(water, "risk")
    await group.name(case)
    await group.sign(case)
    refused = await group.decide(case, status=409, category="0900")
    assert refused["code"] == "precedent_exists"
    for words in (first["number"], first["precedent_id"], "is_precedent"):
        assert words in refused["detail"]
    unknown = "01990000-0000-7000-8000-000000000000"
    for changed, code in (
        ({"category": "0900", "replaces": unknown}, "unknown_precedent"),
        ({"is_precedent": False, "replaces": first["precedent_id"]}, "not_needed"),
    ):
        error = (await group.decide(case, status=422, **changed))["errors"][0]
        assert (error["field"], error["code"]) == ("replaces", code)
    second = await group.decide(case, category="0900", replaces=first["precedent_id"])
    # What was refused took no number.
    assert second["number"].endswith("〔2026〕1号")
    found = (await get(group.supervisor, "/v1/precedents?category=0900"))["items"]
    assert [one["id"] for one in found] == [second["precedent_id"], first["precedent_id"]]
    assert found[1]["retired_because"] == f"由{second['number']}替代"


async def test_a_precedent_needs_a_kind_and_a_place_of_the_callers(group: Group) -> None:
    case = await group.ready("undetermined", category=None)
    error = (await group.decide(case, status=422))["errors"][0]
    assert (error["field"], error["code"]) == ("category", "missing")
    await group.decide(case, status=404, category="0900", jurisdiction="530000")
    decided = await group.decide(case, category="0900")
    water = await group.desk.unit(WATER)
    path = f"/v1/tickets/{decided['ticket_id']}/return"
    assert (await post(water, path, RETURN, status=409))["code"] == "precedent_binds"


async def test_a_county_s_unit_is_a_precedent_for_its_county_alone(group: Group) -> None:
    case, alone = await group.open("undetermined"), {"lead_unit": COUNTY, "co_units": []}
    await group.name(case)
    await group.sign(case, **alone)
    error = (await group.decide(case, status=422, **alone))["errors"][0]
    assert (error["field"], error["code"]) == ("lead_unit", "other_place")
    assert "512021（jurisdiction）" in error["message"]
    decided = await group.decide(case, **alone, jurisdiction="512021")
    assert decided["state"] == "decided"


async def test_numbers_are_counted_by_office_kind_and_year(group: Group) -> None:
    async def number(kind: str, **fields: Any) -> str:
        case = await group.ready(kind, **fields)
        decided = await group.decide(case, is_precedent=False, minutes="纪要")
        return str(decided["number"])

    assert [await number("undetermined") for _ in range(2)] == [
        "资阳市热线会商交办〔2026〕1号",
        "资阳市热线会商交办〔2026〕2号",
    ]
    assert await number("risk") == "资阳市热线会商稳控〔2026〕1号"
    # A county's matters are numbered by its city.
    assert await number("undetermined", jurisdiction="512021") == "资阳市热线会商交办〔2026〕3号"


async def test_numbers_have_no_gap_however_many_decide_at_once(group: Group) -> None:
    ready = [await group.ready("undetermined", category=f"09{n:02}") for n in range(AT_ONCE)]
    # One in four is refused after its number was taken: there is no such precedent to replace.
    unknown = "01990000-0000-7000-8000-000000000000"

    async def decide(place: int, case: Json) -> int:
        body: Json = dict(DECISION)
        if place % 4 == 0:
            body |= {"replaces": unknown}
        answer = await group.supervisor.post(f"/v1/cases/{case['id']}/decide", json=body)
        return answer.status_code

    statuses = await asyncio.gather(*(decide(place, case) for place, case in enumerate(ready)))
    assert statuses.count(200) == AT_ONCE - AT_ONCE // 4
    rows = await group.desk.runtime.database.pool.fetch(NUMBERS)
    serials = sorted(int(row["number"].partition("〕")[2].removesuffix("号")) for row in rows)
    assert serials == list(range(1, len(serials) + 1))
    assert len(serials) == statuses.count(200)


class KilledError(Exception):
    """The process died before the commit."""


async def test_what_is_killed_before_its_commit_leaves_nothing_behind(group: Group) -> None:
    case = await group.ready("undetermined")
    said = len(await group.desk.said())
    with pytest.raises(KilledError):
        await _decide_and_die(group, UUID(case["id"]))
    shown = await get(group.supervisor, f"/v1/cases/{case['id']}")
    assert (shown["state"], shown["number"], shown["precedent_id"]) == ("open", None, None)
    assert len(await group.desk.said()) == said
    assert (await group.decide(case))["number"].endswith("〔2026〕1号")


async def _decide_and_die(group: Group, case_id: UUID) -> None:
    runtime = group.desk.runtime
    supervisor = Principal("test-supervisor-", Role.SUPERVISOR, "512000")
    async with runtime.database.sessions() as session, session.begin():
        turn = await take_case(
            session, runtime, caller=supervisor, case_id=case_id, act=CaseAct.DECIDE
        )
        await decide_case(turn, Decision(WATER, (HOUSING,), "由水务局牵头。"))
        await session.flush()
        assert turn.sitting.case.number is not None
        raise KilledError


async def test_two_who_decide_the_same_case_make_one_document(group: Group) -> None:
    case = await group.ready("undetermined")
    path = f"/v1/cases/{case['id']}/decide"
    other = await group.desk.person(Role.COORDINATION, subject=THIRD)
    answers = await asyncio.gather(
        *(who.post(path, json=DECISION) for who in (group.supervisor, other))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(await group.desk.said(case["id"])) == 1
    types = await group.desk.said_types(case["ticket_id"])
    assert types.count("ticket.dispatched") == 2, "by rule first, then by the decision"


async def test_the_unit_complained_of_is_not_made_to_handle_it(group: Group) -> None:
    case = await group.open("undetermined", about_unit=WATER)
    await group.name(case)
    await group.sign(case)
    error = (await group.decide(case, status=422))["errors"][0]
    assert error["code"] == "about_unit"
