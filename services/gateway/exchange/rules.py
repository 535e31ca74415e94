"""What becomes of a message that came, and when a sender tries again. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

from pydantic import BaseModel, ValidationError

from shared.crossing import FORWARD, Forward, file_of
from shared.events.callers import TicketAttached
from shared.events.catalogue import PAYLOADS
from shared.events.intake import Filed
from shared.exchange import TAKEN, Kind, LineStatus, Told, kind_of
from shared.moments import is_possible

NAMESPACE = UUID("5b0ff9a7-6f4d-5a2e-9c5e-123450000005")
"""Ids of messages are made from it, so that the same event told again has the same id."""
HIDDEN = frozenset({"caller_id"})
"""What leaves in no message: even an opaque number of a caller is nobody else's."""
OF_TICKETS = frozenset({Kind.TICKET, Kind.ACT, Kind.RESULT, Kind.RATING, Kind.FORWARD})
ID_REUSED = "id_reused"
"""Why a message is refused whose id was taken with other words."""
ERASED = "message.erased"
"""The payload's type of a message whose words were erased before it could be sent (again)."""
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class Seen(NamedTuple):
    """A message that is known by its id."""

    subject: str
    sequence: int
    digest: bytes


class Verdict(NamedTuple):
    """What becomes of a message."""

    status: LineStatus
    expected: int | None = None
    code: str | None = None


@dataclass(slots=True)
class Standing:
    """How far a subject of a sender has come."""

    last: int = 0
    """The highest sequence that was taken; there is no gap below."""
    pruned: int = 0
    """Up to here it is no longer known which id had which sequence."""
    said: int = 0
    """How many events were said of it here."""
    is_waiting: bool = False
    """A message was set aside: all later ones wait behind it."""


@dataclass(slots=True)
class Book:
    """What is known of one sender's messages: those that a request may speak of."""

    standings: dict[str, Standing] = field(default_factory=dict)
    by_id: dict[UUID, Seen] = field(default_factory=dict)
    by_place: dict[tuple[str, int], UUID] = field(default_factory=dict)

    def take(self, message_id: UUID, seen: Seen) -> Verdict:
        """Decide about the next message, and note it where it is taken.

        A place below the last one that nobody is known to have had was lost here: it is taken
        again, so that a reconciliation can refill it.
        """
        known = self.by_id.get(message_id)
        if known is not None:
            if known == seen:
                return Verdict(LineStatus.DUPLICATE)
            return Verdict(LineStatus.REFUSED, code=ID_REUSED)
        standing = self.standings.setdefault(seen.subject, Standing())
        if seen.sequence > standing.last + 1:
            return Verdict(LineStatus.OUT_OF_ORDER, expected=standing.last + 1)
        if seen.sequence <= standing.pruned:
            return Verdict(LineStatus.DUPLICATE)
        if (seen.subject, seen.sequence) in self.by_place:
            return Verdict(LineStatus.REFUSED, code="sequence_reused")
        standing.last = max(standing.last, seen.sequence)
        self.by_id[message_id] = seen
        self.by_place[seen.subject, seen.sequence] = message_id
        return Verdict(LineStatus.ACCEPTED)


REFUSALS: Mapping[str, tuple[str, str]] = {
    ID_REUSED: ("id", "该编号此前已用于另一条消息"),
    "sequence_reused": ("sequence", "该序号此前已用于另一条消息"),
}
"""Why a message is refused: the field, and the reason for people."""


def poison_in(kind: Kind, told: Told) -> str | None:
    """Why a payload cannot be used; none where it can.

    A type that this version does not know is no poison: newer platforms tell more.
    """
    payload = PAYLOADS.get(told.type)
    if payload is None and told.type != FORWARD:
        return None
    right = Kind.FORWARD
    if payload is not None:
        right = kind_of(payload, is_filed=issubclass(payload, Filed))
    if kind not in (right, Kind.FORWARD):
        return f"kind: {told.type} 应为 {right}"
    try:
        data = (payload or Forward).model_validate(told.data)
        if payload is TicketAttached:
            file_of(told.data)
    except ValidationError as error:
        return wrong_in(error)
    wrong = _wrong_moment(data)
    return None if wrong is None else f"data.{wrong}: 时间须带时区，并在 1900 年至 2200 年之间"


