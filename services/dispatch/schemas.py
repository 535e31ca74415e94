"""What dispatch takes and answers over HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.dispatch.acts.rules import open_to
from services.dispatch.clocks.rules import running_deadlines
from services.dispatch.models import Ticket as TicketRow
from services.dispatch.models import TimelineEntry
from shared.answers import BeijingTime, Input, RunningDeadline, running
from shared.events.words import (
    CHINESE,
    Act,
    Channel,
    RequestType,
    Role,
    State,
    Step,
    Urgency,
)
from shared.pages import read_cursor
from shared.policy.law import Law
from shared.problems import field_error
from shared.security import Principal

Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w.-]+$")]
Jurisdiction = Annotated[
    str, StringConstraints(min_length=6, max_length=12, pattern=r"^(\d{6}|\d{9}|\d{12})$")
]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]

EVENT_NAMES = {
    "ticket.created": "受理",
    "ticket.refused": "不予受理",
    "ticket.answered": "接诉即答",
    "ticket.recorded": "历史工单",
    "ticket.amended": "补充更正",
    "ticket.dispatched": "派单",
    "ticket.signed": "签收",
    "ticket.return_requested": "申请退单",
    "ticket.return_decided": "退单审核",
    "ticket.responded": "初步响应",
    "ticket.progressed": "报送进展",
    "ticket.interim_closed": "临时办结",
    "ticket.replied": "答复",
    "ticket.reopened": "重新办理",
    "case.decided": "会商决定",
    "ticket.followed_up": "回访",
    "ticket.rated": "评价",
    "ticket.due_soon": "临期提醒",
    "ticket.extension_requested": "申请延期",
    "ticket.extension_decided": "延期审核",
    "ticket.extension_explained": "向诉求人说明延期",
    "ticket.limit_requested": "申报法定时限",
    "ticket.limit_decided": "法定时限确认",
    "ticket.clock_paused": "中止计时",
    "ticket.clock_resumed": "恢复计时",
    "ticket.deadline_moved": "时限调整",
    "order.issued": "督办文书",
    "ticket.closed": "办结",
}


class TicketQuery(Input):
    """工单列表的查询条件。"""

    state: State | None = Field(None, description="状态")
    unit: Code | None = Field(None, description="承办单位代码")
    jurisdiction: Jurisdiction | None = Field(None, description="行政区划代码，含下级")
    after: str | None = Field(None, description="上一页的 next")
    limit: int = Field(50, ge=1, le=200, description="每页件数")

    def after_id(self) -> UUID | None:
        """The id in the cursor. Raises `Malformed`."""
        key = read_cursor(self.after, parts=1)
        try:
            return None if key is None else UUID(str(key[0]))
        except ValueError as error:
            raise field_error("after", "bad_cursor", "游标无效，请从第一页重新读取") from error


@dataclass(frozen=True, slots=True)
class View:
    """What showing tickets needs beside their rows: who asks, the law and names of units."""

    caller: Principal
    law: Law
    unit_names: Mapping[str, str]


class ActAnswer(BaseModel):
    """工单在操作之后的状态与仍在计时的时限。"""

    id: UUID
    number: str
    state: State
    state_name: str
    unit: str | None
    sequence: int
    deadlines: list[RunningDeadline]

    @classmethod
    def of(cls, row: TicketRow, law: Law) -> Self:
        """The answer that the row gives."""
        return cls(
            id=row.id,
            number=row.number,
            state=row.state,
            state_name=CHINESE[row.state],
            unit=row.unit,
            sequence=row.sequence,
            deadlines=deadlines_of(row, law),
        )


class TicketReply(BaseModel):
    """一次答复。"""

    reply: int
    unit: str
    at: BeijingTime
    replied_by: str
    findings: str
    basis: str
    result: str
    contact: str

    @classmethod
    def of(cls, row: TimelineEntry) -> Self:
        """The reply that a timeline entry holds."""
        return cls(unit=row.unit, at=row.at, replied_by=row.by, **row.detail)


class TicketSummary(BaseModel):
    """列表中的一件工单。"""

    id: UUID
    number: str
    jurisdiction: str
    request_type: RequestType
    request_type_name: str
    urgency: Urgency
    urgency_name: str
    is_enforcement: bool
    title: str
    channel: Channel
    channel_name: str
    category: str | None
    state: State
    state_name: str
    unit: str | None
    unit_name: str | None
    round: int = Field(description="第几次派单")
    accepted_at: BeijingTime | None
    dispatched_at: BeijingTime | None
    signed_at: BeijingTime | None
    replied_at: BeijingTime | None
    interim_closed_at: BeijingTime | None = Field(description="临时办结时间")
    promised_at: BeijingTime | None = Field(description="临时办结时承诺的办结时间")
    reopened_at: BeijingTime | None = Field(description="最近一次退回重新办理的时间")
    closed_at: BeijingTime | None
    sequence: int
    allowed: list[Act] = Field(description="提问者此时可进行的操作")
    deadlines: list[RunningDeadline] = Field(description="仍在计时的时限")

    @classmethod
    def of(cls, row: TicketRow, view: View) -> Self:
        """The ticket as the asker sees it in a list."""
        return cls.model_validate(_summary(row, view))


class Ticket(TicketSummary):
    """一件工单。"""

    content: str
    place: dict[str, Any] | None
    caller_id: UUID | None = Field(description="诉求人内部编号；承办单位不可见")
    policy: str | None = Field(description="受理时的政策包")
    rule: str | None = Field(description="派单所依规则；由人派单时为空")
    filed_at: BeijingTime | None
    ground: str | None = Field(description="不予受理的情形")
    source_article: str | None
    explanation: str | None
    article_id: UUID | None = Field(description="接诉即答所引的知识条目")
    law_limit: dict[str, Any] | None = Field(description="经确认的法定时限：法律、条款、长度")
    replies: list[TicketReply]

    @classmethod
    def whole(cls, row: TicketRow, view: View, replies: Sequence[TimelineEntry]) -> Self:
        """The ticket as the asker sees it; a unit is not told who the caller is (ZY 22)."""
        is_unit = view.caller.role is Role.UNIT
        columns = (
            *("content", "place", "policy", "rule", "filed_at"),
            *("ground", "source_article", "explanation", "article_id", "law_limit"),
        )
        return cls.model_validate(
            _summary(row, view)
            | {column: getattr(row, column) for column in columns}
            | {
                "caller_id": None if is_unit else row.caller_id,
                "replies": [TicketReply.of(entry) for entry in replies],
            }
        )


class TimelineItem(BaseModel):
    """发生过的一件事：何人、何时、依何规则、何内容。"""

    position: int
    event: str
    event_name: str
    at: BeijingTime
    round: int
    unit: str | None
    by: str | None
    rule: str | None
    text: str | None
    detail: dict[str, Any]

    @classmethod
    def of(cls, row: TimelineEntry) -> Self:
        """The entry as people see it."""
        return cls(
            position=row.position,
            event=row.event,
            event_name=EVENT_NAMES[row.event],
            at=row.at,
            round=row.round,
            unit=row.unit,
            by=row.by,
            rule=row.rule,
            text=row.text,
            detail=row.detail,
        )


class Timeline(BaseModel):
    """工单全程，最早的在前。"""

    items: list[TimelineItem]


def deadlines_of(row: TicketRow, law: Law) -> list[RunningDeadline]:
    """The deadlines that run, in the order of the steps; none where the pack is not known here."""
    standing, pack = row.standing, law.pack(row.policy or "")
    if standing is None or pack is None:
        return []
    found = running_deadlines(standing, pack, law.calendar(row.jurisdiction))
    return [running(step, found[step]) for step in Step if step in found]


def _summary(row: TicketRow, view: View) -> dict[str, Any]:
    pack = view.law.pack(row.policy or "")
    columns = (
        *("id", "number", "jurisdiction", "request_type", "urgency", "is_enforcement", "title"),
        *("channel", "category", "state", "unit", "round", "accepted_at", "dispatched_at"),
        *("signed_at", "replied_at", "interim_closed_at", "promised_at", "reopened_at"),
        *("closed_at", "sequence"),
    )
    return {column: getattr(row, column) for column in columns} | {
        "request_type_name": CHINESE[row.request_type],
        "urgency_name": CHINESE[row.urgency],
        "channel_name": CHINESE[row.channel],
        "state_name": CHINESE[row.state],
        "unit_name": view.unit_names.get(row.unit or ""),
        "allowed": open_to(row, pack, role=view.caller.role),
        "deadlines": deadlines_of(row, view.law),
    }
