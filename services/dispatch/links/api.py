"""Linking and splitting over HTTP, and master tickets with what goes with them (A8)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.acts.api import (
    ACT_PROBLEMS,
    READ_PROBLEMS,
    run_crossing,
    run_on_ticket,
)
from services.dispatch.acts.operations import Turn
from services.dispatch.links.operations import (
    MainNotOpen,
    join,
    link_ticket,
    open_joining,
    split_ticket,
)
from services.dispatch.links.queries import find_ids, find_master
from services.dispatch.links.schemas import (
    LinkedItem,
    LinkedMany,
    LinkMany,
    LinkTicket,
    Master,
    MasterCount,
    Member,
    SplitTicket,
    names_of,
)
from services.dispatch.schemas import ActAnswer
from shared import seen
from shared.answers import problems_of
from shared.events.chinese import CHINESE
from shared.events.kinds import Link
from shared.events.words import Act, Service
from shared.idempotency import Answer
from shared.pages import PageQuery, write_cursor
from shared.problems import NotFound, field_error
from shared.reading import reading
from shared.security import Caller
from shared.service import runtime_of

router = APIRouter(prefix="/v1", tags=["tickets"])


@router.post(
    "/tickets/{ticket_id}/link",
    response_model=ActAnswer,
    responses=problems_of(*ACT_PROBLEMS, MainNotOpen),
)
async def link(ticket_id: UUID, body: LinkTicket, request: Request, caller: Caller) -> Response:
    """并入主工单：一次答复，答复所有诉求人 (A8)."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        main_id = (await find_ids(session, [body.main])).get(body.main)
        if main_id is None:
            raise field_error("main", "unknown_ticket", "没有这件主工单")
        joining = await open_joining(
            session,
            runtime,
            caller=caller,
            main_id=main_id,
            ids=[ticket_id],
            reason=body.reason,
        )
        row = await link_ticket(joining, ticket_id)
        header = seen.write_seen(str(row.id), {Service.DISPATCH: row.sequence})
        return Answer(ActAnswer.of(row, joining.law), headers={seen.HEADER: header})

    return await run_crossing(runtime, request, caller, operation)


@router.post(
    "/tickets/{ticket_id}/split", response_model=ActAnswer, responses=problems_of(*ACT_PROBLEMS)
)
async def split(ticket_id: UUID, body: SplitTicket, request: Request, caller: Caller) -> Response:
    """拆出：不再随主工单答复，重新派单，派单时限自拆出起算 (A8)."""

    async def act(turn: Turn) -> None:
        await split_ticket(turn, reason=body.reason)

    return await run_on_ticket(request, caller, ticket_id, Act.SPLIT, act)


@router.post(
    "/masters/{ticket_id}/link",
    response_model=LinkedMany,
    responses=problems_of(*ACT_PROBLEMS, MainNotOpen),
)
async def link_many(ticket_id: UUID, body: LinkMany, request: Request, caller: Caller) -> Response:
    """一次并入多件工单，逐件答复结果 (A8)."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        named = list(dict.fromkeys(body.tickets))
        ids = await find_ids(session, named)
        joining = await open_joining(
            session,
            runtime,
            caller=caller,
            main_id=ticket_id,
            ids=list(dict.fromkeys(ids.values())),
            reason=body.reason,
        )
        results = await join(joining, list(dict.fromkeys(ids.values())))
        items = []
        for name in named:
            problem = results[ids[name]] if name in ids else NotFound()
            told = None if problem is None else problem.body()
            items.append(
                LinkedItem(ticket=name, id=ids.get(name), is_linked=problem is None, problem=told)
            )
        linked = sum(item.is_linked for item in items)
        main = joining.main
        return Answer(LinkedMany(main=main.id, number=main.number, linked=linked, items=items))

    return await run_crossing(runtime, request, caller, operation)


@router.get("/masters/{ticket_id}", response_model=Master, responses=problems_of(*READ_PROBLEMS))
async def show_master(
    ticket_id: UUID, request: Request, caller: Caller, wanted: Annotated[PageQuery, Query()]
) -> Master:
    """主工单与随它的工单：编号、状态与件数 (A8)."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))
    limit = min(wanted.limit, runtime.settings.page_size_max)
    async with reading(runtime, caller) as session:
        found = await find_master(
            session, ticket_id, caller=caller, after=wanted.after_id(), limit=limit + 1
        )
    items = [
        Member(
            id=row.id,
            number=row.number,
            title=row.title,
            kind=row.link_kind or Link.MEMBER,
            state=row.state,
            linked_at=row.linked_at,
            **names_of(row.link_kind or Link.MEMBER, row.state),
        )
        for row in found.members[:limit]
    ]
    return Master(
        id=found.main.id,
        number=found.main.number,
        state=found.main.state,
        state_name=CHINESE[found.main.state],
        unit=found.main.unit,
        counts=[
            MasterCount(
                kind=kind or Link.MEMBER, state=state, state_name=CHINESE[state], tickets=number
            )
            for kind, state, number in found.counts
        ],
        items=items,
        next=write_cursor(str(items[-1].id)) if len(found.members) > limit else None,
    )
