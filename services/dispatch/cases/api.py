"""Cases of the coordination group over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.acts import operations as acts
from services.dispatch.cases import operations as cases
from services.dispatch.cases.decisions import CaseNotReady, Decision, decide_case
from services.dispatch.cases.operations import CaseTurn
from services.dispatch.cases.papers import kept
from services.dispatch.cases.queries import Filter, find_case, list_cases
from services.dispatch.cases.rules import CaseAct
from services.dispatch.cases.schemas import (
    Case,
    CaseQuery,
    CaseSummary,
    Coordinate,
    DecideCase,
    DocumentQuery,
    DropCase,
    NameMembers,
    SignCase,
    Vote,
)
from services.dispatch.cases.sittings import find_sitting
from services.dispatch.precedents.operations import PrecedentExists
from shared import problems, seen
from shared.answers import problems_of
from shared.documents import DOCUMENT_ANSWERS, NotNumbered, answer_document
from shared.events.words import Act, Service
from shared.idempotency import Answer, run_act
from shared.pages import Page, page_of
from shared.reading import reading
from shared.security import Caller, Principal
from shared.service import runtime_of

READ_PROBLEMS = (
    problems.Malformed,
    problems.Unauthenticated,
    problems.NotAllowed,
    problems.NotFound,
)
ACT_PROBLEMS = problems.OF_ACTS

router = APIRouter(tags=["cases"])


@router.post(
    "/v1/tickets/{ticket_id}/coordinate",
    status_code=201,
    response_model=Case,
    responses=problems_of(*ACT_PROBLEMS),
)
async def coordinate(
    ticket_id: UUID, body: Coordinate, request: Request, caller: Caller
) -> Response:
    """提交会商协调小组，诉求人的时限继续计时 (ZY 13.5)."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        turn = await acts.take_turn(
            session, runtime, caller=caller, ticket_id=ticket_id, act=Act.COORDINATE
        )
        report = None if body.report is None else body.report.model_dump()
        case = await cases.coordinate_ticket(
            turn, kind=body.kind, reason=body.reason, report=report
        )
        await session.flush()
        shown = Case.whole(await find_sitting(session, case))
        return Answer(shown, status=201, headers=_seen(turn))

    return await run_act(runtime, request, caller, operation)


@router.get("/v1/cases", response_model=Page[CaseSummary], responses=problems_of(*READ_PROBLEMS))
async def find_cases(
    request: Request, caller: Caller, wanted: Annotated[CaseQuery, Query()]
) -> Page[CaseSummary]:
    """本地的会商事项，最新的在前 (ZY 13.5)."""
    runtime = runtime_of(request)
    limit = min(wanted.limit, runtime.settings.page_size_max)
    async with reading(runtime, caller) as session:
        rows = await list_cases(
            session,
            caller=caller,
            wanted=Filter(wanted.state, wanted.kind, wanted.ticket_id),
            after=wanted.after_id(),
            limit=limit + 1,
        )
    return page_of([CaseSummary.of(row) for row in rows], limit)


@router.get("/v1/cases/{case_id}", response_model=Case, responses=problems_of(*READ_PROBLEMS))
async def show_case(case_id: UUID, request: Request, caller: Caller) -> Case:
    """一件会商事项：理由、报告、成员、表决、签批、决定，以及还缺什么."""
    async with reading(runtime_of(request), caller) as session:
        case = await find_case(session, case_id, caller=caller)
        return Case.whole(await find_sitting(session, case))


@router.get(
    "/v1/cases/{case_id}/document",
    response_class=Response,
    responses=problems_of(*READ_PROBLEMS, NotNumbered) | DOCUMENT_ANSWERS,
)
async def print_case(
    case_id: UUID, request: Request, caller: Caller, wanted: Annotated[DocumentQuery, Query()]
) -> Response:
    """会商决定的编号文书：交办单、会议纪要、督办单、特殊事项交办单；主办、协办单位可取."""
    async with reading(runtime_of(request), caller) as session:
        case = await find_case(session, case_id, caller=caller)
    if case.document is None:
        raise NotNumbered
    return await answer_document(kept(case.document), wanted.format)


