"""Keeping models, and suggesting for tickets that wait for a person."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.dispatch.acts.operations import Turn, take_turn
from services.dispatch.dispatching.operations import find_competent_unit, send, send_by_rule
from services.dispatch.rules import SYSTEM
from services.dispatch.suggestions.learned import Learned, Suggested, as_data, suggest
from services.dispatch.suggestions.models import Model, Suggestion, SuggestionOutcome, Training
from services.dispatch.suggestions.rules import (
    MODELS_KEPT,
    UNIT,
    Place,
    Waiting,
    is_sure,
    may_dispatch,
    rule_of,
)
from shared.events.words import Act, Role, State
from shared.problems import ActRefused, Malformed
from shared.runtime import Runtime
from shared.security import Principal

# The partial index holds only these: an empty look costs the same however many tickets there are.
CLAIM = text("""WITH claimed AS MATERIALIZED (
    SELECT id FROM tickets WHERE state = 'accepted' AND suggested_at IS NULL
    ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED)
UPDATE tickets t
SET suggested_at = coalesce(CAST(:now AS timestamptz), clock_timestamp())
FROM claimed WHERE t.id = claimed.id
RETURNING t.id, t.title || E'\\n' || t.content AS words, t.jurisdiction,
    coalesce(t.handled_in, t.jurisdiction) AS place, t.round, t.about_unit, t.suggested_at""")
BEGIN_NIGHT = text("""INSERT INTO trainings (night, begun_at)
VALUES (:night, coalesce(CAST(:now AS timestamptz), clock_timestamp()))
ON CONFLICT DO NOTHING RETURNING night""")
_OURSELVES = Principal(SYSTEM, Role.SUPERVISOR, "000000")


class Claimed(NamedTuple):
    """A ticket that waits for a person, its row locked."""

    id: UUID
    words: str
    jurisdiction: str
    place: str
    round: int
    about_unit: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Made:
    """What was suggested for a ticket, as its row keeps it."""

    ticket_id: UUID
    round: int
    model_id: UUID
    jurisdiction: str
    made_at: datetime
    request_type: list[dict[str, Any]]
    category: list[dict[str, Any]]
    units: list[dict[str, Any]]
    unit: str | None
    confidence: float | None


async def begin_night(session: AsyncSession, night: datetime, *, now: datetime | None) -> bool:
    """Whether this night's training is ours: one worker does it."""
    found = await session.execute(BEGIN_NIGHT, {"night": night, "now": now})
    return found.one_or_none() is not None


async def end_night(
    session: AsyncSession, night: datetime, *, examples: int, model_id: UUID | None
) -> None:
    """Write down what came of a night's training."""
    await session.execute(
        update(Training).where(Training.night == night).values(examples=examples, model_id=model_id)
    )


async def keep_model(
    session: AsyncSession, learned: Learned, content: bytes, *, at: datetime
) -> Model:
    """Keep a model: it suggests from now on. Of the older ones the last few stay."""
    unit = learned.heads.get(UNIT)
    model = Model(
        id=uuid7(),
        trained_at=at,
        examples=learned.facts["examples"],
        threshold=None if unit is None else unit.threshold,
        figures={
            name: {**head.figures, "answers": len(head.classes), "threshold": head.threshold}
            for name, head in learned.heads.items()
        },
        content=content,
    )
    session.add(model)
    await session.flush()
    newest = select(Model.id).order_by(Model.id.desc()).limit(MODELS_KEPT)
    await session.execute(delete(Model).where(Model.id.not_in(newest)))
    return model


async def claim_waiting(
    session: AsyncSession, *, now: datetime | None, limit: int
) -> list[Claimed]:
    """Lock tickets that wait for a person and have no suggestion in this round."""
    rows = await session.execute(CLAIM, {"now": now, "limit": limit})
    return [Claimed(*row) for row in rows]


def suggest_for(
    learned: Learned,
    model_id: UUID,
    waiting: Iterable[Claimed],
    *,
    units: Mapping[str, Place],
    returned: Mapping[UUID, Collection[str]],
) -> list[Made]:
    """What the model says of tickets.

    Units that returned one are not thought of again, nor is the one that is complained of.
    """
    found = []
    for one in waiting:
        excluded = {*returned.get(one.id, ()), one.about_unit or ""}
        suggested = suggest(learned, one.words, one.place, units=units, excluded=excluded)
        found.append(_made(one, model_id, suggested))
    return found


async def keep_suggestions(session: AsyncSession, made: Sequence[Made]) -> None:
    """Write suggestions down; one made again in the same round takes the first one's place."""
    statement = insert(Suggestion).values([asdict(one) for one in made])
    excluded = statement.excluded
    names = ("model_id", "made_at", "request_type", "category", "units", "unit", "confidence")
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["ticket_id", "round"], set_={name: excluded[name] for name in names}
        )
    )


async def dispatch_alone(
    session: AsyncSession,
    runtime: Runtime,
    made: Made,
    *,
    threshold: float | None,
    returned_by: Collection[str],
) -> bool:
    """Send a ticket to the unit that was suggested, if that may be done without a person (B3).

    A duty rule or precedent that came to hold while the ticket waited goes first.
    """
    if made.unit is None or not _is_sure(made, threshold):
        return False
    try:
        turn = await take_turn(
            session, runtime, caller=_OURSELVES, ticket_id=made.ticket_id, act=Act.DISPATCH
        )
        if not _may(turn, returned_by):
            return False
        await send_by_rule(turn)
        if turn.ticket.state is not State.ACCEPTED:
            return False
        unit = await find_competent_unit(turn, made.unit)
    except (ActRefused, Malformed):
        # What changed since the claim lets a person decide.
        return False
    await send(turn, unit, rule=rule_of(made.model_id))
    await session.execute(
        update(Suggestion)
        .where(Suggestion.ticket_id == made.ticket_id, Suggestion.round == made.round)
        .values(outcome=SuggestionOutcome.AUTOMATIC, decided_at=turn.at)
    )
    return True


def _is_sure(made: Made, threshold: float | None) -> bool:
    confidence = made.confidence or 0.0
    return is_sure(confidence, made.units[0]["is_claimed"], threshold=threshold)


def _may(turn: Turn, returned_by: Collection[str]) -> bool:
    ticket = turn.ticket
    return may_dispatch(Waiting(ticket.state, ticket.urgency, ticket.about_unit, returned_by))


def _made(one: Claimed, model_id: UUID, suggested: Suggested) -> Made:
    best = suggested.units[0] if suggested.units else None
    return Made(
        ticket_id=one.id,
        round=one.round,
        model_id=model_id,
        jurisdiction=one.jurisdiction,
        made_at=one.at,
        request_type=as_data(suggested.request_types),
        category=as_data(suggested.categories),
        units=as_data(suggested.units),
        unit=None if best is None else best.value,
        confidence=None if best is None else best.confidence,
    )
