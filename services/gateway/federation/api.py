"""Federation over HTTP: ways by code, tickets that crossed, orders of other platforms."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.calls import Calls, Unanswered
from services.gateway.federation import queries, registering, schemas
from shared import problems
from shared.answers import problems_of
from shared.events.words import Service
from shared.idempotency import Answer, run_act
from shared.jurisdictions import covers
from shared.pages import Page, PageQuery, page_of
from shared.security import Caller, Principal
from shared.service import runtime_of

WAITING_MAX = 200
PROBLEMS = problems_of(*problems.OF_WRITES, problems.ActRefused)
Code = Annotated[schemas.PlaceCode, Path(description="行政区划代码，或者登记的功能区代码")]
router = APIRouter(prefix="/v1/federation", tags=["federation"], responses=PROBLEMS)


@router.put("/routes/{code}", response_model=schemas.Route)
async def put_route(
    code: Code, body: schemas.PutRoute, request: Request, caller: Caller
) -> Response:
    """登记一地诉求的去向：本平台、代建、上级或者其他平台 (F2)."""

    async def operation(session: AsyncSession) -> Answer:
        row = await registering.put_route(session, code, **body.model_dump(), by=caller.subject)
        return Answer(schemas.Route.of(row))

    return await run_act(runtime_of(request), request, caller, operation)


@router.get("/routes/{code}", response_model=schemas.WayOut)
async def show_route(code: Code, request: Request, _: Caller) -> schemas.WayOut:
    """一地诉求去向何处，派给哪个承办单位；按最接近的代码 (F2)."""
    runtime = runtime_of(request)
    async with runtime.database.sessions() as session:
        found = await queries.find_way(session, code, platform=runtime.settings.platform)
    return schemas.WayOut.of(code, found)


@router.get("/routes", response_model=Page[schemas.Route])
async def list_routes(
    request: Request, _: Caller, wanted: Annotated[PageQuery, Query()]
) -> Page[schemas.Route]:
    """登记的去向，按代码排列 (F2)."""
    async with runtime_of(request).database.sessions() as session:
        rows = await queries.list_routes(session, after=wanted.after_key(), limit=wanted.limit + 1)
    return page_of([schemas.Route.of(row) for row in rows], wanted.limit, by="code")


@router.get("/tickets/{ticket_id}", response_model=schemas.Crossed)
async def show_crossed(ticket_id: UUID, request: Request, caller: Caller) -> schemas.Crossed:
    """一件工单从哪个平台转来、转往哪些平台 (YN 六(二)1, JL 五(一))."""
    await _require_ticket(request, ticket_id, caller)
    async with runtime_of(request).database.sessions() as session:
        home = await queries.find_home(session, ticket_id)
        away = await queries.list_away(session, ticket_id)
        files = await queries.list_files(session, ticket_id)
    if home is None and not away:
        raise problems.NotFound
    return schemas.Crossed(
        home=None if home is None else schemas.HomeOut.of(home),
        away=[schemas.AwayOut.of(row) for row in away],
        files=[schemas.FileOut.of(row) for row in files],
    )


@router.get("/files", response_model=Page[schemas.LeftOutFile])
async def list_left_out(
    request: Request, _: Caller, wanted: Annotated[schemas.LeftOutQuery, Query()]
) -> Page[schemas.LeftOutFile]:
    """对方平台告知而未能接收的附件及其原因，新受理的工单在前 (B8, YN 六(二)1)."""
    after, limit = wanted.after_file(), wanted.limit
    async with runtime_of(request).database.sessions() as session:
        rows = await queries.list_left_out(session, after=after, limit=limit + 1)
    items = [schemas.LeftOutFile.of(*row) for row in rows[:limit]]
    return Page(items=items, next=items[-1].cursor if len(rows) > limit else None)


@router.post("/files/{ticket_id}/fetch", response_model=schemas.FilesOfTicket)
async def fetch_files_again(
    ticket_id: UUID, _: schemas.FetchAgain, request: Request, caller: Caller
) -> Response:
    """再次接收一件工单未能接收的附件；正在等候的、已接收的不变 (B8, YN 六(二)1)."""

    async def operation(session: AsyncSession) -> Answer:
        rows = await registering.fetch_again(session, ticket_id)
        return Answer(schemas.FilesOfTicket(items=[schemas.FileOut.of(row) for row in rows]))

    return await run_act(runtime_of(request), request, caller, operation)


@router.get("/forwards", response_model=schemas.Waiting)
async def list_waiting(request: Request, caller: Caller) -> schemas.Waiting:
    """尚未发出的转办及其原因，等候最久的在前；限本平台所在地的人员."""
    _require_whole(request, caller)
    async with runtime_of(request).database.sessions() as session:
        rows = await queries.list_waiting(session, limit=WAITING_MAX)
    return schemas.Waiting(items=[schemas.AwayOut.of(row) for row in rows])


@router.get("/orders", response_model=Page[schemas.OrderOut])
async def list_orders(
    request: Request, caller: Caller, wanted: Annotated[PageQuery, Query()]
) -> Page[schemas.OrderOut]:
    """上级平台发给本平台的督办文书，最新的在前；限本平台所在地的人员 (GS 二(三)5)."""
    _require_whole(request, caller)
    async with runtime_of(request).database.sessions() as session:
        rows = await queries.list_orders(session, after=wanted.after_id(), limit=wanted.limit + 1)
    return page_of([schemas.OrderOut.of(row) for row in rows], wanted.limit)


@router.post("/orders/{order_id}/answer", response_model=schemas.OrderOut)
async def answer_order(
    order_id: UUID, body: schemas.AnswerParentOrder, request: Request, caller: Caller
) -> Response:
    """反馈上级督办文书；反馈随即报上级平台 (GS 二(三)5)."""
    runtime = runtime_of(request)
    _require_whole(request, caller)

    async def operation(session: AsyncSession) -> Answer:
        order = await registering.answer_order(
            session,
            order_id,
            text=body.text,
            by=caller.subject,
            at=await runtime.clock.now(session),
        )
        return Answer(schemas.OrderOut.of(order))

    return await run_act(runtime, request, caller, operation)


async def _require_ticket(request: Request, ticket_id: UUID, caller: Principal) -> None:
    """Raise `NotFound` where dispatch, which knows whose a ticket is, does not show it."""
    calls: Calls = request.app.state.calls
    try:
        await calls.get(Service.DISPATCH, f"/v1/tickets/{ticket_id}", caller)
    except Unanswered as error:
        raise problems.NotFound from error


def _require_whole(request: Request, caller: Principal) -> None:
    """Raise `NotFound` for the people of a part of this platform, such as a hosted city's."""
    if not covers(caller.jurisdiction, runtime_of(request).settings.platform):
        raise problems.NotFound