@router.post(
    "/v1/cases/{case_id}/members", response_model=Case, responses=problems_of(*ACT_PROBLEMS)
)
async def members(case_id: UUID, body: NameMembers, request: Request, caller: Caller) -> Response:
    """确定会商成员，其中一名组长；有人表决或签批后不能再变更."""

    async def act(case_turn: CaseTurn) -> None:
        await cases.name_members(case_turn, body.checked())

    return await _run(request, caller, case_id, CaseAct.MEMBERS, act)


@router.post(
    "/v1/cases/{case_id}/vote",
    response_model=Case,
    responses=problems_of(*ACT_PROBLEMS, cases.AlreadyVoted),
)
async def vote(case_id: UUID, body: Vote, request: Request, caller: Caller) -> Response:
    """会商成员表决牵头单位，过半数确定，每人一次 (ZY 13.5(2))."""

    async def act(case_turn: CaseTurn) -> None:
        await cases.vote(case_turn, lead_unit=body.lead_unit, opinion=body.opinion)

    return await _run(request, caller, case_id, CaseAct.VOTE, act)


@router.post(
    "/v1/cases/{case_id}/sign",
    response_model=Case,
    responses=problems_of(*ACT_PROBLEMS, cases.CaseSigned),
)
async def sign(case_id: UUID, body: SignCase, request: Request, caller: Caller) -> Response:
    """签批：组长代表会商协调小组，一事一报由市政府领导 (ZY 13.5(1)(3)(4))."""

    async def act(case_turn: CaseTurn) -> None:
        await cases.sign(
            case_turn, lead_unit=body.lead_unit, co_units=body.co_units, opinion=body.opinion
        )

    return await _run(request, caller, case_id, CaseAct.SIGN, act)


@router.post(
    "/v1/cases/{case_id}/decide",
    response_model=Case,
    responses=problems_of(*ACT_PROBLEMS, CaseNotReady, PrecedentExists),
)
async def decide(case_id: UUID, body: DecideCase, request: Request, caller: Caller) -> Response:
    """作出会商决定：编号文书、派给主办和协办单位、同类事项参照办理 (ZY 13.5)."""

    async def act(case_turn: CaseTurn) -> None:
        await decide_case(case_turn, Decision(**body.model_dump()))

    return await _run(request, caller, case_id, CaseAct.DECIDE, act)


@router.post("/v1/cases/{case_id}/drop", response_model=Case, responses=problems_of(*ACT_PROBLEMS))
async def drop(case_id: UUID, body: DropCase, request: Request, caller: Caller) -> Response:
    """撤销会商：工单退回待派单."""

    async def act(case_turn: CaseTurn) -> None:
        await cases.drop_case(case_turn, reason=body.reason)

    return await _run(request, caller, case_id, CaseAct.DROP, act)


async def _run(
    request: Request,
    caller: Principal,
    case_id: UUID,
    act: CaseAct,
    do: Callable[[CaseTurn], Awaitable[None]],
) -> Response:
    """One act on a case: who may, then lock, act and answer in one transaction."""
    runtime = runtime_of(request)
    header = request.headers.get(seen.HEADER)
    await seen.wait_for_seen(runtime, header, seen.read_seen(header)[0])

    async def operation(session: AsyncSession) -> Answer:
        case_turn = await cases.take_case(session, runtime, caller=caller, case_id=case_id, act=act)
        await do(case_turn)
        await session.flush()
        shown = Case.whole(await find_sitting(session, case_turn.sitting.case))
        return Answer(shown, headers=_seen(case_turn.turn))

    return await run_act(runtime, request, caller, operation)


def _seen(turn: acts.Turn) -> dict[str, str]:
    ticket = turn.ticket
    return {seen.HEADER: seen.write_seen(str(ticket.id), {Service.DISPATCH: ticket.sequence})}
