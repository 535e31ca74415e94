"""Suggestions over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from services.dispatch.queries import find_ticket, find_unit_names
from services.dispatch.suggestions import queries
from services.dispatch.suggestions.learned import suggest
from services.dispatch.suggestions.rules import UNIT
from services.dispatch.suggestions.schemas import (
    Figures,
    FiguresQuery,
    Preview,
    PutQuestion,
    TicketSuggestion,
)
from shared import problems, seen
from shared.access import OFFICE
from shared.answers import problems_of
from shared.jurisdictions import covers
from shared.problems import NotFound, Problem
from shared.reading import reading
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = (problems.Malformed, problems.Unauthenticated, problems.NotAllowed, problems.NotFound)


class NotTrained(Problem):
    """There is no model yet that could suggest anything."""

    status = 409
    code = "not_trained"
    detail = "尚无派单建议：办结的工单还不够多，或者尚未训练（hotline suggest train）。"


router = APIRouter(prefix="/v1/suggestions", tags=["suggestions"])
ticket_router = APIRouter(prefix="/v1/tickets", tags=["suggestions"])


@ticket_router.get(
    "/{ticket_id}/suggestion", response_model=TicketSuggestion, responses=problems_of(*PROBLEMS)
)
async def show_suggestion(ticket_id: UUID, request: Request, caller: Caller) -> TicketSuggestion:
    """工单的派单建议：诉求类型、类别、承办单位及其依据 (B3)；承办单位不可见."""
    if caller.role not in OFFICE:
        raise NotFound
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))
    async with reading(runtime, caller) as session:
        await find_ticket(session, ticket_id, caller=caller)
        row = await queries.find_suggestion(session, ticket_id)
        if row is None:
            raise NotFound("该工单没有派单建议：由规则派单，或者尚未给出。")
        names = await find_unit_names(session, [one["value"] for one in row.units])
    return TicketSuggestion.of(row, names)


@router.post("/preview", response_model=Preview, responses=problems_of(*PROBLEMS, NotTrained))
async def preview(body: PutQuestion, request: Request, caller: Caller) -> Preview:
    """登记时的派单建议：这样的诉求是什么类型、类别，派给谁；不作任何改动 (B3)."""
    if not covers(caller.jurisdiction, body.jurisdiction):
        raise NotFound(f"{body.jurisdiction} 不在您的权限范围内。")
    book: queries.ModelBook = request.app.state.models
    async with runtime_of(request).database.sessions() as session:
        known = await book.read(session)
        if known is None:
            raise NotTrained
        head = known.learned.heads.get(UNIT)
        units = await queries.find_units(session, head.classes if head else ())
        found = suggest(
            known.learned, f"{body.title}\n{body.content}", body.jurisdiction, units=units
        )
        names = await find_unit_names(session, [one.value for one in found.units])
    return Preview.of(found, names, model_id=known.id, threshold=known.threshold)


@router.get("/figures", response_model=Figures, responses=problems_of(*PROBLEMS))
async def show_figures(
    request: Request, caller: Caller, wanted: Annotated[FiguresQuery, Query()]
) -> Figures:
    """派单建议的成效：给出、采纳、改派、自动派单、被退回，及正在使用的模型 (B3)."""
    async with reading(runtime_of(request), caller) as session:
        tally = await queries.count_outcomes(
            session, jurisdiction=caller.jurisdiction, since=wanted.since
        )
        model = await queries.find_newest_model(session)
    return Figures.of(tally, model)
