"""What the caller's own view decides without looking anything up. Pure."""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.calendars import Calendar, local
from shared.events.chinese import CHINESE
from shared.events.words import Act, CloseReason, Satisfaction, State, Step
from shared.policy.deadlines import Matter, step_deadline, step_starts
from shared.policy.model import Pack

SLOTS = 65_536
"""Tries are counted in so many slots, which all numbers share."""
DOUBLINGS_MAX = 20
CALLERS_ACTS = (Act.AMEND, Act.WITHDRAW, Act.RATE)
"""What a caller may do by themselves."""

Words = Mapping[str, Any]


class Line(NamedTuple):
    """One thing that happened, as it was written down for the caller."""

    event: str
    at: datetime
    unit: str | None
    words: Words


class Due(NamedTuple):
    """A time that the caller may rely on, in plain Chinese."""

    text: str
    due_at: datetime


def slot_of(number: str, secret: bytes) -> int:
    """The slot of a number; nobody without the key can aim at another's."""
    digest = hmac.digest(secret, b"tries" + number.encode(), hashlib.sha256)
    return int.from_bytes(digest[:4]) % SLOTS


def delay_seconds(tries: int, *, free: int, first: float, longest: float) -> float:
    """How long to wait after so many tries in a row: nothing, then twice as long each time."""
    if tries <= free:
        return 0.0
    return min(longest, first * 2.0 ** min(tries - free - 1, DOUBLINGS_MAX))


def moment(at: datetime) -> str:
    """A time as callers read it."""
    there = local(at)
    return f"{there.year}年{there.month}月{there.day}日{there:%H:%M}"


def sentence(line: Line, unit_name: str | None) -> str:
    """What happened, in a sentence for the caller."""
    return SENTENCES[line.event](line.words, unit_name or "承办单位")


def handling_due(
    pack: Pack, calendar: Calendar, matter: Matter, lines: Sequence[Line], *, state: State
) -> Due | None:
    """By when the unit must have replied, as far as was told: sla's word goes before our count.

    None where no handling runs: nobody has the request, the clock stands, or the law's limit was
    not told as a date.
    """
    if state is State.INTERIM_CLOSED:
        return _promised(lines)
    if state not in (State.DISPATCHED, State.SIGNED, State.CHECKING, State.RETURN_REQUESTED):
        return None
    origin = step_starts(pack, calendar, matter)[Step.HANDLE]
    standing = _Handling()
    for line in lines:
        standing = _after(standing, line, origin=origin)
    if standing.said is not None:
        return Due(f"承办单位应于{moment(standing.said)}前办结答复", standing.said)
    if standing.starts_at is None or standing.is_paused or standing.has_limit:
        return None
    due = step_deadline(pack, calendar, matter, Step.HANDLE, standing.starts_at)
    assert due is not None, "every pack has a handling time"
    return Due(f"承办单位应于{moment(due.due_at)}前办结答复", due.due_at)


class _Handling(NamedTuple):
    starts_at: datetime | None = None
    said: datetime | None = None
    is_paused: bool = False
    has_limit: bool = False


def _after(standing: _Handling, line: Line, *, origin: str) -> _Handling:
    match line.event:
        case "ticket.dispatched":
            starts_at = line.at if origin == "dispatch" else None
            return _Handling(starts_at, has_limit=standing.has_limit)
        case "ticket.signed" | "ticket.responded" if standing.starts_at is None:
            return standing._replace(starts_at=line.at)
        case "ticket.reopened":
            return _Handling(line.at, has_limit=standing.has_limit)
        case "ticket.clock_paused":
            return standing._replace(is_paused=True, said=None)
        case "ticket.limit_decided":
            return standing._replace(has_limit=True, said=_due(line))
        case "ticket.extension_decided" | "ticket.clock_resumed" | "ticket.deadline_moved":
            return standing._replace(said=_due(line), is_paused=False)
    return standing


def _promised(lines: Sequence[Line]) -> Due | None:
    closed = [line for line in lines if line.event == "ticket.interim_closed"]
    if not closed:
        return None
    promised_at = datetime.fromisoformat(closed[-1].words["promised_at"])
    return Due(f"承办单位承诺于{moment(promised_at)}前办结", promised_at)


def _due(line: Line) -> datetime | None:
    due_at = line.words.get("due_at")
    return None if due_at is None else datetime.fromisoformat(due_at)


