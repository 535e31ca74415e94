"""Extensions over REST: asked, decided, explained, listed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.sla.extensions import operations, problems
from services.sla.extensions.rules import ExtensionDecision
from services.sla.extensions.schemas import (
    DecideExtension,
    ExplainExtension,
    Extend,
    ExtensionAnswer,
    ExtensionQuery,
    ExtensionShown,
)
from services.sla.handling.api import ACT_PROBLEMS, PAGE_PROBLEMS, page, run
from services.sla.handling.operations import Turn
from services.sla.letters.operations import require_letter
from services.sla.models import Extension
from shared.answers import problems_of
from shared.pages import Page
from shared.security import Caller

MOVING_PROBLEMS = (
    *ACT_PROBLEMS,
    problems.ExtensionSetByLaw,
    problems.ExtensionTooLong,
)
DECIDING_PROBLEMS = (*MOVING_PROBLEMS, problems.ExtensionNotExplained)
ASKING_PROBLEMS = (
    *MOVING_PROBLEMS,
    problems.ExtensionNotAllowedForType,
    problems.ExtensionTooLate,
    problems.ExtensionTooOften,
    problems.ExtensionPending,
)

router = APIRouter(prefix="/v1", tags=["extensions"])


@router.post(
    "/tickets/{ticket_id}/extend",
    summary="申请延期",
    response_model=ExtensionAnswer,
    responses=problems_of(*ASKING_PROBLEMS),
)
async def extend(ticket_id: UUID, body: Extend, request: Request, caller: Caller) -> Response:
    """承办单位申请延期；审核前时限照常计算 (C4, ZY 13.3)."""

    async def act(turn: Turn) -> Extension:
        asked = body.model_dump(exclude={"exceptional", "letter"})
        await require_letter(turn, body.letter)
        return await operations.request_extension(
            turn, **asked, is_exceptional=body.exceptional, letter=body.letter
        )

    return await run(request, caller, ticket_id, act, ExtensionAnswer.after)


@router.post(
    "/tickets/{ticket_id}/decide-extension",
    summary="延期审核",
    response_model=ExtensionAnswer,
    responses=problems_of(*DECIDING_PROBLEMS),
)
async def decide_extension(
    ticket_id: UUID, body: DecideExtension, request: Request, caller: Caller
) -> Response:
    """受理的热线管理机构审核；同意须已向诉求人说明，自原到期时间起延期 (C4, ZY 13.3, XS 三(五))."""

    async def act(turn: Turn) -> Extension:
        return await operations.decide_extension(
            turn,
            number=body.extension,
            is_granted=body.decision is ExtensionDecision.GRANTED,
            reason=body.reason,
            working_days=body.working_days,
        )

    return await run(request, caller, ticket_id, act, ExtensionAnswer.after)


@router.post(
    "/tickets/{ticket_id}/explain-extension",
    summary="记录向诉求人说明延期",
    response_model=ExtensionAnswer,
    responses=problems_of(*ACT_PROBLEMS),
)
async def explain_extension(
    ticket_id: UUID, body: ExplainExtension, request: Request, caller: Caller
) -> Response:
    """延期工单由承办单位向诉求人说明情况 (C4, ZY 13.3)."""

    async def act(turn: Turn) -> Extension:
        return await operations.explain_extension(turn, number=body.extension, contact=body.contact)

    return await run(request, caller, ticket_id, act, ExtensionAnswer.after)


@router.get(
    "/extensions",
    summary="延期申请列表",
    responses=problems_of(*PAGE_PROBLEMS),
)
async def list_extensions(
    request: Request, caller: Caller, wanted: Annotated[ExtensionQuery, Query()]
) -> Page[ExtensionShown]:
    """延期申请，最早的在前；承办单位只看到本单位的，其他人看到本辖区的。"""
    return await page(
        request, caller, wanted, Extension, state=wanted.state, show=ExtensionShown.of
    )
