"""The state table, who may do what, and which acts a pack knows; without a database."""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.acts.rules import open_acts, open_to, refusal_by_law
from services.dispatch.rules import (
    FIRST_STATES,
    LAST_STATES,
    RETURNABLE,
    ROLES,
    STATES,
    TRANSITIONS,
    allowed,
    diagram,
    state_after,
)
from shared.calendars import BEIJING
from shared.events.words import Act, ReturnDecision, Role, State, Urgency
from shared.policy.load import pack_for


class Case(NamedTuple):
    """A ticket, as far as packs ask."""

    state: State
    urgency: Urgency = Urgency.NORMAL
    responded_at: datetime | None = None


DOCUMENT = Path(__file__).parents[2] / "docs" / "dispatch.md"


@given(
    first=st.sampled_from(FIRST_STATES),
    acts=st.lists(st.tuples(st.sampled_from(Act), st.sampled_from(ReturnDecision))),
)
def test_any_sequence_of_acts_stays_on_the_table(
    first: State, acts: list[tuple[Act, ReturnDecision]]
) -> None:
    state, before_return = first, None
    for act, decision in acts:
        is_decision = act is Act.DECIDE_RETURN
        assert (act in allowed(state)) == ((state, act) in TRANSITIONS and act is not Act.CLOSE)
        if (state, act) not in TRANSITIONS:
            continue
        if act is Act.RETURN:
            before_return = state
        state = state_after(
            state, act, decision=decision if is_decision else None, before_return=before_return
        )
        if is_decision and decision is ReturnDecision.REJECTED:
            assert state is before_return
            assert Act.RETURN in allowed(state)
    assert state in STATES
    assert (state in LAST_STATES) == (not [act for before, act in TRANSITIONS if before is state])


def test_every_state_is_reached_and_every_open_one_can_be_closed() -> None:
    edges = {(before, after) for (before, _), after in TRANSITIONS.items()}
    reached, closing = set(FIRST_STATES), {State.CLOSED}
    for _ in STATES:
        reached |= {after for before, after in edges if before in reached}
        closing |= {before for before, after in edges if after in closing}
    assert reached == set(STATES) == set(State) - {State.VERIFYING}
    assert closing == set(STATES) - {State.REFUSED, State.ANSWERED}
    assert {State.DISPATCHED, State.SIGNED} == RETURNABLE


def test_nobody_closes_by_hand_and_units_act_for_themselves() -> None:
    assert ROLES[Act.CLOSE] == ()
    assert allowed(State.REPLIED) == [Act.REDO, Act.FOLLOW_UP, Act.RATE]
    ziyang = pack_for("512000")
    signed = open_to(Case(State.SIGNED), ziyang, role=Role.UNIT)
    assert signed == [Act.RETURN, Act.INTERIM_CLOSE, Act.REPLY]
    assert open_to(Case(State.SIGNED), ziyang, role=Role.OPERATOR) == []
    assert open_to(Case(State.ACCEPTED), ziyang, role=Role.SUPERVISOR) == [Act.DISPATCH]
    assert open_to(Case(State.REPLIED), ziyang, role=Role.FOLLOW_UP)[0] is Act.REDO
    assert Role.OPERATOR not in ROLES[Act.REDO]


@pytest.mark.parametrize(
    ("code", "urgency", "dispatched", "signed"),
    [
        ("512000", Urgency.NORMAL, ["sign", "return"], ["return", "interim-close", "reply"]),
        (
            *("512000", Urgency.SPECIAL, ["sign", "respond", "return"]),
            ["respond", "return", "progress", "interim-close", "reply"],
        ),
        ("530000", Urgency.CRITICAL, ["sign", "return"], ["return", "reply"]),
        ("620000", Urgency.NORMAL, ["sign", "return"], ["return", "reply"]),
    ],
)
def test_a_pack_opens_the_acts_that_its_document_has(
    code: str, urgency: Urgency, dispatched: list[str], signed: list[str]
) -> None:
    pack = pack_for(code)
    assert open_acts(Case(State.DISPATCHED, urgency), pack) == dispatched
    assert open_acts(Case(State.SIGNED, urgency), pack) == signed
    assert "progress" in open_acts(Case(State.INTERIM_CLOSED, urgency), pack)
    assert open_acts(Case(State.SIGNED, urgency), None) == allowed(State.SIGNED)


def test_an_act_that_the_pack_does_not_have_is_refused_with_the_article() -> None:
    yunnan = pack_for("530000")
    for act, state, named in (
        (Act.RESPOND, State.DISPATCHED, "签收（sign）"),
        (Act.PROGRESS, State.SIGNED, "答复（reply）"),
        (Act.INTERIM_CLOSE, State.SIGNED, "申请延期（extend）"),
    ):
        refusal = refusal_by_law(act, Case(state, Urgency.CRITICAL), yunnan)
        assert refusal is not None
        assert named in refusal
        assert "ZY 13" in refusal
        assert refusal_by_law(act, Case(state, Urgency.CRITICAL), pack_for("512000")) is None


def test_a_first_response_is_given_once_be_it_after_the_signature() -> None:
    ziyang, at = pack_for("512000"), datetime(2026, 3, 2, 10, tzinfo=BEIJING)
    signed = Case(State.SIGNED, Urgency.CRITICAL)
    assert refusal_by_law(Act.RESPOND, signed, ziyang) is None
    refusal = refusal_by_law(Act.RESPOND, signed._replace(responded_at=at), ziyang)
    assert refusal is not None
    assert "ZY 13.4" in refusal


def test_the_page_shows_the_state_table_as_it_is() -> None:
    assert f"```mermaid\n{diagram()}\n```" in DOCUMENT.read_text(encoding="utf-8")
