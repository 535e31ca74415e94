"""The state machine over HTTP."""

from fastapi import APIRouter

from services.dispatch.machine.schemas import Machine, machine
from shared import problems
from shared.answers import problems_of
from shared.security import Caller

router = APIRouter(prefix="/v1/machine", tags=["tickets"])


@router.get("", response_model=Machine, responses=problems_of(problems.Unauthenticated))
async def show_machine(_: Caller) -> Machine:
    """工单状态表：每种状态下谁可以进行什么操作，到什么状态，说什么事件 (B1)."""
    return machine()
