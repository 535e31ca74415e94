"""Taking in what intake filed: a batch in a handful of statements."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.dispatch.arrivals.insertion import Arrival, insert_arrivals
from services.dispatch.arrivals.repeats import Repeat, find_repeats, levels, say_repeats
from services.dispatch.directory.rules import (
    Book,
    Duty,
    Question,
    co_units_of,
    is_off_duty,
    match,
)
from services.dispatch.dispatching.batches import Sent, follow_up
from services.dispatch.links.rules import Arriving
from services.dispatch.rules import SYSTEM, TRANSITIONS
from services.dispatch.timeline.operations import time_of_batch
from shared import outbox
from shared.events.callers import TicketHandedOver, TicketRepeatAnswered
from shared.events.dispatch import TicketDispatched
from shared.events.envelope import Event, Payload
from shared.events.intake import (
    TicketAnswered,
    TicketCreated,
    TicketRecorded,
    TicketRefused,
)
from shared.events.kinds import Link
from shared.events.words import Act, State, Urgency
from shared.inbox import Heard
from shared.policy.law import Law


async def create_tickets(
    heard: Heard, events: Sequence[Event[TicketCreated]], *, book: Book, law: Law, source: str
) -> None:
    """Take accepted requests in; where a precedent or a duty rule matches, dispatch at once (B2).

    One that no rule matches stays accepted, for a person. An emergency outside working time goes
    to a unit that is on duty, where a rule names one (B15). What repeats an earlier ticket goes
    with it while that is open (A7). Raises `Wait` where an earlier ticket was not heard of yet.
    """
    if not any(event.data.repeats for event in events):
        await _create(heard, events, book=book, law=law, source=source)
        return
    for level in levels(events):
        repeats = await find_repeats(heard, level, law=law)
        taken = [one for one in repeats if one.arriving is not Arriving.ORDINARY]
        aside = {one.event.subject for one in taken}
        ordinary = [event for event in level if event.subject not in aside]
        if ordinary:
            await _create(heard, ordinary, book=book, law=law, source=source)
        if taken:
            at = await time_of_batch(heard)
            await insert_arrivals(heard, [(one.event, _repeated(one, at)) for one in taken])
            await say_repeats(heard, taken, law=law, source=source)


async def _create(
    heard: Heard, events: Sequence[Event[TicketCreated]], *, book: Book, law: Law, source: str
) -> None:
    known: dict[tuple[Question, bool], Duty | None] = {}
    matched: list[tuple[Event[TicketCreated], Duty | None]] = []
    for event in events:
        asked = _question(event), _needs_duty(event, law)
        if asked not in known:
            known[asked] = match(book, asked[0], needs_duty=asked[1])
        matched.append((event, known[asked]))
    at = await time_of_batch(heard)
    await insert_arrivals(
        heard, [(event, _created(event, duty, dispatched_at=at)) for event, duty in matched]
    )
    await outbox.add_many(
        heard.connection,
        [_dispatched(event, duty, at=at, source=source) for event, duty in matched if duty],
    )
    sent = [
        Sent(
            UUID(event.subject),
            duty.unit,
            co_units_of(duty, event.data.about_unit),
            duty.id,
            platform=duty.platform,
            traceparent=event.traceparent,
        )
        for event, duty in matched
        if duty
    ]
    await follow_up(heard, sent, law=law, source=source, at=at)


async def keep_refused(heard: Heard, events: Sequence[Event[TicketRefused]]) -> None:
    """Keep requests outside the scope of acceptance, in their last state (A3)."""
    await insert_arrivals(
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
    await insert_arrivals(
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


async def keep_repeat_answered(heard: Heard, events: Sequence[Event[TicketRepeatAnswered]]) -> None:
    """Keep requests that were answered with the recorded words of a terminated matter (ZY 15)."""
    answered = [Arrival(None, State.ANSWERED, event.time) for event in events]
    await insert_arrivals(heard, zip(events, answered, strict=True))


async def keep_handed_over(heard: Heard, events: Sequence[Event[TicketHandedOver]]) -> None:
    """Keep emergencies that were handed to their own line, in their last state (ZY 34)."""
    handed = [
        Arrival(
            None,
            State.HANDED_OVER,
            None,
            unit=event.data.to_unit,
            line=event.data.line.value,
        )
        for event in events
    ]
    await insert_arrivals(heard, zip(events, handed, strict=True))


async def keep_recorded(heard: Heard, events: Sequence[Event[TicketRecorded]]) -> None:
    """Keep closed tickets of the past: they start no clock and go to nobody."""
    await insert_arrivals(
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


def _question(event: Event[TicketCreated]) -> Question:
    filed = event.data
    return Question(filed.jurisdiction, filed.category, filed.request_type, filed.about_unit)


def _needs_duty(event: Event[TicketCreated], law: Law) -> bool:
    filed = event.data
    if filed.urgency is Urgency.NORMAL:
        return False
    calendar = law.calendar(filed.jurisdiction)
    return is_off_duty(filed.urgency, event.time, pack=law.pack(filed.policy), calendar=calendar)


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


def _repeated(repeat: Repeat, at: datetime) -> Arrival:
    event, way, main = repeat
    arrival = Arrival(event.data.policy, State.ACCEPTED, event.time)
    if way is Arriving.CLOSED:
        return arrival._replace(state=State.CLOSED, unit=main.unit, closed_at=at)
    return arrival._replace(state=State.LINKED, main=main.id, link_kind=Link.REPEAT, linked_at=at)


def _dispatched(
    event: Event[TicketCreated], duty: Duty, *, at: datetime, source: str
) -> Event[Payload]:
    data = TicketDispatched(
        unit=duty.unit,
        unit_name=duty.unit_name,
        round=1,
        rule=duty.id,
        dispatched_by=SYSTEM,
        co_units=co_units_of(duty, event.data.about_unit),
    )
    return Event(source, event.subject, 1, at, data, event.traceparent)
