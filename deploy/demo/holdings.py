"""What every service holds, read from its own schema with its own role."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from deploy.demo.desk import EventId
from deploy.demo.drained import hearing
from deploy.platform import Platform
from shared.database import Pool, plain_url
from shared.events.catalogue import TOPICS
from shared.events.envelope import parse
from shared.events.intake import TicketFollowedUp, TicketRated
from shared.events.words import Service, State
from shared.runtime import source_of

OWNED = {
    Service.INTAKE: """SELECT id::text AS subject, sequence FROM tickets
        UNION ALL SELECT id::text, 1 FROM calls
        UNION ALL SELECT id::text, (score IS NOT NULL)::int + (second_score IS NOT NULL)::int
        FROM quality_checks""",
    Service.DISPATCH: """SELECT id::text AS subject, sequence FROM tickets
        UNION ALL SELECT code, sequence FROM units
        UNION ALL SELECT id::text, 1 FROM precedents
        UNION ALL SELECT id::text, 1 FROM cases WHERE state = 'decided'""",
    Service.SLA: """SELECT ticket_id::text AS subject, sequence FROM clocks
        UNION ALL SELECT jurisdiction, sequence FROM voices
        UNION ALL SELECT id::text, sequence FROM orders""",
    Service.KNOWLEDGE: "SELECT id::text AS subject, sequence FROM articles",
}
"""How many events each subject's owner remembers to have said."""


class Said(NamedTuple):
    """An event on the bus."""

    type: str
    time: datetime
    data: Mapping[str, Any]


class Standing(NamedTuple):
    """Where dispatch says that a ticket is."""

    state: str
    unit: str | None
    round: int
    dispatched_at: datetime | None
    signed_at: datetime | None
    replied_at: datetime | None
    ended_at: datetime | None
    """When it was closed, withdrawn or terminated."""
    is_linked: bool
    """It goes, or went, with another: its own times before that count no more (A8)."""

    def is_fact(self, fact: tuple[Any, ...]) -> bool:
        """Whether analytics keeps the same."""
        state, unit, *times, ended_at = fact
        if self.is_linked:
            is_same = self.state == State.LINKED or unit == (self.unit or "")
            return (state, ended_at) == (self.state, self.ended_at) and is_same
        own = [self.dispatched_at, self.signed_at, self.replied_at]
        return (state, unit, times, ended_at) == (self.state, self.unit or "", own, self.ended_at)

    def is_clock(self, clock: tuple[Any, ...]) -> bool:
        """Whether sla keeps the same."""
        if self.is_linked:
            return bool(clock[-1] == (self.ended_at is not None))
        own = (self.unit, self.round, self.dispatched_at, self.replied_at)
        return clock == (*own, self.ended_at is not None)


