"""What verifications take and answer over HTTP."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.intake.models import Ticket, Verification
from services.intake.schemas import CallerActed, Refusal, Words
from services.intake.verifications.rules import (
    CHINESE_STATES,
    VerificationState,
    pack_of,
    state_of,
    verify_deadline,
)
from shared.answers import BeijingTime, Input, RunningDeadline, running
from shared.events.chinese import CHINESE
from shared.events.words import RequestType, Step, Urgency
from shared.pages import PageQuery
from shared.policy.law import Law
from shared.problems import field_error


class Verify(Input):
    """核实结论；不属于受理范围的，写明情形和有管辖权的部门 (ZY 9)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"is_in_scope": True, "opinion": "属城市供水，由住建部门负责。"},
                {
                    "is_in_scope": False,
                    "opinion": "该纠纷法院已立案。",
                    "ground": "litigation",
                    "competent": "雁江区人民法院",
                },
            ]
        }
    )

    is_in_scope: Annotated[bool, Field(description="是否属于受理范围")]
    opinion: Annotated[Words, Field(min_length=1, max_length=2_000, description="核实意见")]
    ground: Annotated[
        Words | None, Field(min_length=1, max_length=40, description="不予受理的情形代码")
    ] = None
    competent: Annotated[
        Words | None, Field(min_length=1, max_length=200, description="有管辖权的部门")
    ] = None

    def require_fit(self) -> None:
        """Raise `Malformed` where ground and department do not fit the conclusion."""
        if not self.is_in_scope and self.ground is None:
            raise field_error("ground", "missing", "不属于受理范围的须写明情形，见 GET /v1/scope")
        for name in ("ground", "competent"):
            if self.is_in_scope and getattr(self, name) is not None:
                raise field_error(name, "conflict", "属于受理范围的不填此项")


class Verified(CallerActed):
    """The ticket after the answer: accepted now, or refused with the words for the caller."""

    accepted_at: BeijingTime | None = None
    refusal: Refusal | None = None


class VerificationQuery(PageQuery):
    """核实列表的查询条件."""

    unit: Annotated[Words | None, Field(max_length=40, description="核实单位代码")] = None
    state: Annotated[VerificationState | None, Field(description="核实状态")] = None


class VerificationItem(BaseModel):
    """一件请单位核实的诉求；没有诉求人的信息."""

    id: UUID
    number: str
    jurisdiction: str
    request_type: RequestType
    request_type_name: str
    urgency: Urgency
    title: str
    content: str
    place: dict[str, str | float] | None
    unit: str
    question: str
    asked_at: BeijingTime
    state: VerificationState
    state_name: str
    deadline: RunningDeadline | None = Field(description="待核实的，须在何时之前核实")
    answered_at: BeijingTime | None
    opinion: str | None
    ground: str | None
    competent: str | None

    @classmethod
    def of(cls, question: Verification, ticket: Ticket, law: Law) -> Self:
        """A question with the request that it is about."""
        state = state_of(is_in_scope=question.is_in_scope)
        request_type = RequestType(ticket.request_type)
        return cls(
            id=ticket.id,
            number=ticket.number,
            jurisdiction=ticket.jurisdiction,
            request_type=request_type,
            request_type_name=CHINESE[request_type],
            urgency=Urgency(ticket.urgency),
            title=ticket.title,
            content=ticket.content,
            place=ticket.place,
            unit=question.unit,
            question=question.question,
            asked_at=question.asked_at,
            state=state,
            state_name=CHINESE_STATES[state],
            deadline=_deadline(question, ticket, law),
            answered_at=question.answered_at,
            opinion=question.opinion,
            ground=ticket.ground,
            competent=question.competent,
        )


def _deadline(question: Verification, ticket: Ticket, law: Law) -> RunningDeadline | None:
    if question.answered_at is not None:
        return None
    pack = pack_of(law, ticket.policy, ticket.jurisdiction, question.asked_at)
    due = verify_deadline(pack, law.calendar(ticket.jurisdiction), question.asked_at)
    return running(Step.VERIFY, due)