def _wrong_moment(data: BaseModel) -> str | None:
    """Where in a payload a time is that has no day in every zone; none where all are well."""
    for name, value in data:
        if isinstance(value, datetime) and not is_possible(value):
            return name
        if isinstance(value, BaseModel) and (inner := _wrong_moment(value)) is not None:
            return f"{name}.{inner}"
    return None


def wrong_in(error: ValidationError) -> str:
    """What of a payload's data is wrong: the first field and why, never what it holds."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in ("data", *first["loc"]))
    return f"{place}: {first['msg']}"


def unsayable_in(payload: str) -> str | None:
    """Why a payload, as it is written, cannot be kept: PostgreSQL has no sign for NUL."""
    return "data: 不得含空字符（U+0000）" if _NUL.search(payload) else None


def message_id(peer: str, key: str) -> UUID:
    """The id of the message that tells a peer of `key`, such as an event's source and id."""
    return uuid5(NAMESPACE, f"{peer} {key}")


def delay(failures: int, jitter: float, *, seconds_max: float) -> timedelta:
    """How long to wait after so many failures in a row; `jitter` is in [0, 1)."""
    seconds = min(2.0 ** min(failures - 1, 30), seconds_max)
    return timedelta(seconds=seconds * (0.5 + jitter / 2))


@dataclass(slots=True)
class Narrowing:
    """How much is tried at once of what waits for a peer, and which subjects stay behind for now.

    What is not taken as a whole, for what it holds, is halved down to one message. That one is at
    fault only where something else was taken since the last one was: a peer that takes nothing at
    all must not make every subject wait for a person.
    """

    limit_max: int
    limit: int
    suspects: list[str] = field(default_factory=list)
    """Subjects whose next message alone was not taken while nothing else was."""
    is_working: bool = False
    """Whether something was taken since one was found at fault or the peer did not answer."""

    def next(self) -> tuple[int, Sequence[str]]:
        """How many messages go now, and which subjects are left out."""
        if self.suspects and self.is_working:
            return 1, self.suspects[1:]
        return self.limit, self.suspects

    def took(self) -> None:
        """What went was answered line by line: next time more is tried."""
        if self.is_working:
            del self.suspects[:1]
        self.is_working = True
        self.limit = min(self.limit * 2, self.limit_max)

    def refused(self, subjects: Sequence[str]) -> str | None:
        """What went, message by message, was not taken as a whole; which subject is at fault."""
        if len(subjects) > 1:
            self.limit = len(subjects) // 2
            return None
        [subject] = subjects
        if not self.is_working:
            self.suspects.append(subject)
            return None
        self.is_working = False
        self.suspects = [one for one in self.suspects if one != subject]
        return subject

    def unanswered(self) -> None:
        """The peer did not answer: of what was sent nothing is known."""
        self.is_working = False

    def waited(self) -> None:
        """Nothing else waits: the suspects have their turn again."""
        self.suspects.clear()


class Outcome(NamedTuple):
    """What became of the messages of one subject: how far they were taken, or why they stay."""

    taken: frozenset[UUID] = frozenset()
    expected: int | None = None
    """The receiver waits for this sequence: everything from it on is sent again."""
    problem: str | None = None
    """The receiver refused the next one: it and what follows wait for a person."""
    taken_before: frozenset[UUID] = frozenset()
    """Those of `taken` that it had already, with the words that they had then."""


class Answered(NamedTuple):
    """The answer to one message, beside what was sent."""

    id: UUID
    sequence: int
    status: LineStatus
    expected: int | None
    problem: str | None
    was_taken: bool = False
    """Refused under its id, for the receiver has it with words that were erased here since."""


def outcome_of(answers: Iterable[Answered]) -> Outcome:
    """What becomes of one subject's messages, in the order in which they were sent.

    The first that was not taken decides: what followed it was judged without it.
    """
    taken, before = set[UUID](), set[UUID]()
    expected: int | None = None
    problem: str | None = None
    for one in answers:
        if one.was_taken:
            before.add(one.id)
        if one.was_taken or one.status in TAKEN:
            taken.add(one.id)
            continue
        is_behind = one.status is LineStatus.OUT_OF_ORDER and 0 < (one.expected or 0) < one.sequence
        expected = one.expected if is_behind else None
        problem = None if is_behind else one.problem or str(one.status)
        break
    return Outcome(frozenset(taken), expected, problem, frozenset(before))
