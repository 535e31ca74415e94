"""What intake decides of verifications without looking anything up."""

from datetime import datetime
from enum import StrEnum

from shared.calendars import Calendar
from shared.events.words import Verdict
from shared.policy.deadlines import Deadline, limit_deadline
from shared.policy.law import Law
from shared.policy.model import Pack

SINCE = "the question"


class VerificationState(StrEnum):
    """Where a question to a unit stands."""

    ASKED = "asked"
    IN_SCOPE = "in_scope"
    OUT_OF_SCOPE = "out_of_scope"


CHINESE_STATES = {
    VerificationState.ASKED: "待核实",
    VerificationState.IN_SCOPE: "属于受理范围",
    VerificationState.OUT_OF_SCOPE: "不属于受理范围",
}


def state_of(*, is_in_scope: bool | None) -> VerificationState:
    """Where a question stands after the answer, none so far."""
    if is_in_scope is None:
        return VerificationState.ASKED
    return VerificationState.IN_SCOPE if is_in_scope else VerificationState.OUT_OF_SCOPE


def pack_of(law: Law, policy: str, jurisdiction: str, asked_at: datetime) -> Pack:
    """The pack under which a question was asked; the one of that day where it is not known."""
    return law.pack(policy) or law.in_force(jurisdiction, asked_at)


def verify_deadline(pack: Pack, calendar: Calendar, asked_at: datetime) -> Deadline:
    """By when the unit must have answered; no deadline of a ticket runs yet (ZY 9)."""
    return limit_deadline(pack, calendar, pack.verify, asked_at, since=SINCE)


def judge(due_at: datetime, answered_at: datetime | None) -> Verdict:
    """Whether the unit answered at or before `due_at`."""
    is_met = answered_at is not None and answered_at <= due_at
    return Verdict.MET if is_met else Verdict.MISSED
