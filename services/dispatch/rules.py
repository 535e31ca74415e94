"""What dispatch decides without looking anything up: states, roles, deadlines, judgements."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from shared.calendars import Calendar
from shared.events.dispatch import (
    TicketDispatched,
    TicketReplied,
    TicketReturnRequested,
    TicketSigned,
)
from shared.events.words import (
    CHINESE,
    Act,
    RequestType,
    ReturnDecision,
    Role,
    State,
    Step,
    Urgency,
    Verdict,
)
from shared.policy.deadlines import Deadline, Matter, Moments, deadlines, step_deadline
from shared.policy.model import Pack

SYSTEM = "system"
"""Who did what no person did."""

TRANSITIONS: dict[tuple[State, Act], State] = {
    (State.ACCEPTED, Act.DISPATCH): State.DISPATCHED,
    (State.DISPATCHED, Act.SIGN): State.SIGNED,
    (State.DISPATCHED, Act.RETURN): State.RETURN_REQUESTED,
    (State.SIGNED, Act.RETURN): State.RETURN_REQUESTED,
    (State.SIGNED, Act.REPLY): State.REPLIED,
    (State.RETURN_REQUESTED, Act.DECIDE_RETURN): State.ACCEPTED,
    (State.REPLIED, Act.FOLLOW_UP): State.REPLIED,
    (State.REPLIED, Act.RATE): State.REPLIED,
    (State.REPLIED, Act.CLOSE): State.CLOSED,
}
"""The state machine (B1). A rejected return goes back to the state before it, see `state_after`."""

RETURNABLE = frozenset(state for state, act in TRANSITIONS if act is Act.RETURN)
FIRST_STATES = (State.ACCEPTED, State.REFUSED, State.ANSWERED)
LAST_STATES = (State.REFUSED, State.ANSWERED, State.CLOSED)

ROLES: dict[Act, tuple[Role, ...]] = {
    Act.DISPATCH: (Role.OPERATOR, Role.SUPERVISOR),
    Act.SIGN: (Role.UNIT,),
    Act.RETURN: (Role.UNIT,),
    Act.DECIDE_RETURN: (Role.OPERATOR, Role.SUPERVISOR),
    Act.REPLY: (Role.UNIT,),
    Act.FOLLOW_UP: (Role.FOLLOW_UP, Role.OPERATOR, Role.SUPERVISOR),
    Act.RATE: (Role.FOLLOW_UP, Role.OPERATOR, Role.SUPERVISOR),
    Act.CLOSE: (),
}
"""Who may do what. Nobody closes by hand: intake's `ticket.rated` does."""

JUDGED_BY: dict[Step, tuple[str, ...]] = {
    Step.DISPATCH: (TicketDispatched.type,),
    Step.SIGN: (TicketSigned.type, TicketReturnRequested.type),
    Step.RESPOND: (TicketSigned.type, TicketReturnRequested.type, TicketReplied.type),
    Step.HANDLE: (TicketReplied.type,),
    Step.RESULT: (TicketReplied.type,),
}
"""The acts that end a step; a return is a window, nothing fires when it ends."""

JUDGED_EVENTS = sorted({TicketDispatched.type}.union(*JUDGED_BY.values()))


class Standing(NamedTuple):
    """What decides which deadlines of a ticket run; the moments are those of the present round."""

    state: State
    type: RequestType
    urgency: Urgency
    is_enforcement: bool
    accepted_at: datetime
    dispatched_at: datetime | None = None
    signed_at: datetime | None = None
    returned_at: datetime | None = None


class Done(NamedTuple):
    """An act that was done, by the name of its event."""

    event: str
    at: datetime
    round: int


class Judgement(NamedTuple):
    """Whether a step was done in time, and when it was done, be it too late."""

    verdict: Verdict
    act_at: datetime | None


def allowed(state: State) -> list[Act]:
    """The acts of people that a state allows, intake's own among them."""
    return [act for before, act in TRANSITIONS if before is state and ROLES[act]]


def allowed_to(state: State, role: Role) -> list[Act]:
    """The acts that a state allows to a role."""
    return [act for act in allowed(state) if role in ROLES[act]]


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
            *(f'    state "{CHINESE[state]}" as {state}' for state in State),
            *(f"    [*] --> {state}" for state in FIRST_STATES),
            *(f"    {before} --> {after}: {name}" for before, after, name in edges),
            *(f"    {state} --> [*]" for state in LAST_STATES),
        ]
    )


def running_deadlines(standing: Standing, pack: Pack, calendar: Calendar) -> dict[Step, Deadline]:
    """The deadlines of the steps that are not yet done.

    A re-dispatch gives sign and handling time anew (default); a return ends the step of signing,
    but the caller's clock runs on while the hotline judges it (B5).
    """
    if standing.state in (*LAST_STATES, State.REPLIED):
        return {}
    if standing.dispatched_at is None:
        pending = {Step.DISPATCH}
    else:
        pending = {Step.HANDLE, Step.RESULT}
        if standing.signed_at is None and standing.returned_at is None:
            pending |= {Step.SIGN, Step.RESPOND}
    moments = Moments(standing.accepted_at, standing.dispatched_at, standing.signed_at)
    every = deadlines(pack, calendar, _matter(standing), moments)
    return {step: deadline for step, deadline in every.items() if step in pending}


def return_deadline(standing: Standing, pack: Pack, calendar: Calendar) -> Deadline | None:
    """When the window for a return ends; none while the act it runs from is not done (ZY 13.2)."""
    is_from_dispatch = pack.returning.starts.value == "dispatch"
    starts_at = standing.dispatched_at if is_from_dispatch else standing.signed_at
    if starts_at is None:
        return None
    return step_deadline(pack, calendar, _matter(standing), Step.RETURN, starts_at)


def judge(step: Step, due_at: datetime, acts: Sequence[Done]) -> Judgement:
    """Whether a step was done at or before `due_at`; `acts` in the order of the timeline.

    The first dispatch counts for dispatching. Every other step belongs to the round that had
    begun at `due_at`: what another unit did in another round neither helps nor harms.
    """
    relevant = [act for act in acts if act.event in JUDGED_BY[step]]
    if step is not Step.DISPATCH:
        begun = [
            act.round for act in acts if act.event == TicketDispatched.type and act.at <= due_at
        ]
        relevant = [act for act in relevant if begun and act.round == max(begun)]
    act_at = min((act.at for act in relevant), default=None)
    is_met = act_at is not None and act_at <= due_at
    return Judgement(Verdict.MET if is_met else Verdict.MISSED, act_at)


def _matter(standing: Standing) -> Matter:
    return Matter(standing.type, standing.urgency, standing.is_enforcement)
