"""Official documents as DOCX and PDF: the same document gives the same bytes, to keep a hash of.

The PDF names Adobe's `STSong-Light`, which every reader has or replaces: no font is carried along.
"""

import asyncio
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import docx
from docx.document import Document as DocxDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph as DocxParagraph
from fastapi import Response
from reportlab.lib.colors import HexColor, black
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import (
    Flowable,
    HRFlowable,
    LongTable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
)

from shared.calendars import local
from shared.problems import Problem

PDF_FONT = "STSong-Light"
DOCX_FONT = "仿宋"
HEADING_RED = "C00000"
MARGINS_MM = (37, 26, 35, 28)
"""Top, right, bottom and left, as GB/T 9704 has them."""
BODY_POINTS, LINE_POINTS, TABLE_POINTS = 16, 28, 12
HEAD_POINTS, TITLE_POINTS = 26, 22
LABEL_WIDTH_MM = 34
SEAL_PLACE = "（加盖公章）"
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a ZIP file can name: files in it carry no time of their own."""

# What XML 1.0 cannot carry; tabs and line ends stay.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS: dict[str, Any] = {"wordWrap": "CJK", "fontName": PDF_FONT}


class Format(StrEnum):
    """The kinds of files that a document can be had as."""

    DOCX = "docx"
    PDF = "pdf"


MEDIA_TYPES = {
    Format.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Format.PDF: "application/pdf",
}


class NotNumbered(Problem):
    """This document has no number yet."""

    status = 409
    code = "not_numbered"
    detail = "文书尚未签发编号，签发后才能取得。"


DOCUMENT_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}, "description": "文书"}
}
"""What a route that gives a document says of it in OpenAPI."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a document, in which capacity and when."""

    capacity: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Document:
    """A numbered document of an office, in the order in which it is read."""

    title: str
    number: str
    office: str
    """The heading: whose document it is."""
    addressee: str
    at: datetime
    """The day under the document."""
    paragraphs: Sequence[str]
    facts: Sequence[tuple[str, str]] = ()
    """A table: what, and its value."""
    signers: Sequence[Signer] = ()
    seal: str = ""
    """Whose seal belongs on it; nobody's where it is empty."""


def render(document: Document, kind: Format) -> bytes:
    """The document as a file of a kind."""
    return to_docx(document) if kind is Format.DOCX else to_pdf(document)


async def answer_document(document: Document, kind: Format) -> Response:
    """The document as an answer; made beside the loop, for it takes some ten milliseconds."""
    file = await asyncio.to_thread(render, document, kind)
    name = quote(f"{document.title}{document.number}.{kind}", safe="")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(file, media_type=MEDIA_TYPES[kind], headers=headers)


def moment(at: datetime) -> str:
    """A time as documents write it, in Beijing."""
    return f"{day(at)} {local(at):%H:%M}"


def day(at: datetime) -> str:
    """A day as documents write it, in Beijing."""
    here = local(at)
    return f"{here.year}年{here.month}月{here.day}日"


def to_docx(document: Document) -> bytes:
    """The document for Word and WPS; signatures and seal can be put in by hand."""
    made = docx.Document()
    _set_page(made, document)
    head = _add(made, document.office, points=HEAD_POINTS, align=WD_ALIGN_PARAGRAPH.CENTER)
    head.runs[0].font.color.rgb = RGBColor.from_string(HEADING_RED)
    head.runs[0].bold = True
    _underline(_add(made, document.number, align=WD_ALIGN_PARAGRAPH.CENTER))
    title = _add(made, document.title, points=TITLE_POINTS, align=WD_ALIGN_PARAGRAPH.CENTER)
    title.runs[0].bold = True
    _add(made, f"{document.addressee}：")
    for words in document.paragraphs:
        _add(made, words).paragraph_format.first_line_indent = Pt(2 * BODY_POINTS)
    _add_table(made, document.facts)
    _add_table(made, _signatures(document))
    for words in _ending(document):
        _add(made, words, align=WD_ALIGN_PARAGRAPH.RIGHT)
    buffer = io.BytesIO()
    made.save(buffer)
    return _without_times(buffer.getvalue())


def to_pdf(document: Document) -> bytes:
    """The document for reading and printing."""
    top, right, bottom, left = (margin * mm for margin in MARGINS_MM)
    buffer = io.BytesIO()
    made = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        topMargin=top,
        rightMargin=right,
        bottomMargin=bottom,
        leftMargin=left,
        title=_clean(f"{document.title} {document.number}"),
        author=_clean(document.office),
        # Neither the time of making nor a random id in the file.
        invariant=1,
    )
    made.build(list(_flowing(document, made.width)))
    return buffer.getvalue()


