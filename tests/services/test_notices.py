"""Notices: written with the act, sent at least once, tried again, dead after a limit (B13)."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import structlog

from services.dispatch.reminders.worker import resolve
from shared import notices
from shared.events.words import Role
from shared.notices import Address, Claimed, Notice, NoticeKind, send_batch
from shared.notifiers import LogNotifier, open_notifier, sign
from shared.runtime import Runtime
from tests.services.dispatch_desk import (
    HOUSING,
    WATER,
    Desk,
    desk,
    get,
    post,
    put,
    ruled_desk,
)
from tests.services.mail_room import open_mailbox, open_provider

__all__ = ["desk", "ruled_desk"]

MONDAY = datetime(2026, 9, 14, 2, tzinfo=UTC)
PHONE, NIGHT, MAIL = "08326112345", "13900000001", "water@example.cn"
CONTACTS = {
    "items": [
        {"kind": "phone", "address": "0832-6112345"},
        {"kind": "phone", "address": "139 0000 0001", "duty_hours": "always"},
        {"kind": "email", "address": MAIL, "duty_hours": "always"},
    ]
}
HOSTS: dict[str, Any] = {"smtp_host": "127.0.0.1", "smtp_tls": "none", "smtp_from": "h@x.cn"}


def with_settings(desk: Desk, **values: Any) -> Runtime:
    """Dispatch's runtime with other settings."""
    settings = desk.runtime.settings.model_copy(update=values)
    return Runtime(desk.runtime.service, settings, desk.runtime.clock, desk.runtime.database)


async def told(desk: Desk) -> str:
    """A ticket that was dispatched on Monday at ten, whose unit can be reached."""
    desk.harness.clock.stepped = MONDAY
    await put(await desk.unit(WATER), f"/v1/units/{WATER}/contacts", CONTACTS)
    return await desk.file(time=MONDAY)


async def rows(desk: Desk) -> list[dict[str, Any]]:
    """All notices, oldest first."""
    found = await desk.runtime.database.pool.fetch("SELECT * FROM notices ORDER BY id")
    return [dict(row) for row in found]


async def send(runtime: Runtime) -> int:
    """One look at what waits, with the notifier that the settings name."""
    async with open_notifier(runtime.settings) as notifier:
        return await send_batch(runtime, partial(resolve, runtime), notifier)


async def test_a_dispatched_unit_gets_a_mail_that_holds_no_name_and_no_number(
    ruled_desk: Desk,
) -> None:
    ticket = await told(ruled_desk)
    async with open_mailbox() as box:
        runtime = with_settings(ruled_desk, notifier="smtp", smtp_port=box.port, **HOSTS)
        assert await send(runtime) == 1
        assert await send(runtime) == 0
    ((receivers, words),) = box.mails
    assert receivers == [MAIL]
    mail = message_from_string(words, policy=policy.default)
    assert "512000-260914-0000001（一般）已派至你单位" in mail["subject"]
    assert (mail["to"], MAIL in words) == ("undisclosed-recipients:;", False)
    (row,) = await rows(ruled_desk)
    assert (row["state"], row["recipient"], row["ticket_id"]) == ("sent", WATER, UUID(ticket))
    assert mail["message-id"] == f"<{row['id']}@hotline-12345>"
    assert not {PHONE, NIGHT, MAIL} & {str(value) for value in row.values()}


async def test_text_messages_are_signed_and_go_to_every_telephone(ruled_desk: Desk) -> None:
    await told(ruled_desk)
    async with open_provider() as provider:
        runtime = with_settings(
            ruled_desk, notifier="sms", sms_webhook_url=provider.url, sms_webhook_secret="s3"
        )
        assert await send(runtime) == 1
    (row,) = await rows(ruled_desk)
    assert [body["to"] for body in provider.bodies] == [PHONE, NIGHT]
    assert {body["id"] for body in provider.bodies} == {str(row["id"])}
    for headers, body in provider.posts:
        expected = hmac.new(b"s3", body, hashlib.sha256).hexdigest()
        assert headers["X-Hotline-Signature"] == f"sha256={expected}" == sign("s3", body)


async def test_both_ways_together_reach_each_address_by_its_kind(ruled_desk: Desk) -> None:
    await told(ruled_desk)
    async with open_mailbox() as box, open_provider() as provider:
        runtime = with_settings(
            ruled_desk,
            **HOSTS,
            notifier="smtp+sms",
            smtp_port=box.port,
            sms_webhook_url=provider.url,
        )
        await send(runtime)
    assert (len(box.mails), len(provider.posts)) == (1, 2)


async def test_a_failure_is_tried_again_later_and_later_until_it_is_dead(
    ruled_desk: Desk,
) -> None:
    await told(ruled_desk)
    clock, waits = ruled_desk.harness.clock, []
    async with open_provider() as provider:
        provider.answers = [503] * 3
        runtime = with_settings(
            ruled_desk, notifier="sms", sms_webhook_url=provider.url, notice_attempts_max=3
        )
        for _ in range(3):
            assert await send(runtime) == 1
            assert await send(runtime) == 0
            (row,) = await rows(ruled_desk)
            assert clock.stepped is not None
            waits.append(row["next_at"] - clock.stepped)
            clock.step_to(row["next_at"])
        assert waits[:2] == [timedelta(seconds=30), timedelta(seconds=60)]
        assert (row["state"], row["attempts"], row["failure"]) == ("dead", 3, "http_503")
        assert await send(runtime) == 0

        supervisor = await ruled_desk.person(Role.SUPERVISOR)
        (shown,) = (await get(supervisor, "/v1/notices?state=dead"))["items"]
        assert (shown["to"], shown["failure"]) == (WATER, "http_503")
        assert not {PHONE, NIGHT} & {str(value) for value in shown.values()}
        replayed = await post(supervisor, f"/v1/notices/{shown['id']}/replay", {})
        assert (replayed["state"], replayed["attempts"]) == ("waiting", 0)
        await post(supervisor, f"/v1/notices/{shown['id']}/replay", {}, status=409)
        assert await send(runtime) == 1
    (row,) = await rows(ruled_desk)
    assert (row["state"], row["replayed_by"]) == ("sent", ["test-supervisor-"])


