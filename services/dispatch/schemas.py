"""What dispatch takes and answers over HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.dispatch.acts.rules import open_to
from services.dispatch.clocks.rules import running_deadlines
from services.dispatch.co_handling.models import CoHandler
from services.dispatch.co_handling.schemas import CoPart, done_of
from services.dispatch.handling.schemas import TicketDraft, TicketReply
from services.dispatch.links.schemas import TicketLinks
from services.dispatch.models import Ticket as TicketRow
from services.dispatch.models import TimelineEntry
from services.dispatch.queue.rules import Key, Order
from shared.answers import BeijingTime, RunningDeadline, running
from shared.events.chinese import CHINESE
from shared.events.words import (
    Act,
    Channel,
    RequestType,
    Secrecy,
    State,
    Step,
    Urgency,
)
from shared.pages import PageQuery, bad_cursor, read_cursor
from shared.policy.law import Law
from shared.problems import field_error
from shared.security import Principal

Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w.-]+$")]
Jurisdiction = Annotated[
    str, StringConstraints(min_length=6, max_length=12, pattern=r"^(\d{6}|\d{9}|\d{12})$")
]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]


class TicketQuery(PageQuery):
    """工单列表的查询条件。"""

    order: Order = Field(
        Order.NEWEST,
        description="次序：newest 最新的在前；urgent 待派工单，紧急的在前，再按受理先后 (A6)",
    )

    state: State | None = Field(None, description="状态")
    unit: Code | None = Field(None, description="承办单位代码")
    jurisdiction: Jurisdiction | None = Field(None, description="行政区划代码，含下级")
    co: bool = Field(False, description="本单位协办的，而不是本单位主办的")
    main: UUID | None = Field(None, description="随这件主工单的")

    def after_place(self) -> Key | None:
        """The place in the queue in the cursor. Raises `Malformed`, also for another state."""
        if self.state not in (None, State.ACCEPTED) or self.unit is not None:
            raise field_error("order", "queue_only", "次序 urgent 只用于待派工单（accepted）")
        key = read_cursor(self.after, parts=3)
        try:
            return None if key is None else Key.read(*key)
        except ValueError as error:
            raise bad_cursor() from error


@dataclass(frozen=True, slots=True)
class View:
    """What showing tickets needs beside their rows: who asks, the law and names of units."""

    caller: Principal
    law: Law
    unit_names: Mapping[str, str]
    own_parts: Mapping[UUID, CoHandler] = field(default_factory=dict)
    """What the asker's unit handles with others, by ticket."""


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


class TicketSummary(BaseModel):
    """列表中的一件工单。"""

    id: UUID
    number: str
    jurisdiction: str
    handled_in: str | None = Field(description="转交办理的地区；为空则由所在地办理")
    request_type: RequestType
    request_type_name: str
    urgency: Urgency
    urgency_name: str
    is_enforcement: bool
    secrecy: Secrecy
    secrecy_name: str = Field(description="知悉范围：敏感的只有经办单位和督办可见 (F9)")
    title: str
    channel: Channel
    channel_name: str
    category: str | None
    state: State
    state_name: str
    unit: str | None
    unit_name: str | None
    co_units: list[str] = Field(description="协办单位代码")
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
    about_unit: str | None = Field(description="诉求涉及的单位；它看不到本工单 (XS 三(四))")
    filed_at: BeijingTime | None
    ground: str | None = Field(description="不予受理的情形")
    source_article: str | None
    explanation: str | None
    article_id: UUID | None = Field(description="接诉即答所引的知识条目")
    law_limit: dict[str, Any] | None = Field(description="经确认的法定时限：法律、条款、长度")
    case_id: UUID | None = Field(description="所在或所来自的会商事项")
    needs_letter: bool = Field(description="答复、退单、延期须附签字盖章的函件 (ZY 13.5)")
    draft: TicketDraft | None = Field(description="待本单位另一人审核的答复")
    parts: list[CoPart] = Field(description="协办单位的办理情况")
    is_mediation: bool = Field(description="是否属于行政调解")
    origin: dict[str, Any] | None = Field(description="转来的平台，以及该平台的工单编号")
    links: TicketLinks = Field(description="所随主工单、所重复的此前工单 (A7、A8)")
    replies: list[TicketReply]

    @classmethod
    def whole(
        cls,
        row: TicketRow,
        view: View,
        replies: Sequence[TimelineEntry],
        parts: Sequence[CoHandler] = (),
        *,
        links: TicketLinks,
    ) -> Self:
        """The ticket as the asker sees it; a unit is not told who the caller is (ZY 22)."""
        is_unit = view.caller.is_of_unit
        columns = (
            *("content", "place", "policy", "rule", "about_unit", "filed_at"),
            *("ground", "source_article", "explanation", "article_id", "law_limit"),
            *("case_id", "needs_letter", "is_mediation", "origin"),
        )
        return cls.model_validate(
            _summary(row, view)
            | {column: getattr(row, column) for column in columns}
            | {
                "caller_id": None if is_unit else row.caller_id,
                "draft": TicketDraft.of(row.draft),
                "links": links,
                "parts": [CoPart.of(part) for part in parts],
                "replies": [TicketReply.of(entry) for entry in replies],
            }
        )


def deadlines_of(row: TicketRow, law: Law) -> list[RunningDeadline]:
    """The deadlines that run, in the order of the steps; none where the pack is not known here."""
    standing, pack = row.standing, law.pack(row.policy or "")
    if standing is None or pack is None:
        return []
    found = running_deadlines(standing, pack, law.calendar(row.jurisdiction))
    return [running(step, found[step]) for step in Step if step in found]


def _summary(row: TicketRow, view: View) -> dict[str, Any]:
    pack = view.law.pack(row.policy or "")
    acts = open_to(row, pack, asker=view.caller, co_units=row.co_units)
    columns = (
        *("id", "number", "jurisdiction", "handled_in", "request_type", "urgency", "title"),
        *("is_enforcement", "secrecy"),
        *("channel", "category", "state", "unit", "co_units", "round", "accepted_at"),
        *("dispatched_at", "signed_at", "replied_at", "interim_closed_at", "promised_at"),
        *("reopened_at", "closed_at", "sequence"),
    )
    return {column: getattr(row, column) for column in columns} | {
        "request_type_name": CHINESE[row.request_type],
        "urgency_name": CHINESE[row.urgency],
        "secrecy_name": CHINESE[Secrecy(row.secrecy)],
        "channel_name": CHINESE[row.channel],
        "state_name": CHINESE[row.state],
        "unit_name": view.unit_names.get(row.unit or ""),
        "allowed": [act for act in acts if act not in done_of(view.own_parts.get(row.id))],
        "deadlines": deadlines_of(row, view.law),
    }
