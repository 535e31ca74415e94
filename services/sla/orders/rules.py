"""What an order can become, which orders a cause raises, and in what words. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from shared.calendars import Calendar, local
from shared.events.chinese import CHINESE
from shared.events.dispatch import (
    TicketClosed,
    TicketDispatched,
    TicketInterimClosed,
    TicketProgressed,
    TicketReplied,
    TicketResponded,
    TicketReturnDecided,
    TicketReturnRequested,
    TicketSigned,
    TicketTerminated,
    TicketWithdrawn,
)
from shared.events.envelope import Payload
from shared.events.intake import TicketVerified
from shared.events.loop import TicketConcluded, TicketCoordinated, TicketDeclined, TicketRecalled
from shared.events.words import OrderKind, Step
from shared.policy.deadlines import limit_deadline
from shared.policy.model import Pack
from shared.policy.supervision import (
    UNIT_STEPS,
    Ground,
    Rung,
    Standing,
    Trigger,
    highest,
    kind_to_raise,
)

SYSTEM = "system"
DEFAULT = "default"


class OrderState(StrEnum):
    """Where an order stands; it has effect from `issued` on."""

    DRAFT = "draft"
    ISSUED = "issued"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    DROPPED = "dropped"


class OrderAct(StrEnum):
    """What is done to an order; `fulfil` and `expire` by the platform alone."""

    SIGN = "sign"
    DROP = "drop"
    ANSWER = "answer"
    ACCEPT = "accept"
    REJECT_ANSWER = "reject-answer"
    FULFIL = "fulfil"
    """The step that a reminder is about was done, or is no longer the unit's."""


TRANSITIONS: Mapping[tuple[OrderState, OrderAct], OrderState] = {
    (OrderState.DRAFT, OrderAct.SIGN): OrderState.ISSUED,
    (OrderState.DRAFT, OrderAct.DROP): OrderState.DROPPED,
    (OrderState.ISSUED, OrderAct.ANSWER): OrderState.ANSWERED,
    (OrderState.ISSUED, OrderAct.FULFIL): OrderState.ACCEPTED,
    (OrderState.ANSWERED, OrderAct.ACCEPT): OrderState.ACCEPTED,
    (OrderState.ANSWERED, OrderAct.REJECT_ANSWER): OrderState.ISSUED,
}
OPEN_STATES = (OrderState.DRAFT, OrderState.ISSUED, OrderState.ANSWERED)
EFFECTIVE_STATES = (OrderState.ISSUED, OrderState.ANSWERED, OrderState.ACCEPTED)

CHINESE_STATES: Mapping[OrderState, str] = {
    OrderState.DRAFT: "待签发",
    OrderState.ISSUED: "待反馈",
    OrderState.ANSWERED: "已反馈",
    OrderState.ACCEPTED: "已办结",
    OrderState.DROPPED: "不予签发",
}
CHINESE_ACTS: Mapping[OrderAct, str] = {
    OrderAct.SIGN: "签发",
    OrderAct.DROP: "不予签发",
    OrderAct.ANSWER: "反馈",
    OrderAct.ACCEPT: "认可反馈",
    OrderAct.REJECT_ANSWER: "退回反馈",
    OrderAct.FULFIL: "完成",
}
CHINESE_TRIGGERS: Mapping[Trigger, str] = {
    Trigger.OVERDUE: "超期",
    Trigger.RETURNED: "申请退单",
    Trigger.RETURN_REJECTED: "不当退单",
    Trigger.REDONE: "重新办理",
}

_EVERY = UNIT_STEPS
FULFILS: Mapping[type[Payload], tuple[tuple[Step, ...], str]] = {
    TicketSigned: ((Step.SIGN,), "承办单位已签收"),
    TicketReturnRequested: ((Step.SIGN,), "承办单位已申请退单"),
    TicketResponded: ((Step.SIGN, Step.RESPOND), "承办单位已初步响应"),
    TicketProgressed: ((Step.PROGRESS, Step.RESULT), "承办单位已报送进展"),
    TicketInterimClosed: ((Step.HANDLE, Step.RESULT), "已临时办结"),
    TicketVerified: ((Step.VERIFY,), "承办单位已答复是否属于受理范围"),
    TicketReplied: (_EVERY, "承办单位已答复"),
    TicketDispatched: (_EVERY, "工单已转其他承办单位"),
    TicketReturnDecided: (_EVERY, "工单已退回"),
    TicketCoordinated: (_EVERY, "工单已提交会商"),
    TicketRecalled: (_EVERY, "工单已收回"),
    TicketWithdrawn: (_EVERY, "诉求人已撤回诉求"),
    TicketDeclined: (_EVERY, "工单不予受理"),
    TicketConcluded: (_EVERY, "热线已直接办结"),
    TicketClosed: (_EVERY, "工单已办结"),
    TicketTerminated: (_EVERY, "工单已按终结件办结"),
}
"""The steps whose reminders an event settles, and in what words."""


class Cause(NamedTuple):
    """Why an order may be due: a ground that stands, for a unit and a matter, with evidence."""

    pack: Pack
    ground: Ground
    unit: str
    matter: str
    jurisdiction: str
    evidence: dict[str, Any]
    ticket_id: UUID | None = None
    step: Step | None = None
    parent_id: UUID | None = None
    times: int | None = None
    counted_to: int | None = None
    raised_by: str = SYSTEM
    traceparent: str | None = None