def _flowing(document: Document, width: float) -> Iterable[Flowable]:
    red = HexColor(f"#{HEADING_RED}")
    yield _paragraph(document.office, HEAD_POINTS, alignment=TA_CENTER, textColor=red)
    yield _paragraph(document.number, BODY_POINTS, alignment=TA_CENTER)
    yield HRFlowable(width="100%", thickness=1.5, color=red, spaceBefore=2, spaceAfter=14)
    yield _paragraph(document.title, TITLE_POINTS, alignment=TA_CENTER)
    yield Spacer(0, LINE_POINTS / 2)
    yield _paragraph(f"{document.addressee}：", BODY_POINTS)
    for words in document.paragraphs:
        yield _paragraph(words, BODY_POINTS, firstLineIndent=2 * BODY_POINTS)
    for rows in (document.facts, _signatures(document)):
        if rows:
            yield Spacer(0, LINE_POINTS / 2)
            yield _table(rows, width)
    yield Spacer(0, LINE_POINTS)
    for words in _ending(document):
        yield _paragraph(words, BODY_POINTS, alignment=TA_RIGHT)


def _paragraph(words: str, points: float, **style: Any) -> Paragraph:  # noqa: ANN401  a style's
    leading = points * LINE_POINTS / BODY_POINTS
    looks = ParagraphStyle("words", fontSize=points, leading=leading, **(_WORDS | style))
    return Paragraph(escape(_clean(words)).replace("\n", "<br/>"), looks)


def _table(rows: Sequence[tuple[str, str]], width: float) -> LongTable:
    label = LABEL_WIDTH_MM * mm
    cells = [[_paragraph(one, TABLE_POINTS) for one in row] for row in rows]
    # A cell may be longer than a page.
    table = LongTable(cells, colWidths=[label, width - label], splitInRow=1)
    table.setStyle([("GRID", (0, 0), (-1, -1), 0.5, black), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    return table


def _signatures(document: Document) -> list[tuple[str, str]]:
    return [(one.capacity, f"{one.name}　{moment(one.at)}") for one in document.signers]


def _ending(document: Document) -> list[str]:
    """Where the seal goes, over the day."""
    sealed = [document.seal, SEAL_PLACE] if document.seal else []
    return [*sealed, day(document.at)]


def _set_page(made: DocxDocument, document: Document) -> None:
    properties = made.core_properties
    properties.title, properties.author = _clean(document.title), _clean(document.office)
    properties.subject, properties.comments = _clean(document.number), ""
    at = document.at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    properties.created = properties.modified = at
    page = made.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.top_margin, page.right_margin, page.bottom_margin, page.left_margin = (
        Mm(margin) for margin in MARGINS_MM
    )
    looks = made.styles["Normal"]
    looks.font.name, looks.font.size = DOCX_FONT, Pt(BODY_POINTS)
    looks.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), DOCX_FONT)
    looks.paragraph_format.space_after = Pt(0)


def _add(
    made: DocxDocument,
    words: str,
    *,
    points: int | None = None,
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.LEFT,
) -> DocxParagraph:
    paragraph = made.add_paragraph()
    paragraph.alignment = align
    run = paragraph.add_run(_clean(words))
    if points is not None:
        run.font.size = Pt(points)
    return paragraph


def _add_table(made: DocxDocument, rows: Sequence[tuple[str, str]]) -> None:
    if not rows:
        return
    made.add_paragraph()
    table = made.add_table(rows=0, cols=2, style="Table Grid")
    for row in rows:
        for cell, words in zip(table.add_row().cells, row, strict=True):
            cell.paragraphs[0].add_run(_clean(words)).font.size = Pt(TABLE_POINTS)
    label, width = Mm(LABEL_WIDTH_MM), Mm(210 - MARGINS_MM[1] - MARGINS_MM[3] - LABEL_WIDTH_MM)
    for column, wanted in zip(table.columns, (label, width), strict=True):
        for cell in column.cells:
            cell.width = wanted


def _underline(paragraph: DocxParagraph) -> None:
    """The red line under the heading."""
    borders, line = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "12"), ("space", "6"), ("color", HEADING_RED)):
        line.set(qn(f"w:{name}"), value)
    borders.append(line)
    paragraph._p.get_or_add_pPr().append(borders)


def _without_times(file: bytes) -> bytes:
    """The same ZIP file, its entries without the time at which they were written."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as given, zipfile.ZipFile(buffer, "w") as made:
        for name in given.namelist():
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            made.writestr(entry, given.read(name), compress_type=zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _clean(words: str) -> str:
    return _UNPRINTABLE.sub("", words)


pdfmetrics.registerFont(UnicodeCIDFont(PDF_FONT))
