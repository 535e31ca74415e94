"""Official documents: what is in them can be read back, and the same document is the same file."""

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import docx
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.documents import Document, Format, Signer, answer_document, day, moment, render

AT = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
OFFICE = "资阳市热线会商协调小组"
ORDER = Document(
    title="交办单",
    number="资热线交办〔2026〕1号",
    office=OFFICE,
    addressee="资阳市水务局",
    at=AT,
    paragraphs=["经会商协调小组研究，本工单由你单位办理。", "请于时限内办结。"],
    facts=[("工单编号", "512000-260302-0000001"), ("依据", "ZY 13.5(1)")],
    signers=[Signer("会商协调小组", "XT0001", AT)],
    seal=OFFICE,
)
SAID = (
    *("交办单", "资热线交办〔2026〕1号", OFFICE, "资阳市水务局：", "本工单由你单位办理"),
    *("512000-260302-0000001", "ZY 13.5(1)", "会商协调小组", "XT0001"),
    *("2026年3月3日 02:30", "（加盖公章）"),
)


def read(file: bytes, kind: Format) -> str:
    """All words of a document."""
    if kind is Format.PDF:
        pages = pypdf.PdfReader(io.BytesIO(file)).pages
        return "".join(page.extract_text() for page in pages).replace("\n", "")
    made = docx.Document(io.BytesIO(file))
    cells = [cell.text for table in made.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in made.paragraphs), *cells])


@pytest.mark.parametrize("kind", Format)
def test_all_that_is_in_a_document_can_be_read_back(kind: Format) -> None:
    words = "".join(read(render(ORDER, kind), kind).split())
    for said in SAID:
        assert "".join(said.split()) in words


def test_a_document_of_word_is_in_the_order_of_official_papers() -> None:
    made = docx.Document(io.BytesIO(render(ORDER, Format.DOCX)))
    lines = [paragraph.text for paragraph in made.paragraphs if paragraph.text]
    assert lines[:4] == [OFFICE, ORDER.number, ORDER.title, "资阳市水务局："]
    assert lines[-3:] == [OFFICE, "（加盖公章）", "2026年3月3日"]
    assert made.core_properties.created == AT


def test_a_pdf_names_its_font_and_carries_none() -> None:
    page = pypdf.PdfReader(io.BytesIO(render(ORDER, Format.PDF))).pages[0]
    fonts = [one.get_object() for one in page["/Resources"]["/Font"].values()]
    (chinese,) = [one for one in fonts if one["/Subtype"] == "/Type0"]
    (descendant,) = chinese["/DescendantFonts"]
    assert chinese["/BaseFont"].startswith("/STSong-Light")
    assert "/FontFile2" not in descendant.get_object()["/FontDescriptor"].get_object()


@pytest.mark.parametrize("kind", Format)
def test_the_same_document_is_the_same_file_wherever_it_is_made(kind: Format) -> None:
    with ThreadPoolExecutor(4) as pool:
        files = list(pool.map(lambda _: render(ORDER, kind), range(12)))
    assert len({hashlib.sha256(file).digest() for file in files}) == 1


@pytest.mark.parametrize("kind", Format)
def test_without_seal_and_signers_none_is_asked_for(kind: Format) -> None:
    bare = Document("通报", "1号", OFFICE, "各承办单位", AT, ["正文"])
    words = read(render(bare, kind), kind)
    assert "公章" not in words
    assert "2026年3月3日" in words


@pytest.mark.parametrize("kind", Format)
def test_what_xml_cannot_carry_and_markup_break_nothing(kind: Format) -> None:
    words = "管<b>网</b>&破损\x00\x0b，𠮷姓住户😀，\ud800见附件"
    odd = Document("通报", "1号", OFFICE, "甲", AT, [words], [("诉求", words)])
    text = read(render(odd, kind), kind)
    assert "管<b>网</b>&破损，𠮷姓住户😀，见附件" in text


@pytest.mark.parametrize("kind", Format)
def test_a_cell_longer_than_a_page_goes_on_over_pages(kind: Format) -> None:
    long = Document("通报", "1号", OFFICE, "甲", AT, ["正" * 5000], [("诉求", "水" * 10_000)])
    text = read(render(long, kind), kind)
    assert (text.count("正"), text.count("水")) == (5000, 10_000)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=200), min_size=1, max_size=4), st.sampled_from(Format))
def test_any_words_make_a_document(words: list[str], kind: Format) -> None:
    document = Document("通报", "1号", OFFICE, "甲", AT, words, [(words[0], words[-1])])
    assert render(document, kind) == render(document, kind)


async def test_an_answer_names_its_file() -> None:
    answer = await answer_document(ORDER, Format.DOCX)
    assert answer.headers["content-disposition"].endswith("1%E5%8F%B7.docx")
    assert answer.body[:2] == b"PK"


def test_days_are_those_of_beijing() -> None:
    assert (day(AT), moment(AT)) == ("2026年3月3日", "2026年3月3日 02:30")
    assert day(AT - timedelta(hours=3)) == "2026年3月2日"
