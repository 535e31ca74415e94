"""Replies over HTTP: handed in, and read by a second person of the unit (ZY 13, B7)."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.dispatch.acts import operations as acts
from services.dispatch.acts.api import ACT_PROBLEMS, run_on_ticket
from services.dispatch.acts.schemas import CheckReply, Reply
from services.dispatch.handling import replies
from services.dispatch.schemas import ActAnswer
from shared.answers import problems_of
from shared.events.words import Act
from shared.security import Caller

PROBLEMS = problems_of(*ACT_PROBLEMS)

router = APIRouter(prefix="/v1/tickets", tags=["tickets"])


@router.post("/{ticket_id}/reply", response_model=ActAnswer, responses=PROBLEMS)
async def reply(ticket_id: UUID, body: Reply, request: Request, caller: Caller) -> Response:
    """答复：经审核把关后办结计时；未注明审核人的，待本单位另一人审核 (ZY 13, B7)."""

    async def act(turn: acts.Turn) -> None:
        draft = replies.Draft(
            body.elements(),
            turn.caller.subject,
            body.letter,
            body.attachments,
            body.without,
        )
        await replies.reply_to_ticket(turn, draft=draft, checked_by=body.checked_by)

    return await run_on_ticket(request, caller, ticket_id, Act.REPLY, act)


@router.post("/{ticket_id}/check-reply", response_model=ActAnswer, responses=PROBLEMS)
async def check_reply(
    ticket_id: UUID, body: CheckReply, request: Request, caller: Caller
) -> Response:
    """审核答复：起草人以外的人审核，通过即答复诉求人，不通过则退回修改 (ZY 13, B7)."""

    async def act(turn: acts.Turn) -> None:
        await replies.check_reply(turn, is_passed=body.passed, reason=body.reason)

    return await run_on_ticket(request, caller, ticket_id, Act.CHECK_REPLY, act)
