"""What a correction of type, urgency or enforcement does to a ticket's deadlines. Pure.

Each step that is still to be done is counted again from its own start. What comes out as it was
is left alone: no edit ever moves a deadline, only what the edit makes of the matter.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from services.sla.rules import (
    EMERGENCY_STEPS,
    OPEN_STATES,
    Adjustment,
    DeadlineState,
    Start,
    recount,
)
from shared.calendars import Calendar
from shared.events.words import Step
from shared.policy.deadlines import Matter, step_starts
from shared.policy.model import Pack


class Present(NamedTuple):
    """The present version of one step."""

    step: Step
    state: DeadlineState
    due_at: datetime
    rule: str
    source: str
    starts_at: datetime
    adjustments: Sequence[Adjustment]
    is_missed: bool = False
    """An earlier version from the same start was over before, and is or will be judged."""


class Standing(NamedTuple):
    """Which acts of the present round were done, and when."""

    dispatched_at: datetime | None
    signed_at: datetime | None
    is_handled: bool
    """Replied, closed for the time being, or ended."""
    is_at_unit: bool
    """Not before the coordination group, nor taken back: somebody can sign and respond."""

    def is_due(self, step: Step) -> bool:
        """Whether a step's act is still to be done, as far as was heard."""
        if self.is_handled:
            return False
        if step is Step.DISPATCH:
            return self.dispatched_at is None
        is_unsigned = self.is_at_unit and self.signed_at is None
        return step is Step.HANDLE or (step is Step.SIGN and is_unsigned)


class Correction(NamedTuple):
    """What a correction does: versions that take another's place, versions beside, steps ended."""

    replaced: list[Start]
    started: list[Start]
    stopped: list[Step]


def correct(
    pack: Pack,
    calendar: Calendar,
    *,
    matters: tuple[Matter, Matter],
    present: Sequence[Present],
    standing: Standing,
    law_limit: Mapping[str, Any] | None,
    at: datetime,
) -> Correction:
    """The deadlines of a ticket whose matter changed at `at` from the first to the second.

    What was due before the correction stays and is judged as it was; where the new time is not
    over yet, it runs beside.
    """
    before, after = matters
    correction = Correction([], [], [])
    for one in present:
        start = recount(
            pack,
            calendar,
            after,
            one.step,
            starts_at=one.starts_at,
            adjustments=one.adjustments,
            law_limit=law_limit,
        )
        if start is None:
            correction.stopped.append(one.step)
        elif (start.due_at, start.rule, start.source) == (one.due_at, one.rule, one.source):
            continue
        elif _can_move(one, at):
            if one.is_missed and start.due_at <= at:
                # Nothing is declared overdue twice for one start.
                correction.stopped.append(one.step)
            else:
                correction.replaced.append(start)
        elif one.state is not DeadlineState.MET and standing.is_due(one.step) and start.due_at > at:
            correction.started.append(start)
    added = set(step_starts(pack, calendar, after)) - set(step_starts(pack, calendar, before))
    correction.started.extend(
        start
        for step in sorted(EMERGENCY_STEPS & added)
        if (start := _added(pack, calendar, after, step, present=present, standing=standing, at=at))
    )
    return correction


def _can_move(one: Present, at: datetime) -> bool:
    if one.state is DeadlineState.PAUSED:
        return True
    return one.state in OPEN_STATES and one.due_at >= at


def _added(
    pack: Pack,
    calendar: Calendar,
    matter: Matter,
    step: Step,
    *,
    present: Sequence[Present],
    standing: Standing,
    at: datetime,
) -> Start | None:
    """What an emergency owes from dispatch (ZY 13.4), unless this round has had it.

    A unit that had signed before the matter became an emergency owes no first response.
    """
    if standing.dispatched_at is None or standing.is_handled:
        return None
    if step is Step.RESPOND and not standing.is_at_unit:
        return None
    if step is Step.RESPOND and standing.signed_at is not None and standing.signed_at <= at:
        return None
    own = (standing.dispatched_at, standing.signed_at)
    is_redo = any(one.step is Step.HANDLE and one.starts_at not in own for one in present)
    has_had = any(
        one.step is step
        and one.starts_at == standing.dispatched_at
        and one.state is not DeadlineState.MOVED
        for one in present
    )
    if is_redo or has_had:
        return None
    return recount(pack, calendar, matter, step, starts_at=standing.dispatched_at)