async def test_a_mail_server_that_says_later_is_asked_again(ruled_desk: Desk) -> None:
    await told(ruled_desk)
    async with open_mailbox() as box:
        box.refuses = ["451 try again later"]
        runtime = with_settings(ruled_desk, notifier="smtp", smtp_port=box.port, **HOSTS)
        await send(runtime)
        (row,) = await rows(ruled_desk)
        assert (row["state"], row["failure"], box.mails) == ("waiting", "smtp_451", [])
        ruled_desk.harness.clock.step_to(row["next_at"])
        await send(runtime)
    assert len(box.mails) == 1


async def test_mail_is_never_sent_in_the_clear_where_encryption_is_asked_for(
    ruled_desk: Desk,
) -> None:
    await told(ruled_desk)
    async with open_mailbox() as box:
        hosts = HOSTS | {"smtp_tls": "starttls"}
        await send(with_settings(ruled_desk, notifier="smtp", smtp_port=box.port, **hosts))
    (row,) = await rows(ruled_desk)
    assert (row["state"], box.mails) == ("waiting", [])
    assert row["failure"].startswith("smtp_")


class Killed(BaseException):
    """The process ended between sending and marking."""


async def test_what_was_sent_by_somebody_who_was_killed_is_sent_again(ruled_desk: Desk) -> None:
    await told(ruled_desk)
    sent: list[UUID] = []

    class Kill:
        async def send(self, notice: Claimed, addresses: Sequence[Address]) -> None:
            sent.append(notice.id)
            raise Killed

    class Take:
        async def send(self, notice: Claimed, addresses: Sequence[Address]) -> None:
            sent.append(notice.id)

    runtime = ruled_desk.runtime
    with pytest.raises(BaseExceptionGroup):
        await send_batch(runtime, partial(resolve, runtime), Kill())
    (row,) = await rows(ruled_desk)
    assert (row["state"], row["attempts"]) == ("waiting", 0)
    assert await send_batch(runtime, partial(resolve, runtime), Take()) == 1
    assert sent == [row["id"], row["id"]]


async def test_the_log_tells_the_template_and_the_code_alone(ruled_desk: Desk) -> None:
    await told(ruled_desk)
    runtime = ruled_desk.runtime
    with structlog.testing.capture_logs() as lines:
        await send_batch(runtime, partial(resolve, runtime), LogNotifier())
    (line,) = [line for line in lines if line["event"] == "notice"]
    assert line == {
        "event": "notice",
        "log_level": "info",
        "template": "ticket.dispatched",
        "kind": "unit",
        "to": WATER,
    }


async def test_a_unit_that_cannot_be_reached_is_dead_at_once_and_seen_by_its_place(
    ruled_desk: Desk,
) -> None:
    ruled_desk.harness.clock.stepped = MONDAY
    await ruled_desk.file(time=MONDAY)
    async with open_provider() as provider:
        await send(with_settings(ruled_desk, notifier="sms", sms_webhook_url=provider.url))
    (row,) = await rows(ruled_desk)
    assert (row["state"], row["failure"], row["attempts"]) == ("dead", "no_address", 1)
    for role, place, seen in (
        (Role.ADMINISTRATOR, "510000", 1),
        (Role.SUPERVISOR, "512000", 1),
        (Role.SUPERVISOR, "530000", 0),
    ):
        person = await ruled_desk.person(role, jurisdiction=place)
        assert len((await get(person, "/v1/notices"))["items"]) == seen
        if not seen:
            await post(person, f"/v1/notices/{row['id']}/replay", {}, status=404)
    operator = await ruled_desk.person(Role.OPERATOR)
    assert (await operator.get("/v1/notices")).status_code == 403


async def test_a_notice_written_with_an_act_that_fails_is_not_there(ruled_desk: Desk) -> None:
    database, at = ruled_desk.runtime.database, datetime.now(UTC)
    notice = Notice(NoticeKind.OFFICE, "512000", None, "ticket.created", "请接报")
    async with database.sessions() as session:
        await notices.add(session, notice, at=at)
        await session.rollback()
    assert await rows(ruled_desk) == []
    async with database.sessions() as session, session.begin():
        await notices.add(session, notice, notice._replace(kind="caller"), at=at)
    assert [row["jurisdiction"] for row in await rows(ruled_desk)] == ["512000", None]


async def test_contacts_are_kept_by_the_unit_and_its_place_alone(desk: Desk) -> None:
    path = f"/v1/units/{WATER}/contacts"
    water = await desk.unit(WATER)
    kept = await put(water, path, CONTACTS)
    assert [one["address"] for one in kept["items"]] == [MAIL, PHONE, NIGHT]
    supervisor = await desk.person(Role.SUPERVISOR)
    assert await get(supervisor, path) == kept
    for person, status in (
        (await desk.unit(HOUSING), 404),
        (await desk.person(Role.SUPERVISOR, jurisdiction="530000"), 404),
        (await desk.person(Role.OPERATOR), 403),
    ):
        assert (await person.get(path)).status_code == status
        await put(person, path, {"items": []}, status=status)
    for bad in ("12", "不是号码", "a@b"):
        await put(water, path, {"items": [{"kind": "phone", "address": bad}]}, status=422)
    assert (await put(water, path, {"items": []}))["items"] == []
    assert "0832" not in str(await desk.said())
