"""Screenings over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.operations import lock_own_ticket
from services.intake.schemas import CallerActed, answer_of
from services.intake.screenings import operations, queries, schemas
from shared import problems, seen
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.pages import Page, page_of
from shared.reading import reading
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(*problems.OF_ACTS)
router = APIRouter(prefix="/v1", tags=["screenings"], responses=PROBLEMS)


@router.get("/screenings", response_model=Page[schemas.ScreeningItem])
async def list_screenings(
    request: Request, caller: Caller, wanted: Annotated[schemas.ScreeningQuery, Query()]
) -> Page[schemas.ScreeningItem]:
    """甄别申请，最新的在前；单位只见自己的 (A11)."""
    runtime = runtime_of(request)
    limit = min(wanted.limit, runtime.settings.page_size_max)
    async with reading(runtime, caller) as session:
        rows = await queries.list_screenings(
            session,
            caller=caller,
            is_open=wanted.is_open,
            after=wanted.after_id(),
            limit=limit + 1,
        )
    items = [schemas.ScreeningItem.of(screening, ticket) for screening, ticket in rows]
    return page_of(items, limit)


@router.post("/tickets/{ticket_id}/screen", response_model=CallerActed)
async def screen(
    ticket_id: UUID, body: schemas.Screen, request: Request, caller: Caller
) -> Response:
    """承办单位申请甄别：不满意属客观原因，附佐证材料 (A11, ZY 14.2)."""
    body.require_fit()
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        plea = operations.Plea(body.cause, body.explanation, body.evidence)
        return answer_of(
            await operations.ask_for_screening(
                session, runtime, ticket_id, caller=caller, plea=plea
            )
        )

    return await run_act(runtime, request, caller, operation)


@router.post("/tickets/{ticket_id}/decide-screening", response_model=CallerActed)
async def decide_screening(
    ticket_id: UUID, body: schemas.DecideScreening, request: Request, caller: Caller
) -> Response:
    """甄别审核，由申请人以外的人作出；同意的，工单按甄别办结 (A11, ZY 14.2)."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        ticket = await lock_own_ticket(session, ticket_id, caller)
        return answer_of(
            await operations.decide_screening(
                session,
                runtime,
                ticket,
                caller=caller,
                is_granted=body.is_granted,
                reason=body.reason,
            )
        )

    return await run_act(runtime, request, caller, operation)
