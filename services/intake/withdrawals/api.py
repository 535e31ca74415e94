"""Withdrawals over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.operations import lock_own_ticket
from services.intake.schemas import CallerActed, answer_of
from services.intake.withdrawals import schemas
from services.intake.withdrawals.operations import ask_to_withdraw
from shared import problems, seen
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(*problems.OF_ACTS)
router = APIRouter(prefix="/v1/tickets", tags=["tickets"], responses=PROBLEMS)


@router.post("/{ticket_id}/withdraw", response_model=CallerActed)
async def withdraw(
    ticket_id: UUID, body: schemas.Withdraw, request: Request, caller: Caller
) -> Response:
    """应诉求人要求撤回，由派单环节决定 (A9). Answers before the decision is heard."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        ticket = await lock_own_ticket(session, ticket_id, caller)
        return answer_of(
            await ask_to_withdraw(session, runtime, ticket, by=caller.subject, reason=body.reason)
        )

    return await run_act(runtime, request, caller, operation)
