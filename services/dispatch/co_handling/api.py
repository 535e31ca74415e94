"""Co-handling over HTTP: who handles with the lead, and what they did."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.dispatch.acts import operations as acts
from services.dispatch.acts.api import ACT_PROBLEMS, run_on_ticket
from services.dispatch.acts.schemas import ChooseCoUnits, CoReply, Sign
from services.dispatch.co_handling.operations import choose_co_units, reply_part, sign_part
from services.dispatch.handling.replies import refuse_faults
from services.dispatch.schemas import ActAnswer
from shared.answers import problems_of
from shared.events.words import Act
from shared.security import Caller

PROBLEMS = problems_of(*ACT_PROBLEMS)

router = APIRouter(prefix="/v1/tickets", tags=["tickets"])


@router.post(
    "/{ticket_id}/co-units", name="choose_co_units", response_model=ActAnswer, responses=PROBLEMS
)
async def choose(
    ticket_id: UUID, body: ChooseCoUnits, request: Request, caller: Caller
) -> Response:
    """确定协办单位：联合办理由主办单位牵头并答复诉求人 (ZY 13.5(5), B4)."""

    async def act(turn: acts.Turn) -> None:
        await choose_co_units(turn, units=body.co_units, reason=body.reason)

    return await run_on_ticket(request, caller, ticket_id, Act.CHOOSE_CO_UNITS, act)


@router.post("/{ticket_id}/co-sign", response_model=ActAnswer, responses=PROBLEMS)
async def co_sign(ticket_id: UUID, body: Sign, request: Request, caller: Caller) -> Response:
    """协办签收 (ZY 13.5(5), B4)."""
    return await run_on_ticket(request, caller, ticket_id, Act.CO_SIGN, sign_part)


@router.post("/{ticket_id}/co-reply", response_model=ActAnswer, responses=PROBLEMS)
async def co_reply(ticket_id: UUID, body: CoReply, request: Request, caller: Caller) -> Response:
    """协办答复：告知主办单位办理情况，每个协办单位一次，重新办理的再答 (ZY 13.5(5), B4)."""

    async def act(turn: acts.Turn) -> None:
        elements = body.model_dump()
        await refuse_faults(turn, elements)
        await reply_part(turn, **elements)

    return await run_on_ticket(request, caller, ticket_id, Act.CO_REPLY, act)
