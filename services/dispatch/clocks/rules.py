"""The deadlines that a ticket's standing leaves running: the same that sla counts. Pure."""

from datetime import datetime

from services.dispatch.rules import LAST_STATES, Standing
from shared.calendars import Calendar
from shared.events.words import State, Step
from shared.policy.deadlines import (
    Deadline,
    Matter,
    extended,
    limit_deadline,
    step_deadline,
    step_starts,
)
from shared.policy.model import Pack
from shared.policy.values import Length

_NOBODYS = (State.ACCEPTED, State.COORDINATING)
_SINCE = {"dispatch": "dispatch", "sign": "signing"}


def running_deadlines(standing: Standing, pack: Pack, calendar: Calendar) -> dict[Step, Deadline]:
    """The deadlines of the steps that have begun and are not yet done.

    A re-dispatch gives sign and handling time anew (default), a redo the handling time (ZY 14.2);
    a return answers the step of signing like a signature, but the caller's clock runs on while the
    hotline judges it (B5). After an interim close the progress reports run (ZY 13.3).
    """
    pending = _pending(standing)
    found = {step: _deadline(step, standing, pack, calendar) for step in Step if step in pending}
    return {step: deadline for step, deadline in found.items() if deadline is not None}


def return_deadline(standing: Standing, pack: Pack, calendar: Calendar) -> Deadline | None:
    """When the window for a return ends; none while the act it runs from is not done (ZY 13.2)."""
    is_from_dispatch = pack.returning.starts.value == "dispatch"
    starts_at = standing.dispatched_at if is_from_dispatch else standing.signed_at
    if starts_at is None:
        return None
    return step_deadline(pack, calendar, matter_of(standing), Step.RETURN, starts_at)


def handle_deadline(standing: Standing, pack: Pack, calendar: Calendar) -> Deadline | None:
    """When handling is due; none before the act that it runs from.

    What sla said of this handling goes first, then a limit set by law (C8), then the pack's time
    of the type: from the redo, else from the act that the pack names.
    """
    starts_at = standing.reopened_at or _begun_at(Step.HANDLE, standing, pack, calendar)
    if starts_at is None:
        return None
    given = standing.given
    if given is not None and given.due_at is not None:
        return Deadline(given.due_at, given.rule, given.source, given.provisional, starts_at)
    own = _own_handling(standing, pack, calendar, starts_at=starts_at)
    for days in given.extended if given is not None else ():
        counted = extended(pack, calendar, own.due_at, days)
        own = own._replace(
            due_at=counted.due_at,
            rule=f"{own.rule}, extended by {days} working day{'' if days == 1 else 's'}",
            provisional=own.provisional or counted.provisional,
        )
    return own


def report_deadline(pack: Pack, calendar: Calendar, last_at: datetime) -> Deadline | None:
    """When the next progress report is due after an interim close or a report (ZY 13.3)."""
    if pack.interim is None:
        return None
    since = "the interim close or the last report"
    return limit_deadline(pack, calendar, pack.interim.progress, last_at, since=since)


def matter_of(standing: Standing) -> Matter:
    """What of a ticket decides which rules hold."""
    return Matter(standing.type, standing.urgency, standing.is_enforcement, standing.is_passed_on)


def _pending(standing: Standing) -> set[Step]:
    if standing.state in (*LAST_STATES, State.REPLIED, State.TERMINATED, State.LINKED):
        return set()
    # A ticket that its main one answered may be redone without ever having been dispatched.
    if standing.dispatched_at is None and standing.reopened_at is None:
        return {Step.DISPATCH}
    if standing.interim_closed_at is not None:
        # No unit has it any more that would report.
        pending = set() if standing.state is State.ACCEPTED else {Step.PROGRESS}
    else:
        pending = set() if standing.paused_at else {Step.HANDLE}
    if standing.result_at is None:
        pending.add(Step.RESULT)
    # What the coordination group has, or gave back, is no unit's to sign or respond to (ZY 13.5).
    if standing.state not in _NOBODYS:
        if standing.answered_at is None:
            pending.add(Step.SIGN)
        if standing.responded_at is None:
            pending.add(Step.RESPOND)
    return pending


def _deadline(step: Step, standing: Standing, pack: Pack, calendar: Calendar) -> Deadline | None:
    if step is Step.HANDLE:
        return handle_deadline(standing, pack, calendar)
    if step is Step.PROGRESS:
        return _next_report(standing, pack, calendar)
    starts_at = _begun_at(step, standing, pack, calendar)
    if starts_at is None:
        return None
    return step_deadline(pack, calendar, matter_of(standing), step, starts_at)


def _own_handling(
    standing: Standing, pack: Pack, calendar: Calendar, *, starts_at: datetime
) -> Deadline:
    if standing.law_limit is not None:
        limit = standing.law_limit
        length = Length.model_validate({"amount": limit.amount, "unit": limit.unit})
        since = _SINCE[step_starts(pack, calendar, matter_of(standing))[Step.HANDLE]]
        due = limit_deadline(pack, calendar, length, starts_at, since=since)
        return due._replace(source=f"{limit.law} {limit.article}")
    deadline = step_deadline(pack, calendar, matter_of(standing), Step.HANDLE, starts_at)
    assert deadline is not None, "every pack has a handling time for every type"
    return deadline


def _next_report(standing: Standing, pack: Pack, calendar: Calendar) -> Deadline | None:
    if pack.interim is None or standing.interim_closed_at is None:
        return None
    if standing.law_limit is not None and pack.interim.none_where_law_sets_limit.value:
        return None
    last_at = max(standing.interim_closed_at, standing.progressed_at or standing.interim_closed_at)
    return report_deadline(pack, calendar, last_at)


def _begun_at(step: Step, standing: Standing, pack: Pack, calendar: Calendar) -> datetime | None:
    moments = {
        "accept": standing.split_at or standing.accepted_at,
        "dispatch": standing.dispatched_at,
        # A return without a signature answers like one, also for what runs from signing.
        "sign": standing.answered_at,
    }
    act = step_starts(pack, calendar, matter_of(standing)).get(step)
    return None if act is None else moments[act]
