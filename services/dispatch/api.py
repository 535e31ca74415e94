"""Tickets over HTTP: what people do to them and look up."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.acts import operations as acts
from services.dispatch.acts.schemas import (
    DecideReturn,
    Dispatch,
    InterimClose,
    Progress,
    Redo,
    Reply,
    Respond,
    Return,
    Sign,
)
from services.dispatch.dispatching.operations import dispatch_ticket
from services.dispatch.handling import operations as handling
from services.dispatch.models import Ticket as TicketRow
from services.dispatch.queries import (
    Filter,
    find_ticket,
    find_unit_names,
    list_replies,
    list_tickets,
    list_timeline,
)
from services.dispatch.returns.operations import PrecedentBinds, decide_return, return_ticket
from services.dispatch.rules import ROLES
from services.dispatch.schemas import (
    ActAnswer,
    Ticket,
    TicketQuery,
    TicketSummary,
    Timeline,
    TimelineItem,
    View,
)
from shared import problems, seen
from shared.answers import problems_of
from shared.events.words import Act, Service
from shared.idempotency import Answer, run_act
from shared.pages import Page, write_cursor
from shared.runtime import Runtime
from shared.security import Caller, Principal
from shared.service import runtime_of

READ_PROBLEMS = (
    problems.Malformed,
    problems.Unauthenticated,
    problems.NotFound,
    problems.NotHeardYet,
)
ACT_PROBLEMS = (
    *READ_PROBLEMS,
    problems.NotAllowed,
    problems.ActRefused,
    problems.StillRunning,
    problems.KeyReused,
)

router = APIRouter(prefix="/v1/tickets", tags=["tickets"])


@router.post(
    "/{ticket_id}/dispatch", response_model=ActAnswer, responses=problems_of(*ACT_PROBLEMS)
)
async def dispatch(ticket_id: UUID, body: Dispatch, request: Request, caller: Caller) -> Response:
    """派单：由人指定承办单位 (B2)."""

    async def act(turn: acts.Turn) -> None:
        await dispatch_ticket(turn, unit=body.unit, reason=body.reason)

    return await _run(request, caller, ticket_id, Act.DISPATCH, act)


@router.post("/{ticket_id}/sign", response_model=ActAnswer, responses=problems_of(*ACT_PROBLEMS))
async def sign(ticket_id: UUID, body: Sign, request: Request, caller: Caller) -> Response:
    """签收 (ZY 13.2)."""
    return await _run(request, caller, ticket_id, Act.SIGN, acts.sign_ticket)


@router.post("/{ticket_id}/respond", response_model=ActAnswer, responses=problems_of(*ACT_PROBLEMS))
async def respond(ticket_id: UUID, body: Respond, request: Request, caller: Caller) -> Response:
    """初步响应：特殊、特殊紧急事项，视同签收 (ZY 13.4)."""

    async def act(turn: acts.Turn) -> None:
        await acts.respond_to_ticket(turn, text=body.text)

    return await _run(request, caller, ticket_id, Act.RESPOND, act)


@router.post(
    "/{ticket_id}/return",
    response_model=ActAnswer,
    responses=problems_of(*ACT_PROBLEMS, PrecedentBinds),
)
async def return_(ticket_id: UUID, body: Return, request: Request, caller: Caller) -> Response:
    """退单：说明理由、依据和建议承办单位 (ZY 13.2). A late one is taken, and counts as overdue."""

    async def act(turn: acts.Turn) -> None:
        await return_ticket(turn, **body.model_dump())

    return await _run(request, caller, ticket_id, Act.RETURN, act)


@router.post(
    "/{ticket_id}/decide-return", response_model=ActAnswer, responses=problems_of(*ACT_PROBLEMS)
)
async def decide(ticket_id: UUID, body: DecideReturn, request: Request, caller: Caller) -> Response:
    """退单审核 (B5). Granted: by name or by rule to another unit, else a person chooses."""

    async def act(turn: acts.Turn) -> None:
        await decide_return(turn, **body.model_dump())

    return await _run(request, caller, ticket_id, Act.DECIDE_RETURN, act)


@router.post(
    "/{ticket_id}/progress", response_model=ActAnswer, responses=problems_of(*ACT_PROBLEMS)
)
async def progress(ticket_id: UUID, body: Progress, request: Request, caller: Caller) -> Response:
    """报送进展：紧急事项的处理情况 (ZY 13.4)，临时办结后每 15 个工作日 (ZY 13.3)."""

    async def act(turn: acts.Turn) -> None:
        await handling.report_progress(turn, text=body.text, next_step=body.next_step)

    return await _run(request, caller, ticket_id, Act.PROGRESS, act)


@router.post(
    "/{ticket_id}/interim-close", response_model=ActAnswer, responses=problems_of(*ACT_PROBLEMS)
)
async def interim_close(
    ticket_id: UUID, body: InterimClose, request: Request, caller: Caller
) -> Response:
    """临时办结：办理进展、下步打算、承诺办结时限 (ZY 13.3). A late one is taken, and marked."""

    async def act(turn: acts.Turn) -> None:
        await handling.close_for_now(turn, **body.model_dump())

    return await _run(request, caller, ticket_id, Act.INTERIM_CLOSE, act)


@router.post("/{ticket_id}/reply", response_model=ActAnswer, responses=problems_of(*ACT_PROBLEMS))
async def reply(ticket_id: UUID, body: Reply, request: Request, caller: Caller) -> Response:
    """答复：办理时限停止计时 (ZY 13, B7)."""

    async def act(turn: acts.Turn) -> None:
        await handling.reply_to_ticket(turn, **body.model_dump())

    return await _run(request, caller, ticket_id, Act.REPLY, act)


@router.post("/{ticket_id}/redo", response_model=ActAnswer, responses=problems_of(*ACT_PROBLEMS))
async def redo(ticket_id: UUID, body: Redo, request: Request, caller: Caller) -> Response:
    """退回重新办理：按诉求类型重新计算办理时限 (ZY 14.2)."""

    async def act(turn: acts.Turn) -> None:
        await handling.reopen_ticket(turn, reason=body.reason)

    return await _run(request, caller, ticket_id, Act.REDO, act)


@router.get("", response_model=Page[TicketSummary], responses=problems_of(*READ_PROBLEMS))
async def find_tickets(
    request: Request, caller: Caller, wanted: Annotated[TicketQuery, Query()]
) -> Page[TicketSummary]:
    """工单列表，最新的在前；只含提问者有权看的工单."""
    runtime = runtime_of(request)
    header = request.headers.get(seen.HEADER)
    await seen.wait_for_seen(runtime, header, seen.read_seen(header)[0])
    limit = min(wanted.limit, runtime.settings.page_size_max)
    async with runtime.database.sessions() as session:
        rows = await list_tickets(
            session,
            caller=caller,
            wanted=Filter(wanted.state, wanted.unit, wanted.jurisdiction),
            after=wanted.after_id(),
            limit=limit + 1,
        )
        view = await _view(runtime, session, rows, caller)
    items = [TicketSummary.of(row, view) for row in rows[:limit]]
    return Page(items=items, next=write_cursor(str(items[-1].id)) if len(rows) > limit else None)


@router.get("/{ticket_id}", response_model=Ticket, responses=problems_of(*READ_PROBLEMS))
async def show_ticket(ticket_id: UUID, request: Request, caller: Caller) -> Ticket:
    """一件工单：内容、答复、时限，以及提问者此时可进行的操作."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))
    async with runtime.database.sessions() as session:
        row = await find_ticket(session, ticket_id, caller=caller)
        view = await _view(runtime, session, [row], caller)
        replies = await list_replies(session, ticket_id)
    return Ticket.whole(row, view, replies)


