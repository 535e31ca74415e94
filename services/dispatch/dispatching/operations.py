"""Sending one ticket to a unit, by a person's choice or by rule, under the lock on its row."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from services.dispatch.acts.operations import Turn, doer, say, unit_of
from services.dispatch.co_handling.operations import (
    check_co_units,
    end_co_handling,
    keep_co_units,
)
from services.dispatch.directory.queries import find_book, find_line
from services.dispatch.directory.rules import Question, co_units_of, is_off_duty, match, suits
from services.dispatch.lessons.operations import note_choice
from services.dispatch.models import ROUND_COLUMNS, TimelineEntry, Unit
from services.dispatch.reminders.operations import remind
from services.dispatch.reminders.rules import DISPATCHED
from services.dispatch.rules import state_after
from shared.events.dispatch import TicketDispatched, TicketForwarded, TicketReturnRequested
from shared.events.words import Act
from shared.problems import field_error


async def dispatch_ticket(
    turn: Turn, *, unit: str, reason: str, co_units: Sequence[str] = ()
) -> None:
    """Send the ticket to a unit, and to others that handle with it, as a person chose.

    Raises `Malformed` for one that cannot.
    """
    chosen = await find_competent_unit(turn, unit)
    others = await check_co_units(turn, co_units, lead=chosen.code)
    await note_choice(turn, unit=chosen.code, reason=reason)
    await send(turn, chosen, text=reason, co_units=others)


async def send(
    turn: Turn,
    unit: Unit,
    *,
    act: Act = Act.DISPATCH,
    rule: str | None = None,
    text: str | None = None,
    co_units: Sequence[str] = (),
    case: UUID | None = None,
) -> None:
    """Give the ticket to a unit: a new round, with its own times (B5).

    Where the unit stands for another platform, it is forwarded there (YN 六(二)1).
    """
    ticket = turn.ticket
    ticket.state = state_after(ticket.state, act)
    for column in ROUND_COLUMNS:
        setattr(ticket, column, None)
    ticket.unit, ticket.rule = unit.code, rule
    ticket.round += 1
    ticket.dispatched_at = turn.at
    await end_co_handling(turn)
    await keep_co_units(turn, co_units)
    await remind(turn, TicketDispatched.type, DISPATCHED, units=[unit.code])
    await say(
        turn,
        TicketDispatched(
            unit=unit.code,
            unit_name=unit.name,
            round=ticket.round,
            rule=rule,
            dispatched_by=doer(turn, rule),
            co_units=tuple(co_units),
            case=case,
        ),
        rule=rule,
        text=text,
    )
    await _forward(turn, unit, rule=rule, text=text)


async def forward_anew(turn: Turn, *, reason: str) -> None:
    """Send what a main ticket's reply answered to the platform that replied, if one did.

    That platform never had this ticket, or ended its own with the link: a new round (A8).
    """
    unit = await turn.session.get_one(Unit, unit_of(turn.ticket))
    if unit.platform is not None:
        turn.ticket.round += 1
        await _forward(turn, unit, rule=None, text=reason)


async def send_by_rule(turn: Turn) -> None:
    """Send the ticket where a precedent or a duty rule says, if one does.

    Units that returned it are left out; an emergency outside working time goes to a unit that is
    on duty, where a rule names one (B15).
    """
    ticket, pack, place = turn.ticket, turn.pack, turn.ticket.handling_place
    returned = await turn.session.scalars(
        select(TimelineEntry.unit).where(
            TimelineEntry.ticket_id == ticket.id,
            TimelineEntry.event == TicketReturnRequested.type,
        )
    )
    duty = match(
        await find_book(turn.session, place, about_unit=ticket.about_unit),
        Question(place, ticket.category, ticket.request_type, ticket.about_unit),
        units_excluded={unit for unit in returned if unit is not None},
        needs_duty=is_off_duty(ticket.urgency, turn.at, pack=pack, calendar=turn.calendar),
    )
    if duty is None:
        return
    unit = await turn.session.get_one(Unit, duty.unit)
    await send(turn, unit, rule=duty.id, co_units=co_units_of(duty, ticket.about_unit))


async def find_competent_unit(turn: Turn, code: str) -> Unit:
    """A unit that may have this ticket: never the one complained of, nor one below it.

    Raises `Malformed`.
    """
    unit = await turn.session.get(Unit, code)
    if unit is None:
        raise field_error("unit", "unknown_unit", "没有这个承办单位")
    if not unit.is_active:
        raise field_error("unit", "inactive_unit", f"{unit.name}已停用")
    place, about = turn.ticket.handling_place, turn.ticket.about_unit
    if unit.platform is None and not suits(unit.jurisdiction, place):
        raise field_error("unit", "other_place", f"{unit.name}不管辖工单所在地 {place}")
    if about is not None and about in {one.code for one in await find_line(turn.session, code)}:
        told = f"诉求涉及{unit.name}或其上级 {about}，不得由其办理（XS 三(四)、ZY 27.2）"
        raise field_error("unit", "about_unit", told)
    return unit


async def _forward(turn: Turn, unit: Unit, *, rule: str | None, text: str | None) -> None:
    if unit.platform is None:
        return
    forwarded = TicketForwarded(
        to_platform=unit.platform, unit=unit.code, round=turn.ticket.round, reason=text
    )
    await say(turn, forwarded, rule=rule, text=text, detail={"to_platform": unit.platform})
