"""A ticket's deadlines over REST."""

from uuid import UUID

from fastapi import APIRouter, Request

from services.sla.extensions.queries import list_extensions
from services.sla.queries import find_clock, is_seen, list_deadlines
from services.sla.schemas import Shown, TicketDeadlines
from shared import seen
from shared.answers import problems_of
from shared.problems import Malformed, NotFound, NotHeardYet, Unauthenticated
from shared.reading import reading
from shared.security import Caller
from shared.seen import wait_for_seen
from shared.service import runtime_of

router = APIRouter(prefix="/v1", tags=["deadlines"])


@router.get(
    "/tickets/{ticket_id}/deadlines",
    summary="工单的时限",
    responses=problems_of(Malformed, Unauthenticated, NotFound, NotHeardYet),
)
async def read_deadlines(ticket_id: UUID, request: Request, caller: Caller) -> TicketDeadlines:
    """每个环节的时限、依据条款、跳过的日子和状态；承办单位只能看到本单位的工单。"""
    runtime = runtime_of(request)
    await wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))
    async with reading(runtime, caller) as session:
        clock = await find_clock(session, ticket_id)
        if clock is None or not is_seen(clock, caller):
            raise NotFound
        law = await runtime.law_book.read_in(session)
        pack = law.pack(clock.policy)
        if pack is None:
            raise NotHeardYet
        now = await runtime.clock.now(session)
        shown = Shown(clock, pack, law.calendar(clock.jurisdiction), now)
        deadlines = await list_deadlines(session, ticket_id)
        return TicketDeadlines.of(shown, deadlines, await list_extensions(session, ticket_id))
