"""What orders take and answer over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.sla.orders.letters import Letter
from services.sla.orders.models import Order
from services.sla.orders.rules import (
    CHINESE_ACTS,
    CHINESE_STATES,
    OrderState,
    allowed,
)
from shared.answers import BeijingTime, Input
from shared.documents import Format
from shared.events.words import OrderKind, Role
from shared.pages import PageQuery
from shared.policy.model import Pack
from shared.policy.supervision import Rung

CHINESE_ENTRIES: Mapping[str, str] = {
    "draft": "拟稿",
    "expire": "逾期",
    **{str(act): name for act, name in CHINESE_ACTS.items()},
}
Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=4000)]


class RaiseOrder(Input):
    """由人提出的督办：情形须是政策中只能由人判断的。"""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "512000-001",
                    "ground": "perfunctory",
                    "evidence": "三次电话联系均推诿，通话录音编号 2026-0301。",
                }
            ]
        }
    )

    unit: Code = Field(description="承办单位代码", examples=["512000-001"])
    ground: Code = Field(description="政策中的情形代码", examples=["perfunctory"])
    ticket_id: UUID | None = Field(None, description="涉及的工单；不填即针对单位")
    evidence: Words = Field(description="事实和证据")


class SignOrder(Input):
    """签发督办文书。"""


class DropOrder(Input):
    """不予签发。"""

    reason: Words = Field(description="不予签发的理由")


class AnswerOrder(Input):
    """承办单位的反馈。"""

    answer: Words = Field(description="办理、整改情况")


class AcceptAnswer(Input):
    """认可反馈。"""

    note: Words = Field("反馈符合要求", description="意见")


class RejectAnswer(Input):
    """退回反馈，反馈期限重新计算。"""

    reason: Words = Field(description="退回的理由")
    climbs: bool = Field(False, description="同时拟稿上一级督办文书")


class OrderQuery(PageQuery):
    """查询条件；不填即不论。"""

    unit: Code | None = Field(None, description="承办单位代码")
    state: OrderState | None = Field(None, description="状态")
    kind: OrderKind | None = Field(None, description="督办级别")
    ticket_id: UUID | None = Field(None, description="涉及的工单")
    is_overdue: bool | None = Field(None, description="是否逾期未反馈")
    limit: int = Field(50, ge=1, le=1000)


class DocumentQuery(Input):
    """文书的格式。"""

    format: Format | None = Field(None, description="docx 或者 pdf；不填即 Markdown 文本")


class OrderSummary(BaseModel):
    """督办文书。"""

    id: UUID
    number: str | None = Field(description="编号；签发后才有", examples=["资热约〔2026〕1号"])
    kind: OrderKind
    kind_name: str = Field(description="文书名称", examples=["督促约谈"])
    state: OrderState
    state_name: str = Field(examples=["待签发"])
    unit: str
    unit_name: str | None
    jurisdiction: str
    ticket_id: UUID | None
    rule: str = Field(description="情形代码", examples=["redone_again"])
    source: str = Field(description="依据条款；default 表示默认值", examples=["ZY 25.3"])
    drafted_at: BeijingTime
    signed_at: BeijingTime | None
    due_at: BeijingTime | None = Field(description="反馈期限")
    is_overdue: bool = Field(description="逾期未反馈")
    answered_at: BeijingTime | None
    is_late: bool | None = Field(description="反馈时已逾期")

    @classmethod
    def of(cls, order: Order, rung: Rung, unit_name: str | None) -> Self:
        """An order of the table."""
        return cls.model_validate(_summary(order, rung, unit_name))


class HistoryEntry(BaseModel):
    """对文书的一次操作。"""

    act: str
    act_name: str
    at: BeijingTime
    by: str = Field(description="操作人；system 表示系统按规则")
    text: str


class OrderShown(OrderSummary):
    """督办文书的全部内容。"""

    grounds: str = Field(description="事由，依据证据拟写")
    evidence: dict[str, Any] = Field(description="证据：工单、日期、次数、统计结论等")
    signer: Role | None = Field(description="须由何角色签发；空为自动发出")
    signer_source: str | None = Field(description="签发角色的依据条款")
    answer_source: str = Field(description="反馈期限的依据条款")
    signed_by: str | None
    answer: str | None
    answered_by: str | None
    parent_id: UUID | None = Field(description="因其未反馈而升级的文书")
    drafted: list[UUID] = Field(default_factory=list, description="本次操作拟稿的上一级文书")
    allowed: list[str] = Field(description="当前状态允许的操作")
    history: list[HistoryEntry]

    @classmethod
    def whole(cls, order: Order, rung: Rung, unit_name: str | None) -> Self:
        """An order of the table, with its evidence and history."""
        signer = rung.signed_by
        return cls.model_validate(
            _summary(order, rung, unit_name)
            | {
                "grounds": order.grounds,
                "evidence": order.evidence,
                "signer": None if signer is None else signer.value,
                "signer_source": None if signer is None else signer.source,
                "answer_source": rung.answer_within.source,
                "signed_by": order.signed_by,
                "answer": order.answer,
                "answered_by": order.answered_by,
                "parent_id": order.parent_id,
                "allowed": allowed(OrderState(order.state)),
                "history": [
                    entry | {"act_name": CHINESE_ENTRIES[entry["act"]]} for entry in order.history
                ],
            }
        )


def letter_of(order: Order, pack: Pack, rung: Rung, unit_name: str | None) -> Letter:
    """What stands in the text of an order."""
    return Letter(
        pack=pack,
        rung=rung,
        number=order.number,
        unit=order.unit,
        unit_name=unit_name,
        grounds=order.grounds,
        source=order.source,
        due_at=order.due_at,
        signed_by=order.signed_by,
        signed_at=order.signed_at,
        answer=order.answer,
        answered_at=order.answered_at,
        is_late=order.is_late,
    )


def _summary(order: Order, rung: Rung, unit_name: str | None) -> dict[str, Any]:
    return {
        "id": order.id,
        "number": order.number,
        "kind": order.kind,
        "kind_name": rung.name.text,
        "state": order.state,
        "state_name": CHINESE_STATES[OrderState(order.state)],
        "unit": order.unit,
        "unit_name": unit_name,
        "jurisdiction": order.jurisdiction,
        "ticket_id": order.ticket_id,
        "rule": order.rule,
        "source": order.source,
        "drafted_at": order.drafted_at,
        "signed_at": order.signed_at,
        "due_at": order.due_at,
        "is_overdue": order.is_overdue,
        "answered_at": order.answered_at,
        "is_late": order.is_late,
    }
