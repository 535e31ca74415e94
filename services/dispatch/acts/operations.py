"""What people do to a ticket: each act under the lock on its row, said in the same transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.dispatch.directory.queries import find_duties
from services.dispatch.directory.rules import Question, match, suits
from services.dispatch.models import Ticket, TimelineEntry, Unit
from services.dispatch.policies.queries import find_pack
from services.dispatch.rules import SYSTEM, TRANSITIONS, allowed, return_deadline, state_after
from shared import outbox
from shared.calendars import national_calendar
from shared.events.dispatch import (
    DispatchPayload,
    TicketDispatched,
    TicketReplied,
    TicketReturnDecided,
    TicketReturnRequested,
    TicketSigned,
)
from shared.events.envelope import Event
from shared.events.words import CHINESE, Act, ReturnDecision, ReturnGround
from shared.problems import ActRefused, NotFound, field_error
from shared.runtime import Runtime
from shared.security import Principal
from shared.telemetry import current_traceparent


@dataclass(frozen=True, slots=True)
class Turn:
    """One act at hand: the ticket, its row locked, who acts, and the time after the lock."""

    session: AsyncSession
    source: str
    caller: Principal
    ticket: Ticket
    at: datetime


async def take_turn(
    session: AsyncSession, runtime: Runtime, *, caller: Principal, ticket_id: UUID, act: Act
) -> Turn:
    """Lock a ticket for an act.

    Raises `NotFound` where it is not the caller's, and `ActRefused` with the acts that its state
    allows where this is not among them (B1).
    """
    ticket = await session.get(Ticket, ticket_id, with_for_update=True)
    if ticket is None or not caller.sees(ticket.jurisdiction, ticket.unit):
        raise NotFound
    if (ticket.state, act) not in TRANSITIONS:
        raise ActRefused(
            f"工单{CHINESE[ticket.state]}，不能{CHINESE[act]}。", allowed=allowed(ticket.state)
        )
    return Turn(session, runtime.source, caller, ticket, await runtime.clock.now(session))


async def dispatch_ticket(turn: Turn, *, unit: str, reason: str) -> None:
    """Send the ticket to a unit that a person chose. Raises `Malformed` for one that cannot."""
    chosen = await _find_competent_unit(turn, unit)
    await _send(turn, chosen, text=reason)


async def sign_ticket(turn: Turn) -> None:
    """The unit takes the ticket (ZY 13.2)."""
    ticket = turn.ticket
    ticket.state = state_after(ticket.state, Act.SIGN)
    ticket.signed_at = turn.at
    await _say(turn, TicketSigned(unit=_unit_of(ticket), signed_by=turn.caller.subject))


async def return_ticket(
    turn: Turn, *, ground: ReturnGround, reason: str, legal_basis: str, proposed_unit: str
) -> None:
    """The unit asks the hotline to take the ticket back (ZY 13.2); the clock runs on.

    A return after the pack's window is taken too, and marked late. Raises `Malformed` where the
    proposed unit is not in the directory.
    """
    ticket = turn.ticket
    if await turn.session.get(Unit, proposed_unit) is None:
        raise field_error("proposed_unit", "unknown_unit", "没有这个承办单位")
    detail = {
        "ground": ground,
        "legal_basis": legal_basis,
        "proposed_unit": proposed_unit,
        **await _lateness(turn),
    }
    ticket.state_before_return = ticket.state
    ticket.state = state_after(ticket.state, Act.RETURN)
    ticket.returned_at = turn.at
    await _say(
        turn,
        TicketReturnRequested(
            unit=_unit_of(ticket),
            ground=ground,
            reason=reason,
            legal_basis=legal_basis,
            proposed_unit=proposed_unit,
            requested_by=turn.caller.subject,
        ),
        text=reason,
        detail=detail,
    )


async def decide_return(
    turn: Turn, *, decision: ReturnDecision, reason: str, unit: str | None = None
) -> None:
    """The hotline decides a return (B5).

    Rejected: the unit goes on where it was, deadlines unchanged. Granted: the ticket goes at once
    to `unit`, else to the unit of the duty rule that fits without those that returned the ticket;
    where there is none, it waits for a person. Raises `Malformed` for a unit that cannot.
    """
    ticket = turn.ticket
    returning = _unit_of(ticket)
    chosen = await _find_other_unit(turn, decision, returning, unit) if unit else None
    ticket.state = state_after(
        ticket.state,
        Act.DECIDE_RETURN,
        decision=decision,
        before_return=ticket.state_before_return,
    )
    ticket.state_before_return = None
    await _say(
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
        await _send(turn, chosen)
    else:
        await _send_by_rule(turn)


async def reply_to_ticket(
    turn: Turn, *, findings: str, basis: str, result: str, contact: str
) -> None:
    """A reply with its required elements leaves: the handling clock stops (ZY 13, B7)."""
    ticket = turn.ticket
    ticket.state = state_after(ticket.state, Act.REPLY)
    ticket.replied_at = turn.at
    ticket.replies += 1
    elements = {"findings": findings, "basis": basis, "result": result, "contact": contact}
    await _say(
        turn,
        TicketReplied(
            unit=_unit_of(ticket),
            reply=ticket.replies,
            replied_by=turn.caller.subject,
            **elements,
        ),
        text=result,
        detail={"reply": ticket.replies, **elements},
    )


async def _send(
    turn: Turn, unit: Unit, *, rule: str | None = None, text: str | None = None
) -> None:
    ticket = turn.ticket
    ticket.state = state_after(ticket.state, Act.DISPATCH)
    ticket.unit, ticket.rule = unit.code, rule
    ticket.round += 1
    ticket.dispatched_at = turn.at
    ticket.signed_at = ticket.returned_at = None
    await _say(
        turn,
        TicketDispatched(
            unit=unit.code,
            unit_name=unit.name,
            round=ticket.round,
            rule=rule,
            dispatched_by=_doer(turn, rule),
        ),
        rule=rule,
        text=text,
    )


async def _send_by_rule(turn: Turn) -> None:
    ticket = turn.ticket
    returned = await turn.session.scalars(
        select(TimelineEntry.unit).where(
            TimelineEntry.ticket_id == ticket.id,
            TimelineEntry.event == TicketReturnRequested.type,
        )
    )
    duty = match(
        await find_duties(turn.session, ticket.jurisdiction),
        Question(ticket.jurisdiction, ticket.category, ticket.request_type),
        units_excluded={unit for unit in returned if unit is not None},
    )
    if duty is None:
        return
    unit = await turn.session.get_one(Unit, duty.unit)
    await _send(turn, unit, rule=duty.id)


async def _find_other_unit(turn: Turn, decision: ReturnDecision, returning: str, code: str) -> Unit:
    if decision is ReturnDecision.REJECTED:
        raise field_error("unit", "not_needed", "不同意退单时不得另行指定承办单位")
    if code == returning:
        raise field_error("unit", "same_unit", "不能派回刚同意退单的承办单位")
    return await _find_competent_unit(turn, code)


async def _find_competent_unit(turn: Turn, code: str) -> Unit:
    unit = await turn.session.get(Unit, code)
    if unit is None:
        raise field_error("unit", "unknown_unit", "没有这个承办单位")
    if not unit.is_active:
        raise field_error("unit", "inactive_unit", f"{unit.name}已停用")
    if not suits(unit.jurisdiction, turn.ticket.jurisdiction):
        raise field_error(
            "unit", "other_place", f"{unit.name}不管辖工单所在地 {turn.ticket.jurisdiction}"
        )
    return unit


async def _lateness(turn: Turn) -> dict[str, Any]:
    standing = turn.ticket.standing
    pack = await find_pack(turn.session, turn.ticket.policy)
    if pack is None or standing is None:
        return {}
    deadline = return_deadline(standing, pack, national_calendar())
    if deadline is None:
        return {}
    return {
        "late": turn.at > deadline.due_at,
        "due_at": deadline.due_at.isoformat(),
        "source": deadline.source,
    }


async def _say(
    turn: Turn,
    payload: DispatchPayload,
    *,
    rule: str | None = None,
    text: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Say what happened, and write it into the timeline."""
    ticket = turn.ticket
    ticket.sequence += 1
    ticket.timeline_length += 1
    turn.session.add(
        TimelineEntry(
            ticket_id=ticket.id,
            position=ticket.timeline_length,
            event=payload.type,
            at=turn.at,
            round=ticket.round,
            unit=ticket.unit,
            by=_doer(turn, rule),
            rule=rule,
            text=text,
            detail=detail or {},
        )
    )
    event = Event(
        turn.source, str(ticket.id), ticket.sequence, turn.at, payload, current_traceparent()
    )
    await outbox.add(turn.session, event)


def _doer(turn: Turn, rule: str | None) -> str:
    return turn.caller.subject if rule is None else SYSTEM


def _unit_of(ticket: Ticket) -> str:
    assert ticket.unit is not None, "a ticket in these states has a unit"
    return ticket.unit
