"""The state table, who may do what, and which acts a pack knows; without a database."""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.acts.rules import CO_ACTS, open_to, refusal, refusal_by_law
from services.dispatch.rules import (
    FIRST_STATES,
    LAST_STATES,
    REPLYABLE,
    RETURNABLE,
    ROLES,
    RULES,
    STATES,
    TRANSITIONS,
    allowed,
    diagram,
    state_after,
)
from services.dispatch.withdrawals.rules import refusal_of_withdrawal
from shared.calendars import BEIJING
from shared.events.words import Act, ReturnDecision, Role, State, Urgency
from shared.policy.load import pack_for
from shared.security import Principal


class Case(NamedTuple):
    """A ticket, as far as packs ask."""

    state: State
    urgency: Urgency = Urgency.NORMAL
    responded_at: datetime | None = None
    unit: str | None = "water"
    drafted_by: str | None = None
    handling_place: str = "512000"
    home: str | None = None


def person(role: Role, unit: str | None = None, subject: str = "somebody") -> Principal:
    """Somebody of the city's hotline, or of a unit."""
    return Principal(subject, role, "512000", unit)


WATER = person(Role.UNIT, "water")
SIGNED = ["return", "interim-close", "reply", "terminate"]
DOCUMENT = Path(__file__).parents[2] / "docs" / "dispatch.md"


@given(
    first=st.sampled_from(FIRST_STATES),
    acts=st.lists(
        st.tuples(st.sampled_from(Act), st.sampled_from(ReturnDecision), st.booleans()),
        max_size=60,
    ),
)
def test_any_sequence_of_acts_stays_on_the_table(
    first: State, acts: list[tuple[Act, ReturnDecision, bool]]
) -> None:
    state, before_return, before_check = first, None, None
    for act, decision, is_passed in acts:
        is_by_hand = bool(RULES.get((state, act)) and RULES[state, act].roles)
        assert (act in allowed(state)) == is_by_hand
        if (state, act) not in TRANSITIONS:
            continue
        if act is Act.RETURN:
            before_return = state
        if act is Act.REPLY and state in REPLYABLE:
            before_check = state
        is_decision, is_check = act is Act.DECIDE_RETURN, act is Act.CHECK_REPLY
        state = state_after(
            state,
            act,
            decision=decision if is_decision else None,
            is_passed=is_passed,
            state_before=before_check if is_check else before_return,
        )
        if is_decision and decision is ReturnDecision.REJECTED:
            assert state is before_return
            assert Act.RETURN in allowed(state)
        if is_check and not is_passed:
            assert state is before_check
            assert Act.REPLY in allowed(state)
    assert state in STATES
    assert (state in LAST_STATES) == (not [act for before, act in TRANSITIONS if before is state])


def test_every_state_is_reached_and_every_open_one_can_be_closed() -> None:
    edges = {(before, after) for (before, _), after in TRANSITIONS.items()}
    reached, closing = set(FIRST_STATES), {State.CLOSED}
    for _ in STATES:
        reached |= {after for before, after in edges if before in reached}
        closing |= {before for before, after in edges if after in closing}
    assert reached == set(STATES) == set(State) - {State.VERIFYING}
    at_once = {State.REFUSED, State.ANSWERED, State.HANDED_OVER, State.WITHDRAWN}
    assert closing == set(STATES) - at_once
    assert {State.DISPATCHED, State.SIGNED} == RETURNABLE


def test_nobody_closes_by_hand_and_units_act_for_themselves() -> None:
    assert ROLES[Act.CLOSE] == ()
    assert Act.CLOSE not in allowed(State.REPLIED)
    ziyang, signed = pack_for("512000"), Case(State.SIGNED)
    own = [Act.RETURN, Act.INTERIM_CLOSE, Act.REPLY, Act.TERMINATE]
    assert open_to(signed, ziyang, asker=WATER) == own
    office = [Act.LINK, Act.CHOOSE_CO_UNITS, Act.WITHDRAW]
    assert open_to(signed, ziyang, asker=person(Role.OPERATOR)) == office
    assert open_to(signed, ziyang, asker=person(Role.LEADER)) == []
    supervisor = person(Role.SUPERVISOR)
    accepted = open_to(Case(State.ACCEPTED), ziyang, asker=supervisor)
    aside = [Act.REFUSE, Act.ANSWER, Act.HAND_OVER]
    assert accepted == [
        *(Act.DISPATCH, Act.MOVE, *aside, Act.LINK, Act.COORDINATE, Act.WITHDRAW),
    ]
    assert open_to(Case(State.REPLIED), ziyang, asker=person(Role.FOLLOW_UP))[0] is Act.REDO
    assert Role.OPERATOR not in ROLES[Act.REDO]


