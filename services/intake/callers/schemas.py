"""What looking up a caller takes and answers over HTTP."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.intake.models import Ticket
from services.intake.schemas import Words
from shared.answers import BeijingTime
from shared.events.chinese import CHINESE
from shared.events.words import RequestType, State
from shared.masking import Unmasked
from shared.pages import PageQuery


class HistoryWanted(PageQuery):
    """按电话查看此前的诉求，写明用途并留痕."""

    phone: Annotated[Words, Field(min_length=5, max_length=40, description="来电号码"), Unmasked]
    purpose: Annotated[Words, Field(min_length=2, max_length=200, description="用途")]


class Earlier(BaseModel):
    """此前的一件诉求."""

    id: UUID
    number: str
    jurisdiction: str
    request_type: RequestType
    request_type_name: str
    title: str
    state: State
    state_name: str
    unit: str | None
    accepted_at: BeijingTime

    @classmethod
    def of(cls, ticket: Ticket) -> Self:
        """A ticket of the same caller."""
        request_type, state = RequestType(ticket.request_type), State(ticket.state)
        return cls(
            id=ticket.id,
            number=ticket.number,
            jurisdiction=ticket.jurisdiction,
            request_type=request_type,
            request_type_name=CHINESE[request_type],
            title=ticket.title,
            state=state,
            state_name=CHINESE[state],
            unit=ticket.unit,
            accepted_at=ticket.accepted_at,
        )


class CallersHistory(BaseModel):
    """同一诉求人此前的诉求，最新的在前."""

    caller_id: UUID | None = Field(description="诉求人内部编号；没有来过电话的为空")
    items: list[Earlier]
    next: str | None = None
