"""Whether a step was done in time, from what was done to a ticket. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.events.dispatch import (
    TicketClosed,
    TicketDispatched,
    TicketForwarded,
    TicketInterimClosed,
    TicketProgressed,
    TicketReopened,
    TicketReplied,
    TicketResponded,
    TicketReturnRequested,
    TicketSigned,
    TicketTerminated,
    TicketWithdrawn,
)
from shared.events.loop import TicketConcluded, TicketDeclined, TicketLinked, TicketSplit
from shared.events.words import Step, Verdict

_RESPONSES = (TicketResponded.type, TicketReturnRequested.type)
_HANDLED = (TicketReplied.type, TicketInterimClosed.type, TicketTerminated.type)

JUDGED_BY: dict[Step, tuple[str, ...]] = {
    # A ticket that goes with another needs no dispatch of its own, nor does a repeated report (A7).
    Step.DISPATCH: (TicketDispatched.type, TicketLinked.type, TicketClosed.type),
    Step.SIGN: (TicketSigned.type, *_RESPONSES),
    # A first response counts as signing; a bare signature is no response (ZY 13.4).
    Step.RESPOND: (*_RESPONSES, TicketProgressed.type, *_HANDLED),
    Step.HANDLE: _HANDLED,
    Step.RESULT: (TicketProgressed.type, TicketReplied.type, TicketTerminated.type),
    Step.PROGRESS: (
        *(TicketProgressed.type, TicketReplied.type),
        *(TicketTerminated.type, TicketClosed.type),
    ),
}
"""The acts that end a step. A return is a window, nothing fires when it ends; `verify` is
intake's to judge."""

ENDED_BY = (TicketWithdrawn.type, TicketDeclined.type, TicketConcluded.type)
"""What leaves nothing to do: no step can be missed after it."""

BEGUN_BY = (TicketDispatched.type, TicketForwarded.type)
"""What begins a round: what is redone without its main ticket is forwarded anew, at its unit."""

JUDGED_EVENTS = sorted(
    {TicketReopened.type, TicketSplit.type}.union(BEGUN_BY, ENDED_BY, *JUDGED_BY.values())
)

_REPORTS_RUN_FROM = (TicketInterimClosed.type, TicketProgressed.type)

ReportDue = Callable[[datetime], datetime | None]
"""When the next progress report is due after one at this moment; none where the law has none."""


class Done(NamedTuple):
    """An act that was done, by the name of its event."""

    event: str
    at: datetime
    round: int


class Judgement(NamedTuple):
    """Whether a step was done in time, and when it was done, be it too late."""

    verdict: Verdict
    act_at: datetime | None


def judge(
    step: Step,
    due_at: datetime,
    acts: Sequence[Done],
    *,
    report_due: ReportDue | None = None,
) -> Judgement:
    """Whether a step was done at or before `due_at`; `acts` in the order of the timeline.

    The first dispatch counts for dispatching, after a split the first one since. Every other step
    belongs to the round that had begun at `due_at`: what another unit did in another round neither
    helps nor harms. After a redo an earlier reply does not count for the handling that began with
    it (ZY 14.2), and a progress report not for the report that is due after it (ZY 13.3).
    """
    if step is Step.DISPATCH:
        relevant = acts[_after(acts, due_at, (TicketSplit.type,)) :]
    else:
        relevant = _of_period(step, due_at, acts, report_due)
    ending = (*JUDGED_BY[step], *ENDED_BY)
    act_at = min((act.at for act in relevant if act.event in ending), default=None)
    is_met = act_at is not None and act_at <= due_at
    return Judgement(Verdict.MET if is_met else Verdict.MISSED, act_at)


def _of_period(
    step: Step, due_at: datetime, acts: Sequence[Done], report_due: ReportDue | None
) -> Sequence[Done]:
    begun = [act.round for act in acts if act.event in BEGUN_BY and act.at <= due_at]
    # What its main ticket answered was perhaps never dispatched: then it has no round but 0.
    own = [act for act in acts if act.round == max(begun, default=0)]
    if step is Step.HANDLE:
        return own[_after(own, due_at, (TicketReopened.type,)) :]
    if step is Step.PROGRESS:
        return own[_report_begun(own, due_at, report_due) :]
    return own


def _report_begun(own: Sequence[Done], due_at: datetime, report_due: ReportDue | None) -> int:
    """Where the period of the report due then begins: after the act that it was counted from."""
    exact = [
        place
        for place, act in enumerate(own)
        if act.event in _REPORTS_RUN_FROM
        and act.at <= due_at
        and report_due is not None
        and report_due(act.at) == due_at
    ]
    # Where no act gives this very moment (another calendar), the last one by then began it.
    return exact[-1] + 1 if exact else _after(own, due_at, _REPORTS_RUN_FROM)


def _after(own: Sequence[Done], due_at: datetime, events: tuple[str, ...]) -> int:
    """The place after the last of `events` at or before `due_at`."""
    places = [place for place, act in enumerate(own) if act.event in events and act.at <= due_at]
    return places[-1] + 1 if places else 0
