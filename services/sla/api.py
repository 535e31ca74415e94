"""Deadlines over REST: those of a ticket, and those that a ticket would have."""

from uuid import UUID

from fastapi import APIRouter, Request

from services.sla.queries import find_clock, list_deadlines
from services.sla.rules import BadMatter, preview
from services.sla.schemas import (
    DeadlinePreview,
    PreviewDeadlines,
    TicketDeadlines,
    show_preview,
)
from shared import seen
from shared.answers import problems_of
from shared.events.words import Step
from shared.policy.deadlines import Moments
from shared.problems import Malformed, NotFound, NotHeardYet, Unauthenticated, field_error
from shared.security import Caller
from shared.seen import wait_for_seen
from shared.service import runtime_of

router = APIRouter(prefix="/v1", tags=["时限"])


@router.get(
    "/tickets/{ticket_id}/deadlines",
    summary="工单的时限",
    responses=problems_of(Malformed, Unauthenticated, NotFound, NotHeardYet),
)
async def read_deadlines(ticket_id: UUID, request: Request, caller: Caller) -> TicketDeadlines:
    """每个环节的时限、依据条款和状态；承办单位只能看到本单位的工单。"""
    runtime = runtime_of(request)
    await wait_for_seen(runtime, request.headers.get(seen.HEADER), str(ticket_id))
    async with runtime.database.sessions() as session:
        clock = await find_clock(session, ticket_id)
        if clock is None or not caller.sees(clock.jurisdiction, clock.unit):
            raise NotFound
        return TicketDeadlines.of(clock, await list_deadlines(session, ticket_id))


@router.post(
    "/deadlines/preview",
    summary="试算时限",
    responses=problems_of(Malformed, Unauthenticated),
)
async def preview_deadlines(
    body: PreviewDeadlines,
    _: Caller,
) -> dict[Step, DeadlinePreview]:
    """按诉求所在地、类型和紧急程度试算各环节的到期时间、规则和依据条款。"""
    try:
        return show_preview(
            preview(
                jurisdiction=body.jurisdiction,
                request_type=body.type,
                urgency=body.urgency,
                moments=Moments(body.accepted_at, body.dispatched_at, body.signed_at),
                is_enforcement=body.is_enforcement,
            )
        )
    except BadMatter as error:
        raise field_error(error.field, "bad_matter", str(error)) from error
