"""Filing a terminated matter, and sending back a filing that is not whole (ZY 15)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from services.dispatch.acts.operations import Turn, say, unit_of
from services.dispatch.letters.operations import require_letter
from services.dispatch.models import Ticket
from services.dispatch.rules import state_after
from services.dispatch.terminations.models import Termination
from shared.events.dispatch import TicketTerminated
from shared.events.words import Act, State
from shared.letters import Letter
from shared.problems import Problem, field_error

ANSWERED = frozenset({State.REPLIED, State.CLOSED, State.TERMINATED})
"""A unit handled the matter and said what came of it."""


class NoCaller(Problem):
    """Nobody is known who could raise the matter again."""

    status = 409
    code = "no_caller"
    detail = "匿名诉求没有可识别的诉求人，不能认定为终结件（ZY 15）。"


async def terminate_ticket(
    turn: Turn,
    *,
    opinion: str,
    script: str,
    explanation: str,
    earlier: Sequence[UUID],
    letter: Letter | None = None,
) -> None:
    """The unit determines that a matter is at its end, and files it with the hotline (ZY 15).

    This caller raised it before and was answered: `earlier` names those tickets, one at least.
    Raises `NoCaller`, `Malformed` for a ticket that is not this caller's or not answered, and
    where a letter is needed and missing (ZY 13.5).
    """
    ticket = turn.ticket
    if ticket.caller_id is None:
        raise NoCaller
    await _require_answered(turn, earlier)
    await require_letter(turn, letter)
    by, unit = turn.caller.subject, unit_of(ticket)
    filing = {"opinion": opinion, "script": script, "explanation": explanation}
    ticket.state = state_after(ticket.state, Act.TERMINATE)
    ticket.terminated_at, ticket.paused_at = turn.at, None
    ticket.result_at = ticket.result_at or turn.at
    ticket.responded_at = ticket.responded_at or turn.at
    turn.session.add(
        Termination(
            id=uuid7(),
            ticket_id=ticket.id,
            jurisdiction=ticket.jurisdiction,
            unit=unit,
            earlier=list(earlier),
            filed_by=by,
            filed_at=turn.at,
            **filing,
        )
    )
    data = TicketTerminated(
        unit=unit,
        earlier=tuple(earlier),
        filed_by=by,
        letter=None if letter is None else letter.attachment,
        **filing,
    )
    told = {"script": script, "explanation": explanation, "article": "ZY 15"}
    detail: dict[str, Any] = told | {"earlier": [str(one) for one in earlier]}
    detail |= {} if letter is None else {"letter": letter.model_dump(mode="json")}
    await say(turn, data, text=opinion, detail=detail)


async def send_back(turn: Turn, *, reason: str) -> None:
    """Note that the hotline sent the filing back because it is not whole (ZY 15)."""
    latest = select(Termination).where(Termination.ticket_id == turn.ticket.id)
    filing = await turn.session.scalar(latest.order_by(Termination.id.desc()).limit(1))
    assert filing is not None, "a terminated ticket has a filing"
    filing.sent_back_by, filing.sent_back_at = turn.caller.subject, turn.at
    filing.sent_back_because = reason


async def _require_answered(turn: Turn, earlier: Sequence[UUID]) -> None:
    statement = select(Ticket.id, Ticket.caller_id, Ticket.state).where(Ticket.id.in_(earlier))
    known = {row.id: row for row in await turn.session.execute(statement)}
    for place, ticket_id in enumerate(earlier):
        field, row = f"earlier.{place}", known.get(ticket_id)
        if ticket_id == turn.ticket.id:
            raise field_error(field, "itself", "应为此前的工单，不是本工单")
        # Whose another ticket is, and that it is, is none of the unit's business.
        if row is None or row.caller_id != turn.ticket.caller_id:
            raise field_error(field, "other_caller", "没有该诉求人的这件工单")
        if row.state not in ANSWERED:
            raise field_error(field, "not_answered", "这件工单尚未答复，不能作为终结的依据")
