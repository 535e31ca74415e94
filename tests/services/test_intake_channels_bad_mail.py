"""Mail as no program should write it: each is read, and none stands in the way of others (A1)."""

from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from services.intake.app import make_app
from services.intake.attachments.api import limits_of
from services.intake.attachments.store import DiskStore, Store
from services.intake.channels.delivery import Doors
from services.intake.channels.mail import NotFiled, read_mail
from services.intake.channels.operations import Source
from services.intake.channels.rules import Message
from services.intake.channels.worker import look_into_mailbox
from services.intake.keys.refusals import KeyUnavailable
from shared.events.words import Channel
from shared.problems import Unavailable
from shared.runtime import Runtime
from tests.services.channel_desk import mail, push
from tests.services.imap_server import GONE, imap
from tests.services.test_intake_channels_mail import intake, sender

__all__ = ["intake", "sender"]

TEXT = "路灯不亮"
WORDS = TEXT.encode()
HTML = b"Content-Type: text/html; charset=utf-8\r\n\r\n"
DIGITS = b"9" * 5_000
PARTS = b"Content-Type: message/rfc822\r\n\r\n" * 2_000
BAD = {
    "a marked section of Office": HTML + b"<![ if !mso]><p>" + WORDS + b"</p><![endif]>",
    "a marked section of nobody": HTML + WORDS + b" <![foo[ x ]]> <p>y</p>",
    "a marked section without end": HTML + WORDS + b" <![foo[ x",
    "a sign of too many digits": HTML + b"&#" + DIGITS + b"; " + WORDS,
    "a subject in bad base64": b"Subject: =?utf-8?B?abcde?=\r\n\r\n" + WORDS,
    "a subject of an odd charset": b"Subject: =?undefined?B?YWJj?=\r\n\r\n" + WORDS,
    "a name in bad base64": b"From: =?gbk?B?abcde?= <w@example.org>\r\n\r\n" + WORDS,
    "a name of too many brackets": b"From: " + b"(" * 5_000 + b"\r\n\r\n" + WORDS,
    "a name without an address": "From: 王某\r\n\r\n".encode("gb18030") + WORDS,
    "an odd charset": b"Content-Type: text/plain; charset=undefined\r\n\r\n" + WORDS,
    "a charset with NUL": b'Content-Type: text/plain; charset="a\0b"\r\n\r\n' + WORDS,
    "a coded charset with NUL": b"Content-Type: text/plain; charset*=a\0b''c\r\n\r\n" + WORDS,
    "an enormous zone": b"Date: Mon, 1 Jan 2024 00:00:00 +" + DIGITS[:20] + b"\r\n\r\n" + WORDS,
    "an enormous year": b"Date: 1 Jan " + DIGITS[:20] + b" 00:00:00 +0800\r\n\r\n" + WORDS,
    "the end of time": b"Date: 31 Dec 9999 23:59:59 -0800\r\n\r\n" + WORDS,
    "the Roman Empire": b"Date: 1 Jan 0100 00:00:00 +0800\r\n\r\n" + WORDS,
    "parts within parts without end": b"Subject: " + WORDS + b"\r\n" + PARTS,
}
FILENAMES = {
    "bad base64": b'filename="=?gbk?B?abcde?="',
    "pieces that do not fit": b"filename*=utf-8''a; filename*1=b",
    "a piece of too many digits": b"filename*" + DIGITS + b"=a",
    "an odd charset": b"filename*=undefined''%ff",
    "a charset with NUL": b"filename*=a\0b''c",
}
PNG = b"\x89PNG\r\n\x1a\n"
ATTACHED = (
    b"Subject: a picture\r\nContent-Type: image/%b\r\n"
    b"Content-Disposition: attachment; %b\r\n\r\n" + PNG
)
PIECES = st.sampled_from(
    [
        *(b"From: ", b"Subject: ", b"Date: ", b"\r\n\r\n", b"\r\n", b"--b\r\n", b"=?gbk?B?", b"?="),
        *(b"Content-Type: text/html; charset=", b"Content-Type: multipart/mixed; boundary=b\r\n"),
        *(b"Content-Disposition: attachment; filename", b"*0*=", b"*=", b"=", b"gbk''", b";", b"("),
        *(b"Content-Transfer-Encoding: ", b"base64", b"uuencode", b"begin 644 a\n", b"<![", b">"),
        *(b"<", b"<!", b"&#", b"1 Jan 2024 00:00:00 +0800", b"9999", b"undefined", b"idna", b"\0"),
    ]
)


