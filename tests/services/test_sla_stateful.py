"""The clock service against a model, whatever happens in whatever order (C3).

Intake and dispatch are models that act at random; sla is real, on PostgreSQL. Its news comes late,
in batches, again, and to processes that die; several workers look; owners answer late. Each time
all that was said must be true, and once everything has been heard nothing may be missing, doubled
or false: every version of every deadline ends as the model says.
"""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4

import orjson
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared.events.envelope import Event, Payload
from shared.events.words import RequestType, Service, Urgency
from shared.policy.deadlines import Matter
from shared.policy.load import pack_for
from tests.conftest import TEMPLATE, at_database, run_sql
from tests.services.sla_owners import AFTER, Ticket
from tests.services.sla_reference import Reference
from tests.services.sla_tickets import MONDAY
from tests.services.sla_town import Town, open_town

PARTS = 5
RUNS_A_PART = 200  # a thousand in all
STEPS_A_RUN = 16
TICKETS_MAX = 2
ROUNDS_MAX = 12
MOMENT = timedelta(microseconds=1)
LATER = timedelta(days=1000)
LATE = 100
"""More events than ever wait."""
LAW_LIMIT = {"law": "《某法》", "article": "第三条", "amount": 20, "unit": "working_days"}
MATTERS = st.builds(
    Matter,
    st.sampled_from([RequestType.INQUIRY, RequestType.HELP, RequestType.COMPLAINT]),
    st.sampled_from(Urgency),
    *(st.booleans(), st.just(False)),
)
PASSING = st.sampled_from([timedelta(hours=hours) for hours in (0.3, 1.5, 5, 24, 96, 264)])
NTH = st.integers(0, 5)
WHICH = st.integers(0, TICKETS_MAX - 1)


