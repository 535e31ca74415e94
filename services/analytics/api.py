"""Analytics over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.analytics import queries, schemas
from services.analytics.queries import Span
from shared.answers import problems_of
from shared.jurisdictions import covers
from shared.problems import Malformed, NotFound, Unauthenticated, field_error
from shared.reading import reading
from shared.security import Caller, Principal
from shared.service import runtime_of

ROWS_MAX = 10_000
PROBLEMS = problems_of(Malformed, Unauthenticated, NotFound)
router = APIRouter(prefix="/v1/analytics", tags=["analytics"], responses=PROBLEMS)


@router.get("/counts", response_model=schemas.Counts, response_model_exclude_unset=True)
async def counts(
    asked: Annotated[schemas.CountsIn, Query()], request: Request, caller: Caller
) -> schemas.Counts:
    """工单数 (E1): by up to three of place, unit, state, type and day.

    A unit sees its own tickets; everyone else those of the places within their own.
    """
    span = _span(caller, asked)
    async with reading(runtime_of(request), caller) as session:
        rows = await queries.count_tickets(
            session, caller, by=asked.by, span=span, rows_max=ROWS_MAX + 1
        )
        if len(rows) > ROWS_MAX:
            raise field_error("by", "too_many_rows", f"结果超过 {ROWS_MAX} 行，请缩小日期范围")
        if "unit" in asked.by:
            names = await queries.find_unit_names(session, sorted({row["unit"] for row in rows}))
            rows = [row | {"unit_name": names.get(row["unit"])} for row in rows]
        return schemas.Counts(
            items=[schemas.Count(**row) for row in rows],
            as_of=await queries.find_newest_time(session),
        )


@router.get("/overview", response_model=schemas.Overview)
async def overview(
    asked: Annotated[schemas.OverviewIn, Query()], request: Request, caller: Caller
) -> schemas.Overview:
    """总览 (E1): how many tickets have come how far, of the same tickets as `/counts`."""
    span = _span(caller, asked)
    async with reading(runtime_of(request), caller) as session:
        sums = await queries.sum_measures(session, caller, span=span)
        return schemas.Overview(**sums, as_of=await queries.find_newest_time(session))


def _span(caller: Principal, asked: schemas.OverviewIn) -> Span:
    """What was asked for. Raises `NotFound` for a place that is not the caller's."""
    if asked.first_day and asked.last_day and asked.first_day > asked.last_day:
        raise field_error("from", "after_to", "起始日不得晚于截止日")
    if (
        asked.jurisdiction is not None
        and not caller.is_of_unit
        and not covers(caller.jurisdiction, asked.jurisdiction)
    ):
        raise NotFound
    return Span(asked.jurisdiction, asked.first_day, asked.last_day)