async def look(intake: Runtime, url: str, store: Store | None = None) -> int:
    """One look into a mailbox; the store may be one that fails."""
    settings = intake.settings.model_copy(update={"imap_url": url})
    runtime = Runtime(intake.service, settings, intake.clock, intake.database, intake.law_book)
    state = make_app(runtime).state
    kept = store or state.store
    doors = Doors(runtime, state.directory, state.filer, kept, limits_of(runtime))
    return await look_into_mailbox(doors, Source("box", Channel.EMAIL, "512000", None, b""))


@pytest.mark.parametrize("raw", BAD.values(), ids=BAD)
def test_what_is_odd_in_a_mail_does_not_hide_its_words(raw: bytes) -> None:
    found = read_mail(raw)
    assert isinstance(found, Message)
    assert TEXT in found.text
    assert found.sent_at is None


@pytest.mark.parametrize("name", FILENAMES.values(), ids=FILENAMES)
def test_a_file_with_an_odd_name_is_a_file(name: bytes) -> None:
    found = read_mail(ATTACHED % (b"png\0", name))
    assert isinstance(found, Message)
    [file] = found.files
    assert (file.media_type, file.content) == ("image/png", PNG)


def test_a_name_that_is_written_badly_is_kept_as_it_came() -> None:
    found = read_mail(BAD["a name in bad base64"])
    assert isinstance(found, Message)
    assert (found.sender.name, found.sender.contact) == ("=?gbk?B?abcde?=", "w@example.org")


@given(st.lists(PIECES | st.binary(max_size=8), max_size=30).map(b"".join))
def test_no_bytes_are_too_odd_to_be_read(raw: bytes) -> None:
    found = read_mail(raw)
    if isinstance(found, NotFiled):
        return
    names = [name for file in found.files for name in (file.filename, file.media_type)]
    words = [found.text, found.subject, found.sender.name, found.sender.contact, found.channel_ref]
    # PostgreSQL keeps neither NUL nor halves of signs.
    for each in (*words, *names):
        assert "\0" not in (each or "").encode().decode()


async def test_odd_mails_are_filed_and_so_are_those_behind_them(
    sender: httpx.AsyncClient, intake: Runtime
) -> None:
    named = [ATTACHED % (b"png\0", name) for name in FILENAMES.values()]
    raw = [*BAD.values(), *named, GONE, mail(WORDS)]
    mails = {str(number): one for number, one in enumerate(raw, 1)}
    async with imap(mails) as (box, url):
        assert await look(intake, url) == len(mails)
    gone = str(len(raw) - 1)
    assert box.flags == {number: r"(\Seen)" for number in mails if number != gone}
    assert await intake.database.pool.fetchval("SELECT count(*) FROM tickets") == len(raw) - 1
    again = [(await push(sender, "email/box", one)).status_code for one in raw if one != GONE]
    assert again == [200] * (len(raw) - 1), "by the other way they are the same tickets"


class Broken(DiskStore):
    """A store that takes nothing."""

    def __init__(self, error: Exception) -> None:
        super().__init__(Path())
        self._error = error

    async def put(self, name: str, path: Path) -> None:
        """Take nothing."""
        raise self._error


async def test_a_mail_at_which_we_fail_is_left_to_a_person_and_the_next_is_filed(
    sender: httpx.AsyncClient, intake: Runtime
) -> None:
    assert sender is not None
    mails = {"1": ATTACHED % (b"png", b""), "2": mail(WORDS)}
    async with imap(mails) as (box, url):
        with capture_logs() as logs:
            assert await look(intake, url, Broken(KeyError("王某 13800001234"))) == 2
    assert box.flags == {"1": r"(\Seen \Flagged)", "2": r"(\Seen)"}
    [said] = [line for line in logs if line["log_level"] == "error"]
    assert (said["mail"], said["error"]) == ("1", "KeyError")
    assert "1380000" not in str(logs)
    assert await intake.database.pool.fetchval("SELECT content FROM tickets") == TEXT


@pytest.mark.parametrize("error", [OSError("full"), Unavailable(), KeyUnavailable()])
async def test_what_may_pass_by_itself_leaves_the_mails_unread(
    sender: httpx.AsyncClient, intake: Runtime, error: Exception
) -> None:
    assert sender is not None
    async with imap({"1": ATTACHED % (b"png", b""), "2": mail(WORDS)}) as (box, url):
        with pytest.raises(type(error)):
            await look(intake, url, Broken(error))
        assert (box.flags, box.goodbyes) == ({}, 1), "the mailbox is left politely"
