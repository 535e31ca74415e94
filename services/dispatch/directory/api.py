"""Units and duty rules over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.directory.operations import DutyFacts, UnitFacts, put_duty_rule, put_unit
from services.dispatch.directory.queries import list_duty_rules, list_units
from services.dispatch.directory.schemas import (
    DirectoryQuery,
    DutyRule,
    PutDutyRule,
    PutUnit,
    Unit,
)
from services.dispatch.schemas import Code
from shared import problems
from shared.answers import problems_of
from shared.idempotency import Answer, run_act
from shared.pages import Page, page_of
from shared.security import Caller
from shared.service import runtime_of

READ_PROBLEMS = (problems.Malformed, problems.Unauthenticated)
WRITE_PROBLEMS = (*READ_PROBLEMS, problems.NotAllowed, problems.NotFound)
Key = Annotated[Code, Path()]
Wanted = Annotated[DirectoryQuery, Query()]

router = APIRouter(prefix="/v1", tags=["directory"])


@router.put("/units/{code}", response_model=Unit, responses=problems_of(*WRITE_PROBLEMS))
async def save_unit(code: Key, body: PutUnit, request: Request, caller: Caller) -> Response:
    """新增或修改承办单位；内容相同则不作改动."""
    runtime = runtime_of(request)
    facts = UnitFacts(**body.model_dump())

    async def operation(session: AsyncSession) -> Answer:
        unit = await put_unit(session, runtime, caller=caller, code=code, facts=facts)
        return Answer(Unit.model_validate(unit))

    return await run_act(runtime, request, caller, operation)


@router.get("/units", response_model=Page[Unit], responses=problems_of(*READ_PROBLEMS))
async def find_units(request: Request, _: Caller, wanted: Wanted) -> Page[Unit]:
    """承办单位目录，按代码排列."""
    async with runtime_of(request).database.sessions() as session:
        rows = await list_units(
            session,
            jurisdiction=wanted.jurisdiction,
            after=wanted.after_key(),
            limit=wanted.limit + 1,
        )
    return page_of([Unit.model_validate(row) for row in rows], wanted.limit, by="code")


@router.put(
    "/duty-rules/{rule_id}", response_model=DutyRule, responses=problems_of(*WRITE_PROBLEMS)
)
async def save_duty_rule(
    rule_id: Key, body: PutDutyRule, request: Request, caller: Caller
) -> Response:
    """新增或修改派单规则 (B2)."""
    facts = DutyFacts(**body.model_dump())

    async def operation(session: AsyncSession) -> Answer:
        rule = await put_duty_rule(session, caller=caller, rule_id=rule_id, facts=facts)
        return Answer(DutyRule.of(rule))

    return await run_act(runtime_of(request), request, caller, operation)


@router.get("/duty-rules", response_model=Page[DutyRule], responses=problems_of(*READ_PROBLEMS))
async def find_duty_rules(request: Request, _: Caller, wanted: Wanted) -> Page[DutyRule]:
    """派单规则，按编号排列."""
    async with runtime_of(request).database.sessions() as session:
        rows = await list_duty_rules(
            session,
            jurisdiction=wanted.jurisdiction,
            after=wanted.after_key(),
            limit=wanted.limit + 1,
        )
    return page_of([DutyRule.of(row) for row in rows], wanted.limit)
