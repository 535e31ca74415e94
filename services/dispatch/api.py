"""Tickets over HTTP: what people do to them and look up."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.acts import operations as acts
from services.dispatch.acts.api import ACT_PROBLEMS, READ_PROBLEMS, run_on_ticket
from services.dispatch.acts.schemas import (
    DecideReturn,
    Dispatch,
    InterimClose,
    Progress,
    Redo,
    Respond,
    Return,
    Sign,
)
from services.dispatch.co_handling.parts import find_own_parts, list_parts_of
from services.dispatch.dispatching.operations import dispatch_ticket
from services.dispatch.handling import operations as handling
from services.dispatch.links.queries import find_relations
from services.dispatch.links.schemas import TicketLinks
from services.dispatch.models import Ticket as TicketRow
from services.dispatch.queries import (
    Filter,
    find_ticket,
    find_unit_names,
    list_replies,
    list_tickets,
    list_timeline,
)
from services.dispatch.queue.queries import key_of, list_queue
from services.dispatch.queue.rules import Order
from services.dispatch.returns.operations import PrecedentBinds, decide_return, return_ticket
from services.dispatch.schemas import (
    ActAnswer,
    Ticket,
    TicketQuery,
    TicketSummary,
    View,
)
from services.dispatch.timeline.rules import for_unit
from services.dispatch.timeline.schemas import Timeline, TimelineItem
from shared import seen
from shared.answers import problems_of
from shared.events.words import Act
from shared.pages import Page, write_cursor
from shared.reading import reading
from shared.runtime import Runtime
from shared.security import Caller, Principal
from shared.service import runtime_of

router = APIRouter(prefix="/v1/tickets", tags=["tickets"])


@router.post(
    "/{ticket_id}/dispatch", response_model=ActAnswer, responses=problems_of(*ACT_PROBLEMS)
)
async def dispatch(ticket_id: UUID, body: Dispatch, request: Request, caller: Caller) -> Response:
    """派单：由人指定承办单位 (B2)."""

    async def act(turn: acts.Turn) -> None:
        await dispatch_ticket(turn, **body.model_dump())

    return await run_on_ticket(request, caller, ticket_id, Act.DISPATCH, act)


@router.post("/{ticket_id}/sign", response_model=ActAnswer, responses=problems_of(*ACT_PROBLEMS))
async def sign(ticket_id: UUID, body: Sign, request: Request, caller: Caller) -> Response:
    """签收 (ZY 13.2)."""
    return await run_on_ticket(request, caller, ticket_id, Act.SIGN, acts.sign_ticket)


@router.post("/{ticket_id}/respond", response_model=ActAnswer, responses=problems_of(*ACT_PROBLEMS))
async def respond(ticket_id: UUID, body: Respond, request: Request, caller: Caller) -> Response:
    """初步响应：特殊、特殊紧急事项，视同签收 (ZY 13.4)."""

    async def act(turn: acts.Turn) -> None:
        await acts.respond_to_ticket(turn, text=body.text)

    return await run_on_ticket(request, caller, ticket_id, Act.RESPOND, act)


@router.post(
    "/{ticket_id}/return",
    name="return",
    response_model=ActAnswer,
    responses=problems_of(*ACT_PROBLEMS, PrecedentBinds),
)
async def return_(ticket_id: UUID, body: Return, request: Request, caller: Caller) -> Response:
    """退单：说明理由、依据和建议承办单位 (ZY 13.2). A late one is taken, and counts as overdue."""

    async def act(turn: acts.Turn) -> None:
        await return_ticket(turn, **body.model_dump(exclude={"letter"}), letter=body.letter)

    return await run_on_ticket(request, caller, ticket_id, Act.RETURN, act)


@router.post(
    "/{ticket_id}/decide-return",
    name="decide_return",
    response_model=ActAnswer,
    responses=problems_of(*ACT_PROBLEMS),
)
async def decide(ticket_id: UUID, body: DecideReturn, request: Request, caller: Caller) -> Response:
    """退单审核 (B5). Granted: by name or by rule to another unit, else a person chooses."""

    async def act(turn: acts.Turn) -> None:
        await decide_return(turn, **body.model_dump())

    return await run_on_ticket(request, caller, ticket_id, Act.DECIDE_RETURN, act)


@router.post(
    "/{ticket_id}/progress", response_model=ActAnswer, responses=problems_of(*ACT_PROBLEMS)
)
async def progress(ticket_id: UUID, body: Progress, request: Request, caller: Caller) -> Response:
    """报送进展：紧急事项的处理情况 (ZY 13.4)，临时办结后每 15 个工作日 (ZY 13.3)."""

    async def act(turn: acts.Turn) -> None:
        await handling.report_progress(turn, text=body.text, next_step=body.next_step)

    return await run_on_ticket(request, caller, ticket_id, Act.PROGRESS, act)


@router.post(
    "/{ticket_id}/interim-close", response_model=ActAnswer, responses=problems_of(*ACT_PROBLEMS)
)
async def interim_close(
    ticket_id: UUID, body: InterimClose, request: Request, caller: Caller
) -> Response:
    """临时办结：办理进展、下步打算、承诺办结时限 (ZY 13.3). A late one is taken, and marked."""

    async def act(turn: acts.Turn) -> None:
        given = body.model_dump(exclude={"letter"})
        await handling.close_for_now(turn, **given, letter=body.letter)

    return await run_on_ticket(request, caller, ticket_id, Act.INTERIM_CLOSE, act)


@router.post("/{ticket_id}/redo", response_model=ActAnswer, responses=problems_of(*ACT_PROBLEMS))
async def redo(ticket_id: UUID, body: Redo, request: Request, caller: Caller) -> Response:
    """退回重新办理：按诉求类型重新计算办理时限 (ZY 14.2)."""

    async def act(turn: acts.Turn) -> None:
        await handling.reopen_ticket(turn, reason=body.reason)

    return await run_on_ticket(request, caller, ticket_id, Act.REDO, act)


@router.get("", response_model=Page[TicketSummary], responses=problems_of(*READ_PROBLEMS))
async def find_tickets(
    request: Request, caller: Caller, wanted: Annotated[TicketQuery, Query()]
) -> Page[TicketSummary]:
    """工单列表，最新的在前；只含提问者有权看的工单."""
    runtime = runtime_of(request)
    header = request.headers.get(seen.HEADER)
    await seen.wait_for_seen(runtime, header, seen.read_seen(header)[0])
    limit = min(wanted.limit, runtime.settings.page_size_max)
    async with reading(runtime, caller) as session:
        if wanted.order is Order.URGENT:
            rows = await list_queue(
                session,
                caller=caller,
                jurisdiction=wanted.jurisdiction,
                after=wanted.after_place(),
                limit=limit + 1,
            )
        else:
            rows = await list_tickets(
                session,
                caller=caller,
                wanted=Filter(
                    wanted.state, wanted.unit, wanted.jurisdiction, wanted.co, wanted.main
                ),
                after=wanted.after_id(),
                limit=limit + 1,
            )
        view = await _view(runtime, session, rows, caller)
    items = [TicketSummary.of(row, view) for row in rows[:limit]]
    return Page(items=items, next=_next(rows[:limit], wanted.order) if len(rows) > limit else None)


@router.get("/{ticket_id}", response_model=Ticket, responses=problems_of(*READ_PROBLEMS))
async def show_ticket(ticket_id: UUID, request: Request, caller: Caller) -> Ticket:
    """一件工单：内容、答复、时限，以及提问者此时可进行的操作."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))
    async with reading(runtime, caller) as session:
        row = await find_ticket(session, ticket_id, caller=caller)
        view = await _view(runtime, session, [row], caller)
        replies = await list_replies(session, ticket_id)
        parts = await list_parts_of(session, row)
        relations = await find_relations(session, row, caller=caller)
    links = TicketLinks.of(row, relations)
    return Ticket.whole(row, view, replies, parts, links=links)


@router.get("/{ticket_id}/timeline", response_model=Timeline, responses=problems_of(*READ_PROBLEMS))
async def show_timeline(ticket_id: UUID, request: Request, caller: Caller) -> Timeline:
    """工单全程：何人、何时、依何规则、何内容 (B14)."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))
    async with reading(runtime, caller) as session:
        await find_ticket(session, ticket_id, caller=caller)
        entries = await list_timeline(session, ticket_id)
    if caller.is_of_unit:
        entries = for_unit(entries)
    return Timeline(items=[TimelineItem.of(entry) for entry in entries])


async def _view(
    runtime: Runtime, session: AsyncSession, rows: Sequence[TicketRow], caller: Principal
) -> View:
    own = (
        {}
        if caller.unit is None
        else await find_own_parts(
            session, caller.unit, [row.id for row in rows if row.unit != caller.unit]
        )
    )
    return View(
        caller,
        await runtime.law_book.read_in(session),
        await find_unit_names(session, [row.unit for row in rows]),
        own,
    )


def _next(rows: Sequence[TicketRow], order: Order) -> str:
    """The cursor after the last of some rows."""
    last = rows[-1]
    return write_cursor(*(key_of(last).written() if order is Order.URGENT else [str(last.id)]))
