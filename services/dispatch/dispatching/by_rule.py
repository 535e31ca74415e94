"""Sending many tickets that wait for a unit where a precedent or a duty rule says, at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.dispatch.directory.rules import (
    Book,
    Duty,
    Question,
    co_units_of,
    is_off_duty,
    match,
)
from services.dispatch.dispatching.batches import Sent, follow_up
from services.dispatch.models import RETURN_EVENTS, ROUND_COLUMNS
from services.dispatch.rules import SYSTEM, TRANSITIONS
from services.dispatch.timeline.operations import Locked
from services.dispatch.timeline.saying import Said, say_many
from shared.events.dispatch import TicketDispatched
from shared.events.words import Act, State
from shared.inbox import Heard
from shared.policy.law import Law

RETURNED = """SELECT ticket_id, unit FROM timeline
WHERE ticket_id = ANY($1::uuid[]) AND event = $2"""
DISPATCH = f"""UPDATE tickets SET state = $2, unit = g.unit, rule = g.rule, round = round + 1,
    dispatched_at = $3, {", ".join(f"{column} = NULL" for column in ROUND_COLUMNS)}
FROM unnest($1::uuid[], $4::text[], $5::text[]) AS g (id, unit, rule)
WHERE tickets.id = g.id RETURNING tickets.id, round"""


async def send_many_by_rule(
    heard: Heard,
    waiting: Sequence[Locked],
    *,
    book: Book,
    law: Law,
    source: str,
    at: datetime,
    traces: Mapping[UUID, str | None],
) -> None:
    """Send those that a rule matches (B2); the others wait for a person. Their rows are locked.

    Units that returned a ticket are left out; an emergency outside working time goes to a unit
    that is on duty, where a rule names one (B15).
    """
    if not waiting:
        return
    returned = await heard.connection.fetch(
        RETURNED, [ticket.id for ticket in waiting], RETURN_EVENTS[0]
    )
    excluded: dict[UUID, set[str]] = {}
    for ticket_id, unit in returned:
        excluded.setdefault(ticket_id, set()).add(unit)
    matched = [
        (ticket, duty)
        for ticket in waiting
        if (duty := _match(ticket, at, book, law, excluded.get(ticket.id, set()))) is not None
    ]
    if not matched:
        return
    rows = await heard.connection.fetch(
        DISPATCH,
        [ticket.id for ticket, _ in matched],
        TRANSITIONS[State.ACCEPTED, Act.DISPATCH],
        at,
        [duty.unit for _, duty in matched],
        [duty.id for _, duty in matched],
    )
    rounds: dict[UUID, int] = {row["id"]: row["round"] for row in rows}
    sent = [
        Sent(
            ticket.id,
            duty.unit,
            co_units_of(duty, ticket.about_unit),
            duty.id,
            rounds[ticket.id],
            duty.platform,
            traces.get(ticket.id),
        )
        for ticket, duty in matched
    ]
    said = [
        Said(
            one.ticket_id,
            TicketDispatched(
                unit=duty.unit,
                unit_name=duty.unit_name,
                round=rounds[one.ticket_id],
                rule=duty.id,
                dispatched_by=SYSTEM,
                co_units=one.co_units,
            ),
            by=SYSTEM,
            rule=duty.id,
            traceparent=traces.get(one.ticket_id),
        )
        for one, (_, duty) in zip(sent, matched, strict=True)
    ]
    await say_many(heard, said, source=source, at=at)
    await follow_up(heard, sent, law=law, source=source, at=at)


def _match(
    ticket: Locked, at: datetime, book: Book, law: Law, units_excluded: set[str]
) -> Duty | None:
    pack, calendar = law.pack(ticket.policy or ""), law.calendar(ticket.jurisdiction)
    place = ticket.handled_in or ticket.jurisdiction
    return match(
        book,
        Question(place, ticket.category, ticket.request_type, ticket.about_unit),
        units_excluded=units_excluded,
        needs_duty=is_off_duty(ticket.urgency, at, pack=pack, calendar=calendar),
    )
