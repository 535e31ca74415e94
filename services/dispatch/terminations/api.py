"""Terminated matters over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.dispatch.acts.api import ACT_PROBLEMS, READ_PROBLEMS, run_on_ticket
from services.dispatch.acts.operations import Turn
from services.dispatch.schemas import ActAnswer
from services.dispatch.terminations.operations import NoCaller, terminate_ticket
from services.dispatch.terminations.queries import list_terminations
from services.dispatch.terminations.schemas import Terminate, Termination, TerminationsQuery
from shared import problems
from shared.answers import problems_of
from shared.events.words import Act
from shared.pages import Page, page_of
from shared.reading import reading
from shared.security import Caller
from shared.service import runtime_of

router = APIRouter(prefix="/v1", tags=["tickets"])


@router.post(
    "/tickets/{ticket_id}/terminate",
    response_model=ActAnswer,
    responses=problems_of(*ACT_PROBLEMS, NoCaller),
)
async def terminate(ticket_id: UUID, body: Terminate, request: Request, caller: Caller) -> Response:
    """认定为终结件并报备：意见、解释答复口径、已作解释 (ZY 15)."""

    async def act(turn: Turn) -> None:
        await terminate_ticket(turn, **dict(body))

    return await run_on_ticket(request, caller, ticket_id, Act.TERMINATE, act)


@router.get(
    "/terminations",
    response_model=Page[Termination],
    responses=problems_of(*READ_PROBLEMS, problems.NotAllowed),
)
async def find_terminations(
    request: Request, caller: Caller, wanted: Annotated[TerminationsQuery, Query()]
) -> Page[Termination]:
    """终结件台账，最新的在前，含被退回的；承办单位只见本单位报备的 (ZY 15)."""
    runtime = runtime_of(request)
    limit = min(wanted.limit, runtime.settings.page_size_max)
    async with reading(runtime, caller) as session:
        rows = await list_terminations(
            session,
            caller=caller,
            jurisdiction=wanted.jurisdiction,
            unit=wanted.unit,
            after=wanted.after_id(),
            limit=limit + 1,
        )
    return page_of([Termination.of(row, number) for row, number in rows], limit)
