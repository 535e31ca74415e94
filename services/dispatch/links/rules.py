"""What becomes of a linked ticket when its main ticket moves, and what a repeat is. Pure."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.events.kinds import Link
from shared.events.words import State

OPEN = frozenset(
    {
        *(State.ACCEPTED, State.DISPATCHED, State.SIGNED, State.RETURN_REQUESTED),
        *(State.INTERIM_CLOSED, State.CHECKING, State.COORDINATING),
    }
)
"""A ticket that others may go with: its reply is still to come (A8)."""


class Fate(StrEnum):
    """What becomes of a linked ticket."""

    REPLIED = "replied"
    CLOSED = "closed"
    SPLIT = "split"


def fate(kind: Link, main: State, *, is_same_caller: bool) -> Fate | None:
    """What becomes of a ticket whose main one came to a state; none where it waits on.

    One reply answers all members. A caller's own repeat has no reply of its own: it closes with
    its main one. What was terminated binds its own caller alone (ZY 15), and what was withdrawn
    or went elsewhere answers nobody: then each goes its own way.
    """
    if main in OPEN:
        return None
    is_repeat = kind is Link.REPEAT
    if main is State.REPLIED:
        return None if is_repeat else Fate.REPLIED
    if main is State.CLOSED and is_repeat:
        return Fate.CLOSED
    if main is State.TERMINATED and is_repeat and is_same_caller:
        return Fate.CLOSED
    return Fate.SPLIT


class Arriving(StrEnum):
    """How a repeat comes in (A7)."""

    LINKED = "linked"
    CLOSED = "closed"
    ORDINARY = "ordinary"


def arriving(
    main: State,
    *,
    filed_at: datetime,
    report_due: datetime | None,
    is_overridden: bool = False,
) -> Arriving:
    """How a request comes in that repeats a ticket in a state.

    An open one takes it along. A report inside the time prescribed for the earlier report is not
    dispatched either, even where that was replied or closed; `report_due` is the end of that
    time, none where the matter is no report (ZY 15). Everything else is a new ticket.
    """
    if main in OPEN:
        return Arriving.LINKED
    is_inside = report_due is not None and filed_at <= report_due
    if is_overridden or not is_inside:
        return Arriving.ORDINARY
    if main is State.REPLIED:
        return Arriving.LINKED
    return Arriving.CLOSED if main in (State.CLOSED, State.TERMINATED) else Arriving.ORDINARY


def kind_of(caller_id: UUID | None, main_caller_id: UUID | None) -> Link:
    """How a ticket belongs to another: the same caller's again, or another caller's."""
    is_same = caller_id is not None and caller_id == main_caller_id
    return Link.REPEAT if is_same else Link.MEMBER


REASONS = {
    State.WITHDRAWN: "主工单已撤回",
    State.REFUSED: "主工单不予受理",
    State.ANSWERED: "主工单已由热线直接答复",
    State.HANDED_OVER: "主工单已转紧急热线",
    State.TERMINATED: "主工单被认定为终结件，只对其诉求人有效",
}


def reason_of_split(main: State) -> str:
    """Why the platform splits a ticket off, as its timeline says it."""
    return REASONS.get(main, "主工单不再由本平台答复")
