"""What comes in and goes out of calls over HTTP."""

from datetime import datetime
from typing import Self
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from services.intake.calls.rules import By, Call, rate
from services.intake.schemas import Code, Words
from shared.answers import Input
from shared.events.kinds import Seat
from shared.moments import Moment

CALL_EXAMPLE = {
    "jurisdiction": "512000",
    "ref": "acd-20261121-000107",
    "queued_at": "2026-11-21T09:00:00+08:00",
    "answered_at": "2026-11-21T09:00:12+08:00",
    "ended_at": "2026-11-21T09:04:30+08:00",
    "agent": "HW0107",
}


class CallIn(Input):
    """一次来电：从进入队列到结束。"""

    jurisdiction: Code = Field(description="行政区划代码", examples=["512000"])
    ref: Words = Field(
        description="话务系统自己的编号，重复提交只计一次", min_length=1, max_length=128
    )
    queued_at: Moment = Field(description="进入队列时间", examples=["2026-11-21T09:00:00+08:00"])
    answered_at: Moment | None = Field(None, description="人工接听时间；未接听不填")
    ended_at: Moment = Field(description="结束时间", examples=["2026-11-21T09:04:30+08:00"])
    agent: Words | None = Field(None, description="话务员工号", min_length=1, max_length=32)
    seat_kind: Seat = Field(Seat.CALL, description="队列所属的座席类型")
    subcenter: Words | None = Field(None, description="分中心：归并热线的号码", max_length=32)
    is_transferred: bool = Field(False, description="是否转接")
    is_three_way: bool = Field(False, description="是否三方通话")
    ticket_id: UUID | None = Field(None, description="由此登记的工单")

    def call(self) -> Call:
        """The call that the rules know."""
        return Call(**self.model_dump())


class RecordedCall(BaseModel):
    """已收下的来电。"""

    id: UUID


class RateQuery(Input):
    """接通率的条件；按整小时统计。"""

    jurisdiction: Code | None = Field(None, description="行政区划代码，含下级")
    begin: Moment = Field(description="起，含", examples=["2026-11-21T00:00:00+08:00"])
    end: Moment = Field(description="止，不含", examples=["2026-11-22T00:00:00+08:00"])
    by: By = Field(By.SEAT_KIND, description="按座席类型、分中心、时段或日期分列")


class Rate(BaseModel):
    """一项接通率。"""

    key: str = Field(description="座席类型、分中心号码（空为热线本部）、时段或日期")
    queued: int = Field(description="进入队列")
    answered: int = Field(description="人工接听")
    abandoned: int = Field(description="放弃，不含早挂")
    quick_hangups: int = Field(description="早挂，不计入接通率")
    transferred: int
    three_way: int
    waited_seconds_average: float | None = Field(description="平均等候秒数，不含早挂")
    rate: float | None = Field(description="接通率；没有可计的来电时为空")
    meets_target: bool | None

    @classmethod
    def of(cls, row: Record, target: float) -> Self:
        """The rate that sums of hours give."""
        queued, answered, quick = row["queued"], row["answered"], row["quick_hangups"]
        found = rate(queued=queued, answered=answered, quick_hangups=quick)
        counted = queued - quick
        return cls(
            key=row["key"],
            queued=queued,
            answered=answered,
            abandoned=counted - answered,
            quick_hangups=quick,
            transferred=row["transferred"],
            three_way=row["three_way"],
            waited_seconds_average=round(row["waited_seconds"] / counted, 1) if counted else None,
            rate=None if found is None else round(found, 4),
            meets_target=None if found is None else found >= target,
        )


class Rates(BaseModel):
    """接通率：人工接听 ÷ 进入队列的来电，早挂不计 (ZY 10, 25.1)。"""

    jurisdiction: str
    begin: datetime
    end: datetime
    target: float = Field(description="应达到的接通率")
    source: str = Field(description="依据条款；default 表示默认值")
    items: list[Rate]
