"""Handing a ticket to another level over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.dispatch.acts.api import ACT_PROBLEMS, run_on_ticket
from services.dispatch.acts.operations import Turn
from services.dispatch.levels.operations import OtherPlatform, move_ticket
from services.dispatch.levels.schemas import Move
from services.dispatch.schemas import ActAnswer
from shared.answers import problems_of
from shared.events.words import Act
from shared.security import Caller

router = APIRouter(prefix="/v1/tickets", tags=["tickets"])


@router.post(
    "/{ticket_id}/move",
    response_model=ActAnswer,
    responses=problems_of(*ACT_PROBLEMS, OtherPlatform),
)
async def move(ticket_id: UUID, body: Move, request: Request, caller: Caller) -> Response:
    """转交其他层级：转上级，或者转所辖的市、县、乡镇；有规则的随即派单 (YN 六(二)1, JL 五(一))."""

    async def act(turn: Turn) -> None:
        await move_ticket(turn, **body.model_dump())

    return await run_on_ticket(request, caller, ticket_id, Act.MOVE, act)
