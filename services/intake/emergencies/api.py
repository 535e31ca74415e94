"""Emergencies over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.emergencies import operations, queries, schemas
from services.intake.identity import Vault
from services.intake.models import Ticket
from services.intake.operations import lock_own_ticket
from services.intake.schemas import Code
from services.intake.sight import is_seen
from shared import problems, seen
from shared.answers import problems_of
from shared.events.words import Service
from shared.idempotency import Answer, run_act
from shared.jurisdictions import covers
from shared.problems import NotFound
from shared.reading import reading
from shared.security import Caller, Principal
from shared.service import runtime_of

PROBLEMS = problems_of(*problems.OF_ACTS)
router = APIRouter(prefix="/v1", tags=["emergencies"], responses=PROBLEMS)


@router.post(
    "/tickets/{ticket_id}/report-emergency", status_code=201, response_model=schemas.ReportOut
)
async def report_emergency(
    ticket_id: UUID, body: schemas.ReportIn, request: Request, caller: Caller
) -> Response:
    """续报特殊、特殊紧急事项；首报在登记时已由平台发出 (A6, ZY 13.4)."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        ticket = await lock_own_ticket(session, ticket_id, caller)
        report = await operations.report_again(
            session,
            runtime,
            ticket,
            told=operations.Told(body.offices, body.units),
            text=body.text,
            by=caller.subject,
        )
        header = seen.write_seen(str(ticket.id), {Service.INTAKE: ticket.sequence})
        return Answer(schemas.ReportOut.of(report), status=201, headers={seen.HEADER: header})

    return await run_act(runtime, request, caller, operation)


@router.get("/tickets/{ticket_id}/report-emergency", response_model=schemas.Reports)
async def list_reports(ticket_id: UUID, request: Request, caller: Caller) -> schemas.Reports:
    """一件工单的紧急报告，最早的在前."""
    async with reading(runtime_of(request), caller) as session:
        ticket = await session.get(Ticket, ticket_id)
        if ticket is None or not is_seen(ticket, caller):
            raise NotFound
        rows = await queries.list_reports(session, ticket_id)
    return schemas.Reports(items=[schemas.ReportOut.of(row) for row in rows])


@router.put("/jurisdictions/{code}/contacts", response_model=schemas.ContactsOut)
async def put_contacts(
    code: Code, body: schemas.ContactsIn, request: Request, caller: Caller
) -> schemas.ContactsOut:
    """一地政府接收紧急报告的值班联系方式；加密保存，只脱敏显示."""
    _require_place(caller, code)
    numbers = body.numbers()
    runtime = runtime_of(request)
    await _vault(request).ready()
    async with runtime.database.sessions() as session, session.begin():
        at = await runtime.clock.now(session)
        await operations.put_contacts(
            session, _vault(request), code, numbers, by=caller.subject, at=at
        )
    return schemas.ContactsOut.of(code, numbers)


@router.get("/jurisdictions/{code}/contacts", response_model=schemas.ContactsOut)
async def show_contacts(code: Code, request: Request, caller: Caller) -> schemas.ContactsOut:
    """一地政府的值班联系方式（脱敏）."""
    _require_place(caller, code)
    async with reading(runtime_of(request), caller) as session:
        row = await queries.find_contact(session, code)
    if row is None:
        raise NotFound
    numbers = await operations.open_contacts(_vault(request), code, row.sealed)
    return schemas.ContactsOut.of(code, numbers)


def _require_place(caller: Principal, code: str) -> None:
    if not covers(caller.jurisdiction, code):
        raise NotFound


def _vault(request: Request) -> Vault:
    vault: Vault = request.app.state.vault
    return vault
