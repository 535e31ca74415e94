"""The mirror's figures over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.analytics.mirror import schemas
from services.analytics.mirror.queries import count_mirrored
from shared.answers import problems_of
from shared.problems import Malformed, Unauthenticated, field_error
from shared.reading import reading
from shared.security import Caller
from shared.service import runtime_of

ROWS_MAX = 10_000
router = APIRouter(
    prefix="/v1/analytics",
    tags=["analytics"],
    responses=problems_of(Malformed, Unauthenticated),
)


@router.get("/mirror", summary="其他平台上报的工单数", response_model=schemas.Mirror)
async def mirrored(
    asked: Annotated[schemas.MirrorIn, Query()], request: Request, caller: Caller
) -> schemas.Mirror:
    """下级平台、分中心实时上报的工单，与其自身统计逐日可核；转来的工单单列，不重复计数 (E2)."""
    async with reading(runtime_of(request), caller) as session:
        rows = await count_mirrored(
            session, caller, platform=asked.platform, day=asked.day, rows_max=ROWS_MAX + 1
        )
    if len(rows) > ROWS_MAX:
        raise field_error("day", "too_many_rows", f"结果超过 {ROWS_MAX} 行，请指定平台或日期")
    return schemas.Mirror(items=[schemas.MirroredDay(**row) for row in rows])
