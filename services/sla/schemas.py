"""What people and programs send to sla, and what it answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.sla.models import TicketClock, TicketDeadline
from services.sla.rules import CHINESE_STATES, DeadlineState
from shared.calendars import local
from shared.events.words import CHINESE, RequestType, Step, Urgency
from shared.policy.deadlines import Deadline


class DeadlineShown(BaseModel):
    """工单一个环节的时限。"""

    step: Step
    step_name: str = Field(description="环节的中文名称", examples=["签收"])
    version: int = Field(description="重新计时后递增")
    state: DeadlineState
    state_name: str = Field(description="状态的中文名称", examples=["计时中"])
    due_at: datetime = Field(description="到期时间（北京时间）")
    warn_at: datetime = Field(description="到期提醒时间（北京时间）")
    rule: str = Field(examples=["5 working hours after dispatch"])
    source: str = Field(description="条款；default 表示文件未规定", examples=["ZY 13.2"])
    provisional: bool = Field(description="跨入尚未公布放假安排的年份，公布后重新计算")
    act_at: datetime | None = Field(description="该环节完成的时间（北京时间）")
    is_overdue: bool = Field(description="是否超期")

    @classmethod
    def of(cls, deadline: TicketDeadline) -> Self:
        """A deadline of the table, for people."""
        step, state = Step(deadline.step), DeadlineState(deadline.state)
        return cls(
            step=step,
            step_name=CHINESE[step],
            version=deadline.version,
            state=state,
            state_name=CHINESE_STATES[state],
            due_at=local(deadline.due_at),
            warn_at=local(deadline.warn_at),
            rule=deadline.rule,
            source=deadline.source,
            provisional=deadline.provisional,
            act_at=None if deadline.act_at is None else local(deadline.act_at),
            is_overdue=state is DeadlineState.OVERDUE,
        )


class TicketDeadlines(BaseModel):
    """工单的全部时限。"""

    ticket_id: UUID
    accepted_at: datetime = Field(description="受理时间（北京时间）")
    is_closed: bool
    items: list[DeadlineShown]

    @classmethod
    def of(cls, clock: TicketClock, deadlines: Sequence[TicketDeadline]) -> Self:
        """A ticket's clock and its deadlines, for people."""
        return cls(
            ticket_id=clock.ticket_id,
            accepted_at=local(clock.accepted_at),
            is_closed=clock.is_closed,
            items=[DeadlineShown.of(deadline) for deadline in deadlines],
        )


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
    accepted_at: AwareDatetime = Field(description="受理时间，须带时区")
    dispatched_at: AwareDatetime | None = Field(default=None, description="派单时间，须带时区")
    signed_at: AwareDatetime | None = Field(default=None, description="签收时间，须带时区")


class DeadlinePreview(BaseModel):
    """一个环节的试算结果。"""

    name: str = Field(description="环节的中文名称", examples=["签收"])
    starts_at: datetime = Field(description="起算时间（北京时间）")
    due_at: datetime = Field(description="到期时间（北京时间）")
    rule: str = Field(examples=["5 working hours after dispatch"])
    source: str = Field(description="条款；default 表示文件未规定", examples=["ZY 13.2"])
    provisional: bool = Field(description="跨入尚未公布放假安排的年份，公布后重新计算")


def show_preview(deadlines: Mapping[Step, Deadline]) -> dict[Step, DeadlinePreview]:
    """Previewed deadlines by step, for people; the command line prints the same."""
    return {
        step: DeadlinePreview(
            name=CHINESE[step],
            starts_at=deadline.starts_at,
            due_at=deadline.due_at,
            rule=deadline.rule,
            source=deadline.source,
            provisional=deadline.provisional,
        )
        for step, deadline in deadlines.items()
    }
