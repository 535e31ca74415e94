"""What a preview is asked with, and what it answers."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from services.sla.previews.rules import Preview
from shared.events.chinese import CHINESE
from shared.events.words import RequestType, Step, Urgency
from shared.moments import Moment
from shared.policy.explain_days import SkippedDays


class PreviewDeadlines(BaseModel):
    """试算各环节时限；未知派单时间按受理时派单，未知签收时间按派单时签收。"""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "jurisdiction": "512000",
                    "type": "complaint",
                    "urgency": "normal",
                    "accepted_at": "2026-09-30T16:20+08:00",
                }
            ]
        },
    )

    jurisdiction: str = Field(description="行政区划代码（GB/T 2260）", examples=["512000"])
    type: RequestType = Field(description="诉求类型")
    urgency: Urgency = Field(default=Urgency.NORMAL, description="紧急程度")
    is_enforcement: bool = Field(default=False, description="是否属于行政执法类")
    is_passed_on: bool = Field(default=False, description="是否由其他平台转送省平台")
    accepted_at: Moment = Field(description="受理时间，须带时区")
    dispatched_at: Moment | None = Field(default=None, description="派单时间，须带时区")
    signed_at: Moment | None = Field(default=None, description="签收时间，须带时区")


class SkippedDaysShown(BaseModel):
    """计算时限时跳过的连续休息日，或者计入的调休上班日。"""

    first: date
    last: date
    works: bool = Field(description="调休上班为 true，放假或者双休日为 false")
    name: str = Field(examples=["国庆节"])
    provisional: bool = Field(description="该年放假安排尚未公布")

    @classmethod
    def of(cls, days: SkippedDays) -> Self:
        """Days of an explanation, for people."""
        return cls(**days._asdict())


class DeadlinePreview(BaseModel):
    """一个环节的试算结果。"""

    name: str = Field(description="环节的中文名称", examples=["签收"])
    starts_at: datetime = Field(description="起算时间（北京时间）")
    due_at: datetime = Field(description="到期时间（北京时间）")
    rule: str = Field(examples=["5 working hours after dispatch"])
    source: str = Field(description="条款；default 表示文件未规定", examples=["ZY 13.2"])
    provisional: bool = Field(description="跨入尚未公布放假安排的年份，公布后重新计算")
    explanation: str = Field(
        description="跳过和调休的日子；没有则为空",
        examples=["10-01 至 10-07 国庆节放假；10-10 国庆节调休上班；10-11 双休日"],
    )
    skipped: list[SkippedDaysShown]


def show_preview(previews: Mapping[Step, Preview]) -> dict[Step, DeadlinePreview]:
    """Previewed deadlines by step, for people; the command line prints the same."""
    return {
        step: DeadlinePreview(
            name=CHINESE[step],
            starts_at=deadline.starts_at,
            due_at=deadline.due_at,
            rule=deadline.rule,
            source=deadline.source,
            provisional=deadline.provisional,
            explanation=explanation.text,
            skipped=[SkippedDaysShown.of(days) for days in explanation.days],
        )
        for step, (deadline, explanation) in previews.items()
    }
