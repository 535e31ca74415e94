"""What intake takes from each piece of news: the ticket's state, and what its caller may see.

Pure. Nothing here names a person, another ticket, or a unit that was complained of.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from shared.events.dispatch import (
    TicketClosed,
    TicketDispatched,
    TicketForwarded,
    TicketInterimClosed,
    TicketReopened,
    TicketReplied,
    TicketResponded,
    TicketReturnDecided,
    TicketSigned,
    TicketTerminated,
    TicketWithdrawn,
)
from shared.events.envelope import Payload
from shared.events.loop import (
    TicketConcluded,
    TicketCoordinated,
    TicketCoordinationDropped,
    TicketDeclined,
    TicketLinked,
    TicketMoved,
    TicketRecalled,
    TicketReplyDrafted,
    TicketReplySentBack,
    TicketSplit,
    TicketWithdrawalDeclined,
)
from shared.events.sla import (
    TicketClockPaused,
    TicketClockResumed,
    TicketDeadlineMoved,
    TicketExtensionDecided,
    TicketExtensionExplained,
    TicketLimitDecided,
)
from shared.events.words import ReturnDecision, State, Step

Shown = Mapping[str, Any]


class News(NamedTuple):
    """What one event means to the caller's side."""

    state: Callable[[Any], State | None]
    """The ticket's state from now on; none where the event moves none."""
    shown: Callable[[Any], Shown | None]
    """What the caller may see of it; none where it is not told."""


def read(payload: Payload) -> tuple[State | None, Shown | None]:
    """The state that an event leads to, and what the caller may see of it."""
    news = NEWS[type(payload)]
    return news.state(payload), news.shown(payload)


def _moves(state: State, *names: str) -> News:
    return News(lambda _: state, lambda data: data.model_dump(mode="json", include=set(names)))


def _tells(*names: str) -> News:
    return News(lambda _: None, lambda data: data.model_dump(mode="json", include=set(names)))


def _extension(data: TicketExtensionDecided) -> Shown | None:
    return {"due_at": data.due_at.isoformat()} if data.is_granted else None


def _limit(data: TicketLimitDecided) -> Shown | None:
    if not data.is_confirmed:
        return None
    due_at = None if data.due_at is None else data.due_at.isoformat()
    return {"law": data.law, "article": data.article, "due_at": due_at}


def _moved(data: TicketDeadlineMoved) -> Shown | None:
    return {"due_at": data.due_at.isoformat()} if data.step is Step.HANDLE else None


def _nothing(_: object) -> None:
    return None


NEWS: Mapping[type[Payload], News] = {
    TicketDispatched: _moves(State.DISPATCHED, "unit_name"),
    TicketSigned: _moves(State.SIGNED),
    TicketResponded: _moves(State.SIGNED, "text"),
    TicketReturnDecided: News(
        lambda data: State.ACCEPTED if data.decision is ReturnDecision.GRANTED else None,
        lambda data: {} if data.decision is ReturnDecision.GRANTED else None,
    ),
    TicketInterimClosed: _moves(State.INTERIM_CLOSED, "progress", "next_step", "promised_at"),
    TicketReplyDrafted: News(lambda _: State.CHECKING, _nothing),
    TicketReplySentBack: News(
        lambda data: State.INTERIM_CLOSED if data.to_interim else State.SIGNED, _nothing
    ),
    TicketReplied: _moves(State.REPLIED, "reply", "findings", "basis", "result"),
    TicketReopened: _moves(State.SIGNED),
    TicketClosed: _moves(State.CLOSED, "reason"),
    TicketTerminated: _moves(State.TERMINATED, "script"),
    TicketWithdrawn: _moves(State.WITHDRAWN),
    TicketDeclined: _moves(State.REFUSED, "explanation"),
    TicketConcluded: News(
        lambda data: data.state, lambda data: data.model_dump(mode="json", include={"text"})
    ),
    TicketWithdrawalDeclined: _tells("reason"),
    TicketCoordinated: _moves(State.COORDINATING),
    TicketCoordinationDropped: _moves(State.ACCEPTED),
    # Another caller's ticket may be the main one: not even its number is told.
    TicketLinked: _moves(State.LINKED),
    TicketSplit: _moves(State.ACCEPTED),
    TicketMoved: _moves(State.ACCEPTED),
    TicketRecalled: News(lambda _: State.ACCEPTED, _nothing),
    TicketForwarded: _tells(),
    TicketExtensionDecided: News(_nothing, _extension),
    TicketExtensionExplained: _tells("contact"),
    TicketLimitDecided: News(_nothing, _limit),
    TicketClockPaused: _tells(),
    TicketClockResumed: _tells("due_at"),
    TicketDeadlineMoved: News(_nothing, _moved),
}
"""Every event of the caller's request that intake hears from dispatch and sla."""

WITHOUT_UNIT = frozenset(
    {
        *(TicketReturnDecided, TicketExtensionExplained, TicketTerminated, TicketDeclined),
        TicketRecalled,
    }
)
"""Their unit is not the one that has the ticket from now on, or says nothing new."""
