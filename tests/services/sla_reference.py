"""What the clock must make of a ticket's events, one after the other and in memory: the model.

It knows nothing of batches, locks, workers and crashes. When a step is due is the packs' to say
and tested elsewhere; what becomes of a deadline is written here a second time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.sla.rules import PAUSE, Act, Start, recount, starts_from
from shared.calendars import national_calendar
from shared.events.words import Step, Verdict
from shared.policy.deadlines import Matter
from shared.policy.model import Pack

DAYS = national_calendar()
ENDS: Mapping[Step, frozenset[str]] = {
    Step.DISPATCH: frozenset({"dispatched"}),
    Step.SIGN: frozenset({"signed", "responded", "returned"}),
    Step.RESPOND: frozenset({"responded", "returned", "interim_closed", "progressed", "replied"}),
    Step.HANDLE: frozenset({"replied", "interim_closed"}),
    Step.RESULT: frozenset({"progressed", "replied"}),
    Step.PROGRESS: frozenset({"progressed", "replied"}),
    Step.VERIFY: frozenset({"verified"}),
    Step.FOLLOW_UP: frozenset({"closed", "reopened"}),
}
MISSED = {Step.FOLLOW_UP: "lapsed"}
OF_UNIT = (Step.SIGN, Step.RESPOND, Step.HANDLE, Step.RESULT, Step.PROGRESS)


@dataclass(frozen=True)
class Done:
    """Something that was done to a ticket, in the order of its owner's book."""

    kind: str
    at: datetime
    place: int = 0


@dataclass
class Version:
    """One version of one step's deadline."""

    start: Start
    since: int
    """The place in the owners' book of the act that it runs from."""
    state: str = "open"

    @property
    def due_at(self) -> datetime:
        """When it is due."""
        return self.start.due_at


