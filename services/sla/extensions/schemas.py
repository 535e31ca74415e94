"""What people send of extensions, and what they are answered."""

from collections.abc import Sequence
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.sla.extensions.rules import CHINESE_STATES, ExtensionDecision, ExtensionState
from services.sla.handling.schemas import Ground, PageQuery, Words, show_running
from services.sla.models import Extension, TicketDeadline
from shared.answers import BeijingTime, Input, RunningDeadline
from shared.letters import Letter

DAYS_MAX = 366


class Extend(Input):
    """申请延期：确因情况复杂不能按时办结。"""

    working_days: int = Field(ge=1, le=DAYS_MAX, description="延期的工作日数", examples=[5])
    ground: Ground | None = Field(
        None, description="延期情形代码；不填为本地政策规定的情形", examples=["complex"]
    )
    reason: Words = Field(description="延期理由", examples=["需更换整段地下电缆，情况复杂"])
    evidence: Words | None = Field(
        None, description="佐证材料（名称或编号）", examples=["施工方案〔2026〕3号"]
    )
    exceptional: bool = Field(
        default=False,
        description="情况特殊，申请超出“一般”“原则上”的次数或天数；没有这类措辞的规定不得超出",
    )
    letter: Letter | None = Field(None, description="会商工单须附签字盖章的函件 (ZY 13.5)")


class DecideExtension(Input):
    """延期审核；同意的，可少批天数，自原到期时间起算。"""

    extension: int | None = Field(None, ge=1, description="第几次申请；不填为待审核的一次")
    decision: ExtensionDecision = Field(description="granted 同意，refused 不同意")
    reason: Words = Field(description="审核理由", examples=["情况属实，同意延期"])
    working_days: int | None = Field(
        None, ge=1, le=DAYS_MAX, description="批准的工作日数，不得多于申请数；不填为申请数"
    )


class ExplainExtension(Input):
    """记录如何向诉求人说明延期情况。"""

    extension: int = Field(ge=1, description="第几次申请", examples=[1])
    contact: Words = Field(
        description="何时以何方式向诉求人说明", examples=["3月5日电话说明延期原因"]
    )


class ExtensionShown(BaseModel):
    """一次延期申请。"""

    ticket_id: UUID
    extension: int = Field(description="第几次申请")
    unit: str
    working_days: int = Field(description="申请的工作日数")
    ground: str
    reason: str
    evidence: str | None
    letter: Letter | None = Field(description="签字盖章的函件")
    is_exceptional: bool
    asked_at: BeijingTime = Field(description="申请时间（北京时间）")
    asked_by: str
    due_at: BeijingTime = Field(description="申请变更的到期时间（北京时间）")
    version: int = Field(description="申请变更的时限版本")
    state: ExtensionState
    state_name: str = Field(examples=["待审核"])
    granted_days: int | None = Field(description="批准的工作日数")
    decided_at: BeijingTime | None
    decided_by: str | None
    decision_reason: str | None
    moved_to: BeijingTime | None = Field(description="延期后的到期时间（北京时间）")
    explained_at: BeijingTime | None = Field(description="向诉求人说明的时间（北京时间）")
    explained_by: str | None
    contact: str | None

    @classmethod
    def of(cls, row: Extension) -> Self:
        """An application of the table, for people."""
        return cls.model_validate(_shown(row))


class ExtensionAnswer(ExtensionShown):
    """延期申请在操作之后的情况，以及工单仍在计时的时限。"""

    sequence: int = Field(description="该工单在计时服务中的序号")
    deadlines: list[RunningDeadline]

    @classmethod
    def after(cls, row: Extension, sequence: int, deadlines: Sequence[TicketDeadline]) -> Self:
        """The answer to an act."""
        return cls.model_validate(
            {**_shown(row), "sequence": sequence, "deadlines": show_running(deadlines)}
        )


class ExtensionQuery(PageQuery):
    """延期申请的查询条件。"""

    state: ExtensionState | None = Field(None, description="审核状态")


def _shown(row: Extension) -> dict[str, Any]:
    state = ExtensionState(row.state)
    named = {"extension": row.number, "state": state, "state_name": CHINESE_STATES[state]}
    fields = ExtensionShown.model_fields.keys() - named.keys()
    return named | {field: getattr(row, field) for field in fields}