class ClockService(RuleBasedStateMachine):
    """Acts of two tickets, their news, looks and answers, in any order."""

    def __init__(self, town: Town) -> None:
        super().__init__()
        self.town = town
        self.now = MONDAY
        self.tickets: list[Ticket] = []
        self.heard: list[Event[Payload]] = []
        self.town.runtime.clock.stepped = self.now

    @initialize(matter=MATTERS, where=NTH, acts=st.integers(0, 3))
    def a_ticket_comes(self, matter: Matter, where: int, acts: int) -> None:
        """Some have come a little way already, so that runs reach far."""
        self._come(matter, where, is_verified=acts == 0)
        for kind in ("dispatched", "signed")[: max(0, acts - 1)]:
            self._act(self.tickets[0], kind)
        if acts > 1:
            self._deliver(LATE, is_intake_late=False, again=False)

    @precondition(lambda self: len(self.tickets) < TICKETS_MAX)
    @rule(matter=MATTERS, where=NTH)
    def another_comes(self, matter: Matter, where: int) -> None:
        self._come(matter, where, is_verified=False)

    @rule(which=WHICH, nth=NTH)
    def something_is_done(self, which: int, nth: int) -> None:
        ticket = self._ticket(which)
        acts = AFTER.get(ticket.state)
        if acts is not None:
            self._act(ticket, acts[nth % len(acts)])

    @rule(which=WHICH, nth=NTH)
    def something_is_done_at_the_last_moment(self, which: int, nth: int) -> None:
        """Or just before it, or just after: next to when a step is due."""
        ticket = self._ticket(which)
        if due := self._due(ticket):
            self._pass(min(due) + (nth % 3 - 1) * MOMENT - self.now - MOMENT)
        self.something_is_done(which, nth)

    @rule(which=WHICH, matter=MATTERS)
    def the_matter_is_corrected(self, which: int, matter: Matter) -> None:
        ticket = self._ticket(which)
        if ticket.state not in ("verifying", "closed"):
            self._pass(MOMENT)
            ticket.correct(matter, self.now)

    @rule(which=WHICH, days=st.integers(0, 5))
    def an_extension_is_granted_or_a_limit_confirmed(self, which: int, days: int) -> None:
        ticket = self._ticket(which)
        if ticket.reference.handling() is None:
            return
        if days:
            start, limit = ticket.reference.extend(days), None
        else:
            start, limit = ticket.reference.limit(LAW_LIMIT), orjson.dumps(LAW_LIMIT).decode()
        self.town.run(self.town.replace(ticket, start, limit))

    @rule(which=WHICH)
    def the_clock_stops_or_runs_again(self, which: int) -> None:
        ticket = self._ticket(which)
        reference = ticket.reference
        if reference.paused_at is not None:
            self._pass(MOMENT)
            self.town.run(self.town.resume(ticket))
            reference.resume(self.now)
            self._listen()
            return
        handling = reference.handling()
        can_pause = bool(reference.pack.pauses) and handling is not None
        if can_pause and handling.state == "open" and handling.due_at >= self.now:
            self.town.run(self.town.pause(ticket))
            reference.pause(self.now)
            self._listen()

    @rule(by=PASSING)
    def time_passes(self, by: timedelta) -> None:
        self._pass(by)

    @rule(count=st.integers(1, 4), is_intake_late=st.booleans(), again=st.booleans())
    def news_comes(self, count: int, is_intake_late: bool, again: bool) -> None:
        """In a batch; some of it for the second time, while a worker looks."""
        self._deliver(count, is_intake_late=is_intake_late, again=again)

    @rule()
    def a_process_dies_over_its_news(self) -> None:
        events = [
            ticket.unsent[service][0][0]
            for ticket in self.tickets
            for service in self._services(ticket, is_intake_late=False)[:1]
        ]
        if events:
            self.town.run(self.town.deliver_and_die(events))

    @rule(by=PASSING)
    def time_passes_and_all_is_heard_and_answered(self, by: timedelta) -> None:
        self._deliver(LATE, is_intake_late=False, again=False)
        self._pass(by)
        self.town.run(self.town.look())
        self._listen()
        self._answer()
        self._deliver(LATE, is_intake_late=False, again=False)

    @rule(workers=st.integers(1, 2), dies=st.booleans(), is_last_moment=st.booleans())
    def workers_look(self, workers: int, dies: bool, is_last_moment: bool) -> None:
        if is_last_moment:
            self._pass(min(self._due(self.tickets[0]), default=self.now) - self.now)

        async def look() -> None:
            await asyncio.gather(*(self.town.look(dies=dies) for _ in range(workers)))

        self.town.run(look())
        self._listen()

    @rule()
    def silent_owners_are_asked_again(self) -> None:
        if self.town.run(self.town.ask_again()):
            self._listen()

    @rule()
    def owners_answer(self) -> None:
        self._answer()

    def teardown(self) -> None:
        """All is said, heard and asked for in the end; then it is as the model says."""
        for _ in range(ROUNDS_MAX):
            while any(any(ticket.unsent.values()) for ticket in self.tickets):
                self._deliver(LATE, is_intake_late=False, again=False)
            self._pass(LATER)
            claimed = self.town.run(self.town.look())
            self._listen()
            if not claimed and not any(ticket.questions for ticket in self.tickets):
                break
            self._answer()
        else:
            raise AssertionError("the clock never comes to rest")
        found = self.town.run(self.town.outcomes(self.tickets))
        for ticket in self.tickets:
            expected = ticket.reference.outcomes()
            assert found[ticket.id] == expected
            assert not any(state == "open" for state, _ in expected.values())
            said = sorted(f"{step} {version}" for step, version in ticket.overdue)
            assert said == sorted(
                name for name, (state, _) in expected.items() if state == "overdue"
            )

    def _come(self, matter: Matter, where: int, *, is_verified: bool) -> None:
        packs = (self.town.law.pausing, pack_for("512000"), pack_for("530000"))
        ticket = Ticket(Reference(packs[where % len(packs)], matter))
        self.tickets.append(ticket)
        if is_verified:
            ticket.ask_scope(self.now)
            self._pass((where % 2) * timedelta(days=5) + MOMENT)
            ticket.verify(self.now)
            self._pass(MOMENT)
        ticket.accept(self.now)

    def _act(self, ticket: Ticket, kind: str) -> None:
        self._pass(MOMENT)
        ticket.act(kind, self.now)

    def _deliver(self, count: int, *, is_intake_late: bool, again: bool) -> None:
        events = self.heard[-2:] if again else []
        effects = []
        for _ in range(count):
            for ticket in self.tickets:
                for service in self._services(ticket, is_intake_late=is_intake_late)[:1]:
                    event, effect = ticket.unsent[service].pop(0)
                    events.append(event)
                    effects.append(effect)
        if not events:
            return

        async def hear_and_look() -> None:
            looks = [self.town.look()] if again else []
            await asyncio.gather(self.town.deliver(events), *looks)

        # The model hears first, since what sla says is looked at in its light.
        for effect in effects:
            effect()
        self.town.run(hear_and_look())
        self.heard += events[-len(effects) :] if effects else []
        self._listen()

    def _services(self, ticket: Ticket, *, is_intake_late: bool) -> list[Service]:
        """Whose news of a ticket can come next; nothing comes before the acceptance."""
        order = [Service.DISPATCH, Service.INTAKE]
        if not is_intake_late or ticket.reference.accepted_at is None:
            order.reverse()
        return [service for service in order if ticket.unsent[service]]

    def _answer(self) -> None:
        for ticket in self.tickets:
            questions, ticket.questions = ticket.questions, []
            for question in questions:
                ticket.judge(question, self.now)

    def _listen(self) -> None:
        by_id = {str(ticket.id): ticket for ticket in self.tickets}
        for event in self.town.run(self.town.said()):
            if event.subject in by_id:
                by_id[event.subject].hear(event)

    def _due(self, ticket: Ticket) -> list[datetime]:
        """The moments at which a ticket's steps are due."""
        return [
            versions[-1].due_at
            for versions in ticket.reference.versions.values()
            if versions[-1].state == "open" and versions[-1].due_at > self.now + MOMENT
        ]

    def _ticket(self, which: int) -> Ticket:
        return self.tickets[which % len(self.tickets)]

    def _pass(self, by: timedelta) -> None:
        self.now += max(by, timedelta(0))
        self.town.runtime.clock.stepped = self.now


@pytest.fixture(scope="module")
def town(postgres: str) -> Iterator[Town]:
    """One migrated database for all runs."""
    name = f"t_{uuid4().hex[:16]}"
    asyncio.run(run_sql(postgres, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    try:
        with open_town(at_database(postgres, name), MONDAY) as opened:
            yield opened
    finally:
        asyncio.run(run_sql(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_false_missing_or_doubled_is_ever_said(town: Town, part: int) -> None:
    run_state_machine_as_test(
        seed(part)(lambda: ClockService(town)),
        settings=settings(
            max_examples=RUNS_A_PART,
            stateful_step_count=STEPS_A_RUN,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
