"""Returning a ticket and deciding a return (B5), under the lock on its row."""

from services.dispatch.acts.operations import Turn, lateness, say, unit_of
from services.dispatch.clocks.rules import return_deadline
from services.dispatch.dispatching.operations import find_competent_unit, send, send_by_rule
from services.dispatch.models import Unit
from services.dispatch.precedents.queries import find_precedent_of
from services.dispatch.rules import state_after
from shared.events.dispatch import TicketReturnDecided, TicketReturnRequested
from shared.events.words import Act, ReturnDecision, ReturnGround
from shared.policy.deadlines import Deadline
from shared.problems import Problem, field_error


class PrecedentBinds(Problem):
    """A precedent gave matters of this kind to the unit, so it may not return one."""

    status = 409
    code = "precedent_binds"
    detail = "同类事项已有会商决定，应当参照办理，不得退回（ZY 13.5(5)）。"


async def return_ticket(
    turn: Turn, *, ground: ReturnGround, reason: str, legal_basis: str, proposed_unit: str
) -> None:
    """The unit asks the hotline to take the ticket back (ZY 13.2); the clock runs on.

    A return after the pack's window is taken too, and counts as overdue. Raises `PrecedentBinds`
    where a decision gave matters of the kind to this unit (ZY 13.5(5)), `Malformed` where the
    proposed unit is not in the directory.
    """
    ticket = turn.ticket
    if await turn.session.get(Unit, proposed_unit) is None:
        raise field_error("proposed_unit", "unknown_unit", "没有这个承办单位")
    await _refuse_bound(turn)
    window = _window(turn)
    late = lateness(turn, window)
    ticket.state_before_return = ticket.state
    ticket.state = state_after(ticket.state, Act.RETURN)
    ticket.returned_at = turn.at
    ticket.answered_at = ticket.answered_at or turn.at
    ticket.responded_at = ticket.responded_at or turn.at
    await say(
        turn,
        TicketReturnRequested(
            unit=unit_of(ticket),
            ground=ground,
            reason=reason,
            legal_basis=legal_basis,
            proposed_unit=proposed_unit,
            requested_by=turn.caller.subject,
            # Before the window opens, as with Yunnan's before signing, a return cannot be late.
            is_late=None if turn.pack is None else late.get("late", False),
            due_at=window.due_at if window else None,
            rule=window.rule if window else None,
            source_article=window.source if window else None,
        ),
        text=reason,
        detail={
            "ground": ground,
            "legal_basis": legal_basis,
            "proposed_unit": proposed_unit,
            **late,
            **({"rule": window.rule} if window else {}),
        },
    )


async def decide_return(
    turn: Turn, *, decision: ReturnDecision, reason: str, unit: str | None = None
) -> None:
    """The hotline decides a return (B5).

    Rejected: the unit goes on where it was, deadlines unchanged. Granted: the ticket goes at once
    to `unit`, else to the unit of the rule that fits without those that returned the ticket;
    where there is none, it waits for a person. Raises `Malformed` for a unit that cannot.
    """
    ticket = turn.ticket
    returning = unit_of(ticket)
    chosen = await _find_other_unit(turn, decision, returning, unit) if unit else None
    ticket.state = state_after(
        ticket.state,
        Act.DECIDE_RETURN,
        decision=decision,
        before_return=ticket.state_before_return,
    )
    ticket.state_before_return = None
    await say(
        turn,
        TicketReturnDecided(
            unit=returning, decision=decision, reason=reason, decided_by=turn.caller.subject
        ),
        text=reason,
        detail={"decision": decision},
    )
    if decision is ReturnDecision.REJECTED:
        return
    ticket.unit = None
    if chosen is not None:
        await send(turn, chosen)
    else:
        await send_by_rule(turn)


async def _refuse_bound(turn: Turn) -> None:
    ticket = turn.ticket
    forbids = None if turn.pack is None else turn.pack.returning.precedent_forbids
    if ticket.category is None or (forbids is not None and not forbids.value):
        return
    precedent = await find_precedent_of(turn.session, ticket.category, ticket.jurisdiction)
    if precedent is None or ticket.unit not in (precedent.lead_unit, *precedent.co_units):
        return
    raise PrecedentBinds(
        f"同类事项已由{precedent.document}确定主办、协办单位，"
        "应当参照办理，不得退回（ZY 13.5(5)）。"
    )


async def _find_other_unit(turn: Turn, decision: ReturnDecision, returning: str, code: str) -> Unit:
    if decision is ReturnDecision.REJECTED:
        raise field_error("unit", "not_needed", "不同意退单时不得另行指定承办单位")
    if code == returning:
        raise field_error("unit", "same_unit", "不能派回刚同意退单的承办单位")
    return await find_competent_unit(turn, code)


def _window(turn: Turn) -> Deadline | None:
    standing, pack = turn.ticket.standing, turn.pack
    if standing is None or pack is None:
        return None
    return return_deadline(standing, pack, turn.calendar)
