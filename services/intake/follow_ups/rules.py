"""What intake decides of follow-ups without looking anything up."""

from datetime import datetime, timedelta
from enum import StrEnum

from services.intake.verifications.rules import pack_of
from shared.calendars import Calendar
from shared.events.chinese import CHINESE
from shared.events.words import CloseReason, Satisfaction
from shared.policy.deadlines import Deadline, limit_deadline
from shared.policy.law import Law
from shared.policy.model import Pack

SINCE = "the reply"


class FollowUpState(StrEnum):
    """Where the asking about one reply stands."""

    OPEN = "open"
    UNSATISFIED = "unsatisfied"
    SCREENING = "screening"
    DONE = "done"


class FollowUpOutcome(StrEnum):
    """How the asking about one reply ended."""

    RATED = "rated"
    LAPSED = "lapsed"
    SCREENED = "screened"
    REDONE = "redone"
    CLOSED = "closed"
    VOID = "void"


CHINESE_STATES = {
    FollowUpState.OPEN: "待回访",
    FollowUpState.UNSATISFIED: "不满意待处理",
    FollowUpState.SCREENING: "甄别中",
    FollowUpState.DONE: "已结束",
}
CHINESE_OUTCOMES = {
    FollowUpOutcome.RATED: "已评价",
    FollowUpOutcome.LAPSED: "期满未评价",
    FollowUpOutcome.SCREENED: "已甄别",
    FollowUpOutcome.REDONE: "重新办理",
    FollowUpOutcome.CLOSED: "工单办结",
    FollowUpOutcome.VOID: "评价作废，另行回访",
}


def lapse_deadline(pack: Pack, calendar: Calendar, replied_at: datetime) -> Deadline:
    """By when the caller must have answered; counted from the reply, which is asked about at once.

    ZY 14.1 names no time: the pack's is a default of ours.
    """
    return limit_deadline(pack, calendar, pack.follow_up.lapse, replied_at, since=SINCE)


def silence_of(law: Law, policy: str, jurisdiction: str, replied_at: datetime) -> Satisfaction:
    """What it counts as that a caller says nothing of a reply, by the ticket's law (ZY 14.1)."""
    return pack_of(law, policy, jurisdiction, replied_at).follow_up.counts_as.value


def is_claimed(
    claimed_at: datetime | None, claimed_by: str | None, *, by: str, at: datetime, minutes: int
) -> bool:
    """Whether somebody else than `by` is calling: a claim holds for `minutes`."""
    if claimed_at is None or claimed_by == by:
        return False
    return at < claimed_at + timedelta(minutes=minutes)


def state_after_rating(closes: CloseReason | None) -> FollowUpState:
    """A rating that closes ends the asking; any other waits for a person."""
    return FollowUpState.UNSATISFIED if closes is None else FollowUpState.DONE


def question(number: str, silence: Satisfaction | None) -> str:
    """What the automatic question says; it repeats nothing of the request.

    `silence` is what no answer counts as; none where a person will ask.
    """
    lapse = "" if silence is None else f"期满未评价的，视为{CHINESE[silence]}。"
    return (
        f"您反映的诉求（{number}）承办单位已经答复。请评价热线服务、承办单位联系和办理结果："
        f"可凭工单编号和查询码在线评价，也可等待回访来电。{lapse}"
    )
