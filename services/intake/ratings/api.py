"""Ratings over HTTP: taken by people, and their figures for everybody."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.operations import lock_own_ticket
from services.intake.ratings import operations, queries, schemas
from services.intake.ratings.operations import AlreadyRated
from services.intake.ratings.rules import add_up, hidden_units, month_of, whole
from services.intake.schemas import CallerActed, answer_of
from shared import problems, seen
from shared.answers import problems_of
from shared.events.words import Role
from shared.idempotency import Answer, run_act
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(*problems.OF_ACTS, AlreadyRated)
router = APIRouter(prefix="/v1", tags=["ratings"])


@router.post("/tickets/{ticket_id}/rate", response_model=CallerActed, responses=PROBLEMS)
async def rate(ticket_id: UUID, body: schemas.RateIn, request: Request, caller: Caller) -> Response:
    """评价 (A12, ZY 14.1). Satisfied, or found to conform by a supervisor: the ticket closes."""
    if body.conforms:
        caller.require(Role.SUPERVISOR)
    body.require_fit()
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        ticket = await lock_own_ticket(session, ticket_id, caller)
        opinion = operations.Opinion(**body.model_dump())
        return answer_of(
            await operations.rate(session, runtime, ticket, by=caller.subject, opinion=opinion)
        )

    return await run_act(runtime, request, caller, operation)


@router.get(
    "/public/ratings",
    response_model=schemas.PublicRatings,
    responses=problems_of(problems.Malformed),
)
async def public_ratings(
    request: Request, wanted: Annotated[schemas.RatingsQuery, Query()]
) -> schemas.PublicRatings:
    """好差评公开统计：一地一月，按单位五级计数；甄别的和单列的另计 (A12, JL 六(四), XS 六(四))."""
    runtime = runtime_of(request)
    async with runtime.database.sessions() as session:
        month = wanted.first_day() or month_of(await runtime.clock.now(session))
        tallies = add_up(await queries.list_figures(session, wanted.jurisdiction, month))
        names = await queries.find_unit_names(session, [one.unit for one in tallies])
    hidden, together = hidden_units(tallies), whole(tallies)
    shown = [one for one in tallies if one.total and wanted.unit in (None, one.unit)]
    return schemas.PublicRatings(
        jurisdiction=wanted.jurisdiction,
        month=f"{month:%Y-%m}",
        whole=schemas.UnitFigures.of(together, name=None, is_hidden=False),
        units=[
            schemas.UnitFigures.of(one, name=names.get(one.unit), is_hidden=one.unit in hidden)
            for one in shown
        ],
    )
