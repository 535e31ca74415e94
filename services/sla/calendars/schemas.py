"""Calendars over REST."""

from typing import Self

from pydantic import BaseModel, Field

from services.sla.calendars.queries import Known
from shared.answers import BeijingTime


class CalendarShown(BaseModel):
    """一份工作日历：国务院的放假安排，或者某地增加的日子。"""

    hash: str = Field(description="内容指纹")
    jurisdiction: str = Field(description="行政区划代码；000000 为全国", examples=["000000"])
    document: str
    years: list[int] = Field(description="公布了全年放假安排的年份")
    days: int = Field(description="列明的日子数")
    published_at: BeijingTime
    moved: int = Field(description="因此调整的时限数")
    recomputed_at: BeijingTime | None = Field(description="重新计算完成的时间；未完成为空")

    @classmethod
    def of(cls, known: Known) -> Self:
        """A published calendar, for people."""
        return cls(
            hash=known.hash,
            jurisdiction=known.jurisdiction,
            document=known.calendar["document"],
            years=known.calendar["published_years"],
            days=len(known.calendar["days"]),
            published_at=known.published_at,
            moved=known.moved,
            recomputed_at=known.finished_at,
        )
