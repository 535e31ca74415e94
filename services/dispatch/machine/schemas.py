"""The state machine over HTTP, with its Chinese names."""

from typing import Self

from pydantic import BaseModel, Field

from services.dispatch.rules import FIRST_STATES, LAST_STATES, MACHINE, RETURNABLE, STATES, Rule
from services.dispatch.rules import REPLYABLE as REPLYABLE_STATES
from shared.events.chinese import CHINESE
from shared.events.words import Act, Role, State


class Named(BaseModel):
    """一个词及其中文名。"""

    code: str
    name: str


class NamedState(Named):
    """一个状态。"""

    is_first: bool = Field(description="工单可由此开始")
    is_last: bool = Field(description="工单在此结束，不再有操作")


class Transition(BaseModel):
    """一种状态下的一个操作：谁可以进行，到什么状态，说什么事件。"""

    state: State
    state_name: str
    act: Act
    act_name: str
    leads_to: list[State] = Field(description="操作后的状态；审核不同意时可为后列的状态")
    roles: list[Role] = Field(description="可进行的角色；为空则由系统进行")
    role_names: list[str]
    event: str = Field(description="所说的事件")

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """A line of the table."""
        return cls(
            state=rule.before,
            state_name=CHINESE[rule.before],
            act=rule.act,
            act_name=CHINESE[rule.act],
            leads_to=[rule.after, *elsewhere(rule)],
            roles=list(rule.roles),
            role_names=[CHINESE[role] for role in rule.roles],
            event=rule.says,
        )


class Machine(BaseModel):
    """工单状态表：状态、操作、角色，以及每种状态下的每个操作。"""

    states: list[NamedState]
    acts: list[Named]
    roles: list[Named]
    transitions: list[Transition]


def machine() -> Machine:
    """The table as it is."""
    acts = [act for act in Act if any(rule.act is act for rule in MACHINE)]
    roles = [role for role in Role if any(role in rule.roles for rule in MACHINE)]
    return Machine(
        states=[
            NamedState(
                code=state,
                name=CHINESE[state],
                is_first=state in FIRST_STATES,
                is_last=state in LAST_STATES,
            )
            for state in STATES
        ],
        acts=[Named(code=act, name=CHINESE[act]) for act in acts],
        roles=[Named(code=role, name=CHINESE[role]) for role in roles],
        transitions=[Transition.of(rule) for rule in MACHINE],
    )


def elsewhere(rule: Rule) -> list[State]:
    """Where else an act leads: a return not simply granted, a reply sent back."""
    if rule.act is Act.DECIDE_RETURN:
        return [
            State.REFUSED,
            State.COORDINATING,
            *(state for state in STATES if state in RETURNABLE),
        ]
    if rule.act is Act.CHECK_REPLY:
        return [state for state in STATES if state in REPLYABLE_STATES]
    return []