class Raised(NamedTuple):
    """An order that is due: a cause, the rung on which it puts its matter, and the words."""

    cause: Cause
    rung: Rung
    grounds: str
    source: str


class Kept(NamedTuple):
    """What the table says of an earlier order of a unit and matter."""

    unit: str
    matter: str
    rule: str
    kind: str
    state: str
    drafted_at: datetime


def climb(causes: Sequence[Cause], kept: Iterable[Kept], *, at: datetime) -> list[Raised]:
    """The orders that causes raise at a time, in their order, beside those that are kept (C5).

    For one unit and matter the ladder is only climbed, and each ground has one open order at most.
    """
    before: dict[tuple[str, str], list[Kept]] = {}
    for one in kept:
        before.setdefault((one.unit, one.matter), []).append(one)
    raised = []
    for cause in causes:
        orders = before.setdefault((cause.unit, cause.matter), [])
        if _is_too_soon(cause.ground, orders, at):
            continue
        ladder = cause.pack.supervision
        kind = kind_to_raise(ladder, cause.ground, standing_of(orders), count=cause.times)
        rung = None if kind is None else ladder.rung(kind)
        if rung is None:
            continue
        code, source = cause.ground.code, cause.ground.says.source
        raised.append(Raised(cause, rung, words_of(cause), source))
        orders.append(Kept(cause.unit, cause.matter, code, rung.kind, OrderState.DRAFT, at))
    return raised


def standing_of(orders: Iterable[Kept]) -> Standing:
    """How high a matter stands. What was dropped has never stood."""
    kept = [one for one in orders if one.state != OrderState.DROPPED]
    still_open = [one for one in kept if one.state in OPEN_STATES]
    return Standing(
        reached=highest([OrderKind(one.kind) for one in kept]),
        open_rules=frozenset(one.rule for one in still_open),
        open_kinds=frozenset(OrderKind(one.kind) for one in still_open),
    )


def due_of(pack: Pack, rung: Rung, calendar: Calendar, signed_at: datetime) -> datetime:
    """By when an order must be answered, from the moment it takes effect."""
    return limit_deadline(pack, calendar, rung.answer_within, signed_at, since="signing").due_at


def allowed(state: OrderState) -> list[str]:
    """What people can do to an order in a state."""
    return [act for before, act in TRANSITIONS if before is state and act is not OrderAct.FULFIL]


def article(source: str) -> str:
    """An article as people read it."""
    return "平台默认" if source == DEFAULT else source


def why_not_sign(rung: Rung) -> str:
    """Who signs an order of a rung, and by which article."""
    assert rung.signed_by is not None, "a reminder is issued at once"
    role = CHINESE[rung.signed_by.value]
    return f"{rung.name.text}须由{role}签发（{article(rung.signed_by.source)}）。"


def words_of(cause: Cause) -> str:
    """The grounds of an order, drafted from its evidence."""
    evidence, ground = cause.evidence, cause.ground
    words = [f"{ground.says.text.rstrip('的')}。"]
    if cause.times is not None and cause.times > 1:
        within = f"{ground.window.days} 日内" if ground.window else "同一工单"
        words.append(f"{within}共 {cause.times} 次{CHINESE_TRIGGERS[ground.trigger]}。")
    words += facts(evidence)
    return "\n".join(words)


def facts(evidence: Mapping[str, Any]) -> list[str]:
    """The evidence, a sentence each."""
    said = [_incident(one) for one in evidence.get("incidents", ())]
    if "finding" in evidence:
        said.append(f"统计分析：{evidence['finding']}")
    if "statement" in evidence:
        said.append(evidence["statement"])
    if "order" in evidence:
        order = evidence["order"]
        due = moment(datetime.fromisoformat(order["due_at"]))
        said.append(f"{order['number']}要求 {due}前反馈，{order['outcome']}。")
    return said


def moment(at: datetime) -> str:
    """A time as documents write it."""
    here = local(at)
    return f"{here.year}年{here.month}月{here.day}日 {here:%H:%M}"


def _is_too_soon(ground: Ground, orders: Iterable[Kept], at: datetime) -> bool:
    """Figures that are looked at each day raise one order in a window."""
    if ground.trigger is not Trigger.FINDING or ground.window is None:
        return False
    since = at - timedelta(days=ground.window.days)
    return any(one.rule == ground.code and one.drafted_at > since for one in orders)


def _incident(one: Mapping[str, Any]) -> str:
    at = moment(datetime.fromisoformat(one["happened_at"]))
    ticket, trigger = one["number"] or one["ticket_id"], Trigger(one["trigger"])
    if trigger is not Trigger.OVERDUE:
        return f"工单 {ticket}：{at} {CHINESE_TRIGGERS[trigger]}。"
    done = one.get("act_at")
    outcome = f"{moment(datetime.fromisoformat(done))}完成" if done else "到期未完成"
    return f"工单 {ticket}：{CHINESE[Step(one['step'])]}应于 {at}前完成，{outcome}。"
