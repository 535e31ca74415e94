"""How each act on a ticket's handling time runs: seen, locked, done and answered as one."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.sla.handling.operations import NothingRunning, Turn, take_turn
from services.sla.handling.queries import Asked, Wanted, find_asked, list_open_deadlines
from services.sla.handling.schemas import PageQuery, cursor_of
from services.sla.models import TicketDeadline
from shared import problems, seen
from shared.events.words import Service
from shared.idempotency import Answer, run_act
from shared.pages import Page
from shared.reading import reading
from shared.security import Principal
from shared.service import runtime_of

PAGE_PROBLEMS = (problems.Malformed, problems.Unauthenticated, problems.NotHeardYet)
ACT_PROBLEMS = (*problems.OF_ACTS, NothingRunning)

Row = TypeVar("Row")
Shown = TypeVar("Shown", bound=BaseModel)


async def run(
    request: Request,
    caller: Principal,
    ticket_id: UUID,
    act: Callable[[Turn], Awaitable[Row]],
    show: Callable[[Row, int, Sequence[TicketDeadline]], BaseModel],
) -> Response:
    """One act: what the caller has seen is waited for, then lock, act, answer, all in one."""
    runtime = runtime_of(request)
    await seen.wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))

    async def operation(session: AsyncSession) -> Answer:
        turn = await take_turn(session, runtime, caller=caller, ticket_id=ticket_id)
        row = await act(turn)
        sequence = turn.clock.sequence
        await session.flush()
        deadlines = await list_open_deadlines(session, ticket_id)
        header = seen.write_seen(str(ticket_id), {Service.SLA: sequence})
        return Answer(show(row, sequence, deadlines), headers={seen.HEADER: header})

    return await run_act(runtime, request, caller, operation)


async def page(
    request: Request,
    caller: Principal,
    wanted: PageQuery,
    kind: type[Asked],
    *,
    state: str | None,
    show: Callable[[Asked], Shown],
) -> Page[Shown]:
    """One page of what units asked for, the longest waiting first."""
    runtime = runtime_of(request)
    header = request.headers.get(seen.HEADER)
    await seen.wait_for_seen(runtime, header, seen.read_seen(header)[0])
    limit = min(wanted.limit, runtime.settings.page_size_max)
    some = Wanted(state, wanted.jurisdiction, wanted.after_key(), limit + 1)
    async with reading(runtime, caller) as session:
        rows = await find_asked(session, kind, caller=caller, wanted=some)
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[show(row) for row in rows[:limit]],
        next=None if last is None else cursor_of(last.asked_at, last.ticket_id, last.number),
    )
