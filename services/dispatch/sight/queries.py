"""Whose tickets are looked up, in SQL: the same that `sight.rules` says of one."""

from sqlalchemy import ColumnElement, or_, select

from services.dispatch.co_handling.models import CoHandler
from services.dispatch.models import Ticket
from shared.events.words import Role
from shared.jurisdictions import prefix
from shared.security import Principal


def is_theirs(caller: Principal) -> ColumnElement[bool]:
    """The condition on a ticket's row that makes it the caller's to see."""
    if caller.role is Role.UNIT:
        is_about_it = Ticket.about_unit.is_not_distinct_from(caller.unit)
        return (Ticket.unit == caller.unit) & ~is_about_it
    return is_in(caller.jurisdiction)


def is_co_handled(caller: Principal) -> ColumnElement[bool]:
    """The condition that the caller's unit handles with another (ZY 13.5(5), B4)."""
    parts = select(CoHandler.ticket_id).where(CoHandler.unit == caller.unit, CoHandler.is_open)
    return Ticket.id.in_(parts) & Ticket.about_unit.is_distinct_from(caller.unit)


def is_in(jurisdiction: str) -> ColumnElement[bool]:
    """The condition that a ticket's matter lies in a place, or is handled there (B12)."""
    within = prefix(jurisdiction)
    return or_(
        Ticket.jurisdiction.startswith(within, autoescape=True),
        Ticket.handled_in.startswith(within, autoescape=True),
    )
