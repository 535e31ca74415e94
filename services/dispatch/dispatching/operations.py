"""Sending one ticket to a unit, by a person's choice or by rule, under the lock on its row."""

from sqlalchemy import select

from services.dispatch.acts.operations import Turn, doer, say
from services.dispatch.directory.queries import find_book
from services.dispatch.directory.rules import Question, is_off_duty, match, suits
from services.dispatch.models import ROUND_COLUMNS, TimelineEntry, Unit
from services.dispatch.rules import state_after
from shared.events.dispatch import TicketDispatched, TicketReturnRequested
from shared.events.words import Act
from shared.problems import field_error


async def dispatch_ticket(turn: Turn, *, unit: str, reason: str) -> None:
    """Send the ticket to a unit that a person chose. Raises `Malformed` for one that cannot."""
    chosen = await find_competent_unit(turn, unit)
    await send(turn, chosen, text=reason)


async def send(turn: Turn, unit: Unit, *, rule: str | None = None, text: str | None = None) -> None:
    """Give the ticket to a unit: a new round, with its own times (B5)."""
    ticket = turn.ticket
    ticket.state = state_after(ticket.state, Act.DISPATCH)
    for column in ROUND_COLUMNS:
        setattr(ticket, column, None)
    ticket.unit, ticket.rule = unit.code, rule
    ticket.round += 1
    ticket.dispatched_at = turn.at
    await say(
        turn,
        TicketDispatched(
            unit=unit.code,
            unit_name=unit.name,
            round=ticket.round,
            rule=rule,
            dispatched_by=doer(turn, rule),
        ),
        rule=rule,
        text=text,
    )


async def send_by_rule(turn: Turn) -> None:
    """Send the ticket where a precedent or a duty rule says, if one does.

    Units that returned it are left out; an emergency outside working time goes to a unit that is
    on duty, where a rule names one (B15).
    """
    ticket, pack = turn.ticket, turn.pack
    returned = await turn.session.scalars(
        select(TimelineEntry.unit).where(
            TimelineEntry.ticket_id == ticket.id,
            TimelineEntry.event == TicketReturnRequested.type,
        )
    )
    duty = match(
        await find_book(turn.session, ticket.jurisdiction),
        Question(ticket.jurisdiction, ticket.category, ticket.request_type),
        units_excluded={unit for unit in returned if unit is not None},
        needs_duty=is_off_duty(ticket.urgency, turn.at, pack=pack, calendar=turn.calendar),
    )
    if duty is None:
        return
    unit = await turn.session.get_one(Unit, duty.unit)
    await send(turn, unit, rule=duty.id)


async def find_competent_unit(turn: Turn, code: str) -> Unit:
    """A unit that may have this ticket. Raises `Malformed`."""
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
