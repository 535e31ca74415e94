"""What callers take and give over HTTP, without a token."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.intake.follow_ups.schemas import lapse_of
from services.intake.models import Ticket
from services.intake.public.queries import View
from services.intake.public.rules import CALLERS_ACTS, handling_due, moment, sentence
from services.intake.rules import ALLOWED
from services.intake.schemas import ATTACHMENTS_MAX, Words
from services.intake.verifications.rules import pack_of
from shared.answers import BeijingTime, Input
from shared.events.chinese import CHINESE
from shared.events.intake import TicketRefused
from shared.events.loop import TicketConcluded, TicketDeclined
from shared.events.words import Act, RequestType, State, Step
from shared.masking import Unmasked
from shared.policy.deadlines import step_deadline
from shared.policy.law import Law

ACCEPTED = "您的诉求已受理。"
FIRST = {
    State.ANSWERED: "已当场答复。",
    State.HANDED_OVER: "属于紧急事项，已转紧急热线；情况紧急的，请直接拨打 110、119、120、122。",
}
"""How a request begins that was not accepted."""


class Add(Input):
    """补充诉求."""

    text: Annotated[Words, Field(min_length=1, max_length=20_000, description="补充的内容")]
    attachments: Annotated[
        list[UUID],
        Field(max_length=ATTACHMENTS_MAX, description="附件编号，经 /v1/public/attachments 上传"),
    ] = Field(default_factory=list)


class SendCode(Input):
    """忘记查询码：发送到登记的电话."""

    number: Annotated[Words, Field(min_length=1, max_length=40, description="工单编号")]
    phone: Annotated[
        Words, Field(min_length=5, max_length=40, description="登记时的电话"), Unmasked
    ]


class Sent(BaseModel):
    """无论编号和电话是否相符，答复都相同."""

    detail: str = "如编号与登记的电话相符，查询码将发送到该电话。"


class Happened(BaseModel):
    """发生过的一件事."""

    at: BeijingTime
    text: str


class Time(BaseModel):
    """一个时限."""

    text: str = Field(examples=["承办单位应于2026年3月11日17:30前办结答复"])
    due_at: BeijingTime


class Request(BaseModel):
    """诉求人看到的诉求：只有自己的，没有任何工作人员和其他诉求人的信息."""

    number: str
    request_type_name: str
    title: str
    content: str
    state_name: str
    filed_at: BeijingTime
    steps: list[Happened] = Field(description="办理过程，最早的在前")
    deadlines: list[Time]
    allowed: list[Act] = Field(description="此时可以：amend 补充、withdraw 撤回、rate 评价")

    @classmethod
    def of(cls, view: View, law: Law) -> Self:
        """A request as its caller sees it."""
        ticket, state = view.ticket, State(view.ticket.state)
        steps = [
            Happened(at=line.at, text=sentence(line, view.unit_names.get(line.unit or "")))
            for line in view.lines
        ]
        return cls(
            number=ticket.number,
            request_type_name=CHINESE[RequestType(ticket.request_type)],
            title=ticket.title,
            content=ticket.content,
            state_name=CHINESE[state],
            filed_at=ticket.accepted_at,
            steps=[Happened(at=ticket.accepted_at, text=_first(view, state, law)), *steps],
            deadlines=_deadlines(view, state, law),
            allowed=[
                act
                for act in ALLOWED.get(state, ())
                if act in CALLERS_ACTS and not (act is Act.RATE and view.is_rated)
            ],
        )


class Done(BaseModel):
    """操作之后诉求的状态."""

    number: str
    state_name: str

    @classmethod
    def of(cls, ticket: Ticket) -> Self:
        """The request after an act of its caller."""
        return cls(number=ticket.number, state_name=CHINESE[State(ticket.state)])


def _first(view: View, state: State, law: Law) -> str:
    ticket, later = view.ticket, {line.event for line in view.lines}
    if state is State.VERIFYING or TicketRefused.type in later:
        return "已登记，正在核实是否属于受理范围。"
    # What was accepted, and refused, answered or handed over later (A3, A5, A6, B5).
    if not later.isdisjoint((TicketDeclined.type, TicketConcluded.type)):
        return ACCEPTED
    if state is State.REFUSED:
        pack = pack_of(law, ticket.policy, ticket.jurisdiction, ticket.accepted_at)
        grounds = {ground.code: ground for ground in pack.scope}
        ground = grounds.get(ticket.ground or "")
        return "不予受理" + ("" if ground is None else f"：{ground.words()}")
    return FIRST.get(state, ACCEPTED)


def _deadlines(view: View, state: State, law: Law) -> list[Time]:
    ticket = view.ticket
    pack = law.pack(ticket.policy)
    if pack is None:
        return []
    calendar = law.calendar(ticket.jurisdiction)
    if state is State.ACCEPTED and not view.lines:
        due = step_deadline(pack, calendar, ticket.matter, Step.DISPATCH, ticket.accepted_at)
        assert due is not None, "every pack has a time for dispatch"
        return [Time(text=f"将于{moment(due.due_at)}前派给承办单位", due_at=due.due_at)]
    if state is State.REPLIED and view.task is not None:
        lapse = lapse_of(view.task, ticket, law)
        if lapse is None or view.is_rated:
            return []
        silence = CHINESE[pack.follow_up.counts_as.value]
        text = f"请于{moment(lapse.due_at)}前评价，期满未评价的视为{silence}"
        return [Time(text=text, due_at=lapse.due_at)]
    handling = handling_due(pack, calendar, ticket.matter, view.lines, state=state)
    return [] if handling is None else [Time(text=handling.text, due_at=handling.due_at)]
