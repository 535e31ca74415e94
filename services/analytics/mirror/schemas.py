"""What comes in and goes out of the mirror's figures over HTTP."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from shared.answers import Input
from shared.exchange import PLATFORM_PATTERN


class MirrorIn(Input):
    """统计哪个平台、哪一天."""

    platform: Annotated[
        str | None, Field(description="平台代码，默认所有平台", pattern=PLATFORM_PATTERN)
    ] = None
    day: Annotated[date | None, Field(description="受理日，北京时间，默认所有日期")] = None


class MirroredDay(BaseModel):
    """一个平台一天上报的工单."""

    platform: str
    day: date
    tickets: Annotated[int, Field(description="该平台当日登记的工单总数")]
    with_origin: Annotated[int, Field(description="其中由其他平台转来的，在转出平台计数")]
    counted: Annotated[int, Field(description="计入汇总的工单数，即总数减去转来的")]
    dispatched: Annotated[int, Field(description="已派单")]
    signed: Annotated[int, Field(description="已签收")]
    replied: Annotated[int, Field(description="已答复")]
    closed: Annotated[int, Field(description="已办结")]


class Mirror(BaseModel):
    """其他平台上报的工单，按平台和日期."""

    items: list[MirroredDay]
