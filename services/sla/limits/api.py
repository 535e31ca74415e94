"""Limits set by law over REST: entered, confirmed, listed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.sla.handling.api import ACT_PROBLEMS, PAGE_PROBLEMS, page, run
from services.sla.handling.operations import Turn
from services.sla.limits import operations
from services.sla.limits.schemas import (
    DecideLimit,
    LimitAnswer,
    LimitQuery,
    LimitShown,
    SetLimit,
)
from services.sla.models import LawLimit
from shared.answers import problems_of
from shared.pages import Page
from shared.security import Caller

router = APIRouter(prefix="/v1", tags=["limits"])


@router.post(
    "/tickets/{ticket_id}/set-limit",
    summary="申报法定时限",
    response_model=LimitAnswer,
    responses=problems_of(*ACT_PROBLEMS, operations.LimitPending),
)
async def set_limit(ticket_id: UUID, body: SetLimit, request: Request, caller: Caller) -> Response:
    """承办单位申报法律法规规定的办理时限；确认前时限照常计算 (C8, YN 六(三)4(4), XS 三(五))."""

    async def act(turn: Turn) -> LawLimit:
        return await operations.request_limit(turn, body.limit())

    return await run(request, caller, ticket_id, act, LimitAnswer.after)


@router.post(
    "/tickets/{ticket_id}/decide-limit",
    summary="法定时限确认",
    response_model=LimitAnswer,
    responses=problems_of(*ACT_PROBLEMS),
)
async def decide_limit(
    ticket_id: UUID, body: DecideLimit, request: Request, caller: Caller
) -> Response:
    """热线管理机构确认法定时限；确认后代替原办理时限，可长可短 (C8)."""

    async def act(turn: Turn) -> LawLimit:
        return await operations.decide_limit(
            turn, is_confirmed=body.is_confirmed, reason=body.reason
        )

    return await run(request, caller, ticket_id, act, LimitAnswer.after)


@router.get(
    "/limits",
    summary="法定时限申报列表",
    responses=problems_of(*PAGE_PROBLEMS),
)
async def list_limits(
    request: Request, caller: Caller, wanted: Annotated[LimitQuery, Query()]
) -> Page[LimitShown]:
    """法定时限的申报，最早的在前；承办单位只看到本单位的，其他人看到本辖区的。"""
    return await page(request, caller, wanted, LawLimit, state=wanted.state, show=LimitShown.of)
