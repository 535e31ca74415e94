"""What sla shows of a ticket's deadlines."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.sla.extensions.schemas import ExtensionShown
from services.sla.models import Extension, TicketClock, TicketDeadline
from services.sla.previews.schemas import SkippedDaysShown
from services.sla.rules import CHINESE_STATES, EXTEND, Adjustment, DeadlineState, limit_of
from shared.answers import BeijingTime
from shared.calendars import Calendar, local, with_hours
from shared.events.chinese import CHINESE
from shared.events.words import Step
from shared.policy.deadlines import Matter, extension_rule
from shared.policy.explain_days import Explanation, explain_days
from shared.policy.model import Pack
from shared.policy.sayings import LENGTHS
from shared.worktime import working_time_between

MINUTE = timedelta(minutes=1)


class Shown(NamedTuple):
    """A ticket's clock with the law that it runs by, at the moment at which it is shown."""

    clock: TicketClock
    pack: Pack
    calendar: Calendar
    now: datetime

    @property
    def matter(self) -> Matter:
        """What decides which rules hold."""
        return self.clock.matter


class AdjustmentShown(BaseModel):
    """使到期时间变动的一次延期或者中止计时。"""

    kind: str = Field(description="extend 延期；pause 中止计时", examples=["extend"])
    text: str = Field(examples=["延期 5 个工作日"])
    source: str = Field(description="条款；default 表示文件未规定", examples=["ZY 13.3"])

    @classmethod
    def of(cls, adjustment: Adjustment, pack: Pack, matter: Matter) -> Self:
        """What moved a deadline, for people."""
        kind, *values = adjustment
        if kind == EXTEND:
            source = extension_rule(pack, matter.type).days.source
            return cls(kind=kind, text=f"延期 {values[0]} 个工作日", source=source)
        began, ended = (local(datetime.fromisoformat(value)) for value in values)
        text = f"{began:%Y-%m-%d %H:%M} 至 {ended:%Y-%m-%d %H:%M} 中止计时"
        return cls(
            kind=kind, text=text, source="、".join(sorted({one.source for one in pack.pauses}))
        )


class LawLimitShown(BaseModel):
    """代替办理时限的法定时限。"""

    law: str
    article: str
    amount: int
    unit: str = Field(examples=["working_days"])
    text: str = Field(examples=["《价格违法行为举报处理规定》第十条：60 个工作日"])


class DeadlineShown(BaseModel):
    """工单一个环节的时限。"""

    step: Step
    step_name: str = Field(description="环节的中文名称", examples=["签收"])
    version: int = Field(description="重新计时后递增")
    state: DeadlineState
    state_name: str = Field(description="状态的中文名称", examples=["计时中"])
    starts_at: BeijingTime = Field(description="起算时间（北京时间）")
    due_at: BeijingTime = Field(description="到期时间（北京时间）；超期按此计算")
    promised_at: BeijingTime | None = Field(description="承办单位自行承诺的时间，不作为超期依据")
    warn_at: BeijingTime = Field(description="到期提醒时间（北京时间）")
    rule: str = Field(examples=["5 working hours after dispatch"])
    source: str = Field(description="条款；default 表示文件未规定", examples=["ZY 13.2"])
    adjustments: list[AdjustmentShown] = Field(description="依次作出的延期、中止计时")
    explanation: str = Field(
        description="跳过和调休的日子；没有则为空",
        examples=["10-01 至 10-07 国庆节放假；10-10 国庆节调休上班；10-11 双休日"],
    )
    skipped: list[SkippedDaysShown]
    provisional: bool = Field(description="跨入尚未公布放假安排的年份，公布后重新计算")
    act_at: BeijingTime | None = Field(description="该环节完成的时间（北京时间）")
    is_overdue: bool = Field(description="是否超期")

    @classmethod
    def of(cls, deadline: TicketDeadline, shown: Shown) -> Self:
        """A deadline of the table, for people."""
        step, state = Step(deadline.step), DeadlineState(deadline.state)
        limit = limit_of(shown.pack, shown.matter, step, shown.clock.law_limit)
        explanation = Explanation("", ())
        if limit is not None:
            explanation = explain_days(
                shown.pack, shown.calendar, limit, deadline.starts_at, deadline.due_at
            )
        return cls(
            step=step,
            step_name=CHINESE[step],
            version=deadline.version,
            state=state,
            state_name=CHINESE_STATES[state],
            starts_at=deadline.starts_at,
            due_at=deadline.due_at,
            promised_at=deadline.promised_at,
            warn_at=deadline.warn_at,
            rule=deadline.rule,
            source=deadline.source,
            adjustments=[
                AdjustmentShown.of(one, shown.pack, shown.matter) for one in deadline.adjustments
            ],
            explanation=explanation.text,
            skipped=[SkippedDaysShown.of(one) for one in explanation.days],
            provisional=deadline.provisional,
            act_at=deadline.act_at,
            is_overdue=state is DeadlineState.OVERDUE,
        )


class TicketDeadlines(BaseModel):
    """工单的全部时限。"""

    ticket_id: UUID
    accepted_at: BeijingTime | None = Field(
        description="受理时间（北京时间）；受理前核实受理范围期间为空"
    )
    working_minutes_since_acceptance: int | None = Field(
        description="受理以来累计的工作时间（分钟），重新派单、重新办理后连续计算，至答复或者办结为止"
    )
    minutes_since_acceptance: int | None = Field(description="受理以来累计的自然时间（分钟），同上")
    is_closed: bool
    paused_at: BeijingTime | None = Field(description="自何时中止计时（北京时间）")
    law_limit: LawLimitShown | None = Field(description="代替办理时限的法定时限")
    items: list[DeadlineShown]
    extensions: list[ExtensionShown] = Field(description="延期申请，依次排列")

    @classmethod
    def of(
        cls, shown: Shown, deadlines: Sequence[TicketDeadline], extensions: Sequence[Extension]
    ) -> Self:
        """A ticket's clock, its deadlines and extensions, for people."""
        clock = shown.clock
        working, whole = _since_acceptance(shown)
        return cls(
            ticket_id=clock.ticket_id,
            accepted_at=clock.accepted_at,
            working_minutes_since_acceptance=working,
            minutes_since_acceptance=whole,
            is_closed=clock.is_closed,
            paused_at=clock.paused_at,
            law_limit=_law_limit(clock),
            items=[DeadlineShown.of(deadline, shown) for deadline in deadlines],
            extensions=[ExtensionShown.of(extension) for extension in extensions],
        )


def _since_acceptance(shown: Shown) -> tuple[int | None, int | None]:
    clock = shown.clock
    if clock.accepted_at is None:
        return None, None
    until = clock.replied_at or clock.closed_at or shown.now
    in_hours = with_hours(shown.calendar, shown.pack.hours)
    working = working_time_between(in_hours, clock.accepted_at, until)
    return working // MINUTE, (until - clock.accepted_at) // MINUTE


def _law_limit(clock: TicketClock) -> LawLimitShown | None:
    limit = clock.law_limit
    if limit is None:
        return None
    text = f"{limit['law']}{limit['article']}：{limit['amount']} {LENGTHS[limit['unit']]}"
    return LawLimitShown(
        law=limit["law"],
        article=limit["article"],
        amount=limit["amount"],
        unit=limit["unit"],
        text=text,
    )