@router.get("/{ticket_id}/timeline", response_model=Timeline, responses=problems_of(*READ_PROBLEMS))
async def show_timeline(ticket_id: UUID, request: Request, caller: Caller) -> Timeline:
    """工单全程：何人、何时、依何规则、何内容 (B14)."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))
    async with runtime.database.sessions() as session:
        await find_ticket(session, ticket_id, caller=caller)
        entries = await list_timeline(session, ticket_id)
    return Timeline(items=[TimelineItem.of(entry) for entry in entries])


async def _run(
    request: Request,
    caller: Principal,
    ticket_id: UUID,
    act: Act,
    do: Callable[[acts.Turn], Awaitable[None]],
) -> Response:
    """One act: who may, what they have seen, then lock, act and answer in one transaction."""
    caller.require(*ROLES[act])
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        turn = await acts.take_turn(session, runtime, caller=caller, ticket_id=ticket_id, act=act)
        await do(turn)
        row = turn.ticket
        header = seen.write_seen(str(row.id), {Service.DISPATCH: row.sequence})
        answer = ActAnswer.of(row, turn.law)
        return Answer(answer, headers={seen.HEADER: header})

    return await run_act(runtime, request, caller, operation)


async def _view(
    runtime: Runtime, session: AsyncSession, rows: Sequence[TicketRow], caller: Principal
) -> View:
    return View(
        caller,
        await runtime.law_book.read_in(session),
        await find_unit_names(session, [row.unit for row in rows]),
    )
