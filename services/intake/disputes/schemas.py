"""What disputes take and answer over HTTP."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.intake.disputes.models import Dispute
from services.intake.models import Ticket
from services.intake.schemas import Words
from shared.answers import BeijingTime, Input
from shared.pages import PageQuery


class DisputeIn(Input):
    """对评价或者评价过程的申诉."""

    text: Annotated[
        Words,
        Field(
            min_length=1,
            max_length=5_000,
            description="申诉内容",
            examples=["评价针对的是另一件事项，并非本次办理。"],
        ),
    ]


class AnswerDispute(Input):
    """对评价申诉的答复."""

    is_upheld: Annotated[bool, Field(description="申诉是否成立；成立的，原评价作废")]
    answer: Annotated[
        Words,
        Field(
            min_length=1,
            max_length=5_000,
            description="答复内容；诉求人申诉的，诉求人凭编号和查询码可见",
        ),
    ]


class DisputeQuery(PageQuery):
    """评价申诉列表的查询条件."""

    is_open: Annotated[bool | None, Field(description="是否待答复")] = None


class DisputeItem(BaseModel):
    """一件评价申诉."""

    id: UUID
    ticket_id: UUID
    number: str
    jurisdiction: str
    title: str
    unit: str | None
    text: str
    disputed_by: str = Field(description="申诉单位人员的工号；caller 为诉求人")
    disputed_at: BeijingTime
    is_upheld: bool | None
    answer: str | None
    answered_by: str | None
    answered_at: BeijingTime | None

    @classmethod
    def of(cls, dispute: Dispute, ticket: Ticket) -> Self:
        """A complaint with the ticket that it is about."""
        columns = (
            *("id", "ticket_id", "jurisdiction", "unit", "text", "disputed_by", "disputed_at"),
            *("is_upheld", "answer", "answered_by", "answered_at"),
        )
        return cls(
            number=ticket.number,
            title=ticket.title,
            **{column: getattr(dispute, column) for column in columns},
        )
