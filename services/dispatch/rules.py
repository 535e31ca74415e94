"""What dispatch decides without looking anything up: the state machine and who may do what."""

from datetime import datetime
from typing import NamedTuple

from shared.access import ANSWERERS, ASKERS, OFFICE, UNITS, in_order
from shared.events.chinese import CHINESE
from shared.events.words import (
    Act,
    RequestType,
    ReturnDecision,
    Role,
    State,
    Urgency,
)

SYSTEM = "system"
"""Who did what no person did."""


class Rule(NamedTuple):
    """One line of the state machine: where an act leads, who may do it, and what it says."""

    before: State
    act: Act
    after: State
    roles: tuple[Role, ...]
    says: str
    """The event; by intake where the act is the caller's side's."""


_OFFICE = in_order(OFFICE)
_ASKERS = in_order(ASKERS)
_GROUP = (Role.COORDINATION, Role.SUPERVISOR)
_CHOOSERS = in_order((*OFFICE, Role.COORDINATION))
_UNIT = in_order(UNITS)
_ANSWERERS = in_order(ANSWERERS)
_REDOERS = (Role.FOLLOW_UP, Role.SUPERVISOR, Role.PLATFORM)
_NOBODY = ()
"""Nobody does it by hand: what intake or sla says does it, or what becomes of another ticket."""

_OPEN = (State.DISPATCHED, State.SIGNED, State.INTERIM_CLOSED, State.CHECKING)
"""A unit has the ticket and has not replied."""
_UNANSWERED = (
    State.ACCEPTED,
    *(State.DISPATCHED, State.SIGNED, State.RETURN_REQUESTED, State.INTERIM_CLOSED),
    *(State.CHECKING, State.COORDINATING, State.LINKED),
)

