"""Attachments over HTTP: streamed in, streamed out."""

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from services.intake.attachments import operations, queries, schemas
from services.intake.attachments.models import TicketAttachment
from services.intake.attachments.receiving import Limits, Received, received
from services.intake.attachments.rules import allowed_types, clean_filename
from services.intake.attachments.store import Store, incoming_folder
from services.intake.models import Ticket
from services.intake.operations import lock_ticket, record_look
from services.intake.origins.rules import is_theirs as is_home
from services.intake.sight import is_seen
from shared import problems, seen
from shared.access import ASKERS
from shared.answers import json_body, problems_of
from shared.events.kinds import AttachmentKind
from shared.events.words import Role, Service
from shared.idempotency import Answer, run_act
from shared.problems import Malformed, NotFound, field_error, field_errors
from shared.reading import reading, write_again
from shared.runtime import Runtime
from shared.security import Caller, Principal
from shared.service import runtime_of

JSON, MULTIPART = "application/json", "multipart/form-data"
PIECE_BYTES = 262_144
FORM = TypeAdapter(schemas.AttachIn)
PROBLEMS = problems_of(
    problems.Malformed,
    problems.Unauthenticated,
    problems.NotAllowed,
    problems.NotFound,
    problems.LengthRequired,
    problems.TooLarge,
    problems.StillRunning,
    problems.KeyReused,
    problems.NotHeardYet,
    problems.Unavailable,
)
BINARY = {"schema": {"type": "string", "format": "binary"}}
MULTIPART_BODY = {
    "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
}
UPLOADED = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": BINARY, MULTIPART: MULTIPART_BODY},
    }
}
router = APIRouter(prefix="/v1", tags=["attachments"], responses=PROBLEMS)


@router.post(
    "/attachments", status_code=201, response_model=schemas.AttachmentOut, openapi_extra=UPLOADED
)
async def upload(request: Request, caller: Caller) -> Response:
    """上传一个文件，用原始正文（`Content-Type`、`X-Filename`）或表单；同样的内容再传，编号不变."""
    return await keep_upload(request, caller)


@router.post(
    "/tickets/{ticket_id}/attachments",
    status_code=201,
    response_model=schemas.TicketAttachments,
    openapi_extra=json_body(schemas.AttachIn),
)
async def attach(
    ticket_id: UUID,
    request: Request,
    caller: Caller,
    kind: Annotated[
        AttachmentKind, Query(description="直接上传文件时的用途")
    ] = AttachmentKind.EVIDENCE,
) -> Response:
    """给工单添加附件：JSON 写明已上传的编号，或直接上传文件；单位只能添加到自己的工单."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))
    person = operations.Person(caller.subject, caller.unit)

    async def answer(session: AsyncSession, files: list[UUID], use: AttachmentKind) -> Answer:
        ticket = await _lock_theirs(session, ticket_id, caller)
        added = await operations.attach(session, runtime, ticket, files, kind=use, by=person)
        items = [schemas.TicketAttachmentOut.on(one.file, one.on_ticket) for one in added]
        headers = {seen.HEADER: seen.write_seen(str(ticket.id), {Service.INTAKE: ticket.sequence})}
        return Answer(schemas.TicketAttachments(items=items), status=201, headers=headers)

    if _media_type(request) == JSON:
        body = _parse(await request.body())
        return await run_act(
            runtime, request, caller, lambda s: answer(s, body.attachments, body.kind)
        )
    await _require_theirs(runtime, ticket_id, caller)
    async with _stored(request) as file:

        async def keep_and_attach(session: AsyncSession) -> Answer:
            row, _ = await operations.keep_file(
                session, runtime, _store(request), file, by=caller.subject
            )
            return await answer(session, [row.id], kind)

        content = bytes.fromhex(file.sha256)
        return await run_act(runtime, request, caller, keep_and_attach, body_hash=content)


@router.get("/tickets/{ticket_id}/attachments", response_model=schemas.TicketAttachments)
async def list_of_ticket(
    ticket_id: UUID, request: Request, caller: Caller
) -> schemas.TicketAttachments:
    """一件工单的附件."""
    runtime = runtime_of(request)
    await _require_theirs(runtime, ticket_id, caller)
    async with reading(runtime, caller) as session:
        rows = await queries.list_attachments(session, ticket_id)
    return schemas.TicketAttachments(items=[schemas.TicketAttachmentOut.on(*row) for row in rows])


@router.get(
    "/attachments/{attachment_id}",
    response_class=Response,
    responses={200: {"description": "文件内容", "content": {"application/octet-stream": BINARY}}},
)
async def download(attachment_id: UUID, request: Request, caller: Caller) -> Response:
    """下载附件：上传的人，或工单的经办人；单位查看诉求人的文件会留痕 (F6, ZY 22)."""
    runtime = runtime_of(request)
    async with reading(runtime, caller) as session:
        found = await queries.find_attachment(session, attachment_id)
        if found is None:
            raise NotFound
        file, places = found
        theirs = [place for place in places if await is_theirs(session, caller, place[1])]
        if not theirs and file.uploaded_by != caller.subject:
            raise NotFound
        await write_again(session, runtime)
        await _record(session, runtime, caller, theirs)
    return StreamingResponse(
        _store(request).read(file.sha256),
        media_type=file.media_type,
        headers={
            "Content-Length": str(file.bytes),
            "Content-Disposition": _disposition(file.filename),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, no-store",
        },
    )


async def keep_upload(request: Request, caller: Principal) -> Response:
    """Store the file of a request, then its row: 201, or 200 where the same came before."""
    runtime = runtime_of(request)
    async with _stored(request) as file:

        async def operation(session: AsyncSession) -> Answer:
            row, is_new = await operations.keep_file(
                session, runtime, _store(request), file, by=caller.subject
            )
            return Answer(schemas.AttachmentOut.of(row), status=201 if is_new else 200)

        content = bytes.fromhex(file.sha256)
        return await run_act(runtime, request, caller, operation, body_hash=content)


def limits_of(runtime: Runtime) -> Limits:
    """What this platform takes."""
    settings = runtime.settings
    types = allowed_types(settings.attachment_types)
    return Limits(Path(incoming_folder(settings)), settings.attachment_bytes_max, types)


async def is_theirs(session: AsyncSession, caller: Principal, ticket: Ticket) -> bool:
    """Whether a ticket's files are the caller's to see: a unit's are those of its own tickets."""
    if caller.is_of_unit:
        return await queries.handles(session, caller.unit, ticket)
    return caller.role in ASKERS and is_seen(ticket, caller)


