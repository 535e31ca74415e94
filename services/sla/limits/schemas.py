"""What people send of limits set by law, and what they are answered."""

from collections.abc import Sequence
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.sla.handling.schemas import Ground, Name, PageQuery, Words, show_running
from services.sla.limits.rules import CHINESE_STATES, CHINESE_UNITS, LimitState, LimitUnit, Set
from services.sla.models import LawLimit, TicketDeadline
from shared.answers import BeijingTime, Input, RunningDeadline
from shared.policy.values import MONTHS_MAX

AMOUNT_MAX = 3650


class SetLimit(Input):
    """申报法定时限：法律法规（有的地方还有党委、政府）对办理时限另有规定的。"""

    ground: Ground = Field(description="另设时限的情形代码", examples=["law"])
    law: Name = Field(description="法律法规或者文件名称", examples=["中华人民共和国行政处罚法"])
    article: Name = Field(description="条款", examples=["第六十条"])
    amount: int = Field(
        ge=1,
        le=AMOUNT_MAX,
        description=f"时限长度；以月计的最多 {MONTHS_MAX}，到期日须在工作日历之内",
        examples=[90],
    )
    unit: LimitUnit = Field(
        description="hours 小时，working_days 工作日，calendar_days 自然日，months 月"
    )

    def limit(self) -> Set:
        """The limit as the rules take it."""
        return Set(self.ground, self.law, self.article, self.amount, self.unit)


class DecideLimit(Input):
    """法定时限确认；确认后代替原办理时限，自原起算时间计算。"""

    is_confirmed: bool = Field(description="是否确认")
    reason: Words = Field(description="审核理由", examples=["经核，属实"])


class LimitShown(BaseModel):
    """一次法定时限的申报。"""

    ticket_id: UUID
    limit: int = Field(description="第几次申报")
    unit: str = Field(description="申报的承办单位")
    ground: str
    law: str
    article: str
    amount: int
    length_unit: LimitUnit
    length: str = Field(description="时限长度", examples=["90 个自然日"])
    asked_at: BeijingTime = Field(description="申报时间（北京时间）")
    asked_by: str
    state: LimitState
    state_name: str = Field(examples=["待确认"])
    decided_at: BeijingTime | None
    decided_by: str | None
    decision_reason: str | None

    @classmethod
    def of(cls, row: LawLimit) -> Self:
        """A limit of the table, for people."""
        return cls.model_validate(_shown(row))


class LimitAnswer(LimitShown):
    """法定时限申报在操作之后的情况，以及工单仍在计时的时限。"""

    sequence: int = Field(description="该工单在计时服务中的序号")
    deadlines: list[RunningDeadline]

    @classmethod
    def after(cls, row: LawLimit, sequence: int, deadlines: Sequence[TicketDeadline]) -> Self:
        """The answer to an act."""
        return cls.model_validate(
            {**_shown(row), "sequence": sequence, "deadlines": show_running(deadlines)}
        )


class LimitQuery(PageQuery):
    """法定时限申报的查询条件。"""

    state: LimitState | None = Field(None, description="确认状态")


def _shown(row: LawLimit) -> dict[str, Any]:
    state, unit = LimitState(row.state), LimitUnit(row.length_unit)
    named = {
        "limit": row.number,
        "length": f"{row.amount} {CHINESE_UNITS[unit]}",
        "state": state,
        "state_name": CHINESE_STATES[state],
    }
    fields = LimitShown.model_fields.keys() - named.keys()
    return named | {field: getattr(row, field) for field in fields}
