"""Looks into the mailbox, and forgets signatures that open nothing any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from http import HTTPStatus
from pathlib import Path

from services.intake.attachments.receiving import Limits
from services.intake.attachments.rules import allowed_types
from services.intake.attachments.store import incoming_folder, open_store
from services.intake.channels.delivery import Doors, deliver
from services.intake.channels.mail import NotFiled, read_mail
from services.intake.channels.mailbox import Mailbox, MailboxError, open_mailbox
from services.intake.channels.operations import Source, find_source, forget_signatures
from services.intake.directory import Directory
from services.intake.filing.filer import Filer
from services.intake.identity import Vault
from shared.database import is_transient
from shared.events.words import Channel
from shared.problems import Malformed, Problem, TooLarge
from shared.runtime import Runtime
from shared.telemetry import log
from shared.worker import Task

FORGET_SECONDS = 600.0


def tasks(runtime: Runtime) -> dict[str, Task]:
    """The mailbox, where there is one, and what is forgotten."""
    forget: dict[str, Task] = {"signatures": lambda: _forget_always(runtime)}
    if not runtime.settings.imap_url:
        return forget
    return forget | {"mailbox": lambda: _look_always(runtime)}


async def look_into_mailbox(doors: Doors, source: Source) -> int:
    """File what was not read yet; return how many mails were looked at.

    A mail is marked after its ticket is safe: whoever is killed in between files it again, and
    finds the ticket by the mail's id.
    """
    async with _opened(doors.runtime.settings.imap_url) as mailbox:
        numbers = await asyncio.to_thread(mailbox.unseen)
        for number in numbers:
            await _take(doors, source, mailbox, number)
    return len(numbers)


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Mailbox]:
    """The mailbox, opened and left in a thread: its server may take long over either."""
    stack = ExitStack()
    try:
        yield await asyncio.to_thread(stack.enter_context, open_mailbox(url))
    finally:
        await asyncio.to_thread(stack.close)


async def _take(doors: Doors, source: Source, mailbox: Mailbox, number: str) -> None:
    try:
        raw = await asyncio.to_thread(mailbox.fetch, number)
    except MailboxError as error:
        # Somebody moved it, or the server cannot give it out: the others must not wait for it.
        log.warning("message_not_fetched", source=source.code, mail=number, error=str(error))
        return
    try:
        is_refused = await _is_refused(doors, source, number, raw)
    except Exception as error:
        if _may_pass(error):
            raise
        # Left unread it would be the first again at each look, and none behind it ever filed.
        is_refused = True
        # Only the kind of error: its words may quote the mail.
        kind = type(error).__name__
        log.error("message_failed", source=source.code, mail=number, error=kind)
    await asyncio.to_thread(mailbox.mark, number, is_refused=is_refused)


async def _is_refused(doors: Doors, source: Source, number: str, raw: bytes) -> bool:
    message = read_mail(raw)
    if isinstance(message, NotFiled):
        log.info("message_not_filed", source=source.code, reason=message.reason)
        return False
    try:
        await deliver(doors, source, message)
    except (Malformed, TooLarge) as problem:
        # To try again changes nothing: a person looks at it.
        codes = [error.code for error in problem.errors] or [problem.code]
        log.error("message_refused", source=source.code, mail=number, codes=codes)
        return True
    return False


def _may_pass(error: Exception) -> bool:
    """Whether the platform is in trouble, and not the mail."""
    is_ours = isinstance(error, Problem) and error.status == HTTPStatus.SERVICE_UNAVAILABLE
    return is_ours or is_transient(error)


async def _look_always(runtime: Runtime) -> None:
    vault, settings = Vault(runtime), runtime.settings
    types = allowed_types(settings.attachment_types)
    limits = Limits(Path(incoming_folder(settings)), settings.attachment_bytes_max, types)
    filer, store = Filer(runtime, vault), open_store(settings)
    doors = Doors(runtime, Directory(runtime), filer, store, limits)
    while True:
        async with runtime.database.sessions() as session:
            source = await find_source(session, vault, settings.imap_source, Channel.EMAIL)
        if source is None:
            log.error("mailbox_has_no_source", source=settings.imap_source)
        else:
            await look_into_mailbox(doors, source)
        await asyncio.sleep(settings.imap_poll_seconds)


async def _forget_always(runtime: Runtime) -> None:
    while True:
        window = runtime.settings.inbound_window_seconds
        await forget_signatures(runtime.database.pool, window)
        await asyncio.sleep(FORGET_SECONDS)
