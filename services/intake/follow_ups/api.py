"""Follow-ups over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.follow_ups import operations, queries, schemas
from services.intake.operations import lock_own_ticket
from services.intake.queries import find_ticket
from services.intake.schemas import CallerActed, answer_of
from shared import problems, seen
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.pages import Page, page_of
from shared.reading import reading
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(*problems.OF_ACTS)
router = APIRouter(prefix="/v1", tags=["follow-ups"], responses=PROBLEMS)


@router.get("/follow-ups", response_model=Page[schemas.FollowUpItem])
async def list_follow_ups(
    request: Request, caller: Caller, wanted: Annotated[schemas.FollowUpQuery, Query()]
) -> Page[schemas.FollowUpItem]:
    """回访任务，等待最久的在前；unsatisfied 为不满意、尚未重办、甄别或者答复的 (A10, A12)."""
    runtime = runtime_of(request)
    limit = min(wanted.limit, runtime.settings.page_size_max)
    page = queries.Wanted(wanted.state, wanted.jurisdiction, wanted.after_id(), limit + 1)
    async with reading(runtime, caller) as session:
        rows = await queries.list_tasks(session, caller=caller, wanted=page)
        attempts = await queries.list_attempts(session, [task.id for task, _ in rows])
        law = await runtime.law_book.read_in(session)
    items = [schemas.FollowUpItem.of(task, ticket, law, attempts[task.id]) for task, ticket in rows]
    return page_of(items, limit)


@router.post("/follow-ups/{task_id}/claim", response_model=schemas.FollowUpItem)
async def claim(task_id: UUID, body: schemas.Claim, request: Request, caller: Caller) -> Response:
    """领取回访任务，避免两个座席联系同一诉求人；超过规定时间自动释放 (A10)."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        task = await operations.claim_task(session, runtime, task_id, caller=caller)
        ticket = await find_ticket(session, task.ticket_id)
        assert ticket is not None, "a task is about a ticket"
        law = await runtime.law_book.read_in(session)
        attempts = await queries.list_attempts(session, [task.id])
        return Answer(schemas.FollowUpItem.of(task, ticket, law, attempts[task.id]))

    return await run_act(runtime, request, caller, operation)


@router.post("/tickets/{ticket_id}/follow-up", response_model=CallerActed)
async def follow_up(
    ticket_id: UUID, body: schemas.FollowUpIn, request: Request, caller: Caller
) -> Response:
    """回访 (A10, ZY 14)."""
    body.require_fit()
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        ticket = await lock_own_ticket(session, ticket_id, caller)
        inquiry = operations.Inquiry(**body.model_dump())
        acted = await operations.follow_up(
            session, runtime, ticket, by=caller.subject, inquiry=inquiry
        )
        return answer_of(acted)

    return await run_act(runtime, request, caller, operation)
