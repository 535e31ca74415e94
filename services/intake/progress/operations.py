"""Writing down what callers may see, a batch at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.operations import move_tickets
from services.intake.progress.models import ProgressLine
from services.intake.progress.rules import WITHOUT_UNIT, Shown, read
from shared.events.envelope import Event, Payload
from shared.events.loop import TicketMoved, TicketRecalled
from shared.inbox import Heard

WRITE = """INSERT INTO progress (ticket_id, event, at, unit, words)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::jsonb[])"""
REPLACE_PLACE = """UPDATE tickets SET jurisdiction = m.jurisdiction
FROM unnest($1::uuid[], $2::text[]) AS m (id, jurisdiction) WHERE tickets.id = m.id"""

RELEASE_UNITS = "UPDATE tickets SET unit = NULL WHERE id = ANY($1::uuid[])"


async def take_news(heard: Heard, events: Sequence[Event[Payload]]) -> None:
    """Keep the states that dispatch said, and what the callers may see of what happened."""
    moves, lines = [], list[tuple[Any, ...]]()
    for event in events:
        ticket_id = UUID(event.subject)
        state, shown = read(event.data)
        unit: str | None = getattr(event.data, "unit", None)
        if state is not None:
            keeps_unit = type(event.data) in WITHOUT_UNIT
            moves.append((ticket_id, state, None if keeps_unit else unit))
        if shown is not None:
            words = orjson.dumps(shown).decode()
            lines.append((ticket_id, event.data.type, event.time, unit, words))
    if moves:
        await move_tickets(heard.connection, moves, now=heard.now)
    if lines:
        await heard.connection.execute(WRITE, *map(list, zip(*lines, strict=True)))


async def take_moved(heard: Heard, events: Sequence[Event[TicketMoved]]) -> None:
    """The same for tickets that another level handles from now on (B12)."""
    await take_news(heard, events)
    await heard.connection.execute(
        REPLACE_PLACE,
        [UUID(event.subject) for event in events],
        [event.data.to_jurisdiction for event in events],
    )


async def release_units(heard: Heard, events: Sequence[Event[TicketRecalled]]) -> None:
    """What is about its unit is at no unit, until it is sent on (XS 三(四))."""
    await heard.connection.execute(RELEASE_UNITS, [UUID(event.subject) for event in events])


def note(session: AsyncSession, ticket_id: UUID, event: str, at: datetime, shown: Shown) -> None:
    """Write down what the caller's side did itself. Hold the lock on the ticket."""
    session.add(ProgressLine(ticket_id=ticket_id, event=event, at=at, unit=None, words=dict(shown)))
