"""What screenings take and answer over HTTP."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.intake.models import Ticket
from services.intake.ratings.rules import OBJECTIVE
from services.intake.schemas import Words
from services.intake.screenings.models import Screening
from shared.answers import BeijingTime, Input
from shared.events.chinese import CHINESE
from shared.events.kinds import Cause
from shared.pages import PageQuery
from shared.problems import field_error

EVIDENCE_MAX = 20


class Screen(Input):
    """申请甄别：客观原因、说明和佐证材料 (ZY 14.2)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cause": "policy_limits",
                    "explanation": "补偿标准由省级文件统一规定，已当面解释。",
                    "evidence": ["0199a1b2-0000-7000-8000-000000000001"],
                }
            ]
        }
    )

    cause: Annotated[Cause, Field(description="客观原因：超出法规、受政策限制、期望过高")]
    explanation: Annotated[Words, Field(min_length=1, max_length=10_000, description="情况说明")]
    evidence: Annotated[
        list[UUID],
        Field(min_length=1, max_length=EVIDENCE_MAX, description="已上传到本工单的附件编号"),
    ]

    def require_fit(self) -> None:
        """Raise `Malformed` for a cause that is the unit's own doing."""
        if self.cause not in OBJECTIVE:
            named = "；".join(f"{cause}：{CHINESE[cause]}" for cause in OBJECTIVE)
            raise field_error("cause", "not_objective", f"只有客观原因可以甄别（ZY 14.2）：{named}")


class DecideScreening(Input):
    """甄别审核."""

    is_granted: Annotated[bool, Field(description="是否属于客观原因")]
    reason: Annotated[Words, Field(min_length=1, max_length=2_000, description="审核理由")]


class ScreeningQuery(PageQuery):
    """甄别列表的查询条件."""

    is_open: Annotated[bool | None, Field(description="是否待审核")] = None


class ScreeningItem(BaseModel):
    """一件甄别申请."""

    id: UUID
    ticket_id: UUID
    number: str
    jurisdiction: str
    title: str
    unit: str
    cause: Cause
    cause_name: str
    explanation: str
    evidence: list[UUID]
    requested_by: str
    requested_at: BeijingTime
    is_granted: bool | None = Field(description="未审核的，以及审核前已重新办理的，为空")
    reason: str | None
    decided_by: str | None
    ended_at: BeijingTime | None

    @classmethod
    def of(cls, screening: Screening, ticket: Ticket) -> Self:
        """A screening with the ticket that it is about."""
        columns = (
            *("id", "ticket_id", "jurisdiction", "unit", "explanation", "evidence"),
            *("requested_by", "requested_at", "is_granted", "reason", "decided_by", "ended_at"),
        )
        cause = Cause(screening.cause)
        return cls(
            number=ticket.number,
            title=ticket.title,
            cause=cause,
            cause_name=CHINESE[cause],
            **{column: getattr(screening, column) for column in columns},
        )
