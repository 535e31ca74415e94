"""Pauses over REST (C7)."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.sla.handling.api import ACT_PROBLEMS, run
from services.sla.handling.operations import Turn
from services.sla.pauses import operations
from services.sla.pauses.schemas import Pause, PauseAnswer, Resume
from shared.answers import problems_of
from shared.security import Caller

router = APIRouter(prefix="/v1", tags=["pauses"])


@router.post(
    "/tickets/{ticket_id}/pause",
    summary="中止计时",
    response_model=PauseAnswer,
    responses=problems_of(*ACT_PROBLEMS, operations.NoPause),
)
async def pause(ticket_id: UUID, body: Pause, request: Request, caller: Caller) -> Response:
    """热线办按文件规定的情形中止办理计时；文件没有规定的，一律不中止 (C7)."""

    async def act(turn: Turn) -> datetime:
        return await operations.pause(turn, ground=body.ground, reason=body.reason)

    return await run(request, caller, ticket_id, act, PauseAnswer.after)


@router.post(
    "/tickets/{ticket_id}/resume",
    summary="恢复计时",
    response_model=PauseAnswer,
    responses=problems_of(*ACT_PROBLEMS),
)
async def resume(ticket_id: UUID, body: Resume, request: Request, caller: Caller) -> Response:
    """热线办恢复办理计时；到期时间按中止的时间顺延 (C7)."""

    async def act(turn: Turn) -> None:
        await operations.resume(turn, reason=body.reason)

    return await run(request, caller, ticket_id, act, PauseAnswer.after)
