"""What dispatch decides without looking anything up: the state machine and who may do what."""

from datetime import datetime
from typing import NamedTuple

from shared.events.words import (
    CHINESE,
    Act,
    RequestType,
    ReturnDecision,
    Role,
    State,
    Urgency,
)

SYSTEM = "system"
"""Who did what no person did."""

TRANSITIONS: dict[tuple[State, Act], State] = {
    (State.ACCEPTED, Act.DISPATCH): State.DISPATCHED,
    (State.DISPATCHED, Act.SIGN): State.SIGNED,
    (State.DISPATCHED, Act.RESPOND): State.SIGNED,
    (State.DISPATCHED, Act.RETURN): State.RETURN_REQUESTED,
    (State.SIGNED, Act.RESPOND): State.SIGNED,
    (State.SIGNED, Act.RETURN): State.RETURN_REQUESTED,
    (State.SIGNED, Act.PROGRESS): State.SIGNED,
    (State.SIGNED, Act.INTERIM_CLOSE): State.INTERIM_CLOSED,
    (State.SIGNED, Act.REPLY): State.REPLIED,
    (State.RETURN_REQUESTED, Act.DECIDE_RETURN): State.ACCEPTED,
    (State.INTERIM_CLOSED, Act.PROGRESS): State.INTERIM_CLOSED,
    (State.INTERIM_CLOSED, Act.REPLY): State.REPLIED,
    (State.REPLIED, Act.REDO): State.SIGNED,
    (State.REPLIED, Act.FOLLOW_UP): State.REPLIED,
    (State.REPLIED, Act.RATE): State.REPLIED,
    (State.REPLIED, Act.CLOSE): State.CLOSED,
}
"""The state machine (B1). A rejected return goes back to the state before it, see `state_after`."""

STATES = tuple(state for state in State if state is not State.VERIFYING)
"""The states of a ticket here: one that is being verified is still intake's alone (ZY 9)."""

RETURNABLE = frozenset(state for state, act in TRANSITIONS if act is Act.RETURN)
FIRST_STATES = (State.ACCEPTED, State.REFUSED, State.ANSWERED)
LAST_STATES = (State.REFUSED, State.ANSWERED, State.CLOSED)

ROLES: dict[Act, tuple[Role, ...]] = {
    Act.DISPATCH: (Role.OPERATOR, Role.SUPERVISOR),
    Act.SIGN: (Role.UNIT,),
    Act.RESPOND: (Role.UNIT,),
    Act.RETURN: (Role.UNIT,),
    Act.DECIDE_RETURN: (Role.OPERATOR, Role.SUPERVISOR),
    Act.PROGRESS: (Role.UNIT,),
    Act.INTERIM_CLOSE: (Role.UNIT,),
    Act.REPLY: (Role.UNIT,),
    Act.REDO: (Role.FOLLOW_UP, Role.SUPERVISOR),
    Act.FOLLOW_UP: (Role.FOLLOW_UP, Role.OPERATOR, Role.SUPERVISOR),
    Act.RATE: (Role.FOLLOW_UP, Role.OPERATOR, Role.SUPERVISOR),
    Act.CLOSE: (),
}
"""Who may do what. Nobody closes by hand: intake's `ticket.rated` does."""


class Given(NamedTuple):
    """A handling time that sla said: extended, resumed after a pause, or moved by a calendar.

    After a correction of the type `due_at` is none: then the working days granted so far are
    counted anew from the time of the new type.
    """

    due_at: datetime | None = None
    rule: str = ""
    source: str = ""
    provisional: bool = False
    extended: tuple[int, ...] = ()


class LawLimit(NamedTuple):
    """A handling time that a law sets for this ticket (C8); `unit` is that of the amount."""

    law: str
    article: str
    amount: int
    unit: str


class Standing(NamedTuple):
    """What decides which deadlines of a ticket run; the moments are those of the present round."""

    state: State
    type: RequestType
    urgency: Urgency
    is_enforcement: bool
    accepted_at: datetime
    dispatched_at: datetime | None = None
    signed_at: datetime | None = None
    answered_at: datetime | None = None
    """The first signature, response or return."""
    responded_at: datetime | None = None
    """The first response, or what says more than one; a bare signature says nothing (ZY 13.4)."""
    result_at: datetime | None = None
    """The first progress report or reply."""
    reopened_at: datetime | None = None
    interim_closed_at: datetime | None = None
    progressed_at: datetime | None = None
    paused_at: datetime | None = None
    given: Given | None = None
    law_limit: LawLimit | None = None


def allowed(state: State) -> list[Act]:
    """The acts of people that a state allows, intake's own among them."""
    return [act for before, act in TRANSITIONS if before is state and ROLES[act]]


def state_after(
    state: State,
    act: Act,
    *,
    decision: ReturnDecision | None = None,
    before_return: State | None = None,
) -> State:
    """The state that an allowed act leads to."""
    if decision is ReturnDecision.REJECTED:
        assert before_return in RETURNABLE, "a rejected return goes back to where it came from"
        return before_return
    return TRANSITIONS[state, act]


def diagram() -> str:
    """The state machine as a Mermaid diagram, with the Chinese names."""
    edges = [
        (before, after, CHINESE[act])
        for (before, act), after in TRANSITIONS.items()
        if act is not Act.DECIDE_RETURN
    ]
    edges.append((State.RETURN_REQUESTED, State.ACCEPTED, CHINESE[ReturnDecision.GRANTED]))
    rejected = CHINESE[ReturnDecision.REJECTED]
    edges += [(State.RETURN_REQUESTED, state, rejected) for state in State if state in RETURNABLE]
    return "\n".join(
        [
            "stateDiagram-v2",
            *(f'    state "{CHINESE[state]}" as {state}' for state in STATES),
            *(f"    [*] --> {state}" for state in FIRST_STATES),
            *(f"    {before} --> {after}: {name}" for before, after, name in edges),
            *(f"    {state} --> [*]" for state in LAST_STATES),
        ]
    )
