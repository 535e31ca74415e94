"""What follow-ups take and answer over HTTP."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.intake.follow_ups.models import FollowUpTask
from services.intake.follow_ups.rules import (
    CHINESE_OUTCOMES,
    CHINESE_STATES,
    FollowUpOutcome,
    FollowUpState,
    lapse_deadline,
)
from services.intake.models import FollowUp, Ticket
from services.intake.schemas import Code, Words
from services.intake.verifications.rules import pack_of
from shared.answers import BeijingTime, Input, RunningDeadline, running
from shared.events.chinese import CHINESE
from shared.events.kinds import Cause, FollowUpWay
from shared.events.words import RequestType, State, Step
from shared.pages import PageQuery
from shared.policy.law import Law
from shared.problems import field_error


class FollowUpIn(Input):
    """一次回访的结果：是否联系上、是否解决、方式、不满意的原因 (ZY 14)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"is_reached": False, "way": "phone", "note": "无人接听"},
                {"is_reached": True, "is_solved": False, "way": "phone", "cause": "unsolved"},
            ]
        }
    )

    is_reached: Annotated[bool, Field(description="是否联系上诉求人")]
    is_solved: Annotated[bool | None, Field(description="诉求是否解决")] = None
    note: Annotated[Words | None, Field(max_length=2_000, description="回访情况")] = None
    way: Annotated[FollowUpWay | None, Field(description="回访方式")] = None
    cause: Annotated[Cause | None, Field(description="未解决的原因，回访座席查明")] = None

    def require_fit(self) -> None:
        """Raise `Malformed` where the parts do not fit each other."""
        if not self.is_reached and self.is_solved is not None:
            raise field_error("is_solved", "conflict", "没有联系上诉求人的，不填是否解决")
        if self.cause is not None and self.is_solved is not False:
            raise field_error("cause", "conflict", "只有诉求未解决的，才填写原因")


class FollowUpQuery(PageQuery):
    """回访任务的查询条件."""

    state: Annotated[FollowUpState, Field(description="状态")] = FollowUpState.OPEN
    jurisdiction: Annotated[Code | None, Field(description="行政区划代码，含下级")] = None


class Claim(Input):
    """领取一件回访任务."""


class Attempt(BaseModel):
    """一次回访."""

    at: BeijingTime
    by: str
    is_reached: bool
    is_solved: bool | None
    way: FollowUpWay | None
    way_name: str | None
    cause: Cause | None
    cause_name: str | None
    note: str | None

    @classmethod
    def of(cls, row: FollowUp) -> Self:
        """What the row says."""
        way = None if row.way is None else FollowUpWay(row.way)
        cause = None if row.cause is None else Cause(row.cause)
        return cls(
            at=row.at,
            by=row.by,
            is_reached=row.is_reached,
            is_solved=row.is_solved,
            way=way,
            way_name=None if way is None else CHINESE[way],
            cause=cause,
            cause_name=None if cause is None else CHINESE[cause],
            note=row.note,
        )


class FollowUpItem(BaseModel):
    """一件回访任务；电话凭 reveal-caller 查看并留痕."""

    id: UUID
    ticket_id: UUID
    number: str
    jurisdiction: str
    request_type: RequestType
    request_type_name: str
    title: str
    ticket_state: State
    unit: str
    reply: int = Field(description="第几次答复")
    replied_at: BeijingTime
    is_asked_again: bool = Field(description="原评价作废，另行回访")
    state: FollowUpState
    state_name: str
    outcome: FollowUpOutcome | None
    outcome_name: str | None
    attempts: int = Field(description="已回访次数")
    claimed_by: str | None = Field(description="正在回访的座席工号")
    claimed_at: BeijingTime | None
    deadline: RunningDeadline | None = Field(description="期满未评价即自动办结的时间")
    inquiries: list[Attempt]

    @classmethod
    def of(cls, task: FollowUpTask, ticket: Ticket, law: Law, attempts: list[FollowUp]) -> Self:
        """A task with the ticket that it is about."""
        state = FollowUpState(task.state)
        outcome = None if task.outcome is None else FollowUpOutcome(task.outcome)
        request_type = RequestType(ticket.request_type)
        return cls(
            id=task.id,
            ticket_id=ticket.id,
            number=ticket.number,
            jurisdiction=task.jurisdiction,
            request_type=request_type,
            request_type_name=CHINESE[request_type],
            title=ticket.title,
            ticket_state=State(ticket.state),
            unit=task.unit,
            reply=task.reply,
            replied_at=task.replied_at,
            is_asked_again=task.is_asked_again,
            state=state,
            state_name=CHINESE_STATES[state],
            outcome=outcome,
            outcome_name=None if outcome is None else CHINESE_OUTCOMES[outcome],
            attempts=task.attempts,
            claimed_by=task.claimed_by,
            claimed_at=task.claimed_at,
            deadline=lapse_of(task, ticket, law),
            inquiries=[Attempt.of(one) for one in attempts],
        )


def lapse_of(task: FollowUpTask, ticket: Ticket, law: Law) -> RunningDeadline | None:
    """When silence counts as a rating; none where it does not any more."""
    if task.state != FollowUpState.OPEN or task.is_asked_again:
        return None
    pack = pack_of(law, ticket.policy, ticket.jurisdiction, task.replied_at)
    due = lapse_deadline(pack, law.calendar(ticket.jurisdiction), task.replied_at)
    return running(Step.FOLLOW_UP, due)
