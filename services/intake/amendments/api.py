"""Amendments over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.amendments import operations, schemas
from services.intake.directory import Directory
from services.intake.schemas import CallerActed, answer_of
from shared import problems, seen
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(*problems.OF_ACTS)
router = APIRouter(prefix="/v1/tickets", tags=["tickets"], responses=PROBLEMS)


@router.post("/{ticket_id}/amend", response_model=CallerActed)
async def amend(ticket_id: UUID, body: schemas.Amend, request: Request, caller: Caller) -> Response:
    """补充内容，或更正类型、紧急程度、类别、知悉范围、被投诉的单位 (ZY 5, F9, XS 三(四)).

    A correction needs a reason.
    """
    runtime = runtime_of(request)
    directory: Directory = request.app.state.directory
    await directory.require_category(body.category)
    if body.about_unit is not None:
        await directory.require_unit("about_unit", body.about_unit)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        done = await operations.amend_ticket(
            session,
            runtime,
            ticket_id,
            caller=caller,
            addition=body.addition,
            corrections=body.model_dump(include=set(operations.CORRECTED)),
            reason=body.reason,
        )
        return answer_of(done)

    return await run_act(runtime, request, caller, operation)
