"""What is looked up of closed tickets, models and suggestions."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.models import TimelineEntry, Unit
from services.dispatch.suggestions.learned import Learned, load
from services.dispatch.suggestions.material import Example, Material
from services.dispatch.suggestions.models import Model, Suggestion, SuggestionOutcome
from services.dispatch.suggestions.rules import (
    CATEGORY,
    HISTORY_MAX,
    LESSON_WEIGHT,
    QUESTIONS,
    REQUEST_TYPE,
    UNIT,
    Place,
)
from shared.events.dispatch import TicketReturnRequested
from shared.places import lies_in

# The unit that replied at last is the truth; while the ticket is open, what a person chose is.
# Who complains of a unit goes to its superior, whatever the words are: nothing to learn, nor from
# words that were erased.
HISTORY = text("""SELECT t.title, t.content, coalesce(t.handled_in, t.jurisdiction) AS place,
    t.request_type, t.category, l.ticket_id IS NOT NULL AS is_lesson,
    CASE WHEN t.state <> 'closed' THEN l.chosen WHEN t.replied_at IS NOT NULL THEN t.unit END
        AS unit
FROM tickets t LEFT JOIN LATERAL (
    SELECT ticket_id, chosen FROM lessons WHERE ticket_id = t.id ORDER BY id DESC LIMIT 1
) l ON true
WHERE t.about_unit IS NULL AND (t.state = 'closed'
    OR t.id IN (SELECT ticket_id FROM lessons WHERE chosen IS NOT NULL))
    AND NOT EXISTS (SELECT FROM erased WHERE subject = t.id::text)
ORDER BY t.id DESC LIMIT :limit""")
COUNT_HISTORY = text("""SELECT count(*) FROM (SELECT FROM tickets
WHERE state = 'closed' AND unit IS NOT NULL AND replied_at IS NOT NULL LIMIT :limit) closed""")


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of suggestions (B3)."""

    suggested: int
    taken: int
    overridden: int
    automatic: int
    undone: int


class Known(NamedTuple):
    """A model that suggests."""

    id: UUID
    learned: Learned
    threshold: float | None


class ModelBook:
    """The newest model in memory, read again when there is a newer one."""

    def __init__(self) -> None:
        self._known: Known | None = None

    async def read(self, session: AsyncSession) -> Known | None:
        """The newest model; none before the first training."""
        newest = await find_newest_model(session)
        if newest is None or (self._known is not None and self._known.id == newest.id):
            return self._known
        content = await find_content(session, newest.id)
        learned = await asyncio.to_thread(load, content)
        self._known = Known(newest.id, learned, newest.threshold)
        return self._known


async def count_history(session: AsyncSession, *, limit: int) -> int:
    """How many closed tickets with the unit that replied there are, up to `limit`."""
    return int((await session.execute(COUNT_HISTORY, {"limit": limit})).scalar_one())


async def find_material(session: AsyncSession) -> Material:
    """The newest closed tickets and lessons, oldest first, with the places of units.

    Units that take nothing any more are no answer.
    """
    rows = (await session.execute(HISTORY, {"limit": HISTORY_MAX})).all()
    units = await find_units(session, sorted({row.unit for row in rows if row.unit is not None}))
    active = {code: unit.jurisdiction for code, unit in units.items() if unit.is_active}
    examples = [
        Example(
            f"{row.title}\n{row.content}",
            row.place,
            {
                UNIT: row.unit if row.unit in active else None,
                REQUEST_TYPE: row.request_type,
                CATEGORY: row.category,
            },
            LESSON_WEIGHT if row.is_lesson else 1.0,
        )
        for row in reversed(rows)
    ]
    return Material(examples, QUESTIONS, {UNIT: active}, is_in_order=True)


async def find_units(session: AsyncSession, codes: Sequence[str]) -> dict[str, Place]:
    """Where units are, and whether they take tickets."""
    rows = await session.execute(
        select(Unit.code, Unit.jurisdiction, Unit.is_active).where(Unit.code.in_(codes))
    )
    return {row.code: Place(row.jurisdiction, row.is_active) for row in rows}


async def find_returning_units(
    session: AsyncSession, tickets: Sequence[UUID]
) -> dict[UUID, set[str]]:
    """The units that returned each ticket, or asked to."""
    rows = await session.execute(
        select(TimelineEntry.ticket_id, TimelineEntry.unit).where(
            TimelineEntry.ticket_id.in_(tickets),
            TimelineEntry.event == TicketReturnRequested.type,
            TimelineEntry.unit.is_not(None),
        )
    )
    found: dict[UUID, set[str]] = {}
    for ticket_id, unit in rows:
        found.setdefault(ticket_id, set()).add(unit or "")
    return found


async def find_suggestion(session: AsyncSession, ticket_id: UUID) -> Suggestion | None:
    """The last suggestion for a ticket."""
    return await session.scalar(
        select(Suggestion)
        .where(Suggestion.ticket_id == ticket_id)
        .order_by(Suggestion.round.desc())
        .limit(1)
    )


async def find_newest_model(session: AsyncSession) -> Model | None:
    """The model that suggests, its content left where it is; none before the first training."""
    return await session.scalar(select(Model).order_by(Model.id.desc()).limit(1))


async def find_content(session: AsyncSession, model_id: UUID) -> bytes:
    """The bytes of a model."""
    statement = select(Model.content).where(Model.id == model_id)
    return (await session.execute(statement)).scalar_one()


async def count_outcomes(
    session: AsyncSession, *, jurisdiction: str, since: datetime | None
) -> Tally:
    """What became of the suggestions within a place since a moment."""
    statement = select(
        func.count(Suggestion.unit),
        *(
            func.count().filter(Suggestion.outcome == outcome.value)
            for outcome in SuggestionOutcome
        ),
    ).where(lies_in(Suggestion.jurisdiction, jurisdiction))
    if since is not None:
        statement = statement.where(Suggestion.made_at >= since)
    suggested, *counted = (await session.execute(statement)).one()
    by_outcome: dict[str, Any] = dict(zip(SuggestionOutcome, counted, strict=True))
    return Tally(suggested, **by_outcome)
