"""Returns of units over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from services.dispatch.returns.queries import count_returns
from services.dispatch.returns.schemas import ReturnsQuery, UnitReturns
from services.dispatch.schemas import Code
from shared import problems
from shared.answers import problems_of
from shared.reading import reading
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = (
    problems.Malformed,
    problems.Unauthenticated,
    problems.NotAllowed,
    problems.NotFound,
)

router = APIRouter(prefix="/v1/units", tags=["directory"])


@router.get("/{code}/returns", response_model=UnitReturns, responses=problems_of(*PROBLEMS))
async def show_returns(
    code: Annotated[Code, Path()],
    request: Request,
    caller: Caller,
    wanted: Annotated[ReturnsQuery, Query()],
) -> UnitReturns:
    """承办单位的退单情况：申请、同意、不同意（不当退单）、超期 (B5)."""
    async with reading(runtime_of(request), caller) as session:
        found = await count_returns(session, code, caller=caller, since=wanted.since)
    return UnitReturns.model_validate(found)
