"""What people send to stop the clock and to let it run again, and what it answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from services.sla.handling.schemas import Ground, Words, show_running
from services.sla.models import TicketDeadline
from shared.answers import BeijingTime, Input, RunningDeadline


class Pause(Input):
    """中止计时；只限该地文件规定的情形。"""

    ground: Ground = Field(description="情形代码", examples=["expert_appraisal"])
    reason: Words = Field(description="理由", examples=["等待鉴定机构出具鉴定意见"])


class Resume(Input):
    """恢复计时；中止的时间不计入办理时限。"""

    reason: Words = Field(description="理由", examples=["鉴定意见已出具"])


class PauseAnswer(BaseModel):
    """操作之后，工单仍在计时或者中止计时的时限。"""

    is_paused: bool
    paused_at: BeijingTime | None = Field(description="自何时中止计时（北京时间）")
    sequence: int = Field(description="该工单在计时服务中的序号")
    deadlines: list[RunningDeadline]

    @classmethod
    def after(
        cls, paused_at: datetime | None, sequence: int, deadlines: Sequence[TicketDeadline]
    ) -> Self:
        """The answer to an act."""
        return cls(
            is_paused=paused_at is not None,
            paused_at=paused_at,
            sequence=sequence,
            deadlines=show_running(deadlines),
        )
