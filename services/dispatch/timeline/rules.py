"""What the lines of a timeline are called, and which of them a unit may read. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar


class Line(Protocol):
    """What of a line decides whether a unit reads it."""

    @property
    def event(self) -> str: ...
    @property
    def by(self) -> str | None: ...
    @property
    def detail(self) -> Mapping[str, Any]: ...


Lines = TypeVar("Lines", bound=Line)

DISPUTE, ANSWER = "ticket.rating_disputed", "ticket.rating_dispute_answered"
CALLER = "caller"
"""Who complained of a rating, where it was the caller."""
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
    "ticket.reply_drafted": "起草答复",
    "ticket.reply_sent_back": "答复退回修改",
    "ticket.replied": "答复",
    "ticket.co_units_chosen": "确定协办单位",
    "ticket.co_signed": "协办签收",
    "ticket.co_replied": "协办答复",
    "ticket.attached": "附件",
    "ticket.reopened": "重新办理",
    "case.decided": "会商决定",
    "ticket.coordinated": "提交会商",
    "ticket.coordination_dropped": "撤销会商",
    "ticket.followed_up": "回访",
    "ticket.rated": "评价",
    "ticket.screening_requested": "申请甄别",
    "ticket.screened": "甄别审核",
    "ticket.rating_disputed": "评价申诉",
    "ticket.rating_dispute_answered": "评价申诉答复",
    "ticket.due_soon": "临期提醒",
    "ticket.overdue": "超期",
    "ticket.extension_requested": "申请延期",
    "ticket.extension_decided": "延期审核",
    "ticket.extension_explained": "向诉求人说明延期",
    "ticket.limit_requested": "申报法定时限",
    "ticket.limit_decided": "法定时限确认",
    "ticket.clock_paused": "中止计时",
    "ticket.clock_resumed": "恢复计时",
    "ticket.deadline_moved": "时限调整",
    "order.issued": "督办文书",
    "order.answered": "反馈督办文书",
    "ticket.withdrawal_requested": "申请撤回",
    "ticket.withdrawn": "撤回",
    "ticket.withdrawal_declined": "不予撤回",
    "ticket.declined": "不予受理",
    "ticket.concluded": "热线直接办结",
    "ticket.moved": "转交其他层级",
    "ticket.recalled": "收回",
    "ticket.forwarded": "转往其他平台",
    "ticket.closed": "办结",
    "ticket.linked": "并单",
    "ticket.split": "拆单",
    "ticket.asked_again": "再次诉求",
    "ticket.terminated": "终结报备",
    "ticket.handed_over": "转紧急热线",
    "ticket.repeat_answered": "终结件再次诉求答复",
    "ticket.reported": "紧急报告",
    "ticket.abused": "滥用标记",
    "ticket.published": "结果公开",
    "ticket.unpublished": "撤下公开",
}


def for_unit(lines: Sequence[Lines]) -> list[Lines]:
    """The lines that a unit may read: not what its caller complains of, which may be the unit.

    Nor what was answered to that (ZY 22, 27.2).
    """
    hidden = {line.detail.get("dispute") for line in lines if _is_callers(line)}
    return [
        line
        for line in lines
        if line.event not in (DISPUTE, ANSWER) or line.detail.get("dispute") not in hidden
    ]


def _is_callers(line: Line) -> bool:
    return line.event == DISPUTE and line.by == CALLER
