"""Keeping what became of a suggestion, in the transaction of the act that decides it (B3)."""

from uuid_utils.compat import uuid7

from services.dispatch.acts.operations import Turn
from services.dispatch.suggestions.models import Lesson, Suggestion, SuggestionOutcome


async def note_choice(turn: Turn, *, unit: str, reason: str) -> None:
    """A person chose a unit: the suggestion was taken, or is overridden and becomes a lesson.

    Call it before the ticket is sent: a suggestion belongs to the round before.
    """
    made = await turn.session.get(Suggestion, (turn.ticket.id, turn.ticket.round))
    if made is None or made.unit is None:
        return
    if made.unit == unit:
        made.outcome, made.decided_at = SuggestionOutcome.TAKEN, turn.at
    else:
        _override(turn, made, SuggestionOutcome.OVERRIDDEN, chosen=unit, reason=reason)


async def note_return(turn: Turn, *, chosen: str | None, reason: str) -> None:
    """A return was granted: what had been dispatched by itself was wrong.

    Call it before the ticket is sent again; `chosen` is the unit that a person named.
    """
    made = await turn.session.get(Suggestion, (turn.ticket.id, turn.ticket.round - 1))
    if made is not None and made.outcome == SuggestionOutcome.AUTOMATIC:
        _override(turn, made, SuggestionOutcome.UNDONE, chosen=chosen, reason=reason)


def _override(
    turn: Turn, made: Suggestion, outcome: SuggestionOutcome, *, chosen: str | None, reason: str
) -> None:
    assert made.unit is not None, "only a suggested unit can be overridden"
    made.outcome, made.decided_at = outcome, turn.at
    turn.session.add(
        Lesson(
            id=uuid7(),
            ticket_id=turn.ticket.id,
            model_id=made.model_id,
            suggested=made.unit,
            chosen=chosen,
            by=turn.caller.subject,
            reason=reason,
            at=turn.at,
        )
    )
