"""Writing down what supervision counts, and counting it; set-based."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.sla.operations import columns
from shared.database import Connection
from shared.events.dispatch import UnitChanged
from shared.events.envelope import Event
from shared.events.words import Step
from shared.inbox import Wait
from shared.policy.supervision import UNIT_STEPS, Trigger

SHOWN_MAX = 20
"""So many incidents stand in the evidence of an order."""
RECORD_UNITS = """INSERT INTO units (code, name, jurisdiction)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
ON CONFLICT (code) DO UPDATE SET name = excluded.name, jurisdiction = excluded.jurisdiction"""
RECORD_HOLDERS = """INSERT INTO holders (ticket_id, held_from, unit)
SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[])
ON CONFLICT (ticket_id, held_from) DO UPDATE SET unit = excluded.unit"""
# Whoever had the ticket when the time was over; a ticket given back and not sent on is nobody's.
FIND_OVERDUE = """SELECT d.ticket_id, d.step, d.version, d.due_at, d.act_at, h.unit,
    d.act_at IS NULL AND NOT c.is_closed AND coalesce(c.unit = h.unit, false) AND NOT EXISTS (
        SELECT FROM deadlines l WHERE l.ticket_id = d.ticket_id AND l.step = d.step
            AND l.version > d.version) AS is_undone
FROM unnest($1::uuid[], $2::text[], $3::int[]) AS j (ticket_id, step, version)
JOIN deadlines d USING (ticket_id, step, version) JOIN clocks c USING (ticket_id)
CROSS JOIN LATERAL (SELECT unit FROM holders WHERE ticket_id = d.ticket_id
    AND held_from <= d.due_at ORDER BY held_from DESC LIMIT 1) h
WHERE d.state = 'overdue' AND d.step = ANY($4::text[]) AND h.unit IS NOT NULL"""
ADD = """INSERT INTO incidents (ticket_id, trigger, mark, unit, step, happened_at, act_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[],
    $6::timestamptz[], $7::timestamptz[])
ON CONFLICT DO NOTHING RETURNING ticket_id, trigger, mark"""
FIND_CLOCKS = """SELECT ticket_id, jurisdiction, policy, round FROM clocks
WHERE ticket_id = ANY($1::uuid[])"""
FIND_UNITS = "SELECT code, jurisdiction FROM units WHERE code = ANY($1::text[])"
COUNT = """SELECT q.n, t.times, t.counted_to, t.shown::text AS shown
FROM unnest($1::text[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[], $6::timestamptz[],
    $7::bigint[], $8::int[]) AS q (unit, trigger, steps, ticket_id, since, until, after, n)
CROSS JOIN LATERAL (
    SELECT count(*) AS times, max(i.position) AS counted_to, coalesce(jsonb_agg(jsonb_build_object(
        'ticket_id', i.ticket_id, 'number', c.number, 'trigger', i.trigger, 'step', i.step,
        'happened_at', i.happened_at, 'act_at', i.act_at) ORDER BY i.happened_at, i.position)
        FILTER (WHERE i.nth <= $9), '[]') AS shown
    FROM (SELECT *, row_number() OVER (ORDER BY position DESC) AS nth FROM incidents
        WHERE unit = q.unit AND trigger = q.trigger AND happened_at <= q.until
            AND {which} AND position > q.after
            AND (step IS NULL OR step = ANY(string_to_array(q.steps, ' ')))) i
    LEFT JOIN clocks c ON c.ticket_id = i.ticket_id
) t"""
COUNT_OF_TICKETS = COUNT.format(which="ticket_id = q.ticket_id")
COUNT_OF_UNITS = COUNT.format(which="happened_at > q.since")


class Overdue(NamedTuple):
    """A step that its unit did not do in time."""

    ticket_id: UUID
    step: Step
    version: int
    due_at: datetime
    act_at: datetime | None
    unit: str
    is_undone: bool


class Incident(NamedTuple):
    """What happened to a ticket at a unit; `mark` tells it from others of its kind."""

    ticket_id: UUID
    trigger: Trigger
    mark: str
    unit: str
    step: Step | None
    happened_at: datetime
    act_at: datetime | None = None


class Place(NamedTuple):
    """Where a ticket belongs, the pack that it was accepted under, and the units it has had."""

    jurisdiction: str
    policy: str
    round: int


class Question(NamedTuple):
    """How often did it happen at a unit: with a ticket, or since a time; after a position."""

    unit: str
    trigger: Trigger
    steps: tuple[Step, ...]
    ticket_id: UUID | None
    since: datetime | None
    until: datetime
    after: int


class Tally(NamedTuple):
    """How often, up to which incident, and the latest of them as JSON."""

    times: int
    counted_to: int | None
    shown: str


async def record_units(connection: Connection, events: Sequence[Event[UnitChanged]]) -> None:
    """Keep the directory's units."""
    units = [(event.data.code, event.data.name, event.data.jurisdiction) for event in events]
    await connection.execute(RECORD_UNITS, *columns(units))


async def record_holders(
    connection: Connection, holders: Sequence[tuple[UUID, datetime, str | None]]
) -> None:
    """Keep who has a ticket from when on."""
    if holders:
        await connection.execute(RECORD_HOLDERS, *columns(holders))


async def find_overdue(
    connection: Connection, judged: Sequence[tuple[UUID, Step, int]]
) -> list[Overdue]:
    """Those of the judged steps that are overdue, with the unit that had the ticket at the time."""
    if not judged:
        return []
    rows = await connection.fetch(FIND_OVERDUE, *columns(judged), UNIT_STEPS)
    return [
        Overdue(ticket_id, Step(step), version, *rest) for ticket_id, step, version, *rest in rows
    ]


async def add_incidents(connection: Connection, incidents: Sequence[Incident]) -> list[Incident]:
    """Write down what is new, and return it. Hold the lock on all orders."""
    rows = await connection.fetch(ADD, *columns(incidents))
    new = {(row["ticket_id"], row["trigger"], row["mark"]) for row in rows}
    return [one for one in incidents if (one.ticket_id, one.trigger, one.mark) in new]


async def find_units(connection: Connection, codes: Sequence[str]) -> dict[str, str]:
    """The places of units, by code, where sla has heard of them."""
    rows = await connection.fetch(FIND_UNITS, codes)
    return {row["code"]: row["jurisdiction"] for row in rows}


async def find_places(connection: Connection, ticket_ids: Sequence[UUID]) -> dict[UUID, Place]:
    """Where tickets belong. Raises `Wait` where a ticket was not heard of."""
    rows = await connection.fetch(FIND_CLOCKS, ticket_ids)
    places = {
        row["ticket_id"]: Place(row["jurisdiction"], row["policy"], row["round"]) for row in rows
    }
    for ticket_id in ticket_ids:
        if ticket_id not in places:
            raise Wait(f"ticket {ticket_id} was not heard of")
    return places


async def count_incidents(connection: Connection, questions: Sequence[Question]) -> list[Tally]:
    """The answers, in the order of the questions."""
    tallies: dict[int, Tally] = {}
    for statement, is_of_ticket in ((COUNT_OF_TICKETS, True), (COUNT_OF_UNITS, False)):
        asked = [
            (*one._replace(steps=" ".join(one.steps)), nth)  # type: ignore[arg-type]
            for nth, one in enumerate(questions)
            if (one.ticket_id is not None) is is_of_ticket
        ]
        if asked:
            rows = await connection.fetch(statement, *columns(asked), SHOWN_MAX)
            tallies |= {nth: Tally(*rest) for nth, *rest in rows}
    return [tallies[nth] for nth in range(len(questions))]
