"""Disputes over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.disputes import operations, queries, schemas
from services.intake.operations import lock_ticket
from services.intake.schemas import CallerActed, answer_of
from services.intake.sight import is_seen
from shared import problems, seen
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.pages import Page, page_of
from shared.problems import NotFound
from shared.reading import reading
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(*problems.OF_ACTS)
router = APIRouter(prefix="/v1", tags=["disputes"], responses=PROBLEMS)


@router.get("/disputes", response_model=Page[schemas.DisputeItem])
async def list_disputes(
    request: Request, caller: Caller, wanted: Annotated[schemas.DisputeQuery, Query()]
) -> Page[schemas.DisputeItem]:
    """评价申诉，最新的在前；单位只见自己工单的 (A12)."""
    runtime = runtime_of(request)
    limit = min(wanted.limit, runtime.settings.page_size_max)
    async with reading(runtime, caller) as session:
        rows = await queries.list_disputes(
            session,
            caller=caller,
            is_open=wanted.is_open,
            after=wanted.after_id(),
            limit=limit + 1,
        )
    return page_of([schemas.DisputeItem.of(dispute, ticket) for dispute, ticket in rows], limit)


@router.post("/tickets/{ticket_id}/disputes", response_model=CallerActed)
async def dispute(
    ticket_id: UUID, body: schemas.DisputeIn, request: Request, caller: Caller
) -> Response:
    """承办单位对评价提出申诉 (A12, JL 六(四), XS 六(四))."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        ticket = await lock_ticket(session, ticket_id)
        if not is_seen(ticket, caller, as_unit=True):
            raise NotFound
        return answer_of(
            await operations.dispute_rating(
                session, runtime, ticket, by=caller.subject, text=body.text
            )
        )

    return await run_act(runtime, request, caller, operation)


@router.post("/disputes/{dispute_id}/answer", response_model=schemas.DisputeItem)
async def answer(
    dispute_id: UUID, body: schemas.AnswerDispute, request: Request, caller: Caller
) -> Response:
    """答复评价申诉，由未经手该评价的人作出；成立的，原评价作废，未办结的另行回访 (A12)."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        acted, found = await operations.answer_dispute(
            session,
            runtime,
            dispute_id,
            caller=caller,
            is_upheld=body.is_upheld,
            answer=body.answer,
        )
        item = schemas.DisputeItem.of(found, acted.ticket)
        return Answer(item, headers=answer_of(acted).headers)

    return await run_act(runtime, request, caller, operation)