@asynccontextmanager
async def _stored(request: Request) -> AsyncIterator[Received]:
    """The file of a request, safe in the store. No transaction is open while it comes in."""
    async with _file_of(request) as (chunks, declared, filename):
        limits = limits_of(runtime_of(request))
        async with received(chunks, limits, declared=declared, filename=filename) as file:
            await _store(request).put(file.sha256, file.path)
            yield file


@asynccontextmanager
async def _file_of(
    request: Request,
) -> AsyncIterator[tuple[AsyncIterable[bytes], str, str | None]]:
    if _media_type(request) != MULTIPART:
        filename = clean_filename(request.headers.get("x-filename"))
        yield request.stream(), request.headers.get("content-type", ""), filename
        return
    async with request.form(max_files=1, max_fields=1) as form:
        file = next((one for one in form.values() if isinstance(one, UploadFile)), None)
        if file is None:
            raise field_error("file", "missing", "表单中没有文件")
        yield _chunks(file), file.content_type or "", clean_filename(file.filename)


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(PIECE_BYTES):
        yield piece


async def _lock_theirs(session: AsyncSession, ticket_id: UUID, caller: Principal) -> Ticket:
    ticket = await lock_ticket(session, ticket_id)
    # What was erased meanwhile takes no file any more.
    if ticket.erased_at is not None or not await _may_attach(session, caller, ticket):
        raise NotFound
    return ticket


async def _require_theirs(runtime: Runtime, ticket_id: UUID, caller: Principal) -> None:
    async with reading(runtime, caller) as session:
        ticket = await session.get(Ticket, ticket_id)
        if ticket is None or not await _may_attach(session, caller, ticket):
            raise NotFound


async def _may_attach(session: AsyncSession, caller: Principal, ticket: Ticket) -> bool:
    """Another platform adds to a ticket that is at home there, and sees none of its files."""
    if caller.role is Role.PLATFORM:
        return is_home(caller.role, caller.subject, ticket.home)
    return await is_theirs(session, caller, ticket)


async def _record(
    session: AsyncSession,
    runtime: Runtime,
    caller: Principal,
    places: list[tuple[TicketAttachment, Ticket]],
) -> None:
    """Write down that a unit looked at what is not a unit's."""
    if not caller.is_of_unit:
        return
    for on_ticket, ticket in places:
        if on_ticket.unit is None:
            purpose = f"查看附件 {on_ticket.attachment_id}"
            await record_look(session, runtime.clock, ticket.id, by=caller.subject, purpose=purpose)


def _parse(body: bytes) -> schemas.AttachIn:
    try:
        return FORM.validate_json(body)
    except ValidationError as error:
        raise Malformed(errors=field_errors(error.errors(include_url=False))) from error


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _disposition(filename: str | None) -> str:
    if filename is None:
        return "attachment"
    return f"attachment; filename*=UTF-8''{quote(filename, safe='')}"


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store
