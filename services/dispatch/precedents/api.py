"""Precedents over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.precedents.operations import (
    Decision,
    PrecedentExists,
    PrecedentRetired,
    decide_case,
    retire_precedent,
)
from services.dispatch.precedents.queries import list_precedents
from services.dispatch.precedents.schemas import (
    DecidePrecedent,
    Precedent,
    PrecedentQuery,
    RetirePrecedent,
)
from shared import problems, seen
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.pages import Page, page_of
from shared.reading import reading
from shared.security import Caller
from shared.service import runtime_of

READ_PROBLEMS = (problems.Malformed, problems.Unauthenticated)
WRITE_PROBLEMS = (*problems.OF_WRITES, problems.NotHeardYet)

router = APIRouter(prefix="/v1/precedents", tags=["precedents"])


@router.post(
    "",
    status_code=201,
    response_model=Precedent,
    responses=problems_of(*WRITE_PROBLEMS, PrecedentExists),
)
async def decide(body: DecidePrecedent, request: Request, caller: Caller) -> Response:
    """会商决定：同类事项由主办单位牵头办理，主办、协办单位不得退回 (ZY 13.5(5))."""
    runtime = runtime_of(request)
    header = request.headers.get(seen.HEADER)
    await seen.wait_for_seen(runtime, header, str(body.ticket_id))
    decision = Decision(**body.model_dump())

    async def operation(session: AsyncSession) -> Answer:
        precedent = await decide_case(session, runtime, caller=caller, decision=decision)
        return Answer(Precedent.of(precedent), status=201)

    return await run_act(runtime, request, caller, operation)


@router.get("", response_model=Page[Precedent], responses=problems_of(*READ_PROBLEMS))
async def find_precedents(
    request: Request, caller: Caller, wanted: Annotated[PrecedentQuery, Query()]
) -> Page[Precedent]:
    """会商决定，最新的在前，含已废止的；承办单位只见涉及本单位的."""
    runtime = runtime_of(request)
    limit = min(wanted.limit, runtime.settings.page_size_max)
    async with reading(runtime, caller) as session:
        rows = await list_precedents(
            session,
            caller=caller,
            jurisdiction=wanted.jurisdiction,
            category=wanted.category,
            after=wanted.after_id(),
            limit=limit + 1,
        )
    return page_of([Precedent.of(row) for row in rows], limit)


@router.post(
    "/{precedent_id}/retire",
    response_model=Precedent,
    responses=problems_of(*WRITE_PROBLEMS, PrecedentRetired),
)
async def retire(
    precedent_id: UUID, body: RetirePrecedent, request: Request, caller: Caller
) -> Response:
    """废止会商决定：此后的同类事项按派单规则派单."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        precedent = await retire_precedent(
            session, runtime, caller=caller, precedent_id=precedent_id, reason=body.reason
        )
        return Answer(Precedent.of(precedent))

    return await run_act(runtime, request, caller, operation)
