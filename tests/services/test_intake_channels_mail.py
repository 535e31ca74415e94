"""Mail, as people and programs write it (A1)."""

from collections.abc import Sequence
from email.message import EmailMessage
from time import time
from typing import Any

import httpx
import pytest

from services.intake.app import make_app
from services.intake.attachments.api import limits_of
from services.intake.channels.delivery import Doors
from services.intake.channels.mail import NotFiled, read_mail
from services.intake.channels.operations import Source
from services.intake.channels.rules import Message
from services.intake.channels.worker import look_into_mailbox
from services.intake.identity import Vault
from services.intake.notices.worker import WithCode, resolve
from shared.events.words import Channel, Role, Service
from shared.notices import Address, Claimed, NoticeKind
from shared.runtime import Runtime
from tests.harness import Harness, token
from tests.services.channel_desk import mail, push, source
from tests.services.imap_server import imap

TICKETS = "SELECT * FROM tickets ORDER BY id"
Json = dict[str, Any]
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


@pytest.fixture
async def intake(harness: Harness) -> Runtime:
    return await harness.runtime(Service.INTAKE)


@pytest.fixture
async def sender(harness: Harness, intake: Runtime) -> httpx.AsyncClient:
    rights = token(harness.settings, Role.ADMINISTRATOR, jurisdiction="000000")
    client = await harness.client(make_app(intake), rights)
    assert (await client.put("/v1/jurisdictions/512000", json={"name": "资阳市"})).is_success
    put = await client.put("/v1/inbound-sources/box", json=source("email"))
    assert put.status_code == 200, put.text
    return client


def read(raw: bytes) -> Message:
    found = read_mail(raw)
    assert isinstance(found, Message), found
    return found


def whole_mail(text: str, **files: bytes) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["Subject"] = "王某 <wang@example.org>", "路灯"
    made["Message-ID"], made["Date"] = "<w1@example.org>", "Thu, 01 Oct 2026 09:30:00 +0800"
    made.set_content(text)
    for name, content in files.items():
        made.add_attachment(content, maintype="image", subtype="png", filename=f"{name}.png")
    return made


@pytest.mark.parametrize("charset", ["gb2312", "gbk", "gb18030", "utf-8", "unknown-8bit", "x-no"])
def test_words_are_read_in_the_charsets_that_people_use(charset: str) -> None:
    # 镕 and 喆 are not in GB 2312, yet mail programs call it that.
    text = "朱镕某、陶喆某反映：路灯不亮。"
    encoded = text.encode("utf-8" if charset in ("utf-8", "x-no") else "gb18030")
    found = read(mail(encoded, charset=charset))
    assert found.text == text
    assert (found.sender.name, found.sender.contact) == ("王先生", "wang@example.org")
    assert found.channel_ref == "<m1@example.org>"
    assert found.sent_at is not None


def test_a_quoted_printable_page_is_read_as_words() -> None:
    page = (
        "<html><head><style>p {color: red}</style></head><body><p>路灯&nbsp;不亮</p>"
        "<script>alert(1)</script><div>请<b>尽快</b>修</div></body></html>"
    )
    made = EmailMessage()
    made["From"] = "wang@example.org"
    made.set_content(page, subtype="html", cte="quoted-printable")
    assert read(made.as_bytes()).text == "路灯 不亮\n\n请尽快修"


def test_plain_words_go_before_the_page_and_files_come_along() -> None:
    made = whole_mail("路灯不亮。", 现场=PNG)
    found = read(made.as_bytes())
    assert (found.text, found.subject) == ("路灯不亮。", "路灯")
    [file] = found.files
    assert (file.filename, file.media_type, file.content) == ("现场.png", "image/png", PNG)


def test_a_header_of_raw_bytes_and_a_mail_without_an_id_are_read() -> None:
    raw = "From: 王 <w@example.org>\r\nSubject: 路灯不亮\r\n\r\n".encode("gb18030")
    found = read(raw)
    assert (found.subject, found.text) == ("路灯不亮", "路灯不亮")
    assert found.channel_ref.startswith("sha256:")
    assert read(raw).channel_ref == found.channel_ref


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "Return-Path: <>",
        "List-Id: <news.example.org>",
    ],
)
async def test_automatic_answers_are_not_filed_but_answered(
    sender: httpx.AsyncClient, intake: Runtime, header: str
) -> None:
    answer = await push(sender, "email/box", mail("我在休假。".encode(), header))
    assert (answer.status_code, answer.json()["filed"]) == (202, False)
    assert answer.json()["reason"] in ("auto_submitted", "list", "bounce")
    assert await intake.database.pool.fetchval("SELECT count(*) FROM tickets") == 0


def test_a_bounce_is_no_request() -> None:
    raw = b"From: Mailer-Daemon@example.org\r\nSubject: failure\r\n\r\ngone"
    assert read_mail(raw) == NotFiled("bounce")