def _at(words: Words, name: str) -> str:
    return moment(datetime.fromisoformat(words[name]))


def _bare(words: str) -> str:
    return words.rstrip("。 ")


def _closed(words: Words, _: str) -> str:
    return f"您的诉求已办结：{CHINESE[CloseReason(words['reason'])]}。"


def _limited(words: Words, unit: str) -> str:
    until = "" if words["due_at"] is None else f"，应于{_at(words, 'due_at')}前办结"
    return f"{unit}依照{words['law']}{words['article']}规定的时限办理{until}。"


def _rated(words: Words, _: str) -> str:
    if words["result"] == CloseReason.LAPSED:
        # What was written before packs decided it names none.
        silence = words.get("counts_as", Satisfaction.BASICALLY_SATISFIED)
        return f"期满未评价，视为{CHINESE[Satisfaction(silence)]}。"
    return f"您的评价：{CHINESE[Satisfaction(words['result'])]}。"


def _dispute_answered(words: Words, _: str) -> str:
    found = "成立" if words["is_upheld"] else "不成立"
    void = "，原评价作废" if words["is_void"] else ""
    return f"您对评价的申诉已经答复：{found}{void}。{words['answer']}"


SENTENCES: Mapping[str, Callable[[Words, str], str]] = {
    "ticket.dispatched": lambda words, _: f"已派给{words['unit_name']}办理。",
    "ticket.signed": lambda _, unit: f"{unit}已签收，开始办理。",
    "ticket.responded": lambda words, unit: f"{unit}已作出初步响应：{words['text']}",
    "ticket.return_decided": lambda *_: "正在重新确定承办单位。",
    "ticket.interim_closed": lambda words, unit: (
        f"{unit}已临时办结：{_bare(words['progress'])}。下步打算：{_bare(words['next_step'])}。"
        f"承诺于{_at(words, 'promised_at')}前办结。"
    ),
    "ticket.replied": lambda words, unit: (
        f"{unit}已答复。核查情况：{_bare(words['findings'])}。"
        f"办理依据：{_bare(words['basis'])}。办理结果：{words['result']}"
    ),
    "ticket.reopened": lambda _, unit: f"已退回{unit}重新办理。",
    "ticket.closed": _closed,
    "ticket.terminated": lambda words, unit: f"{unit}已作终结答复：{words['script']}",
    "ticket.withdrawn": lambda *_: "您的诉求已撤回。",
    "ticket.refused": lambda words, _: f"经核实，不予受理：{words['explanation']}。",
    "ticket.declined": lambda words, _: f"经核实，不予受理：{words['explanation']}",
    "ticket.concluded": lambda words, _: f"热线答复：{_bare(words['text'])}。",
    "ticket.withdrawal_requested": lambda *_: "您申请撤回，正在处理。",
    "ticket.withdrawal_declined": lambda words, _: f"未能撤回：{words['reason']}",
    "ticket.coordinated": lambda *_: "正在会商确定承办单位。",
    "ticket.coordination_dropped": lambda *_: "会商结束，正在确定承办单位。",
    "ticket.linked": lambda *_: "已与同一事项合并办理，办理结果将一并答复您。",
    "ticket.split": lambda *_: "已恢复单独办理，正在确定承办单位。",
    "ticket.moved": lambda *_: "已转由其他层级或者地区办理。",
    "ticket.forwarded": lambda *_: "已转由其他热线平台办理。",
    "ticket.extension_decided": lambda words, _: f"经批准延期，应于{_at(words, 'due_at')}前办结。",
    "ticket.extension_explained": lambda words, unit: f"{unit}已就延期向您说明：{words['contact']}",
    "ticket.limit_decided": _limited,
    "ticket.clock_paused": lambda *_: "因法定事由，办理时限中止计算。",
    "ticket.clock_resumed": lambda words, _: (
        f"办理时限恢复计算，应于{_at(words, 'due_at')}前办结。"
    ),
    "ticket.deadline_moved": lambda words, _: (
        f"因工作日历调整，办结时间改为{_at(words, 'due_at')}。"
    ),
    "ticket.amended": lambda words, _: f"您补充：{words['addition']}",
    "ticket.rated": _rated,
    "ticket.rating_dispute_answered": _dispute_answered,
}
"""A sentence for each event of the caller's progress."""
