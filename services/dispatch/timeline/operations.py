"""Writing what others did into timelines, a batch at once, under the locks on the tickets."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from asyncpg import Record

from shared.events.envelope import Event, Payload
from shared.events.words import RequestType, State, Urgency
from shared.inbox import Heard, Wait

TIME = "SELECT coalesce($1::timestamptz, clock_timestamp())"
LOCK = """SELECT id, state, unit, round, jurisdiction, category, request_type, urgency,
    is_enforcement, policy, replies, handled_in, about_unit, co_units
FROM tickets WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"""
# The n-th entry of a ticket in one call goes to the n-th place after those that it has.
INSERT_ENTRIES = """WITH entry AS (
    SELECT *, row_number() OVER (PARTITION BY ticket_id ORDER BY line) AS place
    FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[],
        $7::jsonb[])
    WITH ORDINALITY AS given (ticket_id, event, at, by, rule, text, detail, line)
), counted AS (SELECT ticket_id, count(*) AS more FROM entry GROUP BY 1),
longer AS (
    UPDATE tickets SET timeline_length = timeline_length + more
    FROM counted WHERE id = ticket_id
    RETURNING id, timeline_length - more AS before, round, unit
)
INSERT INTO timeline (ticket_id, position, event, at, round, unit, by, rule, text, detail)
SELECT ticket_id, before + place, event, at, round, unit, by, rule, text, detail
FROM entry JOIN longer ON id = ticket_id"""

DOERS = (
    *("requested_by", "decided_by", "explained_by", "paused_by", "resumed_by", "amended_by"),
    *("signed_by", "disputed_by", "answered_by", "attached_by", "followed_up_by", "rated_by"),
    *("reported_by", "flagged_by", "checked_by", "taken_back_by"),
)
WORDS = ("note", "addition", "reason", "grounds", "explanation", "answer", "text")
"""The first of these that an event has is the text of its line."""


class Entry(NamedTuple):
    """One line for the timeline of a ticket; its round and unit are the ticket's own."""

    ticket_id: UUID
    event: str
    at: datetime
    by: str | None = None
    rule: str | None = None
    text: str | None = None
    detail: Mapping[str, Any] = {}


class Locked(NamedTuple):
    """A ticket whose row is locked."""

    id: UUID
    state: State
    unit: str | None
    round: int
    jurisdiction: str
    category: str | None
    request_type: RequestType
    urgency: Urgency
    is_enforcement: bool
    policy: str | None
    replies: int
    handled_in: str | None
    about_unit: str | None
    co_units: Sequence[str]


async def time_of_batch(heard: Heard) -> datetime:
    """The time of what a batch does: ask after the locks are held."""
    at: datetime = await heard.connection.fetchval(TIME, heard.now)
    return at


async def lock_tickets(heard: Heard, events: Sequence[Event[Payload]]) -> Mapping[UUID, Locked]:
    """Lock the rows that events speak of. Raises `Wait` where one was not heard of yet."""
    return await lock_ids(heard, [UUID(event.subject) for event in events])


async def lock_ids(heard: Heard, ids: Sequence[UUID]) -> Mapping[UUID, Locked]:
    """Lock tickets, in the order of their ids. Raises `Wait` where one was not heard of yet."""
    rows = await heard.connection.fetch(LOCK, ids)
    locked = {row["id"]: _locked(row) for row in rows}
    for ticket_id in ids:
        if ticket_id not in locked:
            raise Wait(f"ticket {ticket_id} was not heard of yet")
    return locked


def entry_of(event: Event[Payload], *, ticket_id: UUID | None = None) -> Entry:
    """What another service said, as a line: who, by which rule, in which words, and the rest."""
    detail = event.data.model_dump(mode="json", exclude_none=True)
    by, text = _take(detail, DOERS), _take(detail, WORDS)
    return Entry(
        ticket_id or UUID(event.subject),
        event.data.type,
        event.time,
        by=by,
        rule=detail.pop("rule", None),
        text=text,
        detail=detail,
    )


async def write_entries(heard: Heard, entries: Sequence[Entry]) -> None:
    """Add lines to the timelines of tickets that are locked."""
    *columns, details = zip(*entries, strict=True)
    written = [orjson.dumps(detail).decode() for detail in details]
    await heard.connection.execute(INSERT_ENTRIES, *columns, written)


def _locked(row: Record) -> Locked:
    words = {
        "state": State(row["state"]),
        "request_type": RequestType(row["request_type"]),
        "urgency": Urgency(row["urgency"]),
    }
    return Locked(**(dict(row) | words))


def _take(detail: dict[str, Any], names: Sequence[str]) -> str | None:
    name = next((name for name in names if name in detail), None)
    return None if name is None else str(detail.pop(name))
