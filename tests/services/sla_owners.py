"""Intake and dispatch as the stateful test plays them: the owners of a ticket's acts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from shared.events.dispatch import TicketClosed, TicketWithdrawn
from shared.events.envelope import Event, Payload
from shared.events.intake import (
    DeadlineAnswered,
    TicketAmended,
    TicketCreated,
    TicketVerified,
    VerificationRequested,
)
from shared.events.sla import DeadlineReached, TicketDueSoon, TicketOverdue
from shared.events.words import CloseReason, ReturnDecision, Service, Step, Verdict
from shared.policy.deadlines import Matter
from shared.runtime import source_of
from tests.services.sla_reference import ENDS, Done, Reference
from tests.services.sla_tickets import (
    UNIT,
    created,
    decided,
    dispatched,
    interim_closed,
    judged,
    progressed,
    reopened,
    replied,
    responded,
    returned,
    signed,
)

AFTER = {
    "accepted": ("dispatched", "withdrawn"),
    "dispatched": ("signed", "responded", "returned", "signed"),
    "signed": ("replied", "responded", "returned", "interim_closed", "progressed", "withdrawn"),
    "returned": ("granted", "rejected"),
    "interim_closed": ("progressed", "replied"),
    "replied": ("reopened", "closed"),
}
LEADS_TO = {
    "responded": "signed",
    "granted": "accepted",
    "reopened": "signed",
    "withdrawn": "closed",
}


@dataclass
class Ticket:
    """A ticket as its owners know it, and as sla has heard of it."""

    reference: Reference
    id: UUID = field(default_factory=uuid4)
    state: str = "new"
    state_before_return: str = ""
    acts: list[Done] = field(default_factory=list)
    unsent: dict[Service, list[tuple[Event[Payload], Callable[[], None]]]] = field(
        default_factory=lambda: {Service.INTAKE: [], Service.DISPATCH: []}
    )
    sequences: dict[Service, int] = field(default_factory=dict)
    questions: list[DeadlineReached] = field(default_factory=list)
    warned: list[tuple[Step, int]] = field(default_factory=list)
    overdue: list[tuple[Step, int]] = field(default_factory=list)
    sla_sequence: int = 0

    def ask_scope(self, at: datetime) -> None:
        """A unit is asked whether the request is in scope."""
        asked = {"unit": UNIT, "question": "是否属于受理范围", "requested_by": "operator"}
        request = VerificationRequested(**self._filed().model_dump(), **asked)
        self.do(request, "verification_requested", at)

    def verify(self, at: datetime) -> None:
        """It is."""
        answer = TicketVerified(unit=UNIT, is_in_scope=True, opinion="属于", verified_by="clerk")
        self.do(answer, "verified", at)

    def accept(self, at: datetime) -> None:
        """The ticket begins."""
        self.do(self._filed(), "created", at)
        self.state = "accepted"

    def act(self, kind: str, at: datetime) -> None:
        """What dispatch's states allow; see `AFTER`."""
        payloads: dict[str, Payload] = {
            "dispatched": dispatched(nth=1 + sum(act.kind == kind for act in self.acts)),
            "signed": signed(),
            "responded": responded(),
            "returned": returned(),
            "granted": decided(ReturnDecision.GRANTED),
            "rejected": decided(ReturnDecision.REJECTED),
            "interim_closed": interim_closed(at),
            "progressed": progressed(),
            "replied": replied(),
            "reopened": reopened(),
            "closed": TicketClosed(unit=UNIT, reason=CloseReason.SATISFIED),
            "withdrawn": TicketWithdrawn(),
        }
        before = self.state
        if kind == "rejected":
            self.state = self.state_before_return
        elif kind != "progressed":
            self.state = LEADS_TO.get(kind, kind)
        if kind == "returned":
            self.state_before_return = before
        self.do(payloads[kind], kind, at)

    def correct(self, matter: Matter, at: datetime) -> None:
        """Intake corrects type, urgency or enforcement."""
        amended = TicketAmended(
            request_type=matter.type, urgency=matter.urgency, is_enforcement=matter.enforcement
        )
        done = Done("amended", at, len(self.acts))
        self.acts.append(done)
        self.say(amended, at, lambda: self.reference.amend(done, matter))

    def do(self, payload: Payload, kind: str, at: datetime) -> None:
        """Write an act into the owner's book and let its event wait to be sent."""
        done = Done(kind, at, len(self.acts))
        self.acts.append(done)
        self.say(payload, at, lambda: self.reference.hear(done))

    def say(self, payload: Payload, at: datetime, heard: Callable[[], None]) -> None:
        """Let an event wait to be sent; `heard` is what the model does when it comes."""
        service = payload.said_by
        sequence = self.sequences[service] = self.sequences.get(service, 0) + 1
        event = Event(source_of("530000", service), str(self.id), sequence, at, payload)
        self.unsent[service].append((event, heard))

    def judge(self, question: DeadlineReached, at: datetime) -> None:
        """Answer as the owner of the act: truthfully, under its lock."""
        assert at > question.due_at, "asked while the act could still be done in time"
        version = self.reference.versions[question.step][question.version - 1]
        assert version.due_at == question.due_at
        ending = [one for one in self.acts if one.kind in ENDS[question.step]]
        act_at = next((one.at for one in ending if one.place > version.since), None)
        payload: Payload = judged(question, act_at=act_at)
        if question.step in (Step.VERIFY, Step.FOLLOW_UP):
            payload = DeadlineAnswered(**payload.model_dump())
        verdict: Verdict = payload.verdict  # type: ignore[attr-defined]
        step, number = question.step, question.version
        self.say(payload, at, lambda: self.reference.answer(step, number, verdict))

    def hear(self, event: Event[Payload]) -> None:
        """Hear what sla said; nothing false, and nothing twice."""
        said = event.data
        assert event.sequence == self.sla_sequence + 1, "a gap in what sla says"
        self.sla_sequence = event.sequence
        if isinstance(said, DeadlineReached):
            self.questions.append(said)
        elif isinstance(said, TicketDueSoon):
            assert said.step is not Step.FOLLOW_UP, "nobody owes an answer"
            assert (said.step, said.version) not in self.warned, "warned twice"
            self.warned.append((said.step, said.version))
        elif isinstance(said, TicketOverdue):
            assert (said.step, said.version) not in self.overdue, "overdue twice"
            self.overdue.append((said.step, said.version))
            self._check_overdue(said)

    def _check_overdue(self, said: TicketOverdue) -> None:
        assert said.step is not Step.FOLLOW_UP, "nobody is late with an answer"
        if said.step is Step.RETURN:
            assert said.act_at is not None
            assert said.act_at > said.due_at
            return
        version = self.reference.versions[said.step][said.version - 1]
        assert not any(
            one.kind in ENDS[said.step] and one.place > version.since and one.at <= said.due_at
            for one in self.acts
        ), f"{said.step} was done in time"

    def _filed(self) -> TicketCreated:
        pack, matter = self.reference.pack, self.reference.matter
        return created(
            pack.code,
            policy=pack.content_hash,
            request_type=matter.type,
            urgency=matter.urgency,
            is_enforcement=matter.enforcement,
        )