MACHINE: tuple[Rule, ...] = (
    Rule(State.ACCEPTED, Act.DISPATCH, State.DISPATCHED, _OFFICE, "ticket.dispatched"),
    Rule(State.ACCEPTED, Act.MOVE, State.ACCEPTED, _OFFICE, "ticket.moved"),
    *(
        rule
        for state in (State.ACCEPTED, State.DISPATCHED)
        for rule in (
            Rule(state, Act.REFUSE, State.REFUSED, _OFFICE, "ticket.declined"),
            Rule(state, Act.ANSWER, State.ANSWERED, _OFFICE, "ticket.concluded"),
            Rule(state, Act.HAND_OVER, State.HANDED_OVER, _OFFICE, "ticket.concluded"),
        )
    ),
    *(
        Rule(state, Act.LINK, State.LINKED, _OFFICE, "ticket.linked")
        for state in (State.ACCEPTED, State.DISPATCHED, State.SIGNED)
    ),
    Rule(State.LINKED, Act.SPLIT, State.ACCEPTED, _OFFICE, "ticket.split"),
    Rule(State.LINKED, Act.REPLY, State.REPLIED, _NOBODY, "ticket.replied"),
    Rule(State.LINKED, Act.CLOSE, State.CLOSED, _NOBODY, "ticket.closed"),
    Rule(State.DISPATCHED, Act.SIGN, State.SIGNED, _UNIT, "ticket.signed"),
    Rule(State.DISPATCHED, Act.RESPOND, State.SIGNED, _ANSWERERS, "ticket.responded"),
    Rule(State.DISPATCHED, Act.RETURN, State.RETURN_REQUESTED, _UNIT, "ticket.return_requested"),
    Rule(State.SIGNED, Act.RESPOND, State.SIGNED, _ANSWERERS, "ticket.responded"),
    Rule(State.SIGNED, Act.RETURN, State.RETURN_REQUESTED, _UNIT, "ticket.return_requested"),
    Rule(State.SIGNED, Act.PROGRESS, State.SIGNED, _ANSWERERS, "ticket.progressed"),
    Rule(State.SIGNED, Act.INTERIM_CLOSE, State.INTERIM_CLOSED, _UNIT, "ticket.interim_closed"),
    Rule(State.SIGNED, Act.REPLY, State.CHECKING, _ANSWERERS, "ticket.reply_drafted"),
    Rule(State.SIGNED, Act.TERMINATE, State.TERMINATED, _UNIT, "ticket.terminated"),
    Rule(
        State.RETURN_REQUESTED,
        Act.DECIDE_RETURN,
        State.ACCEPTED,
        _OFFICE,
        "ticket.return_decided",
    ),
    Rule(State.INTERIM_CLOSED, Act.PROGRESS, State.INTERIM_CLOSED, _ANSWERERS, "ticket.progressed"),
    Rule(State.INTERIM_CLOSED, Act.REPLY, State.CHECKING, _ANSWERERS, "ticket.reply_drafted"),
    Rule(State.INTERIM_CLOSED, Act.TERMINATE, State.TERMINATED, _UNIT, "ticket.terminated"),
    Rule(State.CHECKING, Act.CHECK_REPLY, State.REPLIED, _UNIT, "ticket.replied"),
    *(
        Rule(state, Act.CHOOSE_CO_UNITS, state, _CHOOSERS, "ticket.co_units_chosen")
        for state in _OPEN
    ),
    *(Rule(state, Act.CO_SIGN, state, _UNIT, "ticket.co_signed") for state in _OPEN),
    *(Rule(state, Act.CO_REPLY, state, _ANSWERERS, "ticket.co_replied") for state in _OPEN),
    *(
        Rule(state, Act.COORDINATE, State.COORDINATING, _GROUP, "ticket.coordinated")
        for state in (State.ACCEPTED, State.DISPATCHED, State.SIGNED)
    ),
    Rule(State.COORDINATING, Act.DECIDE_CASE, State.DISPATCHED, _GROUP, "ticket.dispatched"),
    Rule(
        State.COORDINATING,
        Act.DROP_CASE,
        State.ACCEPTED,
        _GROUP,
        "ticket.coordination_dropped",
    ),
    *(
        Rule(state, Act.WITHDRAW, State.WITHDRAWN, _OFFICE, "ticket.withdrawn")
        for state in _UNANSWERED
    ),
    # Intake's correction says that the ticket is about its unit, or one above (XS 三(四)).
    *(
        Rule(state, Act.AMEND, State.ACCEPTED, _NOBODY, "ticket.recalled")
        for state in (*_OPEN, State.RETURN_REQUESTED)
    ),
    *(
        Rule(state, Act.SEND_BACK, State.WITHDRAWN, _OFFICE, "ticket.withdrawn")
        for state in (State.ACCEPTED, *_OPEN, State.RETURN_REQUESTED)
    ),
    Rule(State.REPLIED, Act.REDO, State.SIGNED, _REDOERS, "ticket.reopened"),
    Rule(State.REPLIED, Act.FOLLOW_UP, State.REPLIED, _ASKERS, "ticket.followed_up"),
    Rule(State.REPLIED, Act.RATE, State.REPLIED, _ASKERS, "ticket.rated"),
    Rule(State.REPLIED, Act.SCREEN, State.REPLIED, _UNIT, "ticket.screening_requested"),
    Rule(
        State.REPLIED,
        Act.DECIDE_SCREENING,
        State.REPLIED,
        (Role.SUPERVISOR,),
        "ticket.screened",
    ),
    Rule(State.REPLIED, Act.CLOSE, State.CLOSED, _NOBODY, "ticket.closed"),
    Rule(State.INTERIM_CLOSED, Act.REDO, State.SIGNED, (Role.SUPERVISOR,), "ticket.reopened"),
    Rule(
        State.TERMINATED,
        Act.REDO,
        State.SIGNED,
        (Role.SUPERVISOR, Role.PLATFORM),
        "ticket.reopened",
    ),
)
"""The state machine (B1). Where an act may lead elsewhere, `state_after` says so."""

TRANSITIONS = {(rule.before, rule.act): rule.after for rule in MACHINE}
RULES = {(rule.before, rule.act): rule for rule in MACHINE}

STATES = tuple(state for state in State if state is not State.VERIFYING)
"""The states of a ticket here: one that is being verified is still intake's alone (ZY 9)."""

