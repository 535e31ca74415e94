"""Replies and drafts as people see them."""

from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.dispatch.models import TimelineEntry
from shared.answers import BeijingTime
from shared.letters import Letter


class TicketReply(BaseModel):
    """一次答复。"""

    reply: int
    unit: str
    at: BeijingTime
    replied_by: str
    checked_by: str | None = Field(None, description="审核把关人")
    findings: str
    basis: str
    result: str
    contact: str
    more: dict[str, str] = Field(default_factory=dict, description="政策包规定的其他要素")
    letter: Letter | None = None
    attachments: list[UUID] = Field(default_factory=list)
    without: str | None = Field(None, description="协办单位尚未答复而先行答复的理由")
    missing: list[str] = Field(default_factory=list, description="当时尚未答复的协办单位")

    @classmethod
    def of(cls, row: TimelineEntry) -> Self:
        """The reply that a timeline entry holds."""
        kept = {"unit": row.unit, "at": row.at, "replied_by": row.by} | row.detail
        return cls.model_validate(kept)


class TicketDraft(BaseModel):
    """待审核的答复。"""

    elements: dict[str, str] = Field(description="各要素，按其代码")
    replied_by: str = Field(description="起草人；须由另一人审核")
    letter: Letter | None
    attachments: list[UUID]
    without: str | None

    @classmethod
    def of(cls, draft: dict[str, Any] | None) -> Self | None:
        """The draft that a ticket keeps, if it does."""
        return None if draft is None else cls.model_validate(draft)
