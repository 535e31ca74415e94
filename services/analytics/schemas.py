"""What comes in and goes out over HTTP."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field, field_validator

from services.analytics.models import KEY
from shared.answers import BeijingTime, Input
from shared.events.words import RequestType, State
from shared.jurisdictions import CODE_PATTERN

BY_MAX = 3


class OverviewIn(Input):
    """统计范围."""

    jurisdiction: Annotated[
        str | None, Field(pattern=CODE_PATTERN, description="地区，默认为本人所在地区")
    ] = None
    first_day: Annotated[
        date | None, Field(alias="from", description="起始日（含），按受理日、北京时间")
    ] = None
    last_day: Annotated[date | None, Field(alias="to", description="截止日（含）")] = None


class CountsIn(OverviewIn):
    """统计维度和范围."""

    by: Annotated[
        list[str],
        Field(
            description="统计维度，最多三个，可重复或用逗号分隔："
            "jurisdiction、unit、state、request_type、day"
        ),
    ] = []  # noqa: RUF012  pydantic copies it

    @field_validator("by")
    @classmethod
    def _known(cls, given: list[str]) -> list[str]:
        names = [name.strip() for part in given for name in part.split(",")]
        for name in names:
            if name not in KEY:
                raise ValueError(f"没有此维度：{name[:40]}；可用 {'、'.join(KEY)}")
        if len(names) > BY_MAX or len(set(names)) < len(names):
            raise ValueError(f"最多 {BY_MAX} 个维度，不得重复")
        return names


class Count(BaseModel):
    """How many tickets there are of one combination; only what was asked for is there."""

    jurisdiction: str | None = None
    unit: Annotated[str | None, Field(description="空文字表示尚在热线，未派单")] = None
    unit_name: str | None = None
    state: State | None = None
    request_type: RequestType | None = None
    day: date | None = None
    count: int


class Counts(BaseModel):
    """Counts, and when the newest event that they know of happened."""

    items: list[Count]
    as_of: BeijingTime | None


class Overview(BaseModel):
    """How many tickets came so far; a ticket counts in each that it has reached."""

    as_of: BeijingTime | None
    tickets: Annotated[int, Field(description="登记总数")]
    created: Annotated[int, Field(description="受理并进入派单流程")]
    refused: Annotated[int, Field(description="不予受理")]
    answered: Annotated[int, Field(description="接诉即答")]
    dispatched: Annotated[int, Field(description="已派单")]
    signed: Annotated[int, Field(description="已签收")]
    signed_in_time: Annotated[int, Field(description="按时签收")]
    returned: Annotated[int, Field(description="申请过退单")]
    extended: Annotated[int, Field(description="延期过")]
    overdue: Annotated[int, Field(description="有环节超期")]
    replied: Annotated[int, Field(description="已答复")]
    replied_in_time: Annotated[int, Field(description="按时答复")]
    closed: Annotated[int, Field(description="已办结")]
    rated: Annotated[int, Field(description="已评价")]
    satisfied: Annotated[int, Field(description="满意（含基本满意）")]
    solved: Annotated[int, Field(description="已解决")]
