"""Verifications over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.schemas import Refusal
from services.intake.verifications import operations, queries, schemas
from shared import problems, seen
from shared.answers import problems_of, running
from shared.events.chinese import CHINESE
from shared.events.words import Service, State, Step
from shared.idempotency import Answer, run_act
from shared.pages import Page, page_of
from shared.reading import reading
from shared.security import Caller
from shared.service import runtime_of

PROBLEMS = problems_of(*problems.OF_WRITES, problems.ActRefused)
router = APIRouter(prefix="/v1", tags=["verifications"], responses=PROBLEMS)


@router.get("/verifications", response_model=Page[schemas.VerificationItem])
async def list_verifications(
    request: Request, caller: Caller, wanted: Annotated[schemas.VerificationQuery, Query()]
) -> Page[schemas.VerificationItem]:
    """请单位核实受理范围的诉求，最新的在前；单位只见问到自己的 (A4, ZY 9)."""
    runtime = runtime_of(request)
    limit = min(wanted.limit, runtime.settings.page_size_max)
    async with reading(runtime, caller) as session:
        rows = await queries.list_verifications(
            session,
            caller=caller,
            wanted=queries.Filter(wanted.unit, wanted.state),
            after=wanted.after_id(),
            limit=limit + 1,
        )
        law = await runtime.law_book.read_in(session)
    items = [schemas.VerificationItem.of(question, ticket, law) for question, ticket in rows]
    return page_of(items, limit)


@router.post("/tickets/{ticket_id}/verify", response_model=schemas.Verified)
async def verify(
    ticket_id: UUID, body: schemas.Verify, request: Request, caller: Caller
) -> Response:
    """核实受理范围：属于的即时受理，不属于的告知诉求人去处 (A4, ZY 9).

    The unit that was asked; after its time the hotline too.
    """
    body.require_fit()
    runtime = runtime_of(request)

    async def operation(session: AsyncSession) -> Answer:
        finding = operations.Finding(body.is_in_scope, body.opinion, body.ground, body.competent)
        verified = await operations.answer_question(
            session, runtime, ticket_id, caller=caller, finding=finding
        )
        return _answer(verified, body.competent)

    return await run_act(runtime, request, caller, operation)


def _answer(verified: operations.Verified, competent: str | None) -> Answer:
    ticket, dispatch, ground = verified
    state = State(ticket.state)
    refusal = None
    if ground is not None:
        refusal = Refusal(
            ground=ground.code,
            explanation=ground.text,
            channel=ground.channel,
            source=ground.source,
            competent=competent,
        )
    body = schemas.Verified(
        id=ticket.id,
        number=ticket.number,
        state=state,
        state_name=CHINESE[state],
        sequence=ticket.sequence,
        deadlines=[] if dispatch is None else [running(Step.DISPATCH, dispatch)],
        accepted_at=ticket.accepted_at if state is State.ACCEPTED else None,
        refusal=refusal,
    )
    header = seen.write_seen(str(ticket.id), {Service.INTAKE: ticket.sequence})
    return Answer(body, headers={seen.HEADER: header})
