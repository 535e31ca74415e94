"""Mail as it comes (RFC 5322): read leniently, for nobody can be told to send it again."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.errors import MessageError
from email.header import decode_header
from email.message import Message as Mail
from email.parser import BytesParser
from email.utils import parseaddr, parsedate_to_datetime
from functools import partial
from html.parser import HTMLParser
from typing import TypeVar

from services.intake.channels.rules import File, Message, Sender, reference_of
from shared.events.words import Channel
from shared.moments import is_possible

CHINESE_CHARSETS = {"gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "hz": "hz"}
FALLBACKS = ("utf-8", "gb18030")
ROBOTS = ("mailer-daemon@", "postmaster@", "no-reply@", "noreply@")
BULK = ("bulk", "junk", "list", "auto_reply")
BLOCKS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "blockquote"})
UNSEEN = frozenset({"script", "style", "head", "title"})
REFERENCE_LENGTH_MAX = 200
FILES_MAX = 20
ODD = (
    AssertionError,
    LookupError,
    MessageError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What the standard library raises of mail that keeps no rule; its pages name two of them."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NotFiled:
    """Mail that is no request, and why."""

    reason: str


def read_mail(raw: bytes) -> Message | NotFiled:
    """The request in a mail; automatic answers, bounces and lists are none."""
    mail = _parsed(raw)
    reason = _reason_not_to_file(mail)
    if reason is not None:
        return NotFiled(reason)
    name, address = _from(mail)
    text, files = _content(mail)
    subject = _clean(_decoded(_raw(mail, "subject"))).replace("\n", " ").strip()
    contact = _clean(_decoded(address))
    return Message(
        channel=Channel.EMAIL,
        channel_ref=_reference(mail, raw),
        sender=Sender(name=_clean(_decoded(name))[:100] or None, contact=contact[:200] or None),
        text=_clean(text).strip() or subject,
        subject=subject[:200] or None,
        sent_at=_sent_at(mail),
        files=tuple(files[:FILES_MAX]),
    )


def _parsed(raw: bytes) -> Mail:
    parser = BytesParser(policy=policy.compat32)
    try:
        return parser.parsebytes(raw)
    except RecursionError:
        # Parts within parts without end: its headers are read, and the rest is one file.
        return parser.parsebytes(raw, headersonly=True)


def _leniently(read: Callable[[], T], otherwise: T) -> T:
    """What the library reads, or `otherwise` where the mail is too odd for it."""
    try:
        return read()
    except ODD:
        return otherwise


def _from(mail: Mail) -> tuple[str, str]:
    return _leniently(partial(parseaddr, _raw(mail, "from")), ("", ""))


def _reason_not_to_file(mail: Mail) -> str | None:
    sender = _from(mail)[1].lower()
    if _raw(mail, "auto-submitted").strip().lower() not in ("", "no"):
        return "auto_submitted"
    if mail.get_content_type() in ("multipart/report", "message/delivery-status"):
        return "bounce"
    if _raw(mail, "return-path").strip() == "<>" or sender.startswith(ROBOTS[:2]):
        return "bounce"
    if _raw(mail, "precedence").strip().lower() in BULK or "list-id" in mail:
        return "list"
    return "auto_submitted" if sender.startswith(ROBOTS) else None


def _content(mail: Mail) -> tuple[str, list[File]]:
    """The words, plain where they come so, and the files."""
    plain, html, files = list[str](), list[str](), list[File]()
    for part in mail.walk():
        if part.is_multipart():
            continue
        filename = _leniently(part.get_filename, None)
        charset = _leniently(part.get_content_charset, None)
        content = part.get_payload(decode=True)
        body = content if isinstance(content, bytes) else b""
        kind = _clean(part.get_content_type())
        is_file = filename is not None or part.get_content_disposition() == "attachment"
        if is_file or part.get_content_maintype() != "text":
            name = None if filename is None else _clean(_decoded(filename))
            if body:
                files.append(File(name, kind, body))
        elif kind == "text/html":
            page = _text(body, charset)
            html.append(_leniently(partial(_html_words, page), page))
        else:
            plain.append(_text(body, charset))
    words = "\n".join(plain).strip()
    return words or "\n".join(html), files


def _reference(mail: Mail, raw: bytes) -> str:
    reference = _clean(_raw(mail, "message-id")).strip()
    if not reference or len(reference) > REFERENCE_LENGTH_MAX:
        return reference_of(raw if not reference else reference.encode())
    return reference


def _sent_at(mail: Mail) -> datetime | None:
    at = _leniently(partial(parsedate_to_datetime, _raw(mail, "date")), None)
    return at if at is not None and is_possible(at) else None


def _raw(mail: Mail, name: str) -> str:
    """A header as it came: bytes that are no ASCII are in it as surrogates."""
    found = (str(value) for key, value in mail.raw_items() if key.lower() == name)
    return re.sub(r"\r?\n[ \t]", " ", next(found, ""))


def _decoded(value: str) -> str:
    """A header's words: encoded (RFC 2047), or written as they are in whatever charset."""
    if not value.isascii():
        return _text(value.encode("utf-8", "surrogateescape"), None)
    parts = _leniently(partial(decode_header, value), [(value, None)])
    return "".join(
        part if isinstance(part, str) else _text(part, charset) for part, charset in parts
    )


def _text(content: bytes, charset: str | None) -> str:
    wanted = (charset or "").lower()
    for name in (CHINESE_CHARSETS.get(wanted, wanted), *FALLBACKS):
        try:
            return content.decode(name)
        except (LookupError, ValueError):
            continue
    return content.decode("gb18030", "replace")


def _clean(text: str) -> str:
    """Without what PostgreSQL cannot store: NUL, and halves of signs."""
    return re.sub(r"[\x00\ud800-\udfff]", "", text).replace("\r\n", "\n")


class _Words(HTMLParser):
    """The words of a page, without its scripts and styles."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._unseen += tag in UNSEEN
        if tag in BLOCKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in UNSEEN and self._unseen > 0
        if tag in BLOCKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.words.append(re.sub(r"\s+", " ", data))

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Pass `<![if !mso]>` over as browsers do, which know of no marked sections."""
        return self.parse_bogus_comment(i, report)


def _html_words(page: str) -> str:
    parser = _Words()
    parser.feed(page)
    parser.close()
    lines = (line.strip() for line in "".join(parser.words).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
