"""What an event means for the figures: pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.events.callers import TicketHandedOver, TicketRepeatAnswered
from shared.events.dispatch import (
    TicketClosed,
    TicketDispatched,
    TicketInterimClosed,
    TicketReopened,
    TicketReplied,
    TicketResponded,
    TicketReturnDecided,
    TicketReturnRequested,
    TicketSigned,
    TicketTerminated,
    TicketWithdrawn,
)
from shared.events.envelope import Event, Payload
from shared.events.intake import (
    TicketAmended,
    TicketAnswered,
    TicketCreated,
    TicketFollowedUp,
    TicketRated,
    TicketRecorded,
    TicketRefused,
)
from shared.events.loop import (
    TicketConcluded,
    TicketCoordinated,
    TicketCoordinationDropped,
    TicketDeclined,
    TicketLinked,
    TicketRecalled,
    TicketReplyDrafted,
    TicketReplySentBack,
    TicketSplit,
)
from shared.events.sla import TicketExtensionDecided, TicketOverdue
from shared.events.words import ReturnDecision, State, Step

ZONE = ZoneInfo("Asia/Shanghai")
NO_UNIT = ""
"""A ticket that is at the hotline is at no unit."""
CODES = frozenset(
    {
        "category",
        "code",
        "co_units",
        "from_platform",
        "ground",
        "hash",
        "jurisdiction",
        "kind",
        "lead_unit",
        "number",
        "policy",
        "proposed_unit",
        "rule",
        "seat_kind",
        "source_article",
        "to_platform",
        "unit",
        "version",
    }
)
"""Fields of text that are kept: codes. All other text may be words of people, and is dropped."""
PERSONS = frozenset({"caller_id"})


@dataclass(frozen=True, slots=True)
class NewFact:
    """What the first event of a ticket says of it."""

    jurisdiction: str
    request_type: str
    urgency: str
    channel: str
    category: str | None
    state: State
    at: datetime
    day: date
    is_solved: bool | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a later event changes of a fact; none leaves it as it is."""

    state: State | None = None
    is_state_restored: bool = False
    """The state goes back to what it was before the last change."""
    unit: str | None = None
    request_type: str | None = None
    urgency: str | None = None
    category: str | None = None
    dispatched_at: datetime | None = None
    signed_at: datetime | None = None
    replied_at: datetime | None = None
    closed_at: datetime | None = None
    is_anew: bool = False
    """The ticket came to a unit that has not signed it."""
    is_redone: bool = False
    """The reply counts no more."""
    returns: int = 0
    extensions: int = 0
    overdue_step: str | None = None
    satisfaction: str | None = None
    is_solved: bool | None = None


def day_of(time: datetime) -> date:
    """The day of a time where the hotline is."""
    return time.astimezone(ZONE).date()


def figures_of(data: Payload) -> dict[str, Any]:
    """The fields of an event that are no words of people: figures, words of ours, times, codes."""
    return {
        name: value
        for name in type(data).model_fields
        if (value := getattr(data, name)) is not None and _is_figure(name, value)
    }


FIRST: Mapping[type[Payload], State] = {
    TicketCreated: State.ACCEPTED,
    TicketRefused: State.REFUSED,
    TicketAnswered: State.ANSWERED,
    TicketRecorded: State.CLOSED,
    TicketHandedOver: State.HANDED_OVER,
    TicketRepeatAnswered: State.ANSWERED,
}
"""The events that begin a ticket, with the state that they give it."""


def new_fact(event: Event[Any]) -> NewFact:
    """The fact that a ticket's first event makes; `event.data` is one of `FIRST`."""
    data = event.data
    is_history = isinstance(data, TicketRecorded)
    return NewFact(
        jurisdiction=data.jurisdiction,
        request_type=data.request_type,
        urgency=data.urgency,
        channel=data.channel,
        category=data.category,
        state=FIRST[type(data)],
        at=event.time,
        day=day_of((data.filed_at or data.closed_at) if is_history else event.time),
        is_solved=data.is_solved if isinstance(data, TicketAnswered) else None,
        closed_at=data.closed_at if is_history else None,
    )


def _dispatched(event: Event[TicketDispatched]) -> Change:
    return Change(
        state=State.DISPATCHED, unit=event.data.unit, dispatched_at=event.time, is_anew=True
    )


def _signed(event: Event[TicketSigned | TicketResponded]) -> Change:
    return Change(state=State.SIGNED, unit=event.data.unit, signed_at=event.time)


