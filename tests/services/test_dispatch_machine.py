"""The state machine of the real dispatch, walked at random: no act for the wrong person (B1).

Whatever is done in whatever order: nobody sees what is not theirs, each act that is listed for a
person can be done by them, each other one is refused, and no state is without a way on.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, cast
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.dispatch.rules import (
    FIRST_STATES,
    LAST_STATES,
    MACHINE,
    ROLES,
    RULES,
    STATES,
    TRANSITIONS,
)
from shared.events.envelope import Payload
from shared.events.intake import TicketAmended, TicketRated, TicketWithdrawalRequested
from shared.events.words import Act, CloseReason, Role, Satisfaction, State, Urgency
from shared.jurisdictions import covers
from tests.conftest import TEMPLATE, at_database, run_sql
from tests.services.dispatch_desk import WATER
from tests.services.dispatch_walk import (
    NOT_HERE,
    PEOPLE,
    PLANT,
    Walk,
    open_walk,
)

RUNS, STEPS_A_RUN = 12, 12
ACTS = st.sampled_from([rule.act for rule in MACHINE if rule.act not in NOT_HERE])
NEWS: tuple[Payload, ...] = (
    TicketWithdrawalRequested(reason="已自行解决"),
    TicketRated(result=Satisfaction.SATISFIED, is_solved=True, closes=CloseReason.SATISFIED),
    TicketAmended(urgency=Urgency.NORMAL, addition="补充"),
    TicketAmended(about_unit=WATER, reason="投诉该局"),
)


class Dispatch(RuleBasedStateMachine):
    """One ticket, everybody who could touch it, and what intake says of it."""

    def __init__(self, walk: Walk) -> None:
        super().__init__()
        self.walk = walk
        self.ticket = ""
        self.about_unit: str | None = None
        self.state = State.ACCEPTED

    @initialize(
        about_unit=st.sampled_from([None, None, WATER, PLANT]), urgency=st.sampled_from(Urgency)
    )
    def a_ticket_comes(self, about_unit: str | None, urgency: Urgency) -> None:
        """Some are complaints about a unit, some are emergencies."""
        self.about_unit = about_unit
        filing = self.walk.desk.file(about_unit=about_unit, urgency=urgency)
        self.ticket = self.walk.run(filing)
        self.state = State(self._shown()["state"])

    @rule(name=st.sampled_from(sorted(PEOPLE)), act=ACTS)
    def somebody_tries(self, name: str, act: Act) -> None:
        """An act is possible exactly where it is listed for this person."""
        self._try(name, act)

    @rule(pick=st.randoms(use_true_random=False))
    def somebody_goes_on(self, pick: Any) -> None:
        """One of the acts that are listed for somebody is done, so that walks get far."""
        open_acts = [
            (name, act)
            for name in sorted(PEOPLE)
            for act in self._listed(name) or ()
            if act not in NOT_HERE
        ]
        if open_acts:
            self._try(*pick.choice(open_acts))

    @rule(news=st.sampled_from(NEWS))
    def intake_says(self, news: Payload) -> None:
        """A wish to withdraw is met exactly where the office is offered to ask for it."""
        listed, before = self._listed("operator") or [], self.state
        self.walk.run(self.walk.desk.tell(self.ticket, news))
        if isinstance(news, TicketAmended):
            self.about_unit = news.about_unit or self.about_unit
        self._moved()
        if isinstance(news, TicketWithdrawalRequested):
            is_met = before is State.WITHDRAWN or Act.WITHDRAW in listed
            assert (self.state is State.WITHDRAWN) == is_met

    @precondition(lambda self: bool(self.ticket))
    @invariant()
    def whose_it_is_is_the_same_for_everybody(self) -> None:
        """The unit complained of never sees it, nor does another unit or another place."""
        office = self._shown()
        for name, (role, claims) in PEOPLE.items():
            expected = self._is_theirs(office, role, claims)
            assert (self._listed(name) is not None) == expected, name

    def teardown(self) -> None:
        """What was said of the ticket has no gap."""
        if self.ticket:
            self.walk.run(self.walk.desk.said_types(self.ticket))

    def _try(self, name: str, act: Act) -> None:
        listed, shown = self._listed(name), self._shown()
        client, body = self.walk.people[name], self.walk.body(act, shown, self.about_unit)
        path = f"/v1/tickets/{self.ticket}/{act}"
        if act is Act.DROP_CASE:
            case = self.walk.cases.get(self.ticket, str(uuid4()))
            path, body = f"/v1/cases/{case}/drop", {"reason": "已商定"}
        answer = self.walk.run(client.post(path, json=body))
        told = f"{name} does {act} in {self.state}: {answer.status_code} {answer.text}"
        if listed is not None and act in listed:
            assert answer.status_code in (200, 201) or self._is_second(act, answer), told
            if act is Act.COORDINATE:
                self.walk.cases[self.ticket] = answer.json()["id"]
        elif PEOPLE[name][0] not in ROLES[act]:
            assert answer.status_code == 403, told
        else:
            assert answer.status_code == (404 if listed is None else 409), told
            if act is not Act.DROP_CASE and listed is not None and act is not Act.LINK:
                assert answer.json()["allowed"] == listed, told
        self._moved()

    def _moved(self) -> None:
        """The state moved as the table says: by one act, or by a return that was judged."""
        now = State(self._shown()["state"])
        ways = {after for (before, _), after in TRANSITIONS.items() if before is self.state}
        ways |= {State.REPLIED} if Act.REPLY in _acts_of(self.state) else set()
        ways |= {State.DISPATCHED, State.SIGNED} if self.state is State.RETURN_REQUESTED else set()
        # A redo of what complains of its own unit goes on to that one's superior.
        ways |= {State.ACCEPTED} if Act.REDO in _acts_of(self.state) else set()
        ways |= {State.DISPATCHED} if State.ACCEPTED in ways else set()
        assert now in {self.state, *ways}
        self.state = now

    def _shown(self) -> dict[str, Any]:
        client = self.walk.people["provincial operator"]
        shown: dict[str, Any] = self.walk.run(client.get(f"/v1/tickets/{self.ticket}")).json()
        return shown

    def _listed(self, name: str) -> list[Act] | None:
        """The acts listed for a person; none where they do not see the ticket."""
        answer = self.walk.run(self.walk.people[name].get(f"/v1/tickets/{self.ticket}"))
        return None if answer.status_code == 404 else [Act(one) for one in answer.json()["allowed"]]

    def _is_theirs(self, shown: dict[str, Any], role: Role, claims: dict[str, Any]) -> bool:
        if role is Role.UNIT:
            has_it = claims["unit"] in (shown["unit"], *shown["co_units"])
            return has_it and claims["unit"] != self.about_unit
        place = claims.get("jurisdiction", "512000")
        return covers(place, shown["jurisdiction"]) or covers(place, shown["handled_in"] or "x")

    def _is_second(self, act: Act, answer: Any) -> bool:
        """A co-handling unit signs once and replies once."""
        return act in (Act.CO_SIGN, Act.CO_REPLY) and answer.status_code == 409


def _acts_of(state: State) -> set[Act]:
    return {act for before, act in RULES if before is state}


def test_every_state_but_the_last_ones_has_a_way_on_to_an_end() -> None:
    ended = {*LAST_STATES, State.TERMINATED}
    for _ in STATES:
        ended |= {rule.before for rule in MACHINE if rule.after in ended}
    assert ended == set(STATES)
    reached = set(FIRST_STATES)
    for _ in STATES:
        reached |= {rule.after for rule in MACHINE if rule.before in reached}
    assert reached == set(STATES)
    assert {state for state in STATES if not _acts_of(state)} == set(LAST_STATES)


@pytest.fixture(scope="module")
def walk(postgres: str) -> Iterator[Walk]:
    """One migrated database for all runs."""
    name = f"t_{uuid4().hex[:16]}"
    asyncio.run(run_sql(postgres, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    try:
        with open_walk(at_database(postgres, name)) as opened:
            yield opened
    finally:
        asyncio.run(run_sql(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


def test_no_act_is_possible_for_the_wrong_person_and_each_listed_one_is(walk: Walk) -> None:
    run_state_machine_as_test(
        cast("Any", seed(0)(lambda: Dispatch(walk))),
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS_A_RUN,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
