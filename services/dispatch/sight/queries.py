"""Whose tickets are looked up, in SQL: the same that `sight.rules` says of one."""

from sqlalchemy import ColumnElement, or_, select

from services.dispatch.co_handling.models import CoHandler
from services.dispatch.models import Ticket
from shared.access import CONFIDANTS
from shared.events.words import Secrecy
from shared.places import lies_in
from shared.security import Principal


def is_theirs(caller: Principal) -> ColumnElement[bool]:
    """The condition on a ticket's row that makes it the caller's to see."""
    if caller.is_of_unit:
        is_about_it = Ticket.about_unit.is_not_distinct_from(caller.unit)
        return (Ticket.unit == caller.unit) & ~is_about_it
    if caller.role in CONFIDANTS:
        return is_in(caller.jurisdiction)
    return is_in(caller.jurisdiction) & (Ticket.secrecy != Secrecy.SENSITIVE)


def is_co_handled(caller: Principal) -> ColumnElement[bool]:
    """The condition that the caller's unit handles with another (ZY 13.5(5), B4)."""
    parts = select(CoHandler.ticket_id).where(CoHandler.unit == caller.unit, CoHandler.is_open)
    return Ticket.id.in_(parts) & Ticket.about_unit.is_distinct_from(caller.unit)


def is_in(jurisdiction: str) -> ColumnElement[bool]:
    """The condition that a ticket's matter lies in a place, or is handled there (B12)."""
    return or_(
        lies_in(Ticket.jurisdiction, jurisdiction),
        lies_in(Ticket.handled_in, jurisdiction),
    )