def test_a_role_may_do_an_act_in_one_state_and_not_in_another() -> None:
    ziyang, follow_up = pack_for("512000"), person(Role.FOLLOW_UP)
    assert refusal(Act.REDO, Case(State.REPLIED), ziyang, asker=follow_up) is None
    refused = refusal(Act.REDO, Case(State.TERMINATED), ziyang, asker=follow_up)
    assert refused == "工单终结件时，重新办理须由热线办督办、其他平台进行。"
    assert open_to(Case(State.TERMINATED), ziyang, asker=follow_up) == []
    supervisor = person(Role.SUPERVISOR)
    assert open_to(Case(State.TERMINATED), ziyang, asker=supervisor) == [Act.REDO]
    refused = refusal(Act.CLOSE, Case(State.REPLIED), ziyang, asker=supervisor)
    assert refused == "工单已答复时，办结由系统进行。"


def test_the_part_of_a_unit_decides_what_it_may_do() -> None:
    ziyang, signed = pack_for("512000"), Case(State.SIGNED)
    power = person(Role.UNIT, "power")
    assert open_to(signed, ziyang, asker=power) == []
    assert "主办单位" in (refusal(Act.REPLY, signed, ziyang, asker=power) or "")
    assert "协办单位" in (refusal(Act.CO_REPLY, signed, ziyang, asker=WATER) or "")
    theirs = open_to(signed, ziyang, asker=power, co_units=("power",))
    assert theirs == [Act.CO_SIGN, Act.CO_REPLY]


def test_a_ticket_that_was_handed_up_is_dispatched_by_the_place_that_handles_it() -> None:
    ziyang, moved = pack_for("512000"), Case(State.ACCEPTED, handling_place="510000")
    city, province = person(Role.OPERATOR), Principal("somebody", Role.OPERATOR, "510000")
    assert open_to(moved, ziyang, asker=city) == [Act.HAND_OVER, Act.LINK, Act.WITHDRAW]
    assert "510000" in (refusal(Act.MOVE, moved, ziyang, asker=city) or "")
    assert {Act.DISPATCH, Act.MOVE} < set(open_to(moved, ziyang, asker=province))
    down = Case(State.RETURN_REQUESTED, handling_place="512021")
    assert Act.DECIDE_RETURN in open_to(down, ziyang, asker=city)


def test_who_wrote_a_reply_does_not_check_it() -> None:
    ziyang, checking = pack_for("512000"), Case(State.CHECKING, drafted_by="somebody")
    assert open_to(checking, ziyang, asker=WATER) == []
    assert "审核" in (refusal(Act.CHECK_REPLY, checking, ziyang, asker=WATER) or "")
    colleague = person(Role.UNIT, "water", subject="somebody-else")
    assert open_to(checking, ziyang, asker=colleague) == [Act.CHECK_REPLY]


def test_what_endangers_others_is_not_taken_back() -> None:
    ziyang, operator = pack_for("512000"), person(Role.OPERATOR)
    for urgency in Urgency:
        case = Case(State.SIGNED, urgency)
        is_open = Act.WITHDRAW in open_to(case, ziyang, asker=operator)
        assert is_open == (urgency is Urgency.NORMAL)
    assert "公共安全" in (refusal_of_withdrawal(State.SIGNED, Urgency.SPECIAL) or "")
    assert "已答复" in (refusal_of_withdrawal(State.REPLIED, Urgency.NORMAL) or "")


@pytest.mark.parametrize(
    ("code", "urgency", "dispatched", "signed"),
    [
        ("512000", Urgency.NORMAL, ["sign", "return"], SIGNED),
        (
            *("512000", Urgency.SPECIAL, ["sign", "respond", "return"]),
            ["respond", "return", "progress", *SIGNED[1:]],
        ),
        ("530000", Urgency.CRITICAL, ["sign", "return"], ["return", "reply", "terminate"]),
        ("620000", Urgency.NORMAL, ["sign", "return"], ["return", "reply", "terminate"]),
    ],
)
def test_a_pack_opens_the_acts_that_its_document_has(
    code: str, urgency: Urgency, dispatched: list[str], signed: list[str]
) -> None:
    pack = pack_for(code)
    assert open_to(Case(State.DISPATCHED, urgency), pack, asker=WATER) == dispatched
    assert open_to(Case(State.SIGNED, urgency), pack, asker=WATER) == signed
    assert "progress" in open_to(Case(State.INTERIM_CLOSED, urgency), pack, asker=WATER)
    own = [act for act in allowed(State.SIGNED, Role.UNIT) if act not in CO_ACTS]
    assert open_to(Case(State.SIGNED, urgency), None, asker=WATER) == own


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
