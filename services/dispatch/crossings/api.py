"""Tickets that crossed platforms, over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.acts.api import ACT_PROBLEMS, run_crossing, run_on_ticket
from services.dispatch.acts.operations import Turn
from services.dispatch.crossings import operations
from services.dispatch.crossings.schemas import SendBack, Settle
from services.dispatch.links.operations import follow_main
from services.dispatch.schemas import ActAnswer
from shared import seen
from shared.answers import problems_of
from shared.events.words import Act, Service
from shared.idempotency import Answer
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(*ACT_PROBLEMS)

router = APIRouter(prefix="/v1/tickets", tags=["tickets"])


@router.post("/{ticket_id}/send-back", response_model=ActAnswer, responses=PROBLEMS)
async def send_back(ticket_id: UUID, body: SendBack, request: Request, caller: Caller) -> Response:
    """退回来源平台：说明情形、理由、依据和建议承办单位，由来源平台审核 (ZY 13.2)."""

    async def act(turn: Turn) -> None:
        await operations.send_back(turn, **body.model_dump())

    return await run_on_ticket(request, caller, ticket_id, Act.SEND_BACK, act)


@router.post("/{ticket_id}/settle", response_model=ActAnswer, responses=PROBLEMS)
async def settle(ticket_id: UUID, body: Settle, request: Request, caller: Caller) -> Response:
    """来源平台结束办理；已答复的办结，未答复的撤回，已结束的不变. Other platforms alone."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        turn = await operations.take_settling(session, runtime, caller=caller, ticket_id=ticket_id)
        before = turn.ticket.state
        await operations.settle_ticket(turn, **body.model_dump())
        if turn.ticket.state is not before:
            await follow_main(turn)
        header = seen.write_seen(str(ticket_id), {Service.DISPATCH: turn.ticket.sequence})
        return Answer(ActAnswer.of(turn.ticket, turn.law), headers={seen.HEADER: header})

    return await run_crossing(runtime, request, caller, operation)
