"""Promises over REST: made, shown, taken back."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.models import Promise
from services.sla.promises.operations import put_promise, take_back_promises
from services.sla.promises.queries import list_promises
from services.sla.promises.schemas import Promises, PromiseShown, PutPromise
from shared import problems
from shared.answers import problems_of
from shared.events.words import RequestType
from shared.idempotency import Answer, run_act
from shared.reading import reading
from shared.security import Caller
from shared.service import runtime_of

READ_PROBLEMS = (problems.Malformed, problems.Unauthenticated, problems.NotFound)
WRITE_PROBLEMS = (
    *READ_PROBLEMS,
    problems.NotAllowed,
    problems.StillRunning,
    problems.KeyReused,
)
UnitCode = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w.-]+$"), Path()
]

router = APIRouter(prefix="/v1/promises", tags=["promises"])


@router.put(
    "/{unit}",
    summary="承诺办理时限",
    response_model=Promises,
    responses=problems_of(*WRITE_PROBLEMS),
)
async def save_promise(
    unit: UnitCode, body: PutPromise, request: Request, caller: Caller
) -> Response:
    """承办单位可以优于办结时限提速办结；须短于规定时限 (C9, ZY 13.2)."""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        await put_promise(
            session,
            runtime,
            caller=caller,
            unit=unit,
            request_type=body.request_type,
            promise=body.promise(),
        )
        return Answer(_shown(unit, await list_promises(session, unit)))

    return await run_act(runtime, request, caller, operation)


@router.get("/{unit}", summary="承诺的办理时限", responses=problems_of(*READ_PROBLEMS))
async def show_promises(unit: UnitCode, request: Request, caller: Caller) -> Promises:
    """承办单位看到本单位的承诺，其他人看到本辖区单位的承诺。"""
    async with reading(runtime_of(request), caller) as session:
        rows = [
            row
            for row in await list_promises(session, unit)
            if caller.sees(row.jurisdiction, row.unit)
        ]
    if not rows and not (caller.is_of_unit and caller.unit == unit):
        raise problems.NotFound
    return _shown(unit, rows)


@router.delete(
    "/{unit}",
    summary="收回承诺",
    response_model=Promises,
    responses=problems_of(*WRITE_PROBLEMS),
)
async def take_back(
    unit: UnitCode,
    request: Request,
    caller: Caller,
    request_type: Annotated[RequestType | None, Query(description="不填为全部")] = None,
) -> Response:
    """收回一类或者全部承诺；已起算的工单不受影响。"""
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        await take_back_promises(session, caller=caller, unit=unit, request_type=request_type)
        return Answer(_shown(unit, await list_promises(session, unit)))

    return await run_act(runtime, request, caller, operation)


def _shown(unit: str, rows: Sequence[Promise]) -> Promises:
    return Promises(unit=unit, items=[PromiseShown.of(row) for row in rows])
