"""Erasing a ticket's words and its caller over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.attachments.store import Store
from services.intake.erasures import operations, schemas
from services.intake.operations import lock_own_ticket
from shared import problems
from shared.answers import problems_of
from shared.database import connection_of
from shared.events.words import Role
from shared.idempotency import Answer, run_act
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(*problems.OF_WRITES, problems.ActRefused)
router = APIRouter(prefix="/v1/tickets", tags=["tickets"], responses=PROBLEMS)


@router.post("/{ticket_id}/erase", response_model=schemas.ErasedTicket)
async def erase(ticket_id: UUID, body: schemas.Erase, request: Request, caller: Caller) -> Response:
    """应当事人要求删除内容和诉求人信息，不可恢复；仅限安全管理员和来源平台，须已办结 (F6, F9)."""
    runtime = runtime_of(request)
    store: Store = request.app.state.store
    files: list[str] = []

    async def operation(session: AsyncSession) -> Answer:
        if caller.role is Role.PLATFORM:
            # Where the ticket is at home its words are gone: nothing else may another one erase.
            await lock_own_ticket(session, ticket_id, caller)
        erased = await operations.erase_on_request(
            await connection_of(session),
            runtime,
            ticket_id,
            by=caller.subject,
            reason=body.reason,
            place=caller.jurisdiction,
        )
        files.extend(erased.files)
        return Answer(schemas.ErasedTicket(id=ticket_id, is_new=erased.tickets > 0))

    answer = await run_act(runtime, request, caller, operation)
    await operations.remove_files(runtime.database.pool, store, files)
    return answer
