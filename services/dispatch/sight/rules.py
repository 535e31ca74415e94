"""Whether a ticket is somebody's to see. Pure."""

from collections.abc import Collection
from typing import Protocol

from shared.access import CONFIDANTS, is_of_unit
from shared.events.words import Role, Secrecy
from shared.jurisdictions import covers


class Asker(Protocol):
    """Who asks, as far as this matters: a `shared.security.Principal`."""

    @property
    def subject(self) -> str: ...
    @property
    def role(self) -> Role: ...
    @property
    def jurisdiction(self) -> str: ...
    @property
    def unit(self) -> str | None: ...


class Seen(Protocol):
    """What of a ticket decides who sees it."""

    @property
    def jurisdiction(self) -> str: ...
    @property
    def handled_in(self) -> str | None: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def about_unit(self) -> str | None: ...
    @property
    def secrecy(self) -> str: ...


def is_seen(ticket: Seen, asker: Asker, *, co_units: Collection[str] = ()) -> bool:
    """Whether the ticket is theirs: a unit's where it has it or handles with it, else a place's.

    Both the place of the matter and the place whose level handles it see it (B12). The unit
    complained of never does (XS 三(四)); a sensitive ticket is for its unit and the hotline office
    (F9).
    """
    if is_of_unit(asker.role):
        has_it = asker.unit is not None and asker.unit in (ticket.unit, *co_units)
        return has_it and asker.unit != ticket.about_unit
    if ticket.secrecy == Secrecy.SENSITIVE and asker.role not in CONFIDANTS:
        return False
    places = (ticket.jurisdiction, ticket.handled_in)
    return any(covers(asker.jurisdiction, place) for place in places if place is not None)