RETURNABLE = frozenset(rule.before for rule in MACHINE if rule.act is Act.RETURN)
RECALLABLE = frozenset(rule.before for rule in MACHINE if rule.act is Act.AMEND)
REPLYABLE = frozenset(
    rule.before for rule in MACHINE if rule.act is Act.REPLY and rule.after is State.CHECKING
)
FIRST_STATES = (
    *(State.ACCEPTED, State.REFUSED, State.ANSWERED, State.HANDED_OVER, State.LINKED),
    State.CLOSED,
)
"""A repeat comes in linked; a report repeated within its time, and history, closed (A7)."""
LAST_STATES = (*(State.REFUSED, State.ANSWERED, State.HANDED_OVER, State.CLOSED, State.WITHDRAWN),)


def roles_of(act: Act) -> tuple[Role, ...]:
    """Everybody who may do an act in some state, in the order of the roles."""
    allowed_somewhere = {role for rule in MACHINE if rule.act is act for role in rule.roles}
    return tuple(role for role in Role if role in allowed_somewhere)


ROLES: dict[Act, tuple[Role, ...]] = {rule.act: roles_of(rule.act) for rule in MACHINE}
"""Who may do what, in some state at least. Nobody closes by hand: intake's `ticket.rated` does."""


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
    split_at: datetime | None = None
    """When it was split off and waited for dispatch anew (A8)."""
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
    is_passed_on: bool = False


def allowed(state: State, role: Role | None = None) -> list[Act]:
    """The acts of people that a state allows, intake's own among them; those of one role."""
    return [
        rule.act
        for rule in MACHINE
        if rule.before is state and (rule.roles if role is None else role in rule.roles)
    ]


def state_after(
    state: State,
    act: Act,
    *,
    decision: ReturnDecision | None = None,
    is_declined: bool = False,
    is_passed: bool = True,
    state_before: State | None = None,
) -> State:
    """The state that an allowed act leads to.

    A rejected return, and a reply that its second reader sends back, go back to the state before;
    a granted one may end the ticket as outside the scope (A3).
    """
    if is_declined:
        assert act is Act.DECIDE_RETURN, "what was accepted is refused after a return alone"
        return State.REFUSED
    if decision is ReturnDecision.COORDINATION:
        return State.COORDINATING
    if decision is ReturnDecision.REJECTED:
        assert state_before in RETURNABLE, "a rejected return goes back to where it came from"
        return state_before
    if act is Act.CHECK_REPLY and not is_passed:
        assert state_before in REPLYABLE, "a reply goes back to where it was drafted"
        return state_before
    return TRANSITIONS[state, act]


def diagram() -> str:
    """The state machine as a Mermaid diagram, with the Chinese names."""
    sent_back = "退回修改"
    recalled = "收回（涉及该单位）"
    edges = [
        (rule.before, rule.after, recalled if rule.act is Act.AMEND else CHINESE[rule.act])
        for rule in MACHINE
        if rule.act is not Act.DECIDE_RETURN
    ]
    requested = State.RETURN_REQUESTED
    edges.append((requested, State.ACCEPTED, CHINESE[ReturnDecision.GRANTED]))
    edges.append((requested, State.REFUSED, CHINESE[State.REFUSED]))
    edges.append((requested, State.COORDINATING, CHINESE[ReturnDecision.COORDINATION]))
    rejected = CHINESE[ReturnDecision.REJECTED]
    edges += [(requested, state, rejected) for state in State if state in RETURNABLE]
    edges += [(State.CHECKING, state, sent_back) for state in State if state in REPLYABLE]
    return "\n".join(
        [
            "stateDiagram-v2",
            *(f'    state "{CHINESE[state]}" as {state}' for state in STATES),
            *(f"    [*] --> {state}" for state in FIRST_STATES),
            *(f"    {before} --> {after}: {name}" for before, after, name in edges),
            *(f"    {state} --> [*]" for state in (*LAST_STATES, State.TERMINATED)),
        ]
    )
