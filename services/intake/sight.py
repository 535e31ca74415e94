"""Whether a request is somebody's to see: by its place or unit, and its label (F9)."""

from sqlalchemy import ColumnElement, or_, true

from services.intake.models import Ticket
from shared.access import CONFIDANTS
from shared.events.words import Secrecy
from shared.places import lies_in
from shared.security import Principal


def is_seen(ticket: Ticket, caller: Principal, *, as_unit: bool = False) -> bool:
    """Whether a request is the caller's; a unit's only where an act is the unit's (`as_unit`).

    Never the unit's that it complains of (XS 三(四)).
    """
    is_units = as_unit and ticket.unit != ticket.about_unit
    return caller.sees(
        ticket.jurisdiction,
        ticket.unit if is_units else None,
        secrecy=ticket.secrecy,
        filed_by=ticket.filed_by,
    )


def is_theirs(caller: Principal) -> ColumnElement[bool]:
    """The same of a request's row, for a place's people."""
    is_open = or_(Ticket.secrecy != Secrecy.SENSITIVE, Ticket.filed_by == caller.subject)
    may_know = true() if caller.role in CONFIDANTS else is_open
    return lies_in(Ticket.jurisdiction, caller.jurisdiction) & may_know
