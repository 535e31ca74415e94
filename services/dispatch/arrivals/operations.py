"""Taking in what intake filed: a batch in a handful of statements."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from services.dispatch.directory.rules import Book, Duty, Question, is_off_duty, match
from services.dispatch.rules import SYSTEM, TRANSITIONS
from services.dispatch.timeline.operations import time_of_batch
from shared import outbox
from shared.events.dispatch import TicketDispatched
from shared.events.envelope import Event, Payload
from shared.events.intake import (
    Filed,
    TicketAnswered,
    TicketCreated,
    TicketRecorded,
    TicketRefused,
)
from shared.events.words import Act, State, Urgency
from shared.inbox import Heard
from shared.policy.law import Law

# An arrival has one entry in its timeline and has said nothing; a dispatched one has one more.
INSERT_TICKETS = """INSERT INTO tickets (id, number, jurisdiction, request_type, urgency,
    is_enforcement, title, content, channel, category, place, caller_id, filed_at, policy, state,
    accepted_at, dispatched_at, unit, round, rule, ground, source_article, explanation, article_id,
    closed_at, replies, timeline_length, sequence)
SELECT *, 0, round + 1, round FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[],
    $5::text[], $6::bool[], $7::text[], $8::text[], $9::text[], $10::text[], $11::jsonb[],
    $12::uuid[], $13::timestamptz[], $14::text[], $15::text[], $16::timestamptz[],
    $17::timestamptz[], $18::text[], $19::int[], $20::text[], $21::text[], $22::text[],
    $23::text[], $24::uuid[], $25::timestamptz[])
AS t (id, number, jurisdiction, request_type, urgency, is_enforcement, title, content, channel,
    category, place, caller_id, filed_at, policy, state, accepted_at, dispatched_at, unit, round,
    rule, ground, source_article, explanation, article_id, closed_at)"""
INSERT_ENTRIES = """INSERT INTO timeline (ticket_id, position, event, at, round, unit, by, rule,
    text)
SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::timestamptz[], $5::int[], $6::text[],
    $7::text[], $8::text[], $9::text[])"""


class Arrival(NamedTuple):
    """The columns in which one arrival differs from another, after those of `Filed`."""

    policy: str | None
    state: State
    accepted_at: datetime | None
    dispatched_at: datetime | None = None
    unit: str | None = None
    round: int = 0
    rule: str | None = None
    ground: str | None = None
    source_article: str | None = None
    explanation: str | None = None
    article_id: UUID | None = None
    closed_at: datetime | None = None


async def create_tickets(
    heard: Heard, events: Sequence[Event[TicketCreated]], *, book: Book, law: Law, source: str
) -> None:
    """Take accepted requests in; where a precedent or a duty rule matches, dispatch at once (B2).

    One that no rule matches stays accepted, for a person. An emergency outside working time goes
    to a unit that is on duty, where a rule names one (B15).
    """
    known: dict[tuple[Question, bool], Duty | None] = {}
    matched: list[tuple[Event[TicketCreated], Duty | None]] = []
    for event in events:
        asked = _question(event), _needs_duty(event, law)
        if asked not in known:
            known[asked] = match(book, asked[0], needs_duty=asked[1])
        matched.append((event, known[asked]))
    at = await time_of_batch(heard)
    await _insert(
        heard, [(event, _created(event, duty, dispatched_at=at)) for event, duty in matched]
    )
    await outbox.add_many(
        heard.connection,
        [_dispatched(event, duty, at=at, source=source) for event, duty in matched if duty],
    )


async def keep_refused(heard: Heard, events: Sequence[Event[TicketRefused]]) -> None:
    """Keep requests outside the scope of acceptance, in their last state (A3)."""
    await _insert(
        heard,
        [
            (
                event,
                Arrival(
                    policy=None,
                    state=State.REFUSED,
                    accepted_at=None,
                    ground=event.data.ground,
                    source_article=event.data.source_article,
                    explanation=event.data.explanation,
                ),
            )
            for event in events
        ],
    )


async def keep_answered(heard: Heard, events: Sequence[Event[TicketAnswered]]) -> None:
    """Keep requests that were answered at once, in their last state (ZY 12)."""
    await _insert(
        heard,
        [
            (
                event,
                Arrival(
                    policy=None,
                    state=State.ANSWERED,
                    accepted_at=event.time,
                    article_id=event.data.article_id,
                ),
            )
            for event in events
        ],
    )


async def keep_recorded(heard: Heard, events: Sequence[Event[TicketRecorded]]) -> None:
    """Keep closed tickets of the past: they start no clock and go to nobody."""
    await _insert(
        heard,
        [
            (
                event,
                Arrival(
                    policy=None,
                    state=State.CLOSED,
                    accepted_at=None,
                    closed_at=event.data.closed_at,
                ),
            )
            for event in events
        ],
    )


async def _insert(heard: Heard, arrivals: Iterable[tuple[Event[Filed], Arrival]]) -> None:
    rows, entries = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for event, arrival in arrivals:
        ticket_id = UUID(event.subject)
        rows.append((ticket_id, *_filed(event.data), *arrival))
        text = _result(event.data)
        entries.append((ticket_id, 1, event.data.type, event.time, 0, None, None, None, text))
        if arrival.round:
            entries.append(
                (
                    *(ticket_id, 2, TicketDispatched.type, arrival.dispatched_at),
                    *(arrival.round, arrival.unit, SYSTEM, arrival.rule, None),
                )
            )
    await heard.connection.execute(INSERT_TICKETS, *zip(*rows, strict=True))
    await heard.connection.execute(INSERT_ENTRIES, *zip(*entries, strict=True))


def _question(event: Event[TicketCreated]) -> Question:
    return Question(event.data.jurisdiction, event.data.category, event.data.request_type)


def _needs_duty(event: Event[TicketCreated], law: Law) -> bool:
    filed = event.data
    if filed.urgency is Urgency.NORMAL:
        return False
    calendar = law.calendar(filed.jurisdiction)
    return is_off_duty(filed.urgency, event.time, pack=law.pack(filed.policy), calendar=calendar)


def _result(data: Filed) -> str | None:
    if not isinstance(data, TicketRecorded):
        return None
    told = {"承办单位": data.unit_name, "办理结果": data.result}
    return "；".join(f"{name}：{value}" for name, value in told.items() if value) or None


def _filed(data: Filed) -> tuple[Any, ...]:
    place = data.place and orjson.dumps(data.place.model_dump(exclude_none=True)).decode()
    return (
        *(data.number, data.jurisdiction, data.request_type, data.urgency, data.is_enforcement),
        *(data.title, data.content, data.channel, data.category, place, data.caller_id),
        data.filed_at,
    )


def _created(event: Event[TicketCreated], duty: Duty | None, *, dispatched_at: datetime) -> Arrival:
    arrival = Arrival(event.data.policy, State.ACCEPTED, event.time)
    if duty is None:
        return arrival
    return arrival._replace(
        state=TRANSITIONS[State.ACCEPTED, Act.DISPATCH],
        dispatched_at=dispatched_at,
        unit=duty.unit,
        round=1,
        rule=duty.id,
    )


def _dispatched(
    event: Event[TicketCreated], duty: Duty, *, at: datetime, source: str
) -> Event[Payload]:
    data = TicketDispatched(
        unit=duty.unit, unit_name=duty.unit_name, round=1, rule=duty.id, dispatched_by=SYSTEM
    )
    return Event(source, event.subject, 1, at, data, event.traceparent)
