"""From a message to a ticket: its files are kept first, then it is filed as everything is."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from services.intake.attachments.operations import keep_file
from services.intake.attachments.receiving import Limits, received
from services.intake.attachments.rules import clean_filename
from services.intake.attachments.store import Store
from services.intake.channels.operations import Source
from services.intake.channels.rules import File, Message, reference_of, type_of
from services.intake.directory import Directory
from services.intake.filing.filer import Filer
from services.intake.filing.requests import Filed
from services.intake.forms import FORM, filing_of
from services.intake.schemas import CONTENT_LENGTH_MAX
from shared.events.words import Channel, Role
from shared.masking import is_masked
from shared.problems import Malformed, TooLarge, field_errors
from shared.runtime import Runtime
from shared.security import Principal

REFERENCE_LENGTH_MAX = 200
WHOLE = "全文.txt"
CUT = "\n（内容过长，全文见附件“全文.txt”）"


@dataclass(frozen=True, slots=True)
class Doors:
    """What taking a message in needs."""

    runtime: Runtime
    directory: Directory
    filer: Filer
    store: Store
    limits: Limits


async def deliver(doors: Doors, source: Source, message: Message) -> Filed:
    """File a message; one that comes again is answered with its first ticket.

    What is too long, or brings a file that is not taken, is refused (`Malformed`, `TooLarge`);
    mail is not, for nobody can be told: the ticket says what is missing and has the whole text.
    """
    is_strict = message.channel is not Channel.EMAIL
    if not is_strict and len(message.text) > CONTENT_LENGTH_MAX:
        whole = File(WHOLE, "text/plain", message.text.encode())
        cut = message.text[: CONTENT_LENGTH_MAX - len(CUT)] + CUT
        message = replace(message, text=cut, files=(*message.files, whole))
    files, missing = list[UUID](), list[str]()
    for file in message.files:
        try:
            files.append(await _keep(doors, source, file))
        except (Malformed, TooLarge) as problem:
            if is_strict:
                raise
            missing.append(f"（附件“{file.filename or '无名'}”未收取：{_why(problem)}）")
    text = "\n".join((message.text, *missing)).strip()
    caller = Principal(source.subject, Role.OPERATOR, source.jurisdiction)
    body = _form(source, replace(message, text=text[:CONTENT_LENGTH_MAX]), files)
    return await doors.filer.file(await filing_of(doors.directory, caller, body, None))


def _form(source: Source, message: Message, files: list[UUID]) -> Any:  # noqa: ANN401
    sender = message.sender
    # Nobody can be told that a mail's name looks masked: it is left out.
    is_strict = message.channel is not Channel.EMAIL
    caller = {
        name: value
        for name in ("name", "phone", "address", "contact")
        if (value := getattr(sender, name)) and (is_strict or not is_masked(value))
    }
    fields = {
        "jurisdiction": source.jurisdiction,
        "type": type_of(message.request_type, source.request_type, message.channel),
        "title": message.subject,
        "content": message.text or None,
        "channel": message.channel,
        "channel_ref": _reference(source, message),
        "category": message.category,
        "urgency": message.urgency,
        "about_unit": message.about_unit,
        "caller": caller or None,
        "place": message.place,
        "filed_at": message.sent_at,
        "attachments": files,
    }
    try:
        return FORM.validate_python(fields)
    except ValidationError as error:
        raise Malformed(errors=field_errors(error.errors(include_url=False))) from error


def _reference(source: Source, message: Message) -> str:
    """The reference within the channel: a mail's id is its own, others count for themselves."""
    if message.channel is Channel.EMAIL:
        return message.channel_ref
    whole = f"{source.code}:{message.channel_ref}"
    return whole if len(whole) <= REFERENCE_LENGTH_MAX else reference_of(whole.encode())


async def _keep(doors: Doors, source: Source, file: File) -> UUID:
    async def content() -> AsyncIterator[bytes]:
        yield file.content

    filename = clean_filename(file.filename)
    incoming = received(content(), doors.limits, declared=file.media_type, filename=filename)
    async with incoming as whole:
        await doors.store.put(whole.sha256, whole.path)
        async with doors.runtime.database.sessions() as session, session.begin():
            row, _ = await keep_file(session, doors.runtime, doors.store, whole, by=source.subject)
            return row.id


def _why(problem: Malformed | TooLarge) -> str:
    return problem.errors[0].message if problem.errors else problem.detail