Moment = tuple[str, str, datetime]
"""Ticket, kind of event, time."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """All that the comparison looks at."""

    platform: str
    hearing: Mapping[Service, Sequence[str]]
    said: Mapping[EventId, Said]
    owned: set[EventId]
    heard: Mapping[Service, Mapping[tuple[str, str], int]]
    intake_tickets: Sequence[str]
    references: Sequence[tuple[str, str, str]]
    follow_ups: Sequence[Moment]
    ratings: Sequence[Moment]
    dispatch_tickets: Mapping[str, Standing]
    timeline: Sequence[Moment]
    rounds: Sequence[tuple[str, str, int]]
    clocks: Mapping[str, tuple[Any, ...]]
    overdue: Sequence[tuple[str, str, int]]
    article_uses: Sequence[str]
    facts: Mapping[str, tuple[Any, ...]]
    stored_events: Sequence[EventId]


async def read_holdings(platform: Platform) -> Holdings:
    """Look into all six schemas and the bus, which share one database here."""
    pools = {service: runtime.database.pool for service, runtime in platform.runtimes.items()}
    settings = platform.runtimes[Service.GATEWAY].settings
    topics = hearing(platform)
    return Holdings(
        platform=settings.platform,
        hearing=topics,
        said=await _read_bus(settings.bus_database_url or settings.database_url),
        owned={
            (source_of(settings.platform, service), subject, sequence)
            for service, statement in OWNED.items()
            for subject, last in await _rows(pools[service], statement)
            for sequence in range(1, last + 1)
        },
        heard={
            service: {
                (source, subject): sequence
                for source, subject, sequence in await _rows(
                    pools[service], "SELECT source, subject, sequence FROM heard"
                )
            }
            for service in topics
        },
        **await _read_intake(pools[Service.INTAKE]),
        **await _read_dispatch(pools[Service.DISPATCH]),
        **await _read_sla(pools[Service.SLA]),
        **await _read_analytics(pools[Service.ANALYTICS]),
        article_uses=[
            article
            for article, count in await _rows(
                pools[Service.KNOWLEDGE], "SELECT id::text, answered FROM articles"
            )
            for _ in range(count)
        ],
    )


async def _read_bus(url: str) -> dict[EventId, Said]:
    connection = await asyncpg.connect(plain_url(url))
    try:
        # Units' own topics carry items of their feeds, not events.
        rows = await connection.fetch(
            "SELECT value FROM bus.log WHERE topic = ANY($1) ORDER BY topic, position", list(TOPICS)
        )
    finally:
        await connection.close()
    said = {}
    for row in rows:
        one = parse(row["value"])
        said[one.source, one.subject, one.sequence] = Said(one.type, one.time, one.data)
    return said


async def _read_intake(pool: Pool) -> dict[str, Any]:
    moments = "SELECT ticket_id::text, '{0}', at FROM {1}"
    references = """SELECT jurisdiction, 'external_id', external_id FROM tickets
        WHERE external_id IS NOT NULL
        UNION ALL SELECT jurisdiction, channel, channel_ref FROM tickets
        WHERE channel_ref IS NOT NULL"""
    return {
        "intake_tickets": [row[0] for row in await _rows(pool, "SELECT id::text FROM tickets")],
        "references": await _rows(pool, references),
        "follow_ups": await _rows(pool, moments.format(TicketFollowedUp.type, "follow_ups")),
        "ratings": await _rows(pool, moments.format(TicketRated.type, "ratings")),
    }


async def _read_dispatch(pool: Pool) -> dict[str, Any]:
    standings = """SELECT id::text, state, unit, round, dispatched_at, signed_at, replied_at,
        CASE state WHEN 'withdrawn' THEN withdrawn_at WHEN 'terminated' THEN terminated_at
            ELSE closed_at END, EXISTS (SELECT FROM timeline l
            WHERE l.ticket_id = tickets.id AND l.event = 'ticket.linked') FROM tickets"""
    rounds = """SELECT ticket_id::text, 'round', round FROM timeline
        WHERE event = 'ticket.dispatched'"""
    return {
        "dispatch_tickets": {
            ticket: Standing(*rest) for ticket, *rest in await _rows(pool, standings)
        },
        "timeline": await _rows(pool, "SELECT ticket_id::text, event, at FROM timeline"),
        "rounds": await _rows(pool, rounds),
    }


async def _read_sla(pool: Pool) -> dict[str, Any]:
    clocks = """SELECT ticket_id::text, unit, round, dispatched_at, replied_at, is_closed
        FROM clocks"""
    overdue = "SELECT ticket_id::text, step, version FROM deadlines WHERE state = 'overdue'"
    return {
        "clocks": {ticket: tuple(rest) for ticket, *rest in await _rows(pool, clocks)},
        "overdue": await _rows(pool, overdue),
    }


async def _read_analytics(pool: Pool) -> dict[str, Any]:
    facts = """SELECT id::text, state, unit, dispatched_at, signed_at, replied_at, closed_at
        FROM facts"""
    return {
        "facts": {ticket: tuple(rest) for ticket, *rest in await _rows(pool, facts)},
        "stored_events": await _rows(pool, "SELECT source, subject, sequence FROM events"),
    }


async def _rows(pool: Pool, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await pool.fetch(statement)]
