"""Orders of supervision as documents: DOCX and PDF, for the unit and the hotline office (C5)."""

import io
from typing import Any

import docx
import httpx
import pypdf
import pytest

from shared.events.words import Role
from tests.harness import Harness
from tests.services.sla_orders import GANSU, Oversight, open_oversight
from tests.services.sla_tickets import UNIT

PERFUNCTORY = {"unit": UNIT, "ground": "perfunctory", "evidence": "三次电话联系均推诿。"}
SAID = (
    *("资阳市12345热线", "资热约〔2026〕1号", "督促约谈", "城管局："),
    "办理工作敷衍塞责、推诿扯皮、态度粗暴等，导致群众不满意。",
    *("资府办函〔2022〕69号（ZY25.2）。", "于2026年3月9日17:30前书面反馈"),
    *("证据1三次电话联系均推诿。", "督办级别约谈", "反馈期限2026年3月9日17:30"),
    *("会商协调小组签发test-coordination-2026年3月2日09:00", "（加盖公章）"),
)


@pytest.fixture
async def oversight(harness: Harness) -> Oversight:
    return await open_oversight(harness)


def words_of(file: bytes, form: str) -> str:
    """All words of a document, without spaces, tables in the order of their cells."""
    if form == "pdf":
        pages = pypdf.PdfReader(io.BytesIO(file)).pages
        return "".join("".join(page.extract_text().split()) for page in pages)
    made = docx.Document(io.BytesIO(file))
    cells = [cell.text for table in made.tables for row in table.rows for cell in row.cells]
    lines = [*(paragraph.text for paragraph in made.paragraphs), *cells]
    return "".join("".join(lines).split())


async def _raise(oversight: Oversight) -> dict[str, Any]:
    answer = await oversight.post("", Role.SUPERVISOR, PERFUNCTORY)
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()
    return order


async def _fetch(
    oversight: Oversight, order: dict[str, Any], form: str, role: Role, **who: Any
) -> httpx.Response:
    client = await oversight.client(role, **who)
    return await client.get(f"/v1/orders/{order['id']}/document?format={form}")


@pytest.mark.parametrize("form", ["docx", "pdf"])
async def test_a_signed_order_is_a_document_that_says_all(oversight: Oversight, form: str) -> None:
    order = await _raise(oversight)
    draft = await _fetch(oversight, order, form, Role.SUPERVISOR)
    assert (draft.status_code, draft.json()["code"]) == (409, "not_numbered")
    await oversight.act(order, "sign", Role.COORDINATION)
    answer = await _fetch(oversight, order, form, Role.SUPERVISOR)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith(f".{form}")
    words = words_of(answer.content, form)
    for said in SAID:
        assert said in words
    # The unit's answer is no part of the order: the file stays as it was signed.
    await oversight.act(order, "answer", Role.UNIT, {"answer": "已批评教育。"}, unit=UNIT)
    again = await _fetch(oversight, order, form, Role.UNIT, unit=UNIT)
    assert again.content == answer.content


async def test_only_the_unit_and_its_hotline_office_have_the_document(oversight: Oversight) -> None:
    order = await _raise(oversight)
    early = await _fetch(oversight, order, "pdf", Role.UNIT, unit=UNIT)
    assert early.status_code == 404, "a draft is not the unit's to know"
    await oversight.act(order, "sign", Role.COORDINATION)
    for who, status in (
        ({"role": Role.UNIT, "unit": UNIT}, 200),
        ({"role": Role.LEADER}, 200),
        ({"role": Role.UNIT, "unit": "512000-other"}, 404),
        ({"role": Role.SUPERVISOR, "jurisdiction": GANSU}, 404),
        ({"role": Role.OPERATOR}, 403),
    ):
        answer = await _fetch(oversight, order, "pdf", **who)  # type: ignore[arg-type]
        assert answer.status_code == status
    unknown = await _fetch(oversight, order, "odt", Role.SUPERVISOR)
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "format")


async def test_a_reminder_that_nobody_signed_says_so(oversight: Oversight) -> None:
    await oversight.miss_signing(await oversight.dispatch())
    (order,) = await oversight.orders()
    answer = await _fetch(oversight, order, "docx", Role.UNIT, unit=UNIT)
    words = words_of(answer.content, "docx")
    assert order["number"] in words
    assert "系统按规则自动发出" in words
    assert "证据1工单" in words
    assert "签收应于2026年3月2日" in words