def _return_requested(event: Event[TicketReturnRequested]) -> Change:
    return Change(state=State.RETURN_REQUESTED, returns=1)


def _return_decided(event: Event[TicketReturnDecided]) -> Change:
    if event.data.decision is ReturnDecision.REJECTED:
        return Change(is_state_restored=True)
    return Change(state=State.ACCEPTED, unit=NO_UNIT)


def _interim_closed(event: Event[TicketInterimClosed]) -> Change:
    return Change(state=State.INTERIM_CLOSED, unit=event.data.unit)


def _replied(event: Event[TicketReplied]) -> Change:
    return Change(state=State.REPLIED, unit=event.data.unit, replied_at=event.time)


def _reopened(event: Event[TicketReopened]) -> Change:
    return Change(state=State.SIGNED, unit=event.data.unit, is_redone=True)


def _closed(event: Event[TicketClosed]) -> Change:
    return Change(state=State.CLOSED, closed_at=event.time)


def _withdrawn(event: Event[TicketWithdrawn]) -> Change:
    return Change(state=State.WITHDRAWN, closed_at=event.time)


def _declined(event: Event[TicketDeclined]) -> Change:
    return Change(state=State.REFUSED, closed_at=event.time)


def _concluded(event: Event[TicketConcluded]) -> Change:
    return Change(state=event.data.state, closed_at=event.time, is_solved=event.data.is_solved)


def _terminated(event: Event[TicketTerminated]) -> Change:
    return Change(state=State.TERMINATED, closed_at=event.time)


def _waits_again(event: Event[TicketSplit | TicketCoordinationDropped | TicketRecalled]) -> Change:
    return Change(state=State.ACCEPTED, unit=NO_UNIT)


def _linked(event: Event[TicketLinked]) -> Change:
    return Change(state=State.LINKED, unit=event.data.unit)


def _coordinated(event: Event[TicketCoordinated]) -> Change:
    return Change(state=State.COORDINATING, unit=NO_UNIT)


def _reply_drafted(event: Event[TicketReplyDrafted]) -> Change:
    return Change(state=State.CHECKING)


def _reply_sent_back(event: Event[TicketReplySentBack]) -> Change:
    return Change(state=State.INTERIM_CLOSED if event.data.to_interim else State.SIGNED)


def _amended(event: Event[TicketAmended]) -> Change:
    data = event.data
    return Change(request_type=data.request_type, urgency=data.urgency, category=data.category)


def _followed_up(event: Event[TicketFollowedUp]) -> Change:
    return Change(is_solved=event.data.is_solved)


def _rated(event: Event[TicketRated]) -> Change:
    return Change(satisfaction=event.data.result, is_solved=event.data.is_solved)


def _overdue(event: Event[TicketOverdue]) -> Change:
    return Change(overdue_step=event.data.step)


def moves_a_ticket(event: Event[Any]) -> bool:
    """Whether an event of `CHANGES` speaks of a ticket that there is.

    A question whether a request is in scope runs before there is one (ZY 9).
    """
    return not (isinstance(event.data, TicketOverdue) and event.data.step is Step.VERIFY)


def _extension_decided(event: Event[TicketExtensionDecided]) -> Change:
    return Change(extensions=int(event.data.is_granted))


CHANGES: Mapping[type[Payload], Callable[[Any], Change]] = {
    TicketDispatched: _dispatched,
    TicketSigned: _signed,
    TicketResponded: _signed,
    TicketReturnRequested: _return_requested,
    TicketReturnDecided: _return_decided,
    TicketInterimClosed: _interim_closed,
    TicketReplied: _replied,
    TicketReopened: _reopened,
    TicketReplyDrafted: _reply_drafted,
    TicketReplySentBack: _reply_sent_back,
    TicketLinked: _linked,
    TicketSplit: _waits_again,
    TicketCoordinated: _coordinated,
    **dict.fromkeys((TicketCoordinationDropped, TicketRecalled), _waits_again),
    TicketWithdrawn: _withdrawn,
    TicketDeclined: _declined,
    TicketConcluded: _concluded,
    TicketTerminated: _terminated,
    TicketClosed: _closed,
    TicketAmended: _amended,
    TicketFollowedUp: _followed_up,
    TicketRated: _rated,
    TicketOverdue: _overdue,
    TicketExtensionDecided: _extension_decided,
}
"""The events that change a ticket's fact, with what each changes; others are stored alone."""


def _is_figure(name: str, value: object) -> bool:
    if name in PERSONS:
        return False
    return name in CODES or isinstance(value, Enum | bool | int | float | datetime | UUID)
