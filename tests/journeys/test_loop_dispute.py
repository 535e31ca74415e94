"""A return in dispute that ends in a precedent (B5, B6; ZY 13.2, 13.5)."""

import io

import docx
import httpx
import pypdf

from shared.events.words import Role
from tests.journeys.town import FIRST, RETURN, SECOND, THIRD, ZIYANG, Town

HEAD = f"trial-coordination-{ZIYANG}"
MEMBERS = [
    {"subject": HEAD, "capacity": "市政府副秘书长", "is_head": True},
    {"subject": "XT0002", "capacity": "市政务服务局负责人"},
]
UNITS = {"lead_unit": FIRST, "co_units": [THIRD]}


async def test_a_return_in_dispute_ends_in_a_precedent(town: Town) -> None:
    group = await town.city.person(Role.COORDINATION, jurisdiction=ZIYANG)
    co_unit = await town.city.person(Role.UNIT, unit=THIRD)
    outsider = await town.city.person(Role.UNIT, unit=SECOND)

    # The rule sends it to the first unit, which says that it is the third's.
    path = await town.file()
    await town.post(town.unit, f"{path}/sign")
    due = await town.running(path)
    await town.post(town.unit, f"{path}/return", **RETURN)
    disputed = await town.post(
        town.supervisor,
        f"{path}/decide-return",
        decision="coordination",
        reason="两家单位均称非本单位职责",
    )
    assert (disputed["state"], disputed["unit"]) == ("coordinating", None)
    assert await town.running(path) == due, "the caller's clock runs on"

    # The group's head signs; before that nothing can be decided.
    (case,) = (await town.get(group, "/v1/cases", state="open"))["items"]
    at = f"/v1/cases/{case['id']}"
    await town.post(town.supervisor, f"{at}/members", members=MEMBERS)
    opinion = "道路破损由城管牵头修复，交通部门配合"
    early = await town.refuse(town.supervisor, f"{at}/decide", opinion=opinion, **UNITS)
    assert early["code"] == "case_not_ready"
    await town.until("2026-03-03 10:00")
    await town.post(group, f"{at}/sign", opinion="同意", **UNITS)
    decided = await town.post(town.supervisor, f"{at}/decide", opinion=opinion, **UNITS)
    assert decided["number"] == "资阳市热线会商交办〔2026〕1号"

    # The ticket is the lead's again, with its own times and a co-handling unit beside it.
    shown = await town.get(town.unit, path)
    assert (shown["state"], shown["unit"], shown["round"]) == ("dispatched", FIRST, 2)
    assert shown["needs_letter"] is True
    assert (await town.running(path)).keys() == {"sign", "handle"}
    assert (await town.get(co_unit, path))["state"] == "dispatched"
    refused = await town.refuse(town.unit, f"{path}/return", **RETURN)
    assert refused["code"] == "precedent_binds"

    # Both have the document; others have not.
    pdf, word = await read(town.unit, at, "pdf"), await read(co_unit, at, "docx")
    for words in (pdf, word):
        assert "资阳市热线会商交办〔2026〕1号" in words
        assert "如遇同类事项" in words
    assert (await outsider.get(f"{at}/document")).status_code == 404
    assert (await town.unit.get(at)).status_code == 403

    # A second matter of the kind goes the same way, and may not be returned.
    alike = await town.file(title="又一处路面破损")
    shown = await town.get(town.unit, alike)
    assert (shown["unit"], shown["rule"]) == (FIRST, f"precedent:{decided['precedent_id']}")
    refused = await town.refuse(town.unit, f"{alike}/return", **RETURN)
    assert refused["code"] == "precedent_binds"
    assert decided["number"] in refused["detail"]
    assert (await town.post(town.unit, f"{alike}/sign"))["state"] == "signed"

    lines = [
        line["event_name"]
        for line in (await town.get(town.supervisor, f"{path}/timeline"))["items"]
    ]
    assert lines == [
        *("受理", "派单", "签收", "申请退单", "退单审核"),
        *("提交会商", "会商决定", "派单"),
    ]


async def read(who: httpx.AsyncClient, case: str, form: str) -> str:
    """The words of a case's document, fetched through the gateway."""
    answer = await who.get(f"{case}/document", params={"format": form})
    assert answer.status_code == 200, answer.text
    if form == "pdf":
        pages = pypdf.PdfReader(io.BytesIO(answer.content)).pages
        return "".join(page.extract_text().replace("\n", "") for page in pages)
    return "\n".join(line.text for line in docx.Document(io.BytesIO(answer.content)).paragraphs)
