"""How notices leave: a log line, mail over SMTP, or a text message by a webhook of a provider."""

import asyncio
import hashlib
import hmac
import smtplib
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage

import httpx
import orjson

from shared import telemetry
from shared.notices import UNREACHABLE, Address, Claimed, Notifier, NotSent, Unreachable
from shared.settings import Settings

SIGNATURE = "X-Hotline-Signature"
SUBJECT_LENGTH_MAX = 40


class LogNotifier:
    """Writes that there is something to tell, and to whom by code: no words, no address."""

    async def send(self, notice: Claimed, addresses: Sequence[Address]) -> None:
        """Log one notice."""
        telemetry.log.info("notice", template=notice.template, kind=notice.kind.value, to=notice.to)


@dataclass(frozen=True, slots=True)
class SmtpNotifier:
    """Mails. A mail that comes twice carries the same Message-ID."""

    settings: Settings

    async def send(self, notice: Claimed, addresses: Sequence[Address]) -> None:
        """One mail to all mail addresses. Raises `NotSent`."""
        receivers = [one.value for one in addresses if one.kind == "email"]
        if not receivers:
            raise Unreachable(UNREACHABLE)
        try:
            await asyncio.to_thread(self._deliver, notice, receivers)
        except smtplib.SMTPResponseException as error:
            raise NotSent(f"smtp_{error.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent(f"smtp_{type(error).__name__}") from None

    def _deliver(self, notice: Claimed, receivers: list[str]) -> None:
        settings, context = self.settings, ssl.create_default_context()
        server = (settings.smtp_host, settings.smtp_port)
        seconds = settings.notice_timeout_seconds
        with (
            smtplib.SMTP_SSL(*server, timeout=seconds, context=context)
            if settings.smtp_tls == "tls"
            else smtplib.SMTP(*server, timeout=seconds) as connection
        ):
            if settings.smtp_tls == "starttls":
                connection.starttls(context=context)
            if settings.smtp_user:
                connection.login(settings.smtp_user, settings.smtp_password)
            refused = connection.send_message(
                _mail(notice, settings.smtp_from), settings.smtp_from, receivers
            )
        if refused:
            raise smtplib.SMTPException


@dataclass(frozen=True, slots=True)
class SmsNotifier:
    """Posts `{id, to, template, text}` with a signature to a provider of text messages."""

    settings: Settings
    client: httpx.AsyncClient

    async def send(self, notice: Claimed, addresses: Sequence[Address]) -> None:
        """One post for each telephone number. Raises `NotSent`."""
        receivers = [one.value for one in addresses if one.kind == "phone"]
        if not receivers:
            raise Unreachable(UNREACHABLE)
        for receiver in receivers:
            body = orjson.dumps(
                {
                    "id": str(notice.id),
                    "to": receiver,
                    "template": notice.template,
                    "text": notice.text,
                }
            )
            headers = {
                "Content-Type": "application/json",
                SIGNATURE: sign(self.settings.sms_webhook_secret, body),
            }
            try:
                answer = await self.client.post(
                    self.settings.sms_webhook_url, content=body, headers=headers
                )
            except httpx.HTTPError as error:
                raise NotSent(f"http_{type(error).__name__}") from None
            if not answer.is_success:
                raise NotSent(f"http_{answer.status_code}")


@dataclass(frozen=True, slots=True)
class EachByItsKind:
    """Sends by every way that has an address; only where there is none is nobody reached."""

    ways: tuple[Notifier, ...]

    async def send(self, notice: Claimed, addresses: Sequence[Address]) -> None:
        """By each way in turn. Raises `NotSent` where one of them failed."""
        unreachable = 0
        for way in self.ways:
            try:
                await way.send(notice, addresses)
            except Unreachable:
                unreachable += 1
        if unreachable == len(self.ways):
            raise Unreachable(UNREACHABLE)


@asynccontextmanager
async def open_notifier(settings: Settings) -> AsyncIterator[Notifier]:
    """The notifier that the settings name."""
    async with httpx.AsyncClient(
        timeout=settings.notice_timeout_seconds, follow_redirects=False, trust_env=False
    ) as client:
        smtp, sms = SmtpNotifier(settings), SmsNotifier(settings, client)
        found: dict[str, Notifier] = {
            "log": LogNotifier(),
            "smtp": smtp,
            "sms": sms,
            "smtp+sms": EachByItsKind((sms, smtp)),
        }
        yield found[settings.notifier]


def sign(secret: str, body: bytes) -> str:
    """What stands in `X-Hotline-Signature`: the receiver makes it again from the body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _mail(notice: Claimed, sender: str) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = f"【12345热线】{notice.text[:SUBJECT_LENGTH_MAX]}"
    mail["From"] = sender
    # Receivers do not learn of each other: their addresses stand on the envelope alone.
    mail["To"] = "undisclosed-recipients:;"
    mail["Message-ID"] = f"<{notice.id}@hotline-12345>"
    mail.set_content(notice.text)
    return mail
