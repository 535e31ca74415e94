"""Whether a request is somebody's to see: by its place or unit, and its label (F9)."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, or_, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.models import Ticket
from shared.access import CONFIDANTS
from shared.events.words import Secrecy
from shared.places import lies_in
from shared.security import Principal

KEPT_OUT = text("""SELECT code FROM unnest(CAST(:units AS text[])) AS code
WHERE is_under(code, :about_unit)""")


async def find_kept_out(session: AsyncSession, ticket: Ticket, units: Collection[str]) -> set[str]:
    """Those of `units` that a request complains of, or that are below that one (XS 三(四))."""
    if ticket.about_unit is None:
        return set()
    given = {"units": list(units), "about_unit": ticket.about_unit}
    return set(await session.scalars(KEPT_OUT, given))


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
