"""Published results over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.publications import operations
from services.intake.publications.queries import list_own, list_published
from services.intake.publications.schemas import (
    CheckPublication,
    PublicationOut,
    PublicQuery,
    PublicResult,
    Publish,
    TakeBack,
)
from shared import seen
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.pages import Page, PageQuery, page_of
from shared.problems import OF_WRITES, ActRefused
from shared.reading import reading
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(*OF_WRITES, ActRefused)
router = APIRouter(prefix="/v1", tags=["publications"], responses=PROBLEMS)


@router.post("/tickets/{ticket_id}/publish", status_code=201, response_model=PublicationOut)
async def publish(ticket_id: UUID, body: Publish, request: Request, caller: Caller) -> Response:
    """提出公开办理结果：谁承办、谁公开 (A14, ZY 13). Personal data is removed at once."""
    runtime, vault = runtime_of(request), request.app.state.vault
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        wording = operations.Wording(body.title, body.question, body.answer)
        found = await operations.propose(
            session, runtime, vault, ticket_id, caller=caller, wording=wording
        )
        return Answer(PublicationOut.of(found), status=201)

    return await run_act(runtime, request, caller, operation)


@router.post("/publications/{publication_id}/check", response_model=PublicationOut)
async def check(
    publication_id: UUID, body: CheckPublication, request: Request, caller: Caller
) -> Response:
    """审核公开的办理结果：由本单位另一人审核 (A14)."""
    runtime, vault = runtime_of(request), request.app.state.vault

    async def operation(session: AsyncSession) -> Answer:
        found, _ = await operations.check(
            session,
            runtime,
            vault,
            publication_id,
            caller=caller,
            is_passed=body.is_passed,
            reason=body.reason,
        )
        return Answer(PublicationOut.of(found))

    return await run_act(runtime, request, caller, operation)


@router.post("/tickets/{ticket_id}/take-back", response_model=PublicationOut)
async def take_back(ticket_id: UUID, body: TakeBack, request: Request, caller: Caller) -> Response:
    """撤回公开的办理结果 (A14)."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        found, _ = await operations.take_back(
            session, runtime, ticket_id, caller=caller, reason=body.reason
        )
        return Answer(PublicationOut.of(found))

    return await run_act(runtime, request, caller, operation)


@router.get("/publications", response_model=Page[PublicationOut])
async def show_own(
    request: Request, caller: Caller, wanted: Annotated[PageQuery, Query()]
) -> Page[PublicationOut]:
    """本单位提出的办理结果，最新的在前."""
    async with reading(runtime_of(request), caller) as session:
        rows = await list_own(
            session, caller.unit or "", after=wanted.after_id(), limit=wanted.limit + 1
        )
    return page_of([PublicationOut.of(row) for row in rows], wanted.limit)


@router.get("/public/results", response_model=Page[PublicResult])
async def show_published(
    request: Request, wanted: Annotated[PublicQuery, Query()]
) -> Page[PublicResult]:
    """公开的办理结果，最新的在前；无须登录 (YN 六(三)5)."""
    async with runtime_of(request).database.sessions() as session:
        rows = await list_published(
            session, wanted.jurisdiction, after=wanted.after_id(), limit=wanted.limit + 1
        )
    return page_of([PublicResult.of(row, name) for row, name in rows], wanted.limit)