async def test_a_mail_that_is_too_long_is_cut_and_its_whole_text_kept(
    sender: httpx.AsyncClient, intake: Runtime
) -> None:
    text = "长" * 100_000
    answer = await push(sender, "email/box", mail(text.encode()))
    assert answer.status_code == 201, answer.text
    [row] = await intake.database.pool.fetch(TICKETS)
    assert len(row["content"]) == 20_000
    assert row["content"].endswith("（内容过长，全文见附件“全文.txt”）")
    files = await intake.database.pool.fetch("SELECT * FROM attachments")
    assert [file["bytes"] for file in files] == [300_000]


async def test_a_file_that_is_not_taken_is_named_in_the_ticket(
    sender: httpx.AsyncClient, intake: Runtime
) -> None:
    made = whole_mail("见附件。", good=PNG, bad=b"MZ\x90\x00 a program")
    for status in (201, 200):
        answer = await push(sender, "email/box", made.as_bytes(), at=None if status == 201 else 1)
        if status == 200:
            assert answer.status_code == 401
    [row] = await intake.database.pool.fetch(TICKETS)
    assert "bad.png" in row["content"]
    assert await intake.database.pool.fetchval("SELECT count(*) FROM ticket_attachments") == 1


CALLERS = """SELECT n.id, kind, recipient, ticket_id, template, text, attempts, number
FROM notices n JOIN tickets t ON t.id = n.ticket_id WHERE kind = 'caller'"""


async def test_who_hears_no_answer_is_sent_number_and_query_code(
    sender: httpx.AsyncClient, intake: Runtime
) -> None:
    filed = (await push(sender, "email/box", whole_mail("路灯不亮。").as_bytes())).json()
    again = await push(sender, "email/box", whole_mail("路灯不亮。").as_bytes(), at=int(time()) - 9)
    assert again.status_code == 200
    [row] = await intake.database.pool.fetch(CALLERS)
    assert (row["template"], row["number"]) == ("ticket.created", filed["number"])
    assert row["number"] in row["text"]
    assert filed["query_code"] not in row["text"], "the code is stored nowhere"
    facts = {name: row[name] for name in ("id", "ticket_id", "template", "text", "attempts")}
    claimed = Claimed(kind=NoticeKind.CALLER, to=row["recipient"], **facts)
    vault = Vault(intake)
    async with intake.database.pool.acquire() as connection:
        places = await resolve(vault, connection, [claimed])
    assert places == {row["id"]: (Address("email", "wang@example.org"),)}
    sent = list[str]()

    class Post:
        async def send(self, notice: Claimed, addresses: Sequence[Address]) -> None:
            sent.append(notice.text)

    await WithCode(Post(), vault).send(claimed, places[row["id"]])
    assert filed["query_code"] in sent[0]


@pytest.mark.parametrize(
    ("channel", "caller", "count"),
    [
        ("letter", {"phone": "13800000000"}, 1),
        ("voicemail", {"phone": "13800000000"}, 1),
        ("letter", {"name": "王某"}, 0),
        ("phone", {"phone": "13800000000"}, 0),
    ],
)
async def test_nobody_is_sent_what_they_heard_or_cannot_get(
    harness: Harness,
    sender: httpx.AsyncClient,
    intake: Runtime,
    channel: str,
    caller: Json,
    count: int,
) -> None:
    seat = await harness.client(make_app(intake), token(harness.settings, Role.OPERATOR))
    body = {"jurisdiction": "512000", "type": "help", "content": "路灯不亮", "channel": channel}
    answer = await seat.post("/v1/tickets", json=body | {"caller": caller})
    assert answer.status_code == 201, answer.text
    assert len(await intake.database.pool.fetch(CALLERS)) == count


async def test_a_mailbox_is_looked_into_and_each_mail_is_marked(
    sender: httpx.AsyncClient, intake: Runtime, harness: Harness
) -> None:
    away = mail("我在休假。".encode(), "Auto-Submitted: auto-replied")
    mails = {"1": mail("路灯不亮。".encode()), "2": away, "3": b"From: x@example.org\r\n\r\n"}
    async with imap(mails) as (box, url):
        settings = intake.settings.model_copy(update={"imap_url": url})
        runtime = Runtime(intake.service, settings, intake.clock, intake.database, intake.law_book)
        state = make_app(runtime).state
        limits = limits_of(runtime)
        doors = Doors(runtime, state.directory, state.filer, state.store, limits)
        ours = Source("box", Channel.EMAIL, "512000", None, b"")
        assert await look_into_mailbox(doors, ours) == 3
        assert box.flags == {"1": r"(\Seen)", "2": r"(\Seen)", "3": r"(\Seen \Flagged)"}
        assert await look_into_mailbox(doors, ours) == 0
        box.flags.clear()
        assert await look_into_mailbox(doors, ours) == 3, "killed before they were marked"
    [row] = await intake.database.pool.fetch(TICKETS)
    assert (row["channel"], row["content"]) == ("email", "路灯不亮。")
    again = await push(sender, "email/box", mails["1"])
    assert again.status_code == 200, "the same mail by another way is the same ticket"
