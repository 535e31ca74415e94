"""What other platforms say of the requests that they forwarded, over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.operations import lock_own_ticket
from services.intake.origins import operations, schemas
from services.intake.schemas import CallerActed, answer_of
from shared import problems
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(*problems.OF_WRITES)
router = APIRouter(prefix="/v1/tickets", tags=["tickets"], responses=PROBLEMS)


@router.post("/{ticket_id}/note-rating", response_model=CallerActed)
async def note_rating(
    ticket_id: UUID, body: schemas.NoteRating, request: Request, caller: Caller
) -> Response:
    """记录来源平台取得的评价. It counts there, and closes nothing here."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        ticket = await lock_own_ticket(session, ticket_id, caller)
        noted = operations.Noted(**body.model_dump())
        return answer_of(
            await operations.note_rating(session, runtime, ticket, by=caller.subject, noted=noted)
        )

    return await run_act(runtime, request, caller, operation)