@dataclass
class Reference:
    """A ticket's deadlines."""

    pack: Pack
    matter: Matter
    versions: dict[Step, list[Version]] = field(default_factory=dict)
    returns: dict[int, Version] = field(default_factory=dict)
    law_limit: dict[str, Any] | None = None
    round: int = 0
    accepted_at: datetime | None = None
    dispatched: Done | None = None
    signed_at: datetime | None = None
    is_interim: bool = False
    is_replied: bool = False
    is_closed: bool = False
    is_redone: bool = False
    paused_at: datetime | None = None

    def hear(self, done: Done) -> None:
        """Take what was done, as its event comes."""
        getattr(self, f"_{done.kind}")(done)

    def answer(self, step: Step, number: int, verdict: Verdict) -> None:
        """Take an owner's judgement."""
        version = self.versions[step][number - 1]
        if version.state == "open":
            version.state = "met" if verdict is Verdict.MET else MISSED.get(step, "overdue")

    def amend(self, done: Done, matter: Matter) -> None:
        """Take a correction."""
        if matter == self.matter:
            return
        before, self.matter = self.matter, matter
        for step, versions in self.versions.items():
            self._correct(step, versions[-1], done.at)
        is_signed = self.signed_at is not None and self.signed_at <= done.at
        for step in (Step.RESULT,) if is_signed else (Step.RESPOND, Step.RESULT):
            is_new = not self._has(before, step) and self._has(matter, step)
            if is_new and self.dispatched is not None and not self._is_handled():
                own = [v for v in self.versions.get(step, []) if v.since == self.dispatched.place]
                if not self.is_redone and all(v.state == "moved" for v in own[-1:]):
                    self._start(step, self.dispatched)

    def handling(self) -> Version | None:
        """The handling that is still to be done."""
        versions = self.versions.get(Step.HANDLE)
        if versions is None or self._is_handled() or versions[-1].state in ("met", "moved"):
            return None
        return versions[-1]

    def extend(self, days: int) -> Start:
        """An extension of the handling; returns the next version."""
        present = self.versions[Step.HANDLE][-1]
        return self._again(present, [*present.start.adjustments, ["extend", days]])

    def limit(self, law_limit: dict[str, Any]) -> Start:
        """A limit set by law."""
        self.law_limit = law_limit
        present = self.versions[Step.HANDLE][-1]
        return self._again(present, present.start.adjustments)

    def pause(self, at: datetime) -> None:
        """The clock stops."""
        self.paused_at = at
        self.versions[Step.HANDLE][-1].state = "paused"

    def resume(self, at: datetime) -> None:
        """The clock runs again."""
        assert self.paused_at is not None
        present = self.versions[Step.HANDLE][-1]
        stood = [PAUSE, self.paused_at.isoformat(), at.isoformat()]
        self._again(present, [*present.start.adjustments, stood])
        self.versions[Step.HANDLE][-1].state = "open"
        self.paused_at = None

    def outcomes(self) -> dict[str, tuple[str, datetime]]:
        """What became of each version, and when it was due."""
        found = {
            f"{step} {number}": (version.state, version.due_at)
            for step, versions in self.versions.items()
            for number, version in enumerate(versions, start=1)
        }
        return found | {
            f"return {number}": (one.state, one.due_at) for number, one in self.returns.items()
        }

    def _verification_requested(self, done: Done) -> None:
        self._stop([Step.VERIFY], done.at)
        self._start(Step.VERIFY, done)

    def _verified(self, done: Done) -> None:
        self._done([Step.VERIFY], done.at)

    def _created(self, done: Done) -> None:
        self.accepted_at = done.at
        self._start_from(Act.ACCEPT, done)

    def _dispatched(self, done: Done) -> None:
        self._done([Step.DISPATCH], done.at)
        self._stop(OF_UNIT, done.at)
        self.round += 1
        self.dispatched, self.signed_at, self.paused_at = done, None, None
        self.is_interim = self.is_replied = self.is_redone = False
        self._start_from(Act.DISPATCH, done)

    def _signed(self, done: Done) -> None:
        if self.signed_at is None:
            self._done([Step.SIGN], done.at)
            self.signed_at = done.at
            self._start_from(Act.SIGN, done)

    def _responded(self, done: Done) -> None:
        self._done([Step.RESPOND], done.at)
        self._signed(done)

    def _returned(self, done: Done) -> None:
        assert self.dispatched is not None
        is_from_dispatch = self.pack.returning.starts.value == "dispatch"
        starts_at = self.dispatched.at if is_from_dispatch else (self.signed_at or done.at)
        self._responded(done)
        window = Version(self._count(Step.RETURN, starts_at, []), done.place)
        window.state = "overdue" if done.at > window.due_at else "met"
        known = self.returns.get(self.round)
        if known is None or (known.state, window.state) == ("met", "overdue"):
            self.returns[self.round] = window

    def _granted(self, done: Done) -> None:
        """Nothing moves until another unit has it."""

    _rejected = _granted

    def _interim_closed(self, done: Done) -> None:
        self._done([Step.RESPOND, Step.HANDLE], done.at)
        self.is_interim, self.paused_at = True, None
        self._start_report(done)

    def _progressed(self, done: Done) -> None:
        self._done([Step.RESPOND, Step.RESULT, Step.PROGRESS], done.at)
        if self.is_interim:
            self._start_report(done)

    def _replied(self, done: Done) -> None:
        self._done([Step.RESPOND, Step.HANDLE, Step.RESULT, Step.PROGRESS], done.at)
        self.is_replied, self.is_interim, self.paused_at = True, False, None
        self._start(Step.FOLLOW_UP, done)

    def _reopened(self, done: Done) -> None:
        self._stop([*OF_UNIT, Step.FOLLOW_UP], done.at)
        self.is_replied = self.is_interim = False
        self.is_redone = True
        self._start(Step.HANDLE, done)

    def _closed(self, done: Done) -> None:
        self._done([Step.FOLLOW_UP], done.at)
        self._stop([*OF_UNIT, Step.DISPATCH], done.at)
        self.is_closed, self.paused_at = True, None

    _withdrawn = _closed

    def _correct(self, step: Step, present: Version, at: datetime) -> None:
        is_open = present.state in ("open", "paused")
        is_early = is_open and (present.due_at >= at or present.state == "paused")
        if not self._has(self.matter, step):
            if is_early:
                present.state = "moved"
            return
        start = self._count(step, present.start.starts_at, present.start.adjustments)
        was = present.start
        if (start.due_at, start.rule, start.source) == (was.due_at, was.rule, was.source):
            return
        earlier = self.versions[step][:-1]
        is_missed = any(
            one.since == present.since
            and (one.state == "overdue" or (one.state == "open" and one.due_at < at))
            for one in earlier
        )
        if is_early and is_missed and start.due_at <= at:
            present.state = "moved"
        elif is_early:
            self._again(present, present.start.adjustments)
        elif present.state != "met" and self._is_due(step) and start.due_at > at:
            self.versions[step].append(Version(start, present.since))

    def _is_due(self, step: Step) -> bool:
        waits = {Step.DISPATCH: self.dispatched is None, Step.SIGN: self.signed_at is None}
        return (step is Step.HANDLE or waits.get(step, False)) and not self._is_handled()

    def _is_handled(self) -> bool:
        return self.is_interim or self.is_replied or self.is_closed

    def _has(self, matter: Matter, step: Step) -> bool:
        if step not in (Step.RESPOND, Step.RESULT):
            return True
        law = self.pack.respond if step is Step.RESPOND else self.pack.result
        return getattr(law, matter.urgency, None) is not None

    def _again(self, present: Version, adjustments: Sequence[Any]) -> Start:
        step = present.start.step
        start = self._count(step, present.start.starts_at, adjustments)
        state = "paused" if present.state == "paused" else "open"
        if present.state in ("open", "paused"):
            present.state = "moved"
        self.versions[step].append(Version(start, present.since, state))
        return start

    def _done(self, steps: Sequence[Step], at: datetime) -> None:
        self._end(steps, at, "met")

    def _stop(self, steps: Sequence[Step], at: datetime) -> None:
        self._end(steps, at, "moved")

    def _end(self, steps: Sequence[Step], at: datetime, state: str) -> None:
        for version in (one for step in steps for one in self.versions.get(step, [])):
            in_time = version.state == "open" and at <= version.due_at
            if in_time or version.state == "paused":
                version.state = state

    def _start_from(self, act: Act, done: Done) -> None:
        for start in starts_from(
            self.pack, DAYS, self.matter, act, at=done.at, law_limit=self.law_limit
        ):
            self.versions.setdefault(start.step, []).append(Version(start, done.place))

    def _start(self, step: Step, done: Done) -> None:
        start = self._count(step, done.at, [])
        self.versions.setdefault(step, []).append(Version(start, done.place))

    def _start_report(self, done: Done) -> None:
        if self.pack.interim is not None and self.law_limit is None:
            self._start(Step.PROGRESS, done)

    def _count(self, step: Step, starts_at: datetime, adjustments: Sequence[Any]) -> Start:
        start = recount(
            self.pack,
            DAYS,
            self.matter,
            step,
            starts_at=starts_at,
            adjustments=adjustments,
            law_limit=self.law_limit,
        )
        assert start is not None
        return start
