"""What comes in and goes out of published results over HTTP."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.intake.publications.models import Publication
from services.intake.publications.rules import CHINESE, PublicationState
from services.intake.schemas import Code
from shared.answers import BeijingTime, Input
from shared.pages import PageQuery

Words = Annotated[str, StringConstraints(min_length=1, max_length=5_000)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Publish(Input):
    """提出公开办理结果；个人信息自动隐去。"""

    title: Title = Field(description="标题", examples=["路灯不亮的处理结果"])
    question: Words = Field(description="诉求概要", examples=["某路段路灯连续多日不亮。"])
    answer: Words = Field(description="办理结果", examples=["已更换接触器，路灯恢复照明。"])


class CheckPublication(Input):
    """审核：由提出人以外的人审核。"""

    is_passed: bool = Field(description="是否同意公开")
    reason: Title | None = Field(None, description="退回的理由")


class TakeBack(Input):
    """撤回公开。"""

    reason: Title = Field(description="理由", examples=["正文可辨认出个人"])


class PublicationOut(BaseModel):
    """一份办理结果。"""

    id: UUID
    ticket_id: UUID
    unit: str
    title: str
    question: str
    answer: str
    state: PublicationState
    state_name: str
    proposed_by: str
    proposed_at: BeijingTime
    checked_by: str | None
    reason: str | None

    @classmethod
    def of(cls, row: Publication) -> Self:
        """The result as its unit sees it."""
        state = PublicationState(row.state)
        return cls(
            id=row.id,
            ticket_id=row.ticket_id,
            unit=row.unit,
            title=row.title,
            question=row.question,
            answer=row.answer,
            state=state,
            state_name=CHINESE[state],
            proposed_by=row.proposed_by,
            proposed_at=row.proposed_at,
            checked_by=row.checked_by,
            reason=row.reason,
        )


class PublicResult(BaseModel):
    """公开的办理结果；不含工单号、工号和任何个人信息。"""

    id: UUID
    unit_name: str
    title: str
    question: str
    answer: str
    published_at: BeijingTime

    @classmethod
    def of(cls, row: Publication, unit_name: str) -> Self:
        """The result as everybody sees it."""
        assert row.checked_at is not None, "a published one was checked"
        return cls(
            id=row.id,
            unit_name=unit_name,
            title=row.title,
            question=row.question,
            answer=row.answer,
            published_at=row.checked_at,
        )


class PublicQuery(PageQuery):
    """公开办理结果的条件。"""

    jurisdiction: Code = Field(description="行政区划代码，含下级", examples=["512000"])
    limit: int = Field(20, ge=1, le=100, description="每页条数")
