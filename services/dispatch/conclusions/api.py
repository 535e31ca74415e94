"""Ending a ticket at the hotline itself over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.dispatch.acts.api import ACT_PROBLEMS, run_on_ticket
from services.dispatch.acts.operations import Turn
from services.dispatch.conclusions import operations
from services.dispatch.conclusions.schemas import AnswerDirectly, HandOverTo, Refuse
from services.dispatch.schemas import ActAnswer
from shared.answers import problems_of
from shared.events.words import Act
from shared.security import Caller

router = APIRouter(prefix="/v1/tickets", tags=["tickets"], responses=problems_of(*ACT_PROBLEMS))


@router.post("/{ticket_id}/refuse", response_model=ActAnswer)
async def refuse(ticket_id: UUID, body: Refuse, request: Request, caller: Caller) -> Response:
    """不予受理：网络、短信等渠道受理后查明不属于受理范围，告知理由和渠道 (A3, ZY 9)."""

    async def act(turn: Turn) -> None:
        await operations.refuse_ticket(turn, **body.model_dump())

    return await run_on_ticket(request, caller, ticket_id, Act.REFUSE, act)


@router.post("/{ticket_id}/answer", response_model=ActAnswer)
async def answer(
    ticket_id: UUID, body: AnswerDirectly, request: Request, caller: Caller
) -> Response:
    """直接答复：依据知识库，不派单 (A5, ZY 12, YN 六(三)3)."""

    async def act(turn: Turn) -> None:
        await operations.answer_ticket(turn, **body.model_dump())

    return await run_on_ticket(request, caller, ticket_id, Act.ANSWER, act)


@router.post("/{ticket_id}/hand-over", response_model=ActAnswer)
async def hand_over(
    ticket_id: UUID, body: HandOverTo, request: Request, caller: Caller
) -> Response:
    """转紧急热线：属于 110、119、120、122 的，转至该专线并记录 (A6, ZY 34)."""

    async def act(turn: Turn) -> None:
        await operations.hand_over_ticket(turn, **body.model_dump())

    return await run_on_ticket(request, caller, ticket_id, Act.HAND_OVER, act)
