"""What one telephone number asked for before, over HTTP."""

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.callers import operations, schemas
from services.intake.identity import Vault
from shared import problems
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.pages import write_cursor
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(
    problems.Malformed,
    problems.Unauthenticated,
    problems.NotAllowed,
    problems.StillRunning,
    problems.KeyReused,
)
router = APIRouter(prefix="/v1/callers", tags=["callers"], responses=PROBLEMS)


@router.post("/history", response_model=schemas.CallersHistory)
async def history(body: schemas.HistoryWanted, request: Request, caller: Caller) -> Response:
    """同一电话此前的诉求，写明用途并留痕；号码不进网址 (A7, ZY 22)."""
    runtime = runtime_of(request)
    vault: Vault = request.app.state.vault
    limit = min(body.limit, runtime.settings.page_size_max)
    wanted = operations.Wanted(body.phone, body.purpose, body.after_id(), limit + 1)

    async def operation(session: AsyncSession) -> Answer:
        caller_id, found = await operations.look_up_history(
            session, runtime, vault, caller=caller, wanted=wanted
        )
        items = [schemas.Earlier.of(ticket) for ticket in found[:limit]]
        after = write_cursor(str(items[-1].id)) if len(found) > limit else None
        return Answer(schemas.CallersHistory(caller_id=caller_id, items=items, next=after))

    return await run_act(runtime, request, caller, operation)
